#include <linux/mm.h>
#include <asm/pgtable.h>

/* A process that has one table only. */
pgd_t *pgd_offset(struct mm_struct *mm, unsigned long address)
{
	return mm->pgd;
}

pmd_t *pmd_offset(pgd_t *directory, unsigned long address)
{
	return (pmd_t *) directory;
}
