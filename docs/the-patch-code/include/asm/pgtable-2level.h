/* An entry of the directory is the page itself: nothing is shifted or masked. */
#define pte_none(entry) ((entry).pte_low == 0)
#define __pmd_page(entry) (entry)
#define __mk_pmd(number, protection) ((number) + mem_map)
#define set_pmd(place, entry) (*(place) = (entry))
#define set_pte(place, entry) (*(place) = (entry))
#define PGDIR_SHIFT 22
#define PMD_SHIFT 22
#define PTRS_PER_PGD 1024
#define PTRS_PER_PMD 1
#define PTRS_PER_PTE 1024
#define pgd_clear(place) do { } while (0)
#define __pmd(value) (value)
