#include <asm-i386/kmap_types.h>
