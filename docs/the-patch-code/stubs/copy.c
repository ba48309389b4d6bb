#include <linux/mm.h>

/* A copy to or from a program may fault. */
static void may_fault(void)
{
	struct vm_area_struct *area = area_of_the_copy();

	if (is_away()) {
		down_read(&current->mm->mmap_sem);
		handle_mm_fault(current->mm, area, area->vm_start, 1);
		up_read(&current->mm->mmap_sem);
	}
}

unsigned long __copy_to_user(void *to, void *from, unsigned long bytes)
{
	may_fault();
	return bytes_left();
}
