#include <linux/mm.h>

/* A copy to a program may fault; the page is there, only the table is looked into. */
unsigned long __copy_to_user(void *to, void *from, unsigned long bytes)
{
	if (is_away())
		existing_table(current->mm, pmd_of_the_copy(), 0);
	return bytes_left();
}
