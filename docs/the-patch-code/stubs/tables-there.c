/* Every table is there already. */
int pmd_none(pmd_t entry)
{
	return 0;
}

int pmd_bad(pmd_t entry)
{
	return 0;
}

/* Every page table lies in high memory. */
int PageHighMem(struct page *page)
{
	return 1;
}
