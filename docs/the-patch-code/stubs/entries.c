/* What an entry of the directory says: there is a table, or there is none. */
int pmd_none(pmd_t entry)
{
	return entry == 0;
}

int pmd_bad(pmd_t entry)
{
	return 0;
}
