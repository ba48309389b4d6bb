#include <linux/mm.h>

/* Memory is short: before there is a page, the tables of another process are looked through. */
struct page *alloc_page(unsigned int flags)
{
	int others = 1;

	if (is_short())
		swap_out_mm(another_process(), SWAP_CLUSTER_MAX, &others, 0);
	return free_page_of_system(flags);
}
