//! Which object is meant: one lock under several names, several locks under one, and what tasks
//! share. Each was called clean once, with no word that says why.

use kmapcheck_extract::{Extracted, Source};

use crate::common::{extracted, extracted_with, findings, mapping, options, try_extract, wrong};

const NONE: Vec<String> = Vec::new();

/// What is assumed, of one kind.
pub fn assumed(of: &Extracted, kind: &str) -> Vec<String> {
    let all = of.assumed.iter().filter(|one| one.kind == kind);
    all.map(|one| one.text.clone()).collect()
}

#[track_caller]
pub fn says(of: &Extracted, kind: &str, words: &[&str]) {
    let texts = assumed(of, kind);
    let said = texts
        .iter()
        .any(|text| words.iter().all(|word| text.contains(word)));
    assert!(
        said,
        "{kind} {words:?} is not in {:#?}\n{}",
        of.assumed, of.scenario
    );
}

/// `SECOND` is a way to `b`, and `one` takes `a` and `b` the other way round.
fn crossed(outside: &str, second: &str) -> String {
    format!(
        "
        struct dev {{ struct semaphore lock; struct semaphore *other; }};
        static struct semaphore a; struct semaphore b; struct semaphore c;
        {outside}
        int one(void) {{ down(&b); down(&a); up(&a); up(&b); return 0; }}
        int two(int x)
        {{
            struct semaphore *m;
            down(&a);
            {second}
            down(m);
            up(m);
            up(&a);
            return 0;
        }}"
    )
}

/// However a lock is reached, it is the lock that it is.
#[test]
fn a_lock_is_its_object() {
    let ways = [
        ("", "m = &b;"),
        ("", "struct dev d; d.other = &b; m = d.other;"),
        ("", "m = x ? &b : &b;"),
        // A structure is assigned with all that is in it.
        (
            "struct in { struct semaphore *p; }; struct out { struct in i, t[2]; };",
            "struct out s, t; t.i.p = &c; s.i.p = &b; t = s; m = t.i.p;",
        ),
        (
            "struct in { struct semaphore *p; }; struct out { struct in i, t[2]; };",
            "struct out s, t; t.t[1].p = &c; s.t[1].p = &b; s.t[0].p = &c; t = s; m = t.t[1].p;",
        ),
        (
            "struct in { struct semaphore *p; }; struct out { struct in i, t[2]; };
             static void copy(struct out *to, struct out *from) { *to = *from; }",
            "struct out s, t; t.i.p = &c; s.i.p = &b; copy(&t, &s); m = t.i.p;",
        ),
        (
            "static struct semaphore *get(void) { return &b; }",
            "m = get();",
        ),
        (
            "static void put(struct semaphore **p) { *p = &b; }",
            "put(&m);",
        ),
        ("static struct semaphore *p = &b;", "m = p;"),
        ("static struct semaphore *p;", "p = &b; m = p;"),
        ("static struct dev d;", "d.other = &b; m = d.other;"),
        (
            "static struct semaphore *same(struct semaphore *s) { return s; }",
            "m = same(&b);",
        ),
        ("#define SECOND (&b)", "m = SECOND;"),
        (
            "",
            "struct semaphore *all[2]; all[0] = &c; all[1] = &b; m = all[1];",
        ),
        (
            "",
            "struct semaphore *all[2]; all[1] = &b; all[0] = &c; m = all[1];",
        ),
        ("", "m = &b; if (x) { struct semaphore **p = &m; *p = &b; }"),
    ];
    for (outside, second) in ways {
        let c = crossed(outside, second);
        let entries = &[("one", 1), ("two", 1)];
        assert_eq!(wrong(&c, entries, 2), ["deadlock"], "{outside} {second}");
        let mended = c.replace("&b", "&c").replace(
            "down(&c); down(&a); up(&a); up(&c);",
            "down(&b); down(&a); up(&a); up(&b);",
        );
        assert_eq!(wrong(&mended, entries, 2), NONE, "{outside} {second}");
    }
    // One of two: either may be it.
    let c = crossed("", "m = x ? &c : &b;");
    assert_eq!(wrong(&c, &[("one", 1), ("two", 1)], 2), ["deadlock"]);
}

/// A lock behind a parameter of a function that is followed is the caller's.
#[test]
fn a_lock_behind_parameters() {
    let c = "
        static struct semaphore a, b;
        static void both(struct semaphore *x, struct semaphore *y) { down(x); down(y); up(y); up(x); }
        int one(void) { both(&a, &b); return 0; }
        int two(void) { both(FIRST, SECOND); return 0; }";
    let of = |first: &str, second: &str| c.replace("FIRST", first).replace("SECOND", second);
    let entries = &[("one", 1), ("two", 1)];
    assert_eq!(wrong(&of("&b", "&a"), entries, 2), ["deadlock"]);
    assert_eq!(wrong(&of("&a", "&b"), entries, 2), NONE);
}

/// What a pointer outside of functions points to, where nothing tells, is one for all tasks, and that
/// is said; and that it is none of the others.
#[test]
fn a_lock_behind_a_pointer_outside() {
    let c = crossed("struct semaphore *p;", "m = p;");
    let of = extracted(&c, &[("one", 1), ("two", 2)]);
    says(&of, "one-object", &["`p`", "same lock in all tasks"]);
    says(&of, "distinct-pointers", &["`p`", "`b`"]);
    let c = "
        struct semaphore *p, *q;
        int one(void) { down(p); down(q); up(q); up(p); return 0; }
        int two(void) { down(q); down(p); up(p); up(q); return 0; }";
    let entries = &[("one", 1), ("two", 1)];
    assert_eq!(wrong(c, entries, 2), ["deadlock"]);
    let mended = c.replace(
        "down(q); down(p); up(p); up(q)",
        "down(p); down(q); up(q); up(p)",
    );
    assert_eq!(wrong(&mended, entries, 2), NONE);
}

fn files(texts: &[&str], entries: &[(&str, u32)]) -> Extracted {
    let sources: Vec<Source> = (texts.iter().zip(["a.c", "b.c"]))
        .map(|(text, name)| Source {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
            is_stub: false,
        })
        .collect();
    let limits = kmapcheck_check::Limits::default();
    kmapcheck_extract::extract(
        &sources,
        &mapping("linux-2.4"),
        &options(entries),
        &limits,
        &|_| None,
    )
    .expect("it is read")
}

/// Variables of one name that are private to two files or functions are two; one that all files see
/// is one.
#[test]
fn statics_of_one_name() {
    let first = "
        static struct semaphore gate; extern struct semaphore shared;
        int one(void) { down(&gate); down(&shared); up(&shared); up(&gate); return 0; }";
    let second = "
        static DECLARE_MUTEX(gate); struct semaphore shared;
        int two(void) { down(&shared); down(&gate); up(&gate); up(&shared); return 0; }";
    let entries = &[("one", 1), ("two", 1)];
    assert_eq!(findings(&files(&[first, second], entries)), NONE);
    let public = [
        first.replace("static ", ""),
        second.replace("static DECLARE_MUTEX(gate)", "extern struct semaphore gate"),
    ];
    assert_eq!(
        findings(&files(&[&public[0], &public[1]], entries)),
        ["deadlock"]
    );
    // One gate for both hides what two do not.
    let gate = "
        static struct semaphore gate; extern struct semaphore s, t;
        int one(void) { down(&gate); down(&s); down(&t); up(&t); up(&s); up(&gate); return 0; }";
    let other = "
        STATIC struct semaphore gate; struct semaphore s, t;
        int two(void) { down(&gate); down(&t); down(&s); up(&s); up(&t); up(&gate); return 0; }";
    let own = other.replace("STATIC", "static");
    assert_eq!(findings(&files(&[gate, &own], entries)), ["deadlock"]);
    let one = [
        gate.replace("static", "extern"),
        other.replace("STATIC", ""),
    ];
    assert_eq!(findings(&files(&[&one[0], &one[1]], entries)), NONE);
    let inside = "
        static struct semaphore s, t;
        int one(void) { static struct semaphore gate; down(&gate); down(&s); down(&t); up(&t); up(&s); up(&gate); return 0; }
        int two(void) { static struct semaphore gate; down(&gate); down(&t); down(&s); up(&s); up(&t); up(&gate); return 0; }";
    assert_eq!(wrong(inside, entries, 2), ["deadlock"]);
    let outside = inside
        .replace("static struct semaphore gate; down", "down")
        .replace("s, t;", "s, t, gate;");
    assert_eq!(wrong(&outside, entries, 2), NONE);
}

/// A parameter that is called like a variable outside is another one.
#[test]
fn a_parameter_called_like_a_global() {
    let c = "
        static struct semaphore gate; static struct semaphore s;
        static void inner(void) { down(&gate); down(&s); up(&s); up(&gate); }
        int one(struct semaphore *gate) { down(gate); inner(); up(gate); return 0; }
        int two(void) { down(&s); down(&gate); up(&gate); up(&s); return 0; }";
    assert_eq!(wrong(c, &[("one", 1), ("two", 1)], 2), ["deadlock"]);
}

/// Elements of an array that all tasks see are one for all, and two indices may be one.
#[test]
fn elements_of_arrays() {
    let c = "
        static struct semaphore lock[4];
        struct dev { struct semaphore sem; } devs[2];
        int one(int i, int j) { down(&lock[0]); down(&lock[1]); up(&lock[1]); up(&lock[0]); return 0; }
        int two(int i, int j) { down(FIRST); down(SECOND); up(SECOND); up(FIRST); return 0; }";
    let of = |first: &str, second: &str| c.replace("FIRST", first).replace("SECOND", second);
    let entries = &[("one", 1), ("two", 1)];
    assert_eq!(wrong(&of("&lock[1]", "&lock[0]"), entries, 2), ["deadlock"]);
    assert_eq!(wrong(&of("lock + 1", "lock"), entries, 2), ["deadlock"]);
    assert_eq!(wrong(&of("&lock[0]", "&lock[1]"), entries, 2), NONE);
    let twice = &[("two", 1)];
    // Two indices may be one, and then the lock is taken twice.
    for (first, second) in [
        ("&lock[i]", "&lock[j]"),
        ("&devs[i].sem", "&devs[j].sem"),
        ("&lock[i]", "&lock[0]"),
    ] {
        assert_eq!(wrong(&of(first, second), twice, 2), ["deadlock"], "{first}");
        let guard = c.replace(
            "{ down(FIRST)",
            "{ if (i == j || i == 0) return 0; down(FIRST)",
        );
        let guarded = guard.replace("FIRST", first).replace("SECOND", second);
        let of = extracted(&guarded, &[("two", 2)]);
        assert_eq!(findings(&of), NONE, "{first}");
        says(&of, "private-lock", &["[i]", "another lock in each task"]);
    }
    // Shared, and one task may come with the two the other way round.
    let guarded = c
        .replace("{ down(FIRST)", "{ if (i == j) return 0; down(FIRST)")
        .replace("FIRST", "&lock[i]")
        .replace("SECOND", "&lock[j]");
    let of = extracted_with(&guarded, &[("two", 2)], |options| {
        options
            .share
            .extend(["lock[i]".to_owned(), "lock[j]".to_owned()]);
    });
    assert_eq!(findings(&of), ["deadlock"], "{}", of.scenario);
    let ordered = guarded.replace(
        "if (i == j)",
        "down(&devs[0].sem); up(&devs[0].sem); if (i == j)",
    );
    let of = extracted_with(&ordered, &[("two", 1)], |options| {
        options.share.insert("all".to_owned());
    });
    assert_eq!(findings(&of), NONE);
}

/// Elements of a local array: what is set by one index is read by another one.
#[test]
fn elements_of_local_arrays() {
    let c = "
        static struct semaphore a, b;
        int one(void) { down(&b); down(&a); up(&a); up(&b); return 0; }
        int two(int i)
        {
            struct semaphore *all[2];
            all[0] = &a;
            all[1] = &a;
            all[i] = &b;
            down(all[FIRST]);
            down(&b);
            up(&b);
            up(all[FIRST]);
            return 0;
        }";
    let bad = c.replace("FIRST", "0");
    assert_eq!(wrong(&bad, &[("two", 1)], 2), ["deadlock"]);
    let mended = bad.replace("all[i] = &b;", "all[1] = &b;");
    assert_eq!(wrong(&mended, &[("two", 1)], 2), NONE);
    assert_eq!(wrong(&mended, &[("one", 1), ("two", 1)], 2), ["deadlock"]);
}

/// Two parameters may be one: that they are not is said by name, and can be asked.
#[test]
fn two_parameters_may_be_one() {
    let c = "
        int two(struct semaphore *a, struct semaphore *b) { GUARD down(a); down(b); up(b); up(a); return 0; }";
    let bare = c.replace("GUARD", "");
    let of = extracted(&bare, &[("two", 2)]);
    says(&of, "distinct-pointers", &["`a`", "`b`"]);
    says(&of, "private-lock", &["`a`"]);
    says(&of, "private-lock", &["`b`"]);
    let ask = |c: &str, a: &str, b: &str| {
        findings(&extracted_with(c, &[("two", 1)], |options| {
            options.equal.insert((a.to_owned(), b.to_owned()));
        }))
    };
    assert_eq!(ask(&bare, "a", "b"), ["deadlock"]);
    assert_eq!(ask(&bare, "b", "a"), ["deadlock"]);
    let guarded = c.replace("GUARD", "if (a == b) return 0;");
    assert_eq!(ask(&guarded, "a", "b"), NONE);
    let of = extracted(&guarded, &[("two", 2)]);
    assert_eq!(assumed(&of, "distinct-pointers"), NONE, "it is known");
    // Of a structure each, and one outside of functions.
    let c = "
        struct dev { struct semaphore lock; };
        static struct semaphore gate;
        int two(struct dev *a, struct dev *b, struct semaphore *m)
        {
            down(&a->lock); down(&b->lock); up(&b->lock); up(&a->lock);
            down(&gate); down(m); up(m); up(&gate);
            return 0;
        }";
    let of = extracted(c, &[("two", 1)]);
    says(&of, "distinct-pointers", &["`a.lock`", "`b.lock`"]);
    says(&of, "distinct-pointers", &["`gate`", "`m`"]);
    assert_eq!(ask(c, "a.lock", "b.lock"), ["deadlock"]);
    assert_eq!(ask(c, "gate", "m"), ["deadlock"]);
}

/// Shared by name, the locks of two parameters are taken in either order.
#[test]
fn two_shared_parameters_change_places() {
    let c = "
        struct dev { struct semaphore lock; };
        static struct semaphore gate;
        int two(struct dev *a, struct dev *b) { FIRST down(&a->lock); down(&b->lock); LAST up(&b->lock); up(&a->lock); return 0; }";
    let shared = |c: &str| {
        extracted_with(c, &[("two", 2)], |options| {
            options
                .share
                .extend(["a.lock".to_owned(), "b.lock".to_owned()]);
        })
    };
    let bad = shared(&c.replace("FIRST", "").replace("LAST", ""));
    assert_eq!(findings(&bad), ["deadlock"], "{}", bad.scenario);
    says(&bad, "one-object", &["`a.lock`"]);
    let gated = shared(
        &c.replace("FIRST", "down(&gate);")
            .replace("LAST", "up(&gate);"),
    );
    assert_eq!(findings(&gated), NONE, "{}", gated.scenario);
}

/// More shared locks than are written in every order: that is said.
#[test]
fn many_shared_parameters() {
    let c = "
        int many(struct semaphore *a, struct semaphore *b, struct semaphore *c, struct semaphore *d)
        {
            down(a); down(b); down(c); down(d); up(d); up(c); up(b); up(a);
            return 0;
        }";
    let of = extracted_with(c, &[("many", 2)], |options| {
        options.share.insert("all".to_owned());
    });
    says(&of, "lock-order", &["`a`", "`d`", "change places"]);
}

/// Pages are each task's own unless they are shared, and both is said.
#[test]
fn pages_are_private_or_shared() {
    let c = "
        int f(struct page *from, struct page *to)
        {
            lock_page(from);
            kmap(from);
            lock_page(to);
            unlock_page(to);
            kunmap(from);
            unlock_page(from);
            return 0;
        }";
    let own = extracted(c, &[("f", 2)]);
    assert_eq!(findings(&own), NONE);
    says(&own, "private-page", &["`from`"]);
    says(&own, "private-page", &["`to`"]);
    says(&own, "distinct-pointers", &["`from`", "`to`"]);
    let change = own.assumed.iter().find(|one| one.kind == "private-page");
    assert_eq!(
        change.and_then(|one| one.change.as_deref()),
        Some("--share from")
    );
    let shared = |names: &[&str]| {
        extracted_with(c, &[("f", 2)], |options| {
            options
                .share
                .extend(names.iter().map(|name| (*name).to_owned()));
        })
    };
    let both = shared(&["from", "to"]);
    assert_eq!(findings(&both), ["deadlock"], "{}", both.scenario);
    let value: serde_json::Value = serde_json::from_str(&both.scenario).expect("it is JSON");
    assert_eq!(value["pages"], serde_json::json!(["from", "to"]));
    assert_eq!(value["tasks"][0]["pages"], serde_json::Value::Null);
    assert_eq!(findings(&shared(&["from"])), NONE);
    // A page that lies outside of functions needs no asking.
    let c = "
        static struct page zero, one;
        int f(void) { lock_page(&zero); lock_page(&one); unlock_page(&one); unlock_page(&zero); return 0; }
        int g(void) { struct page *p = &one; lock_page(p); lock_page(&zero); unlock_page(&zero); unlock_page(p); return 0; }";
    assert_eq!(wrong(c, &[("f", 1), ("g", 1)], 2), ["deadlock"]);
    assert_eq!(wrong(c, &[("f", 2)], 2), NONE);
}

/// Each task has its own of some variables outside of functions.
#[test]
fn variables_of_each_task() {
    let c = "
        static STORAGE pthread_mutex_t a; static pthread_mutex_t b;
        void *one(void *x) { pthread_mutex_lock(&a); pthread_mutex_lock(&b); pthread_mutex_unlock(&b); pthread_mutex_unlock(&a); return 0; }
        void *two(void *x) { pthread_mutex_lock(&b); pthread_mutex_lock(&a); pthread_mutex_unlock(&a); pthread_mutex_unlock(&b); return 0; }";
    let of = |storage: &str| {
        let entries = &[("one", 1), ("two", 1)];
        let of = try_extract(&c.replace("STORAGE", storage), "pthreads", entries, |_| {});
        findings(&of.expect("it is read"))
    };
    assert_eq!(of(""), ["deadlock"]);
    assert_eq!(of("__thread"), NONE);
    let c = "int f(void) { down(&current->mm->mmap_sem); up(&current->mm->mmap_sem); return 0; }";
    let of = extracted(c, &[("f", 2)]);
    says(&of, "private-lock", &["`current.mm.mmap_sem`"]);
}

/// One object cannot be two kinds of locks.
#[test]
fn a_lock_of_two_kinds_is_refused() {
    let c = "
        static struct any gate;
        int f(void) { down(&gate); up(&gate); spin_lock(&gate); spin_unlock(&gate); return 0; }
        int g(void) { spin_lock(&gate); spin_unlock(&gate); return 0; }";
    let refusal = crate::common::refused(c, &[("f", 1), ("g", 1)], |_| {});
    assert!(refusal.said.contains("`gate`"), "{refusal}");
}
