//! What comes after a bound: a loop, a recursion or an endless loop must hide nothing that follows it.

use kmapcheck_extract::{Extracted, Options, refusal::Kind};

use crate::common::{extracted_with, findings, operations, refused, try_extract, wrong};

const NONE: [&str; 0] = [];

fn says(of: &Extracted, kind: &str) -> Vec<String> {
    let all = of.assumed.iter().filter(|one| one.kind == kind);
    all.map(|one| format!("{}: {}", one.at, one.text)).collect()
}

/// The verdict on one entry, alone.
#[track_caller]
fn of(c: &str) -> (Vec<String>, Extracted) {
    with(c, |_| {})
}

#[track_caller]
fn with(c: &str, change: impl FnOnce(&mut Options)) -> (Vec<String>, Extracted) {
    let of = extracted_with(c, &[("f", 1)], |options| {
        options.slots.insert("PKMAP".to_owned(), 40);
        change(options);
    });
    (findings(&of), of)
}

const HEAD: &str =
    "extern int ext(void); static struct semaphore a, b, s; static struct page *pages[200];\n";

/// A loop of many rounds, with something undecided in each: what comes after it is there, whichever
/// kind of loop it is. `s` is never given back.
#[test]
fn what_comes_after_many_rounds_is_there() {
    for text in [
        "for (i = 0; i < 32; i++) { if (ext()) { down(&a); up(&a); } }",
        "for (i = 0; i < 300; i++) { if (ext()) { down(&a); up(&a); } }",
        "for (i = 0; i < 300; i++) { if (ext()) continue; down(&a); up(&a); }",
        "do { if (ext()) { down(&a); up(&a); } } while (++i < 300);",
        "while (i < 300) { if (ext()) { down(&a); up(&a); } i += 2; }",
        "for (;;) { if (ext()) { down(&a); up(&a); } if (++i == 300) break; }",
        "again: if (ext()) { down(&a); up(&a); } if (++i < 300) goto again;",
        "for (i = 0; i < 300; i++) { if (ext()) { down(&a); up(&a); } if (i == 250) goto out; } return 0; out: ;",
        "for (i = 0; i < 90; i++) for (j = 0; j < 90; j++) { if (ext()) { down(&a); up(&a); } }",
        "for (i = 0; i < 90; i++) { for (j = 0; j < 90; j++) { if (ext()) break; down(&a); up(&a); } }",
        "for (i = 0; i < 300; i++) { if (ext()) n++; if (n > 200) { down(&a); up(&a); } }",
        // How far it has come is behind a pointer, in a structure, in a function.
        "p = &i; for (*p = 0; *p < 300; (*p)++) { if (ext()) { down(&a); up(&a); } }",
        "for (at.i = 0; at.i < 300; at.i++) { if (ext()) { down(&a); up(&a); } }",
        "while (more(&i)) { if (ext()) { down(&a); up(&a); } }",
        "for (v[0] = 0; v[0] < 300; v[0]++) { if (ext()) { down(&a); up(&a); } }",
        // Several rounds of a loop that nothing decides, and a way out that needs more.
        "while (ext()) { n++; down(&a); up(&a); } if (n < 9) return 0;",
        "do { down(&a); up(&a); n++; } while (ext()); if (n != 40) return 0;",
        "for (i = 0; i < 300; i++) { if (ext()) return 0; down(&a); up(&a); }",
    ] {
        let c = format!(
            "{HEAD}struct at {{ int i; }};
             static int more(int *n) {{ return (*n)++ < 300; }}
             int f(void) {{ int i = 0, j, n = 0, v[2]; int *p; struct at at; {text} down(&s); return 0; }}"
        );
        let (found, of) = of(&c);
        assert_eq!(found, ["lock-leak"], "{text}\n{}", of.scenario);
        assert_eq!(says(&of, "unreached"), NONE, "{text}");
        // With the lock given back there is nothing wrong.
        let good = c.replace("down(&s); return", "down(&s); up(&s); return");
        assert_eq!(self::of(&good).0, NONE, "{text}");
    }
}

/// What the loop does not change is known after it: such a way is none.
#[test]
fn what_a_loop_does_not_change_stays() {
    let c = format!(
        "{HEAD}int f(int x, struct req *r) {{ int i, held = 0; struct req t; t.k = 1;
             if (x > 3) {{ down(&s); held = 1; }}
             for (i = 0; i < 300; i++) {{ if (ext()) {{ down(&a); up(&a); r->n++; }} }}
             if (held && t.k) up(&s);
             if (x > 4 && !held) down(&s);
             return 0; }}"
    );
    let (found, of) = of(&c);
    assert_eq!(found, NONE, "{}", of.scenario);
    let forgotten = says(&of, "loop-bound");
    assert_eq!(forgotten.len(), 1, "{forgotten:?}");
    assert!(
        forgotten[0].starts_with("a.c:4: not every round of this loop"),
        "{forgotten:?}"
    );
    // What it does change is not.
    let c = c.replace("r->n++;", "held = 0; t.k = 0;");
    assert!(self::of(&c).0.contains(&"lock-leak".to_owned()));
}

/// As long as there are few, rounds are followed one by one: pages that were mapped are unmapped.
#[test]
fn rounds_of_fixed_loops_are_exact() {
    let c = format!(
        "{HEAD}int f(void) {{ int i;
             for (i = 0; i < 12; i++) {{ if (ext()) goto fail; kmap(pages[i]); }}
             for (i = 0; i < 12; i++) kunmap(pages[i]);
             return 0;
         fail:
             while (i-- > 0) kunmap(pages[i]);
             return -1; }}"
    );
    let (found, of) = of(&c);
    assert_eq!(found, NONE, "{}", of.scenario);
    assert_eq!(says(&of, "loop-bound"), NONE);
    let bad = c.replace("i = 0; i < 12; i++) kunmap", "i = 1; i < 12; i++) kunmap");
    assert_eq!(self::of(&bad).0, ["slot-leak"]);
}

/// A loop that never ends is gone round for ever: what it does is in the scenario.
#[test]
fn endless_loops_are_there() {
    let c = format!(
        "{HEAD}static int done;
         int f(void) {{ LOOP {{ down(&a); down(&b); up(&b); up(&a); }} return 0; }}
         int g(void) {{ down(&b); down(&a); up(&a); up(&b); return 0; }}"
    );
    for text in [
        "if (ext()) for (;;)",
        "for (;;)",
        "while (!done)",
        "do { down(&s); up(&s); } while (ext()); while (1)",
    ] {
        let c = c.replace("LOOP", text);
        assert_eq!(wrong(&c, &[("f", 1), ("g", 1)], 1), ["deadlock"], "{text}");
        let good = c.replace("down(&b); down(&a); up(&a)", "down(&a); down(&b); up(&a)");
        assert_eq!(wrong(&good, &[("f", 1), ("g", 1)], 1), NONE, "{text}");
    }
    // One that does nothing keeps nobody waiting that is seen: its path is left out.
    let c = c.replace("LOOP", "if (ext()) for (;;) ;");
    assert_eq!(
        operations(&extracted_with(&c, &[("f", 1)], |_| {})).len(),
        4
    );
}

/// Where each round takes what it does not give back, a round more would be too much, and what is
/// reached on no path is said, with its place.
#[test]
fn what_is_reached_on_no_path_is_said() {
    let c = format!(
        "{HEAD}int f(struct page *page) {{ int n = 0;
             while (ext()) {{ kmap(page); n++; }}
             if (n < 7) {{ while (n-- > 0) kunmap(page); return 0; }}
             while (n-- > 0) kunmap(page);
             down(&a);
             up(&a);
             return 1; }}"
    );
    let (found, of) = of(&c);
    assert_eq!(found, NONE);
    let said = says(&of, "unreached");
    assert_eq!(
        said,
        [
            "a.c:5: of `f`, `kunmap` in line 5 and 2 more operations are reached on no path: every one was cut before, the first at a.c:3, and what comes after that is not in the verdict"
        ]
    );
    let change = of.assumed.iter().find(|one| one.kind == "unreached");
    assert_eq!(
        change.and_then(|one| one.change.as_deref()),
        Some("--unroll 4")
    );
    // With as many rounds as it needs, all of it is reached.
    let (found, of) = with(&c, |options| options.unroll = 8);
    assert_eq!(found, NONE);
    assert_eq!(says(&of, "unreached"), NONE);
    // What facts exclude is not lost.
    let c = format!(
        "{HEAD}int f(int x) {{ int n = 0; if (x < 3) return 0;
             while (ext()) {{ n++; down(&a); up(&a); }}
             if (n > 1) {{ down(&b); up(&b); }}
             if (x < 2) down(&s);
             return 0; }}"
    );
    let (found, of) = self::of(&c);
    assert_eq!(found, NONE);
    assert_eq!(says(&of, "unreached"), NONE);
}

/// A recursion that facts drive deeper than is followed hides nothing behind it.
#[test]
fn what_comes_after_a_recursion_is_there() {
    let c = format!(
        "{HEAD}static void walk(int n) {{ down(&a); up(&a); if (n > 0) walk(n - 1); }}
         int f(void) {{ if (ext()) {{ walk(9); down(&s); }} return 0; }}"
    );
    let (found, of) = with(&c, |options| options.recursion = Some(1));
    assert_eq!(found, ["lock-leak"], "{}", of.scenario);
    assert_eq!(says(&of, "unreached"), NONE);
    assert_eq!(says(&of, "recursion-bound").len(), 1);
    // What it sets is not known afterwards.
    let c = format!(
        "{HEAD}static int deep; static void walk(int n) {{ deep = n; down(&a); up(&a); if (n > 0) walk(n - 1); }}
         int f(void) {{ walk(9); if (deep == 0) down(&s); return 0; }}"
    );
    assert_eq!(
        with(&c, |options| options.recursion = Some(1)).0,
        ["lock-leak"]
    );
}

/// Where following it once more is too much, what is lost is said.
#[test]
fn what_is_too_much_is_said() {
    let c = format!(
        "{HEAD}int f(void) {{ int n = 0; while (ext()) n++; if (n < 9) return 0; down(&s); return 0; }}"
    );
    // As many states as it has, and no more.
    let of = (1..).find_map(|states| {
        let change = |options: &mut Options| options.max_paths = states;
        try_extract(&c, "linux-2.4", &[("f", 1)], change).ok()
    });
    let of = of.expect("it has some number of states");
    assert_eq!(findings(&of), NONE);
    assert_eq!(says(&of, "unreached").len(), 1);
    assert_eq!(self::of(&c).0, ["lock-leak"]);
}

/// What a loop may have set a pointer to is still asked after more rounds than are followed: it may be
/// what is held already.
#[test]
fn a_pointer_that_was_forgotten_may_be_any_other() {
    for (set, expected) in [
        ("p = ext() ? x : q;", &["deadlock"][..]),
        ("if (ext()) p = q;", &["deadlock"]),
        ("if (ext()) d->at = q; p = d->at;", &["deadlock"]),
        ("n++; k = q;", &[]),
    ] {
        let c = format!(
            "{HEAD} int f(struct dev *d, struct page *x, struct page *q, int n) {{
                struct page *p = x, *k = x; int i; d->at = x;
                for (i = 0; i < 90; i++) {{ if (ext()) n++; {set} }}
                lock_page(q); lock_page(p); unlock_page(p); unlock_page(q); use(k);
                return 0; }}"
        );
        assert_eq!(of(&c).0, expected, "{set}");
    }
}

/// The last but twentieth of many rounds decides nothing and is remembered by nobody: written down, the
/// sequences of operations are a million ways. That is refused by name.
#[test]
fn too_many_ways_are_refused() {
    let steps = " step(p, n);".repeat(20);
    let c = format!(
        "void one(struct page *p) {{ kmap(p); kunmap(p); }}
         void step(struct page *p, int n) {{ if (any()) one(p); else {{ down(&m); up(&m); }} }}
         struct semaphore m;
         int f(struct page *p, int n) {{ while (any()) step(p, n); one(p); {steps} return 0; }}"
    );
    let refusal = refused(&c, &[("f", 1)], |_| {});
    assert_eq!(refusal.kind, Kind::Budget);
    assert!(
        refusal.said.contains("differ in too many ways"),
        "{refusal}"
    );
    assert!(refusal.help.contains("--stub"), "{refusal}");
}

/// A state has values, and each may be visited with many rounds of several loops: both are bounded with
/// the number of states.
#[test]
fn large_states_are_bounded() {
    let values: String = (0..400).map(|n| format!(" int v{n} = bad({n});")).collect();
    let uses: String = (0..400).map(|n| format!(" if (v{n}) one(p);")).collect();
    let c = format!(
        "void one(struct page *p) {{ kmap(p); kunmap(p); }}
         int f(struct page *p) {{ {values} {uses} return 0; }}"
    );
    let refusal = refused(&c, &[("f", 1)], |options| options.max_paths = 500);
    assert_eq!(refusal.kind, Kind::Budget);
    assert!(refusal.said.contains("values for each"), "{refusal}");
    assert!(refusal.help.contains("--max-paths 2000"), "{refusal}");
}
