#include <linux/mm.h>
#include <asm/pgtable.h>

/* Each with two pages, and each page in a table of its own. */
#define FIRST (PGDIR_SIZE - PAGE_SIZE)
#define SIZE (2 * PAGE_SIZE)

/* follow_page, and what has to be faulted in for it: one page. */
int look(struct mm_struct *mm, struct page **pages)
{
	return get_user_pages(current, mm, 0, 1, 0, 0, pages, 0);
}

/* ioremap */
int map_device(void)
{
	return remap_area_pages(FIRST, 0, SIZE, 0);
}

/* mprotect */
void protect(pgprot_t protection)
{
	change_protection(FIRST, FIRST + SIZE, protection);
}

/* msync */
int write_back(struct vm_area_struct *area)
{
	return filemap_sync(area, FIRST, SIZE, 0);
}

/* vfree */
void give_back(void)
{
	vmfree_area_pages(FIRST, SIZE);
}
