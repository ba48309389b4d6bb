//! Constructs that kernel C is full of.

use kmapcheck_check::Limits;
use kmapcheck_extract::{Source, extract};

use crate::common::{extracted, extracted_with, mapping, operations, options, source, wrong};

const NONE: Vec<String> = Vec::new();

const MAP_ALL: &str = "
    struct req { int nr; struct page **pages; };
    static struct semaphore map_gate;
    int write_request(struct req *r)
    {
        int i;
        GATE
        for (i = 0; i < r->nr; i++)
            kmap(r->pages[i]);
        UNGATE
        sock_sendmsg(r);
        for (i = 0; i < r->nr; i++)
            kunmap(r->pages[i]);
        return 0;
    }";

/// The second loop runs as often as the first, over the same pages.
#[test]
fn a_map_loop_against_an_unmap_loop() {
    let bad = MAP_ALL.replace("UNGATE", "").replace("GATE", "");
    assert_eq!(wrong(&bad, &[("write_request", 2)], 2), ["deadlock"]);
    assert_eq!(wrong(&bad, &[("write_request", 1)], 2), NONE);
    let good = MAP_ALL
        .replace("UNGATE", "up(&map_gate);")
        .replace("GATE", "down(&map_gate);");
    assert_eq!(wrong(&good, &[("write_request", 2)], 3), NONE);
    let of = extracted(&bad, &[("write_request", 1)]);
    let bound = of
        .assumed
        .iter()
        .find(|one| one.kind == "loop-bound")
        .expect("it is cut");
    assert_eq!(bound.at, "a.c:8");
    assert_eq!(bound.change.as_deref(), Some("--unroll 3"));
}

/// A loop whose rounds leave nothing behind is a loop of the scenario, and not cut.
#[test]
fn rounds_that_leave_nothing_are_a_loop() {
    let c = "
        extern struct page *next_page(void);
        extern int more(void);
        int f(void)
        {
            while (more()) {
                struct page *page = next_page();
                kmap(page);
                kunmap(page);
            }
            return 0;
        }";
    let of = extracted(c, &[("f", 2)]);
    assert!(of.scenario.contains("\"loop\""), "{}", of.scenario);
    assert!(
        of.assumed.iter().all(|one| one.kind != "loop-bound"),
        "{:?}",
        of.assumed
    );
    assert_eq!(wrong(c, &[("f", 2)], 1), NONE);
}

#[test]
fn decided_rounds_run_on() {
    let c = "
        int f(struct page **pages)
        {
            int i;
            for (i = 0; i < 7; i++)
                kmap(pages[i]);
            while (--i >= 0)
                kunmap(pages[i]);
            return 0;
        }";
    let ops = operations(&extracted(c, &[("f", 1)]));
    assert_eq!(ops.len(), 14);
    assert_eq!(ops[6..8], ["kmap pages_6", "kunmap pages_6"]);
    assert_eq!(wrong(c, &[("f", 1)], 7), NONE);
}

#[test]
fn for_each_macros() {
    let c = "
        #define list_for_each(pos, head) \\
            for (pos = (head)->next; pos != (head); pos = pos->next)
        int f(struct list *head)
        {
            struct list *pos;
            list_for_each(pos, head) {
                if (pos->busy)
                    continue;
                kmap(pos->page);
                kunmap(pos->page);
            }
            return 0;
        }
        int g(struct list *head)
        {
            struct thing *t;
            for_each_thing(t, head) {
                kmap(t->page);
                kunmap(t->page);
            }
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 2)], 1), NONE);
    assert_eq!(wrong(c, &[("g", 2)], 1), NONE);
}

#[test]
fn conditionals_across_syntax() {
    let c = "
        int f(struct page *page, int x)
        {
            if (x
        #ifdef CONFIG_BUSY
                && x > 3) {
        #else
                ) {
        #endif
                kmap(page);
                kunmap(page);
        #ifdef CONFIG_BUSY
                lock_page(page);
                unlock_page(page);
        #endif
            }
            return 0;
        }";
    assert_eq!(operations(&extracted(c, &[("f", 1)])).len(), 2);
    let busy = extracted_with(c, &[("f", 1)], |options| {
        options.define.insert("CONFIG_BUSY".to_owned(), None);
    });
    assert_eq!(operations(&busy).len(), 4);
    assert!(busy.scenario.contains("a.c:13 f"), "{}", busy.scenario);
}

#[test]
fn switches_fall_through_and_labels_go_back() {
    let c = "
        extern int state(void);
        int f(struct page *page)
        {
            int tries = 0;
        again:
            switch (state()) {
            case 1:
                lock_page(page);
                /* fall through */
            case 2:
                kmap(page);
                break;
            case 3 ... 5:
                if (tries++ < 3)
                    goto again;
                return 0;
            default:
                return 1;
            }
            kunmap(page);
            unlock_page(page);
            return 0;
        }";
    let findings = wrong(c, &[("f", 1)], 1);
    // State 2 unlocks a page that it has not locked.
    assert!(findings.iter().any(|kind| kind == "misuse"), "{findings:?}");
    let good = c
        .replace(
            "kunmap(page);\n            unlock_page(page);",
            "kunmap(page);",
        )
        .replace("lock_page(page);\n", "\n");
    assert_eq!(wrong(&good, &[("f", 1)], 1), NONE);
}

/// The same question has the same answer.
#[test]
fn conditions_are_asked_once() {
    let c = "
        int f(struct inode *inode, struct page *page)
        {
            int err;
            if (inode->i_flags & 4)
                kmap(page);
            err = do_it(inode);
            if (err)
                goto out;
            err = -5;
        out:
            if (inode->i_flags & 4)
                kunmap(page);
            return err;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
}

#[test]
fn addresses_are_moved_and_masked() {
    let c = "
        int f(struct page *page, unsigned long offset)
        {
            char *kaddr = kmap_atomic(page, KM_USER0);
            char *p = kaddr + (offset & 4095);
            p = (char *)((unsigned long)p & PAGE_MASK);
            kunmap_atomic(p, KM_USER0);
            return 0;
        }";
    let of = extracted(c, &[("f", 1)]);
    assert_eq!(operations(&of), ["kmap_atomic page", "kunmap_atomic page"]);
    assert!(of.assumed.iter().any(|one| one.kind == "offset-in-page"));
}

/// To sleep is to be noticed only where sleep is forbidden.
#[test]
fn sleep_in_atomic_context() {
    let c = "
        int f(struct page *page, struct bh *bh)
        {
            char *p = kmap_atomic(page, KM_USER0);
            if (bh->locked)
                wait_on_buffer(bh);
            kunmap_atomic(p, KM_USER0);
            return 0;
        }";
    let findings = wrong(c, &[("f", 1)], 1);
    assert_eq!(findings, ["sleep-in-atomic"]);
    let good = c
        .replace("kmap_atomic(page, KM_USER0)", "kmap(page)")
        .replace("kunmap_atomic(p, KM_USER0)", "kunmap(page)");
    let of = extracted(&good, &[("f", 1)]);
    assert!(!of.scenario.contains("might_sleep"), "{}", of.scenario);
}

/// An error path that forgets what it holds.
#[test]
fn an_error_path_leaks() {
    let bad = "
        int f(struct page *page)
        {
            char *kaddr = kmap(page);
            if (write_it(kaddr))
                return -5;
            kunmap(page);
            return 0;
        }";
    assert_eq!(wrong(bad, &[("f", 1)], 1), ["slot-leak"]);
    let good = bad
        .replace("return -5;", "goto out;")
        .replace("            kunmap", "        out:\n            kunmap");
    assert_eq!(wrong(&good, &[("f", 1)], 1), NONE);
}

/// Pointers behind pointers, arrays, structures by value.
#[test]
fn data_structures() {
    let c = "
        struct pair { struct page *first, *second; };
        static void fill(struct pair *pair, struct page *a, struct page *b)
        {
            pair->first = a;
            pair->second = b;
        }
        int f(struct page *a, struct page *b)
        {
            struct pair one, two;
            struct page *all[2] = { a, b };
            int i;
            fill(&one, a, b);
            two = one;
            for (i = 0; i < 2; i++)
                kmap(all[i]);
            kunmap(two.second);
            kunmap(two.first);
            return 0;
        }";
    assert_eq!(
        operations(&extracted(c, &[("f", 1)])),
        ["kmap all_0", "kmap all_1", "kunmap all_1", "kunmap all_0"]
    );
}

/// Recursion to the depth that is given.
#[test]
fn recursion_to_a_depth() {
    let c = "
        extern int is_link(int n);
        int walk(struct page **pages, int n)
        {
            kmap(pages[n]);
            if (is_link(n))
                walk(pages, n + 1);
            kunmap(pages[n]);
            return 0;
        }";
    let of = extracted_with(c, &[("walk", 2)], |options| {
        options.recursion = Some(1);
        options.slots.insert("PKMAP".to_owned(), 2);
    });
    assert_eq!(crate::common::findings(&of), ["deadlock"]);
    assert!(
        of.assumed.iter().any(|one| one.kind == "recursion-bound"),
        "{:?}",
        of.assumed
    );
}

/// A file that includes another one sees its `static` functions, whichever of the two is given.
#[test]
fn static_functions_of_an_included_file() {
    let driver = "
        static void half(struct page *page) { kmap(page); }
        static void other(struct page *page) { kunmap(page); }";
    let harness = "
        #include \"driver.c\"
        void both(struct page *page) { half(page); }";
    let named = |name: &str, text: &str| Source {
        name: name.to_owned(),
        ..source(text)
    };
    let find = |name: &str| (name == "driver.c").then(|| named(name, driver));
    let of = |sources: &[Source]| {
        let made = extract(
            sources,
            &mapping("linux-2.4"),
            &options(&[("both", 1)]),
            &Limits::default(),
            &find,
        );
        operations(&made.unwrap_or_else(|failure| panic!("{failure:#?}")))
    };
    let (driver, harness) = (named("driver.c", driver), named("harness.c", harness));
    assert_eq!(of(std::slice::from_ref(&harness)), ["kmap page"]);
    assert_eq!(of(&[harness.clone(), driver.clone()]), ["kmap page"]);
    assert_eq!(of(&[driver, harness]), ["kmap page"]);
}
