//! What the reading side must not drop: calls in odd places, pointers to functions, functions that
//! are not there.

use kmapcheck_extract::Extracted;

use crate::common::{extracted, extracted_with, findings, wrong};

const NONE: Vec<String> = Vec::new();

fn assumed<'e>(of: &'e Extracted, kind: &str, part: &str) -> Vec<&'e str> {
    (of.assumed.iter())
        .filter(|one| one.kind == kind && one.text.contains(part))
        .map(|one| one.text.as_str())
        .collect()
}

/// Calls in initialisers, literals and sizes are done, in order.
#[test]
fn calls_in_initialisers() {
    for statement in [
        "int a[2] = { one(p), 2 };",
        "struct pair a = { .y = { .z = one(p) } };",
        "struct pair a = { 1, { one(p) } };",
        "struct pair a[] = { [1] = { 1, one(p) } };",
        "int a[2][2] = { { 1, 2 }, { 3, one(p) } };",
        "use((struct pair){ .x = one(p) });",
        "use(&(struct unknown){ one(p) });",
        "int a[one(p)];",
        "int a = { one(p) };",
        "int a = _Generic(a, default: one(p));",
        "int a = ({ int b = one(p); b; });",
        "int a = (2, one(p));",
        "int a; for (a = one(p), a = 1; a < 1; a++) ;",
        "int a = __extension__ one(p);",
        "int a = (int)one(p) ? : 3;",
        "switch (one(p)) { default: ; }",
        "int *a = &(int){ one(p) };",
        "int a = bar()[one(p)];",
        "use(one(p), one)->x = 1;",
        "get(one(p))->op(1);",
        "do { continue; } while (one(p), 0);",
    ] {
        let c = format!(
            "struct pair {{ int x; struct {{ int z; }} y; }};
            static int one(struct page *p) {{ kmap(p); return 0; }}
            int f(struct page *p) {{ {statement} return 0; }}"
        );
        assert_eq!(wrong(&c, &[("f", 1)], 1), ["slot-leak"], "{statement}");
        let good = c.replace(
            &format!("{statement} return 0;"),
            &format!("{statement} kunmap(p); return 0;"),
        );
        assert_eq!(wrong(&good, &[("f", 1)], 1), NONE, "{statement}");
    }
    for statement in [
        "int a = sizeof(one(p));",
        "int a = sizeof one(p);",
        "typeof(one(p)) a = 1;",
        "int a = _Generic(one(p), int: 1, default: 2);",
    ] {
        let c = format!(
            "static int one(struct page *p) {{ kmap(p); return 0; }}
            int f(struct page *p) {{ {statement} return 0; }}"
        );
        assert_eq!(wrong(&c, &[("f", 1)], 1), NONE, "{statement}");
    }
}

/// What an initialiser says of fields and elements is known.
#[test]
fn initialisers_set_what_they_say() {
    let c = "
        struct inner { struct page *pages[2]; int n; };
        struct outer { int x; struct inner in; };
        int f(struct page *a, struct page *b)
        {
            struct outer o = { 1, { { a, b }, 2 } };
            struct outer q = { .in.pages[1] = a, .in = { .n = 7 } };
            struct inner many[] = { { { a, b } }, [3] = { .pages = { [1] = b } } };
            kmap(o.in.pages[1]);
            kunmap(b);
            kmap(many[3].pages[1]);
            kunmap(b);
            if (o.in.n != 2 || q.in.n != 7)
                kmap(a);
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
}

/// A function behind a pointer, however it came there.
#[test]
fn functions_behind_pointers() {
    let one = "static int one(struct page *p) { kmap(p); return 0; }";
    for (outside, inside) in [
        ("", "int (*g)(struct page *) = one; g(p);"),
        ("", "int (*g)(struct page *); g = &one; (*g)(p);"),
        ("", "int (*g[1])(struct page *) = { one }; g[0](p);"),
        ("static int (*hook)(struct page *) = one;", "hook(p);"),
        (
            "int (*hook)(struct page *);\nvoid set(void) { hook = one; }",
            "if (hook) hook(p);",
        ),
        (
            "struct ops { int x; int (*go)(struct page *); };\nstatic struct ops ops = { 1, one };",
            "ops.go(p);",
        ),
        (
            "static const struct ops ops = { .go = one };",
            "struct ops *o = &ops; o->go(p);",
        ),
        (
            "static struct ops tab[] = { [2] = { .go = one } };",
            "tab[2].go(p);",
        ),
        (
            "struct ops { int x; int (*go)(struct page *); };\nstatic struct ops tab[] = { { 1, one }, { } };",
            "tab[x].go(p);",
        ),
        (
            "struct ops { int (*go)(struct page *); };\nstatic struct ops tab[] = { one, one };",
            "tab[x].go(p);",
        ),
        (
            "static int (*tab[])(struct page *) = { one };",
            "tab[x](p);",
        ),
        ("", "o->go = one; later(o); o->go(p);"),
        (
            "static void call(int (*cb)(struct page *), struct page *q) { cb(q); }",
            "call(one, p);",
        ),
        (
            "static void call(int (*cb)(struct page *), struct page *q) { (**cb)(q); }\nstatic void (*caller)(int (*)(struct page *), struct page *) = call;",
            "caller(one, p);",
        ),
        (
            "static int (*get(void))(struct page *) { return one; }",
            "get()(p);",
        ),
        ("", "(x ? one : one)(p);"),
        (
            "",
            "int (*g)(struct page *); int (**h)(struct page *) = &g; *h = one; g(p);",
        ),
        ("typedef int fn(struct page *);", "fn *g = one; g(p);"),
        ("#define CALL(f) (f)(p)", "CALL(one);"),
        ("", "({ one; })(p);"),
        (
            "static void get(int (**out)(struct page *)) { *out = one; }",
            "int (*g)(struct page *); get(&g); g(p);",
        ),
    ] {
        let c = format!(
            "{one}\n{outside}\nint f(struct ops *o, struct page *p, int x) {{ {inside} return 0; }}"
        );
        assert_eq!(
            wrong(&c, &[("f", 1)], 1),
            ["slot-leak"],
            "{outside} {inside}"
        );
        let good = c.replace("return 0; }\n", "kunmap(p); return 0; }\n");
        assert_eq!(wrong(&good, &[("f", 1)], 1), NONE, "{outside} {inside}");
    }
}

/// Several functions are a choice, and one that is known is no choice.
#[test]
fn a_choice_of_functions() {
    let c = "
        static int take(struct page *p) { kmap(p); return 0; }
        static int skip(struct page *p) { return 0; }
        static struct ops first = { .go = take, .lock = down };
        static struct ops second = { .go = skip, .lock = down };
        static void call(int (*cb)(struct page *), struct page *q) { cb(q); }
        int f(struct ops *o, struct page *p) { o->go(p); return 0; }
        int g(struct page *p) { call(take, p); kunmap(p); call(skip, p); return 0; }
        int h(struct ops *o, struct semaphore *s) { o->lock(s); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), ["slot-leak"]);
    assert_eq!(wrong(c, &[("g", 1)], 1), NONE);
    assert_eq!(wrong(c, &[("h", 2)], 1).len(), 1);
    // Whichever comes first.
    let other = c.replace("skip", "yield_it");
    assert_eq!(wrong(&other, &[("f", 1)], 1), ["slot-leak"]);
    assert_eq!(wrong(&other, &[("g", 1)], 1), NONE);
    let of = extracted(c, &[("f", 1)]);
    let said = assumed(&of, "pointer", "`go`");
    assert_eq!(
        said,
        ["`go` points to one of 2 functions, all that the files let it point to: `skip`, `take`"]
    );
    // What is given on the command line comes first.
    let of = extracted_with(c, &[("f", 1)], |options| {
        options.resolve.insert("go".to_owned(), "skip".to_owned());
    });
    assert_eq!(findings(&of), NONE);
}

/// A pointer that nothing resolves, and functions that are not there, are said though nobody asks
/// for their results; those that sound like locks first.
#[test]
fn what_is_not_there_is_said() {
    let c = "
        static void helper(struct dev *d) { dev_mutex_grab(d); d->ops->poke(d); }
        int f(struct dev *d, struct page *p)
        {
            a_thing(d); b_thing(d); c_thing(d); b_thing(d);
            helper(d);
            kthread_start(worker, d);
            start(helper);
            d->timer.function = helper;
            return 0;
        }
        void nobody(void) { other_lock(); }";
    let of = extracted(c, &[("f", 1)]);
    let unknown = assumed(&of, "unread-function", "");
    assert!(
        unknown[0].starts_with("`dev_mutex_grab` is not in the files"),
        "{unknown:#?}"
    );
    let rest = unknown.last().expect("there are others");
    assert!(
        rest.starts_with("`a_thing`, `b_thing`, `c_thing`, `kthread_start`"),
        "{unknown:#?}"
    );
    assert!(
        !unknown.iter().any(|text| text.contains("other_lock")),
        "{unknown:#?}"
    );
    assert_eq!(
        assumed(&of, "pointer", "`poke`").len(),
        1,
        "{:#?}",
        of.assumed
    );
    assert_eq!(
        assumed(&of, "pointer", "`start` is handed `helper`").len(),
        1,
        "{:#?}",
        of.assumed
    );
    let count = of
        .assumed
        .iter()
        .find(|one| one.text.starts_with("`a_thing`"));
    assert_eq!(count.map(|one| one.count), Some(6));
}

/// Words that may be macros of a file that is not there, and regions that cannot be read.
#[test]
fn regions_are_said() {
    let c = "
        static void hold(struct page *p) { kmap(p); }
        int f(struct page *p)
        {
            DROP_EVERYTHING;
            asm volatile(\"lock; incl %0\" : \"=m\"(p));
            return 0;
        }
        int g(struct page *p)
        {
            int x = 1 @ hold(p) 3;
            return 0;
        }";
    let of = extracted(c, &[("f", 1)]);
    assert_eq!(
        assumed(&of, "unread-region", "DROP_EVERYTHING").len(),
        1,
        "{:#?}",
        of.assumed
    );
    assert_eq!(
        assumed(&of, "unread-region", "asm volatile").len(),
        1,
        "{:#?}",
        of.assumed
    );
    // What reads like a declaration may be a macro and a call.
    for statement in [
        "GUARDED kmap(p);",
        "FOO * kmap(p);",
        "TRACE(x) kmap(p);",
        "GUARDED hold(p);",
        "GUARDED kmap(p), x;",
    ] {
        let c = format!(
            "static void hold(struct page *p) {{ kmap(p); }}\nint f(struct page *p) {{ {statement} return 0; }}"
        );
        let refusal = crate::common::refused(&c, &[("f", 1)], |_| {});
        assert_eq!(
            refusal.kind,
            kmapcheck_extract::refusal::Kind::NotParsed,
            "{statement}"
        );
    }
    // Brackets that are one too many.
    let of = extracted(
        "int f(struct page *p) { if (p) { use(p); } } kmap(p); return 0; }",
        &[("f", 1)],
    );
    assert_eq!(
        assumed(&of, "unread-region", "`kmap(p);` stands outside").len(),
        1,
        "{:#?}",
        of.assumed
    );
    // A function of the files in such a region counts for what it does.
    let refusal = crate::common::refused(c, &[("g", 1)], |_| {});
    assert_eq!(refusal.kind, kmapcheck_extract::refusal::Kind::NotParsed);
}

/// Parts of C that are read easily wrong.
#[test]
fn old_and_odd_c() {
    for (c, expected) in [
        // K&R
        (
            "int f(p, q) struct page *p; struct page *q; { kmap(p); kunmap(q); return 0; }",
            2,
        ),
        (
            "static int g(p, x) struct page *p; int x; { kmap(p); return x; }\nint f(struct page *p) { if (g(p, 0)) return 1; kunmap(p); return 0; }",
            0,
        ),
        // A prototype in a function is no variable.
        (
            "int f(struct page *p) { struct page *look(int); struct page *g(struct page *); kmap(g(p)); kunmap(p); return 0; }\nstruct page *g(struct page *p) { return p; }",
            0,
        ),
        // Into a block, and Duff's device.
        (
            "int f(struct page *p, int x) { if (x) goto in; kmap(p); if (0) { in: if (x) kmap(p); } kunmap(p); return 0; }",
            0,
        ),
        (
            "int f(struct page *p, int n) { kmap(p); switch (n & 1) { case 0: do { use(p); case 1: use(p); } while (--n > 0); } kunmap(p); return 0; }",
            0,
        ),
        (
            "int f(struct page *p) { char *s = \"} /* {\"; char c = '\\''; kmap(p); /* \" */ kunmap(p); return 0; }",
            0,
        ),
        (
            "__attribute__((noinline)) int f(struct page *p) { [[fallthrough]]; kmap(p); kunmap(p); return 0; }",
            0,
        ),
        (
            "struct bits { unsigned a : 3, b : 1; };\nint f(struct bits *b, struct page *p) { if (b->b) kmap(p); if (b->b) kunmap(p); return 0; }",
            0,
        ),
        (
            "int f(struct page *p) { __label__ out; kmap(p); goto out; out: kunmap(p); return 0; }",
            0,
        ),
        (
            "int f(struct page *p) { kmap(p); if (p\n#ifdef CONFIG_NONE\n && 0\n#endif\n) kunmap(p); return 0; }",
            0,
        ),
    ] {
        assert_eq!(wrong(c, &[("f", 1)], 1).len(), expected, "{c}");
    }
}

/// Types that are asked for, and attributes; what runs at the end of a variable is refused.
#[test]
fn types_and_attributes() {
    let c = "
        #define min(x, y) ({ typeof(x) _x = (x); typeof(y) _y = (y); (void)(&_x == &_y); _x < _y ? _x : _y; })
        #define container_of(ptr, type, member) ({ \\
            const typeof(((type *)0)->member) *__p = (ptr); \\
            (type *)((char *)__p - offsetof(type, member)); })
        int f(struct list *l, int x)
        {
            struct page *p __attribute__((unused)) = container_of(l, struct page, list);
            kmap(p);
            if (min(x, min(3, 4)) <= 3)
                kunmap(container_of(l, struct page, list));
            return 0;
        }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    let bad = c.replace("<= 3)", "<= 2)");
    assert_eq!(wrong(&bad, &[("f", 1)], 1), ["slot-leak"]);
    for declaration in [
        "void *x __attribute__((cleanup(kunmap))) = kmap(p);",
        "__attribute__((cleanup(kunmap))) void *x = kmap(p);",
    ] {
        let c = format!("int f(struct page *p) {{ {declaration} return 0; }}");
        crate::common::refused(&c, &[("f", 1)], |_| {});
    }
}

/// Numbers below zero, and what is left out of a list.
#[test]
fn numbers_as_c_has_them() {
    let of = |text: &str| {
        let c = format!(
            "struct in {{ int a, b; }}; struct s {{ int a, b; struct in i; }};
             int g(int a) {{ if (a) return -1; spin_lock(&l); return 0; }}
             static spinlock_t l;
             int f(int a, struct page *p) {{ {text} }}"
        );
        wrong(&c, &[("f", 1)], 1)
    };
    let none: [&str; 0] = [];
    for text in [
        "if (g(a)) return 0; spin_unlock(&l); return 0;",
        "int r = (-1); if (r == 0 - 1) return 0; kmap(p); return 0;",
        "if ('\\b' == 8 && '\\7' == 7) return 0; kmap(p); return 0;",
        "struct s s = { 0 }; if (s.b || s.i.b) kunmap(p); return 0;",
        "struct s s = { .b = 1 }; if (s.a || !s.b) kunmap(p); return 0;",
        "struct s s = { 1, 2, { 3 } }; if (s.i.a != 3 || s.i.b) kunmap(p); return 0;",
    ] {
        assert_eq!(of(text), none, "{text}");
    }
}

/// What a file says of a name goes before what a mapping says is usual.
#[test]
fn what_the_file_says_of_a_name() {
    let of = |text: &str| wrong(text, &[("f", 1)], 1);
    let bad = "{ spin_lock(&l); spin_lock(&l); } return 0;";
    for text in [
        "#define HZ 1000\nstatic spinlock_t l; int f(void) { if (HZ == 1000) ",
        "enum { WRITE, READ }; static spinlock_t l; int f(int rw) { if (rw == READ) if (rw == 1) ",
        "static spinlock_t l; static int up; int f(void) { up = 0; if (!up) ",
    ] {
        assert_eq!(of(&format!("{text}{bad} }}")), ["deadlock"], "{text}");
    }
    let c = "static spinlock_t l; void dput(void *d) { spin_lock(&l); }
             int f(void) { dput(0); dput(0); return 0; }";
    let of = extracted(c, &[("f", 1)]);
    crate::objects::says(&of, "mapped", &["`dput` does what the mapping says"]);
}

/// Flags let an allocation wait unless it is known that they do not.
#[test]
fn flags_of_allocations() {
    let of = |text: &str| {
        let c = format!(
            "static spinlock_t l; void *get(int n, int gfp) {{ return kmalloc(n, gfp); }}
             int f(int c) {{ spin_lock(&l); {text} spin_unlock(&l); return 0; }}"
        );
        wrong(&c, &[("f", 1)], 1)
    };
    let none: [&str; 0] = [];
    for text in [
        "kmalloc(8, GFP_ATOMIC);",
        "kmalloc(8, (GFP_ATOMIC | __GFP_NOWARN));",
        "get(8, GFP_ATOMIC);",
        "int g = GFP_ATOMIC; kmalloc(8, g);",
    ] {
        assert_eq!(of(text), none, "{text}");
    }
    for text in [
        "kmalloc(8, c ? GFP_ATOMIC : GFP_KERNEL);",
        "kmalloc(8, GFP_ATOMIC | GFP_KERNEL);",
        "kmalloc(8, GFP_ATOMIC | __GFP_WAIT);",
        "kmalloc(8, gfp(GFP_ATOMIC));",
        "get(8, GFP_KERNEL);",
        "int g = GFP_KERNEL; kmalloc(8, g);",
    ] {
        assert_eq!(of(text), ["sleep-in-atomic"], "{text}");
    }
}

/// A loop that facts end is followed to its end, whatever is undecided in it; one that is passed over
/// is said to end.
#[test]
fn loops_that_facts_end() {
    let c = "static spinlock_t l;
             int f(struct page **v) { int i;
                 for (i = 0; i < 4; i++) if (ext()) { spin_lock(&l); spin_unlock(&l); }
                 for (i = 0; i < 4; i++) { if (!v[i]) continue; kmap(v[i]); kunmap(v[i]); }
                 return 0; }";
    let none: [&str; 0] = [];
    let of = extracted(c, &[("f", 1)]);
    assert_eq!(crate::common::findings(&of), none);
    assert!(
        of.assumed.iter().all(|one| one.kind != "loop-bound"),
        "{:?}",
        of.assumed
    );
    let c = "static int flag; int f(struct semaphore *s) { down(s); while (!flag) schedule(); up(s); return 0; }";
    let of = extracted(c, &[("f", 1)]);
    crate::objects::says(&of, "loop-ends", &["a.c:1"]);
}

/// A writer who waits holds new readers back, in Linux.
#[test]
fn readers_wait_behind_writers() {
    let c = "static struct rw_semaphore m;
             int f(void) { down_read(&m); down_read(&m); up_read(&m); up_read(&m); return 0; }
             int g(void) { down_write(&m); up_write(&m); return 0; }";
    assert_eq!(wrong(c, &[("f", 1), ("g", 1)], 1), ["deadlock"]);
}
