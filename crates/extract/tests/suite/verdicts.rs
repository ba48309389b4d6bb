//! Shapes that are easily read wrongly, so that the verdict is: each as a bad version and its mend,
//! or as code that is right and must not be blamed.

use crate::common::{extracted, extracted_with, findings, operations, wrong};

const NONE: Vec<String> = Vec::new();

/// A try whose success comes to no end within the bound is no exit that still holds.
#[test]
fn a_try_cut_on_success_leaks_nothing() {
    let c = "
        extern int more(struct page *page);
        int f(struct page *page)
        {
            int n = 0;
            kmap(page);
            kunmap(page);
            if (TryLockPage(page))
                return 0;
            while (more(page)) {
                kmap(page);
                n++;
            }
            if (n < 7)
                BUG();
            while (n-- > 0)
                kunmap(page);
            UnlockPage(page);
            return 1;
        }";
    let of = extracted(c, &[("f", 2)]);
    assert!(
        of.scenario.contains("not followed further"),
        "{}",
        of.scenario
    );
    assert!(
        of.assumed.iter().any(|one| one.kind == "loop-bound"),
        "{:?}",
        of.assumed
    );
    assert_eq!(wrong(c, &[("f", 2)], 1), NONE);
}

/// A mapped address is not null, however long ago it was mapped.
#[test]
fn a_mapped_address_stays_one() {
    let c = "
        struct dir_entry { int inode; };
        extern struct page *find(int n);
        static struct dir_entry *find_entry(int n, struct page **res)
        {
            struct page *page = read_cache_page(n);
            char *kaddr;
            if (IS_ERR(page))
                return 0;
            kaddr = kmap(page);
            kaddr += 16 * n;
            *res = page;
            return (struct dir_entry *)kaddr;
        }
        int unlink(int n)
        {
            struct page *page;
            struct dir_entry *de = find_entry(n, &page);
            if (!de)
                return -2;
            kunmap(page);
            return 0;
        }";
    assert_eq!(wrong(c, &[("unlink", 2)], 2), NONE);
}

/// What is at least 0 and at most 0 is 0, before a page is named by it.
#[test]
fn equalities_that_only_follow() {
    let c = "
        int f(struct page **pages, int h)
        {
            if (h < 0)
                return 0;
            if (h > 0)
                return 0;
            kmap(pages[h]);
            kunmap(pages[0]);
            return 1;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    let c = "
        int f(struct page **pages, int a, int b)
        {
            if (a <= b && a >= b) {
                kmap(pages[a]);
                kunmap(pages[b]);
            }
            return 1;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
}

/// A wrapper reaches no kmap, and still decides about one: the gate is why it is clean.
#[test]
fn lock_wrappers_are_followed() {
    let gated = "
        static struct semaphore gate;
        static void gate_lock(void) { down(&gate); }
        static void gate_unlock(void) { up(&gate); }
        int copy(struct page *from, struct page *to)
        {
            gate_lock();
            kmap(from);
            kmap(to);
            gate_unlock();
            kunmap(to);
            kunmap(from);
            return 0;
        }";
    assert_eq!(wrong(gated, &[("copy", 2)], 2), NONE);
    let bare = gated
        .replace("gate_lock();\n            kmap", "kmap")
        .replace("gate_unlock();\n            kunmap", "kunmap");
    assert_eq!(wrong(&bare, &[("copy", 2)], 2), ["deadlock"]);
}

/// A function of a table is the one of the table's own file.
#[test]
fn a_private_function_behind_a_pointer() {
    use kmapcheck_extract::Source;
    let file = |name: &str, text: &str| Source {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
        is_stub: false,
    };
    let user = file("user.c", "
        static int fill(struct page *p) { return 0; }
        int read_one(struct ops *ops, struct page *page) { fill(page); return ops->readpage(page); }");
    let owner = file(
        "owner.c",
        "
        static int fill(struct page *p) { kmap(p); kunmap(p); return 1; }
        struct ops my_ops = { .readpage = fill };",
    );
    let options = crate::common::options(&[("read_one", 1)]);
    let of = kmapcheck_extract::extract(
        &[user, owner],
        &crate::common::mapping("linux-2.4"),
        &options,
        &kmapcheck_check::Limits::default(),
        &|_| None,
    )
    .expect("it is read");
    assert_eq!(operations(&of), ["kmap page", "kunmap page"]);
    assert!(of.scenario.contains("owner.c:2 fill"), "{}", of.scenario);
}

/// A page that is allocated and one that is there are not one because they have one name.
#[test]
fn allocated_and_declared_pages_are_told_apart() {
    let c = "
        int f(struct page *page)
        {
            struct page *old = page;
            kmap(old);
            kunmap(old);
            page = alloc_page(GFP_KERNEL);
            if (!page)
                return -12;
            kmap(page);
            kunmap(page);
            __free_page(page);
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 2)], 1), NONE);
    let of = extracted(c, &[("f", 1)]);
    assert!(of.scenario.contains("\"new_page\""), "{}", of.scenario);
    assert!(!of.scenario.contains("does not free"), "{}", of.scenario);
}

/// Who frees a page that is there already may have one reference of several: that is said.
#[test]
fn a_page_that_the_path_has_not_allocated_is_not_freed() {
    let c = "
        void f(struct page *page)
        {
            kmap(page);
            kunmap(page);
            __free_page(page);
        }";
    let of = extracted(c, &[("f", 1)]);
    assert_eq!(operations(&of), ["kmap page", "kunmap page"]);
    let said = (of.assumed.iter()).find(|assumed| assumed.text.contains("does not free a page"));
    assert_eq!(said.map(|assumed| assumed.kind), Some("hand-over"));
    assert_eq!(said.map(|assumed| assumed.at.as_str()), Some("a.c:6"));
}

/// What the first argument of a call depends on matters as well.
#[test]
fn the_first_argument_matters() {
    let c = "
        static struct page *pick(struct page *a, struct page *b, int which)
        {
            if (which)
                return a;
            return b;
        }
        int f(struct page *a, struct page *b, int which)
        {
            struct page *p = pick(a, b, which);
            kmap(p);
            p = pick(a, b, which);
            kunmap(p);
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    let of = extracted(c, &[("f", 1)]);
    assert_eq!(operations(&of), ["kmap p", "kunmap p"]);
}

/// A macro that is used twice is the same page twice, and its argument is evaluated at each use.
#[test]
fn an_expression_macro_used_twice() {
    let c = "
        #define iovec_idx(bio, i) (&(bio)->vec[(i)])
        #define page_idx(bio, i) (iovec_idx((bio), (i))->page)
        int f(struct bio *bio, int i)
        {
            kmap(page_idx(bio, i));
            kunmap(page_idx(bio, i));
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    let twice = "
        #define both(p) (kmap(p), kunmap(p))
        int f(struct page **pages)
        {
            int i = 0;
            both(pages[i++]);
            return i;
        }";
    // As the preprocessor has it: the second use is another page.
    let ops = operations(&extracted(twice, &[("f", 1)]));
    assert_eq!(ops, ["kmap pages_i", "kunmap pages_i_2"]);
}

/// More than a hundred branches in a row are no brackets a hundred deep.
#[test]
fn many_error_paths_are_shared_blocks() {
    let mut c = String::from("extern int bad(int n);\nint f(struct page *page)\n{\n kmap(page);\n");
    for n in 0..150 {
        c.push_str(&format!(
            " if (bad({n})) goto out;\n lock_page(page);\n unlock_page(page);\n"
        ));
    }
    c.push_str(" kunmap(page);\n return 0;\nout:\n lock_page(page);\n unlock_page(page);\n kunmap(page);\n return -5;\n}\n");
    let of = extracted(&c, &[("f", 1)]);
    let mut depth = 0usize;
    let deepest = of
        .scenario
        .chars()
        .filter(|c| "[{]}".contains(*c))
        .fold(0, |most, c| {
            depth = if "[{".contains(c) {
                depth + 1
            } else {
                depth - 1
            };
            most.max(depth)
        });
    assert!(deepest < 30, "{deepest}\n{}", of.scenario);
    let cleanup = of.scenario.matches("\"unlock_page\"").count();
    assert!(cleanup < 160, "{cleanup}: the way out is written once");
    let small = extracted_with(&c, &[("f", 1)], |_| {});
    assert_eq!(findings(&small), NONE);
}
