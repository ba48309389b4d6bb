/* A page table directory entry is a pointer to the page that is the table. */
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096
#define PAGE_MASK (-4096)
typedef struct { unsigned long pte_low; } pte_t;
typedef struct page *pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
