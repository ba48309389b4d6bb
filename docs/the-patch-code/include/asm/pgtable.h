#include <asm-i386/pgtable.h>
