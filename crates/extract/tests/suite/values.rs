//! Structures by value, and members of unions, which are one place.

use crate::common::{extracted, findings, wrong};

const NONE: [&str; 0] = [];

const HEAD: &str = "
    struct two { struct page *x; struct { int n; struct page *z; } y; };
    struct box { int tag; struct two in; };
    union either { struct page *one; struct page *other; };
    extern int ext(void);
    static struct two make(struct page *p, int n) { struct two t; t.x = p; t.y.n = n; t.y.z = p; return t; }
    static struct two again(struct two t) { return t; }
    static void use(struct two t, struct page *p) { if (t.y.n) kunmap(t.x); t.x = 0; }
    static void copy(struct two *to, struct two from) { *to = from; }
    ";

/// Each of these maps `p` and unmaps it once, by another way to the same page.
#[test]
fn structures_take_their_fields_along() {
    for text in [
        "struct two t = make(p, 1); kmap(p); kunmap(t.x);",
        "kmap(make(p, 1).x); kunmap(p);",
        "kmap((make(p, 1)).y.z); kunmap(p);",
        "struct two t = make(p, 1), v; kmap(p); v = t; kunmap(v.y.z);",
        "struct two t = make(p, 1); kmap(p); use(t, q);",
        // What the function does to its own one is nobody else's.
        "struct two t = make(p, 0); kmap(t.x); use(t, q); kunmap(t.x);",
        "struct two t; copy(&t, make(p, 1)); kmap(t.x); kunmap(p);",
        "struct two t; t = again(again(make(p, 1))); kmap(t.y.z); kunmap(p);",
        "struct box b; b.in = make(p, 1); kmap(p); struct two t = b.in; kunmap(t.x);",
        "struct box b, *c = &b; struct two t = make(p, 1); c->in = t; kmap(b.in.x); kunmap(p);",
        // A call of the same depth has variables of its own.
        "struct two t = make(q, 1); t = make(p, 1); kmap(t.x); kunmap(p);",
    ] {
        let c = format!("{HEAD} int f(struct page *p, struct page *q) {{ {text} return 0; }}");
        let of = extracted(&c, &[("f", 1)]);
        assert_eq!(findings(&of), NONE, "{text}\n{}", of.scenario);
        // The other page is another one.
        let bad = c.replace("make(p, 1)", "make(q, 1)");
        if bad != c {
            let found = wrong(&bad, &[("f", 1)], 2);
            assert!(found.contains(&"slot-leak".to_owned()), "{text}: {found:?}");
        }
    }
}

/// Members of a union are one place, wherever it is.
#[test]
fn members_of_unions_are_one() {
    for text in [
        "union either u; u.one = p; kmap(u.other); kunmap(p);",
        "union either u, v; u.one = p; v = u; kmap(v.other); kunmap(p);",
        "union either *u = ext2(); u->one = p; kmap(p); kunmap(u->other);",
        "struct { int n; union { struct page *a; struct page *b; }; } s; s.a = p; kmap(p); kunmap(s.b);",
        "union either u = { p }; kmap(u.other); kunmap(p);",
        "union either u; u.one = q; u.other = p; kmap(u.one); kunmap(p);",
    ] {
        let c = format!("{HEAD} int f(struct page *p, struct page *q) {{ {text} return 0; }}");
        let of = extracted(&c, &[("f", 1)]);
        assert_eq!(findings(&of), NONE, "{text}\n{}", of.scenario);
    }
    // A lock in it, behind a pointer: who takes one has the other.
    let c = "struct r { union { struct semaphore s; struct semaphore t; } u; };
             int f(struct r *r) { down(&r->u.s); down(&r->u.t); up(&r->u.t); up(&r->u.s); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), ["deadlock"]);
    // Elsewhere these names are two fields of one structure: they stay two.
    let c = format!("struct q {{ struct semaphore s, t; }}; {c}");
    assert_eq!(wrong(&c, &[("f", 1)], 1), NONE);
}
