//! What the shipped mapping files say of functions of the kernel, and unmaps of what is no address.

use kmapcheck_extract::{Extracted, Options};

use crate::common::{findings, operations, try_extract, wrong};

const NONE: Vec<String> = Vec::new();

#[track_caller]
fn of_kernel(c: &str, map: &str, entries: &[(&str, u32)]) -> Extracted {
    of_series(c, map, "PKMAP", entries)
}

/// With four slots in a series.
#[track_caller]
fn of_series(c: &str, map: &str, series: &str, entries: &[(&str, u32)]) -> Extracted {
    let slots = |options: &mut Options| {
        options.slots.insert(series.to_owned(), 4);
    };
    try_extract(c, map, entries, slots).unwrap_or_else(|failure| panic!("{failure:#?}"))
}

/// `kunmap_atomic` wants the address and is given the page: the mapping stays.
#[test]
fn an_atomic_map_is_not_undone_by_its_page() {
    let c = |undone: &str| {
        format!(
            "
            int fill(struct page *page)
            {{
                char *at = kmap_atomic(page, KM_USER0);
                at[0] = 0;
                kunmap_atomic({undone}, KM_USER0);
                return 0;
            }}"
        )
    };
    let entry = &[("fill", 1)];
    assert_eq!(wrong(&c("at"), entry, 4), NONE);
    assert_eq!(wrong(&c("at + 16"), entry, 4), NONE);
    let bad = c("page");
    assert!(wrong(&bad, entry, 4).contains(&"misuse".to_owned()));
    let of = of_kernel(&bad, "linux-2.4", entry);
    assert!(
        of.scenario
            .contains("kunmap_atomic() of a page, not of an address")
    );
    assert!(
        operations(&of).contains(&"kunmap_atomic no_address_page".to_owned()),
        "{:?}",
        operations(&of)
    );
}

/// A page table that was never mapped is unmapped all the same.
#[test]
fn null_is_no_address() {
    let c = |test: &str| {
        format!(
            "
            pte_t *find(pmd_t *pmd)
            {{
                if (pmd_none(*pmd))
                    return NULL;
                return pte_offset(pmd, 0);
            }}
            void clear(pmd_t *pmd)
            {{
                pte_t *pte = find(pmd);
                {test}
                    pte_kunmap(pte);
            }}"
        )
    };
    // Of 2.4 itself, whose tables are in low memory, nothing of this is a map.
    let wrong = |test: &str| {
        let map = "linux-2.4+linux-2.4-pte-highmem";
        findings(&of_series(&c(test), map, "PAGETABLE", &[("clear", 1)]))
    };
    assert_eq!(wrong("if (pte)"), NONE);
    assert_eq!(wrong(""), ["misuse"]);
}

/// One lock for all, which no argument names.
#[test]
fn the_lock_of_network_configuration() {
    let c = "
        static struct semaphore table;
        void init(void) { init_MUTEX(&table); }
        int one(void) { rtnl_lock(); down(&table); up(&table); rtnl_unlock(); return 0; }
        int other(void) { down(&table); rtnl_lock(); rtnl_unlock(); up(&table); return 0; }
        int leaks(int n) { rtnl_lock(); if (n) return -1; rtnl_unlock(); return 0; }
        int again(void) { rtnl_lock(); rtnl_lock(); rtnl_unlock(); rtnl_unlock(); return 0; }";
    for map in ["linux-2.4", "linux-2.6", "linux-6"] {
        let of = |entries: &[(&str, u32)]| findings(&of_kernel(c, map, entries));
        assert_eq!(of(&[("one", 2)]), NONE, "{map}");
        assert_eq!(of(&[("one", 1), ("other", 1)]), ["deadlock"], "{map}");
        assert_eq!(of(&[("again", 1)]), ["deadlock"], "{map}");
        assert!(
            of(&[("leaks", 1)]).contains(&"lock-leak".to_owned()),
            "{map}"
        );
    }
}

/// The lock of a socket sleeps; what closes a file does, too.
#[test]
fn what_sleeps() {
    let c = "
        static spinlock_t table;
        void sock(struct sock *sk) { spin_lock(&table); lock_sock(sk); release_sock(sk); spin_unlock(&table); }
        void right(struct sock *sk) { lock_sock(sk); spin_lock(&table); spin_unlock(&table); release_sock(sk); }
        void close(struct file *file) { spin_lock(&table); filp_close(file, 0); spin_unlock(&table); }";
    for map in ["linux-2.4", "linux-2.6", "linux-6"] {
        let of = |entry| findings(&of_kernel(c, map, &[(entry, 1)]));
        assert_eq!(of("sock"), ["sleep-in-atomic"], "{map}");
        assert_eq!(of("close"), ["sleep-in-atomic"], "{map}");
        assert_eq!(of("right"), NONE, "{map}");
    }
}

/// A page that was added to the page cache is locked; one that was not is not.
#[test]
fn a_page_that_is_added_is_locked() {
    let c = |undone: &str| {
        format!(
            "
            int add(struct address_space *mapping, struct page *page)
            {{
                if (add_to_page_cache(page, mapping, 0, GFP_KERNEL)) {{
                    {undone}
                    return -1;
                }}
                unlock_page(page);
                return 0;
            }}"
        )
    };
    for map in ["linux-2.6", "linux-6"] {
        let of = |undone| findings(&of_kernel(&c(undone), map, &[("add", 1)]));
        assert_eq!(of(""), NONE, "{map}");
        assert_eq!(of("unlock_page(page);"), ["misuse"], "{map}");
    }
}

/// A macro whose header is not there is given a type: the variables that it names stay what they are.
#[test]
fn a_type_as_an_argument() {
    let c = |lock: &str| {
        format!(
            "
            struct dir {{ struct inode *inode; struct list_head subdirs; }};
            void empty(struct dir *dir)
            {{
                struct list_head *node;
                down(&dir->inode->sem);
                node = dir->subdirs.next;
                while (node != &dir->subdirs) {{
                    struct dir *sub = list_entry(node, struct dir, subdirs);
                    forget_dir(sub);
                    node = dir->subdirs.next;
                }}
                up(&{lock}->inode->sem);
            }}"
        )
    };
    assert_eq!(wrong(&c("dir"), &[("empty", 1)], 4), NONE);
    let bad = c("other_dir");
    assert!(wrong(&bad, &[("empty", 1)], 4).contains(&"misuse".to_owned()));
}
