/* What a register holds is not known: `address` and `pgd` are anything. */
#define __asm__(...) do { } while (0)
#define asm(...) do { } while (0)
