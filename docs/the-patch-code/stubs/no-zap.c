/* Unmapping is a path of its own. */
void zap_page_range(struct mm_struct *mm, unsigned long address, unsigned long size)
{
}
