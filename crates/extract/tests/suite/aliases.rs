//! What overlaps, is compared, or is written through pointers.

use kmapcheck_extract::Source;

use crate::common::{extracted, findings, mapping, options, try_extract, wrong};
use crate::objects::says;

const NONE: Vec<String> = Vec::new();

/// What is set through a pointer that was kept somewhere is set.
#[test]
fn writes_through_kept_pointers() {
    let c = "
        struct queue { int *cur; };
        static int flag; static int *kept;
        static void set(int *p) { *p = 1; }
        static void clear_kept(void) { *kept = 0; }
        int f(struct page *page, struct queue *q)
        {
            int a = 0;
            WRITE
            if (a || flag)
                return 0;
            kmap(page);
            kmap(page);
            lock_page(page);
            lock_page(page);
            return 0;
        }";
    let ops = |write: &str| {
        crate::common::operations(&extracted(&c.replace("WRITE", write), &[("f", 1)])).len()
    };
    // Nobody comes to the operations.
    for write in [
        "q->cur = &a; *q->cur = 1;",
        "q->cur = &a; set(q->cur);",
        "kept = &a; *kept = 1;",
        "kept = &flag; set(kept);",
        "flag = 1;",
    ] {
        let of = try_extract(&c.replace("WRITE", write), "linux-2.4", &[("f", 1)], |_| {});
        let none = of.is_ok_and(|of| crate::common::operations(&of).is_empty());
        assert!(none, "{write}");
    }
    // Everybody does, or some do.
    for write in [
        "a = 1; q->cur = &a; *q->cur = 0;",
        "a = 1; kept = &a; clear_kept();",
        "flag = 1; kept = &flag; clear_kept();",
        "flag = 1; q->cur = &flag; *q->cur = 0;",
    ] {
        assert!(ops(write) > 0, "{write}");
    }
    // What an unknown pointer may point to is taken to be something else, and that is said.
    let unknown = extracted(&c.replace("WRITE", "flag = 1; *q->cur = 0;"), &[("f", 1)]);
    says(
        &unknown,
        "distinct-pointers",
        &["point to different things"],
    );
    let read = c.replace(
        "WRITE",
        "if (*q->cur) kmap(page); flag = 0; if (*q->cur) kunmap(page);",
    );
    says(
        &extracted(&read, &[("f", 1)]),
        "distinct-pointers",
        &["point to different things"],
    );
}

/// A structure and its first field may be one lock: that is said. Members of a union are one.
#[test]
fn places_that_overlap() {
    let c = "
        struct dev { struct semaphore first; };
        static union { struct semaphore s; struct semaphore t; } u;
        static struct dev d;
        int one(void) { down(&u.s); down(&d.first); up(&d.first); up(&u.s); return 0; }
        int two(void) { down(&u.t); down((struct semaphore *)&d); up((struct semaphore *)&d); up(&u.t); return 0; }
        int all(void) { down(&u.s); down(&u.t); up(&u.t); up(&u.s); return 0; }";
    let of = extracted(c, &[("one", 1), ("two", 1)]);
    says(&of, "distinct-pointers", &["`d`", "`d.first`"]);
    assert_eq!(wrong(c, &[("all", 1)], 1), ["deadlock"]);
    // Where the names are of two fields elsewhere, they are taken to be two, and that is said.
    let c = format!("struct other {{ struct semaphore s, t; }}; {c}");
    let of = extracted(&c, &[("one", 1), ("two", 1)]);
    says(&of, "distinct-pointers", &["`u.s`", "`u.t`"]);
    let of = extracted(&c, &[("all", 1)]);
    says(&of, "distinct-pointers", &["`u.s`", "`u.t`"]);
}

/// Elements of arrays of arrays and of arrays of pointers have names of their own.
#[test]
fn arrays_of_arrays_and_of_pointers() {
    let c = "
        static struct semaphore l[2][2]; static struct semaphore *tab[2];
        int one(void) { down(FIRST); down(SECOND); up(SECOND); up(FIRST); return 0; }
        int two(void) { down(SECOND); down(FIRST); up(FIRST); up(SECOND); return 0; }";
    for (first, second) in [
        ("&l[0][1]", "&l[1][0]"),
        ("tab[0]", "tab[1]"),
        ("&l[1][0]", "&l[1][1]"),
    ] {
        let c = c.replace("FIRST", first).replace("SECOND", second);
        assert_eq!(
            wrong(&c, &[("one", 1), ("two", 1)], 2),
            ["deadlock"],
            "{first}"
        );
        let of = extracted(&c, &[("one", 2)]);
        assert_eq!(findings(&of), NONE, "{first}");
    }
}

/// What a macro that nobody has read stands for is another place each time it is used, and that is
/// said.
#[test]
fn places_that_nobody_has_read() {
    let c = "
        int f(int n) { spin_lock(&per_cpu(locks, n)); spin_lock(&per_cpu(locks, n)); spin_unlock(&per_cpu(locks, n)); return 0; }";
    let of = extracted(c, &[("f", 1)]);
    says(
        &of,
        "distinct-pointers",
        &["per_cpu_locks_n", "per_cpu_locks_n_2"],
    );
}

/// A pointer that turns out to be a variable outside is that variable from then on.
#[test]
fn a_pointer_that_is_compared() {
    let c = "
        static struct semaphore a, b;
        int one(void) { down(&b); down(&a); up(&a); up(&b); return 0; }
        int two(struct semaphore *m)
        {
            down(m);
            up(m);
            if (m != &b)
                return 0;
            down(&a);
            down(m);
            up(m);
            up(&a);
            return 0;
        }";
    assert_eq!(wrong(c, &[("one", 1), ("two", 1)], 2), ["deadlock"]);
    let mended = c.replace("m != &b", "m != &b || m == &b");
    assert_eq!(wrong(&mended, &[("one", 1), ("two", 1)], 2), NONE);
    // Two fields are one if their structures are.
    let c = "
        struct dev { struct semaphore lock; };
        int two(struct dev *x, struct dev *y)
        {
            down(&x->lock);
            if (&x->lock != &y->lock) { up(&x->lock); return 0; }
            SECOND
            up(&x->lock);
            return 0;
        }";
    let bad = c.replace("SECOND", "down(&y->lock); up(&y->lock);");
    assert_eq!(wrong(&bad, &[("two", 1)], 2), ["deadlock"]);
    assert_eq!(wrong(&c.replace("SECOND", ""), &[("two", 1)], 2), NONE);
}

/// A variable that is `static` in a header is one in each file: that it is taken as one is said.
#[test]
fn statics_of_headers() {
    let file = |name: &str, text: &str| Source {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
        is_stub: false,
    };
    let sources = [
        file(
            "a.c",
            "#include \"gate.h\"\nint one(void) { down(&gate); up(&gate); return 0; }",
        ),
        file(
            "b.c",
            "#include \"gate.h\"\nint two(void) { down(&gate); up(&gate); return 0; }",
        ),
    ];
    let header = |_: &str| Some(file("gate.h", "static struct semaphore gate;"));
    let limits = kmapcheck_check::Limits::default();
    let entries = options(&[("one", 1), ("two", 1)]);
    let of =
        kmapcheck_extract::extract(&sources, &mapping("linux-2.4"), &entries, &limits, &header);
    says(
        &of.expect("it is read"),
        "one-object",
        &["`gate`", "header"],
    );
}

/// Rests of numbers that differ by a multiple are one, so an element of that index is one.
#[test]
fn an_index_that_is_a_rest() {
    let ring = |step: &str, mask: &str| {
        let c = format!(
            "int f(int n, struct page **v)
             {{
                 while (more(n)) {{
                     kmap(v[n & {mask}]);
                     n += {step};
                     kunmap(v[n & {mask}]);
                 }}
                 return 0;
             }}"
        );
        wrong(&c, &[("f", 1)], 2)
    };
    assert_eq!(ring("2", "1"), NONE);
    assert_eq!(ring("8", "3"), NONE);
    assert_eq!(ring("3 - 7", "3"), NONE);
    for (step, mask) in [("1", "1"), ("2", "3"), ("1", "3")] {
        assert!(
            ring(step, mask).contains(&"misuse".to_owned()),
            "{step} {mask}"
        );
    }
    let c = "static struct semaphore t[2];
             int f(int n) { down(&t[n & 1]); n -= 4; down(&t[n & 1]); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), ["deadlock"]);
    // Quotients go along.
    let c = "int f(int n, struct page *p)
             { if ((n + 4 >> 2) - (n >> 2) == 1) return 0; kmap(p); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
}

/// Fields of elements: two that may be one are asked about, as elements themselves are.
#[test]
fn fields_of_elements() {
    let c = |how: &str| {
        format!(
            "struct in {{ int b; }}; struct s {{ int b; struct in i; }};
             static struct s t[4];
             int f(int i, int j, struct page *p) {{ {how} kmap(p); return 0; }}"
        )
    };
    for how in [
        "t[i].b = 0; t[j].b = 1; if (!t[i].b) return 0;",
        "t[0].b = 0; t[j].b = 1; if (!t[0].b) return 0;",
        "struct s *q = &t[j]; t[i].b = 0; q->b = 1; if (!t[i].b) return 0;",
        "t[i].i.b = 0; t[j].i.b = 1; if (!t[i].i.b) return 0;",
    ] {
        let of = c(how);
        assert_eq!(wrong(&of, &[("f", 1)], 1), ["slot-leak"], "{how}");
        let same = of.replace("[j]", "[i]").replace("[0]", "[i]");
        let same = same.replace("if (!t", "if (t");
        assert_eq!(wrong(&same, &[("f", 1)], 1), NONE, "{how}");
    }
}

/// A pointer that is handed on is written through wherever it goes.
#[test]
fn a_pointer_that_is_handed_on() {
    for (functions, call) in [
        (
            "void set(int *p) { *p = 1; } void get(int *p) { set(p); }",
            "get(&e);",
        ),
        (
            "void set(int *p) { *p = 1; } void get(int *p) { int *q = p; set(q); }",
            "get(&e);",
        ),
        (
            "void set(int *p) { *p = 1; } void two(int *p) { set(p); } void get(int *p) { two(p); }",
            "get(&e);",
        ),
        (
            "void set(int *p) { *p = 1; } void get(void (*h)(int *), int *p) { h(p); }",
            "get(set, &e);",
        ),
    ] {
        let c = |after: &str| {
            format!(
                "{functions} int f(struct page *p) {{ int e = 0; kmap(p); {call} {after} kunmap(p); return 0; }}"
            )
        };
        let leaks = c("if (e) return e;");
        assert_eq!(wrong(&leaks, &[("f", 1)], 1), ["slot-leak"], "{functions}");
        assert_eq!(
            wrong(&c("if (!e) return e;"), &[("f", 1)], 1),
            NONE,
            "{functions}"
        );
    }
    // A lock that is found so.
    let c = "static spinlock_t l, m;
             void set(spinlock_t **p) { *p = &l; } void get(spinlock_t **p) { set(p); }
             int f(void) { spinlock_t *k = &m; get(&k); spin_lock(k); spin_lock(&l); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), ["deadlock"]);
}
