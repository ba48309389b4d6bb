/* The quicklist: its pages are free for all, and linked through atomic maps. */
struct page *pte_alloc_one_fast(struct mm_struct *mm, unsigned long address)
{
	struct page *page = quicklist_take(GFP_ATOMIC);

	if (page)
		kunmap_atomic(kmap_atomic(page, KM_USER0), KM_USER0);
	return page;
}

void pte_free_fast(struct page *page)
{
	kunmap_atomic(kmap_atomic(page, KM_USER0), KM_USER0);
	quicklist_put(page);
}

/* Every page table lies in high memory. */
int PageHighMem(struct page *page)
{
	return 1;
}

/* The page of an entry is the entry. */
void pte_free_via_pmd(pmd_t entry)
{
	pte_free_fast(entry);
}
