#include <linux/mm.h>
#include <asm/pgtable.h>

/* fork: what dup_mmap does for one part of the address space. */
int fork_tables(struct mm_struct *mm, struct vm_area_struct *vma)
{
	int error;

	down_write(&current->mm->mmap_sem);
	spin_lock(&mm->page_table_lock);
	error = copy_page_range(mm, current->mm, vma);
	spin_unlock(&mm->page_table_lock);
	up_write(&current->mm->mmap_sem);
	return error;
}

/* A table where there is none yet. */
void new_table(struct mm_struct *mm, pmd_t *pmd, unsigned long address)
{
	pte_t *pte;

	down_read(&mm->mmap_sem);
	spin_lock(&mm->page_table_lock);
	if (pmd_none(*pmd)) {
		pte = pte_alloc(mm, pmd, address);
		if (pte)
			pte_kunmap(pte);
	}
	spin_unlock(&mm->page_table_lock);
	up_read(&mm->mmap_sem);
}

/* A table that is there. */
void existing_table(struct mm_struct *mm, pmd_t *pmd, unsigned long address)
{
	down_read(&mm->mmap_sem);
	spin_lock(&mm->page_table_lock);
	if (!pmd_none(*pmd))
		pte_kunmap(pte_alloc(mm, pmd, address));
	spin_unlock(&mm->page_table_lock);
	up_read(&mm->mmap_sem);
}

/* A fault in user memory. */
int fault(struct vm_area_struct *area, unsigned long address, int write)
{
	int what;

	down_read(&current->mm->mmap_sem);
	what = handle_mm_fault(current->mm, area, address, write);
	up_read(&current->mm->mmap_sem);
	return what;
}

/* A page of a file that is read from the disk. */
struct page *nopage_of_disk(struct vm_area_struct *area, unsigned long address, int unused)
{
	struct page *page = page_cache_alloc(area->vm_file);

	if (!page)
		return 0;
	lock_page(page);
	read_from_disk(page);
	unlock_page(page);
	return page;
}

/* A page of a file that has to be cleared. */
struct page *nopage_of_hole(struct vm_area_struct *area, unsigned long address, int unused)
{
	struct page *page = page_cache_alloc(area->vm_file);

	if (!page)
		return 0;
	lock_page(page);
	kmap(page);
	kunmap(page);
	unlock_page(page);
	return page;
}

/* Whoever puts pages into tables: exec, vmalloc, remap_page_range, zeromap_page_range. */
void fill_tables(int who, struct page *page, unsigned long address)
{
	switch (who) {
	case 0:
		put_dirty_page(current, page, address);
		break;
	case 1:
		vmalloc_area_pages(PGDIR_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, GFP_KERNEL, PAGE_KERNEL);
		break;
	case 2:
		remap_page_range(PGDIR_SIZE - PAGE_SIZE, 0, 2 * PAGE_SIZE, PAGE_SHARED);
		break;
	default:
		zeromap_page_range(PGDIR_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SHARED);
	}
}

/* Two pages, each in a table of its own, are unmapped. */
void unmap(struct mm_struct *mm)
{
	zap_page_range(mm, PGDIR_SIZE - PAGE_SIZE, 2 * PAGE_SIZE);
}

/* A fault in the vmalloc area. */
void vmalloc_fault(struct pt_regs *registers)
{
	do_page_fault(registers, 0);
}

/* A fault of a program that reads, or writes. */
void user_fault(struct pt_regs *registers, int writes)
{
	do_page_fault(registers, writes ? 6 : 4);
}

/* A write of one page of a file. */
int write_page(struct file *file, const char *from)
{
	loff_t position = 0;

	return generic_file_write(file, from, 1, &position);
}

/* What a file system does before and after the copy: the page is mapped a second time. */
int prepare_page(struct file *file, struct page *page, unsigned from, unsigned to)
{
	kmap(page);
	return 0;
}

int commit_page(struct file *file, struct page *page, unsigned from, unsigned to)
{
	kunmap(page);
	return 0;
}

/* A process has a table, and an earlier fork has looked into it; then the process ends. */
void end_of_process(struct mm_struct *mm)
{
	pmd_t *pmd = pmd_offset(pgd_offset(mm, 0), 0);

	*pmd = table_from_before();
	pte_kunmap(pte_offset2(pmd, 0));
	zap_page_range(mm, 0, PAGE_SIZE);
	clear_page_tables(mm, 0, 1);
}
