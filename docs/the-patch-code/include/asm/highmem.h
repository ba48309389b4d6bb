#include <asm-i386/highmem.h>
