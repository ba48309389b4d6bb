#include <asm-i386/pgalloc.h>
