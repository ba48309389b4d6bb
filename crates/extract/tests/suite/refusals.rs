//! What is refused, by name, with the place and what to do next; and inputs that are no C at all.

use std::time::{Duration, Instant};

use kmapcheck_extract::refusal::Kind;
use kmapcheck_extract::{Failure, File, Source, extract};

use crate::common::{extracted, mapping, options, refused, try_extract};

#[test]
fn each_has_its_place_and_a_way_on() {
    let entry = &[("f", 1)][..];
    for (kind, line, c) in [
        (
            Kind::Recursion,
            3,
            "int f(struct page *p)\n{ kmap(p);\n  f(p);\n kunmap(p); return 0; }",
        ),
        (
            Kind::Untraced,
            2,
            "int f(char *addr)\n{ kunmap_atomic(addr, KM_USER0); return 0; }",
        ),
        (
            Kind::AtomicType,
            2,
            "int f(struct page *p, int type)\n{ char *a = kmap_atomic(p, type); return 0; }",
        ),
        (
            Kind::NoPath,
            1,
            "int f(struct page *p) { kmap(p); BUG(); return 0; }",
        ),
        (
            Kind::Asm,
            3,
            "int f(struct page *p)\n{ int x; kmap(p);\n asm(\"bts\" : \"=r\"(x)); if (x) kunmap(p); return 0; }",
        ),
        (
            Kind::Asm,
            3,
            "int f(struct page *p)\n{ void *to = 0;\n kmap(p); goto *to; }",
        ),
        (
            Kind::NotParsed,
            3,
            "int f(struct page *p)\n{\n kmap(p) kunmap p);\n return 0; }",
        ),
        (
            Kind::Macro,
            3,
            "#define PASTE(a, ...) k##a(p __VA_OPT__(,))\nint f(struct page *p)\n{ PASTE(map); return 0; }",
        ),
        (
            Kind::Inexpressible,
            2,
            "int f(struct page *p)\n{ kmap(p); wait_event(q, p->done); kunmap(p); return 0; }",
        ),
        (Kind::NoFunction, 0, "int g(void) { return 0; }"),
        (Kind::Conditional, 1, "#if 1\nint f(void) { return 0; }"),
    ] {
        let refusal = refused(c, entry, |_| {});
        assert_eq!(refusal.kind, kind, "{c}\n{refusal}");
        assert_eq!(
            refusal.place.as_ref().map_or(0, |place| place.line),
            line,
            "{c}\n{refusal}"
        );
        assert!(!refusal.help.is_empty(), "{refusal}");
        if refusal.place.is_some() {
            assert!(refusal.to_string().contains("^"), "{refusal}");
        }
    }
}

#[test]
fn a_message_is_read_at_once() {
    let c = "int f(char *addr)\n{\n\tkunmap_atomic(addr, KM_USER0);\n\treturn 0;\n}";
    assert_eq!(
        refused(c, &[("f", 1)], |_| {}).to_string(),
        "error: `addr` was never traced to a page that is mapped\n \
         --> a.c:3\n  |\n3 |  kunmap_atomic(addr, KM_USER0);\n  |  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
         help: if the caller maps it, start at the caller; if a function maps it, give that function's \
         file; or give `kunmap_atomic` a stub with `--stub FILE.c`"
    );
}

#[test]
fn a_name_that_is_nearly_right() {
    let refusal = refused("int do_read(void) { return 0; }", &[("do_raed", 1)], |_| {});
    assert_eq!(refusal.help, "did you mean `--entry do_read`?");
}

#[test]
fn a_pointer_that_the_mapping_names() {
    let c = "int f(struct ops *o, struct page *p) { return o->readpage(p); }";
    let refusal = refused(c, &[("f", 1)], |options| {
        options
            .resolve
            .insert("readpage".to_owned(), "my_readpage".to_owned());
    });
    assert_eq!(refusal.kind, Kind::Pointer);
}

#[test]
fn more_states_than_are_allowed() {
    let c = "int f(struct page **pages) { int i; for (i = 0; i < 1000; i++) { kmap(pages[i]); kunmap(pages[i]); } return 0; }";
    let refusal = refused(c, &[("f", 1)], |options| options.max_paths = 100);
    assert_eq!(refusal.kind, Kind::Budget);
    assert!(refusal.help.contains("--max-paths 400"), "{refusal}");
}

fn of_bytes(
    bytes: &[u8],
    timeout: Option<Duration>,
) -> Result<kmapcheck_extract::Extracted, Failure> {
    let source = Source {
        name: "a.c".to_owned(),
        bytes: bytes.to_vec(),
        is_stub: false,
    };
    let limits = kmapcheck_check::Limits {
        timeout,
        ..Default::default()
    };
    extract(
        &[source],
        &mapping("linux-2.4"),
        &options(&[("f", 1)]),
        &limits,
        &|_| None,
    )
}

#[test]
fn what_is_no_c() {
    let Err(Failure::Refused(refusal)) = of_bytes(b"\x7fELF\x02\x01\0\0\0", None) else {
        panic!("a program is no text")
    };
    assert_eq!(refusal.kind, Kind::NotText);
    for text in [
        "", "\u{feff}", "}}}}}", "((((((", "int f(", "#", "#define", "\"", "'", "/*", "f f f f",
        "<html>",
    ] {
        let Err(Failure::Refused(refusal)) = of_bytes(text.as_bytes(), None) else {
            panic!("{text:?} has no function")
        };
        assert_eq!(refusal.kind, Kind::NoFunction, "{text:?}");
    }
}

/// Neither depth nor length is a way to bring it down.
#[test]
fn deep_and_long_inputs() {
    let started = Instant::now();
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("if (x) ", ""),
        ("!", ""),
        ("a[", "]"),
        ("x ? ", ""),
    ] {
        let many = 20_000;
        let c = format!(
            "int f(struct page *p) {{ kmap(p); return {}1{}; }}",
            open.repeat(many),
            close.repeat(many)
        );
        match of_bytes(c.as_bytes(), Some(Duration::from_secs(20))) {
            Ok(_) | Err(_) => {}
        }
    }
    let mut long = String::from("int f(struct page *p)\n{\n kmap(p); kunmap(p);\n return 0;\n}\n");
    for n in 0..20_000 {
        long.push_str(&format!(
            "static int g{n}(int x)\n{{\n if (x > {n})\n  return g{n}(x - 1);\n return x;\n}}\n"
        ));
    }
    assert!(long.lines().count() > 100_000);
    let of = extracted(&long, &[("f", 1)]);
    assert_eq!(crate::common::operations(&of).len(), 2);
    assert!(
        started.elapsed() < Duration::from_secs(120),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn time_is_kept() {
    let c = "int f(struct page **pages, int n) { int i; for (i = 0; i < 100000; i++) { kmap(pages[i]); if (n > i) kunmap(pages[i]); } return 0; }";
    let mut options = options(&[("f", 1)]);
    options.max_paths = usize::MAX;
    options.unroll = 1_000_000;
    let limits = kmapcheck_check::Limits {
        timeout: Some(Duration::from_millis(300)),
        ..Default::default()
    };
    let started = Instant::now();
    let source = crate::common::source(c);
    let failure = extract(&[source], &mapping("linux-2.4"), &options, &limits, &|_| {
        None
    });
    assert!(matches!(failure, Err(Failure::Stopped(_))), "{failure:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn mapping_files_are_checked() {
    for (text, said) in [
        ("{", "EOF"),
        (r#"{ "name": "x", "opps": {} }"#, "unknown field `opps`"),
        (
            "{ \"name\": \"x\",\n \"ops\": { \"f\": { \"op\": \"kmapp\", \"page\": 0 } } }",
            "x:2:1: `f`: there is no operation `kmapp`",
        ),
        (
            r#"{ "name": "x", "ops": { "f": { "op": "kmap" } } }"#,
            "needs `page`",
        ),
        (
            r#"{ "name": "x", "contracts": { "f": { "enters": [{ "op": "down" }] } } }"#,
            "needs `param`",
        ),
    ] {
        let refusal = File::read("x", text).expect_err("it is wrong");
        assert_eq!(refusal.kind, Kind::Mapping);
        assert!(refusal.said.contains(said), "{refusal}");
    }
}

#[test]
fn a_pthread_condition_is_refused_by_name() {
    let c = "int f(void) { pthread_mutex_lock(&m); pthread_cond_wait(&c, &m); pthread_mutex_unlock(&m); return 0; }";
    match try_extract(c, "pthreads", &[("f", 1)], |_| {}) {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.kind, Kind::Inexpressible),
        other => panic!("{other:?}"),
    }
}

/// A `break` without a loop belongs to a macro that was not given: it is refused, and does not go on
/// for ever. A stub is taken whatever the mapping says of its name.
#[test]
fn jumps_of_macros_that_are_not_there() {
    let c = "struct s { spinlock_t lock; int x; };
             void f(struct s *s) { spin_lock(&s->lock);
                 my_list(v, s) { if (s->x) break; } spin_unlock(&s->lock); }";
    let refusal = refused(c, &[("f", 1)], |_| {});
    assert!(
        refusal.said.contains("this jump leads nowhere"),
        "{refusal}"
    );
    let c = "void f(struct page *p) { generic_file_write(p); }";
    let stub = Source {
        is_stub: true,
        ..crate::common::source("int generic_file_write(struct page *q) { kmap(q); return 0; }")
    };
    let sources = [
        stub,
        Source {
            name: "b.c".to_owned(),
            ..crate::common::source(c)
        },
    ];
    let of = extract(
        &sources,
        &mapping("linux-2.4"),
        &options(&[("f", 1)]),
        &kmapcheck_check::Limits::default(),
        &|_| None,
    );
    let of = of.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!(crate::common::findings(&of), ["slot-leak"]);
}
