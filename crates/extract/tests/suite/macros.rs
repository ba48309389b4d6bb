//! Macros: expanded where they are used, with the body that holds there, or refused by name.

use std::time::{Duration, Instant};

use kmapcheck_extract::refusal::Kind;
use kmapcheck_extract::{Source, extract};

use crate::common::{extracted, findings, mapping, operations, options, refused, source, wrong};

const NONE: Vec<String> = Vec::new();

/// A macro that jumps, where a map is still held.
#[test]
fn macros_that_jump() {
    for jump in ["goto out", "return -5", "break"] {
        let c = format!(
            "
            #define BAIL {jump}
            extern int bad(void);
            int f(struct page *page)
            {{
                do {{
                    kmap(page);
                    if (bad())
                        BAIL;
                    kunmap(page);
                }} while (0);
                return 0;
            out:
                return 1;
            }}"
        );
        assert_eq!(wrong(&c, &[("f", 1)], 1), ["slot-leak"], "{jump}");
        let good = c.replace("BAIL;", "{ kunmap(page); BAIL; }");
        assert_eq!(wrong(&good, &[("f", 1)], 1), NONE, "{jump}");
    }
}

/// The body that holds at the place of use.
#[test]
fn macros_that_are_defined_anew() {
    let c = "
        #define PUT(p) kunmap(p)
        int f(struct page *page) { kmap(page); PUT(page); return 0; }
        #undef PUT
        #define PUT(p) do { } while (0)
        int g(struct page *page) { kmap(page); PUT(page); return 0; }
        #undef PUT
        #define TAKE kmap
        int h(struct page *page) { TAKE(page); return 0; }
        #define TAKE(p)
        int i(struct page *page) { TAKE(page); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    assert_eq!(wrong(c, &[("g", 1)], 1), ["slot-leak"]);
    assert_eq!(wrong(c, &[("h", 1)], 1), ["slot-leak"]);
    assert_eq!(wrong(c, &[("i", 1)], 1), NONE);
}

/// What an object macro stands for is text, and no value in brackets.
#[test]
fn object_macros_are_text() {
    let c = "
        #define OTHER -1 + 1
        #define CUR (current->page)
        #define END }
        #define ELSE else
        #define WITH(p) kmap(p); {
        int f(struct page **pages)
        {
            if (2 * OTHER) {
                WITH(CUR)
                kunmap(CUR);
                END
            } ELSE
                kmap(pages[0]);
            return 0;
        }";
    let of = extracted(c, &[("f", 1)]);
    // -2 + 1 is true; in brackets it would be 0.
    assert_eq!(
        operations(&of),
        ["kmap current.page", "kunmap current.page"]
    );
}

/// Tokens pasted and quoted, arguments that are any number, names that are pasted to operations.
#[test]
fn pasting_and_variadic_macros() {
    let c = "
        #define OP(a, p) k##a(p)
        #define TRACE(fmt, ...) printk(#fmt fmt, ## __VA_ARGS__)
        #define BOTH(f, args...) do { f(args); TRACE(\"%d\", args); } while (0)
        #define NAME(x) page_##x
        #define CALL(x) NAME(x)
        #define first second
        int f(struct page *page_second, struct page *page_first)
        {
            OP(map, page_second);
            TRACE(\"a, b\");
            BOTH(kunmap, CALL(first));
            return 0;
        }";
    assert_eq!(
        operations(&extracted(c, &[("f", 1)])),
        ["kmap page_second", "kunmap page_second"]
    );
}

/// Lines are those of the use, over several lines too, and a backslash joins anything.
#[test]
fn lines_stay_through_macros() {
    let c = "#define A(x, y) x; y
#define B(x) \\
  kunmap(x) /* over
  two lines */ ; kmap(x)
int f(struct page *p)
{
    A(kmap(p),
      kunmap(p)); kmap(p);
    B(p);
    kun\\
map(p);
    return 0;
}";
    let of = extracted(c, &[("f", 1)]);
    let lines: Vec<&str> = of.scenario.split("a.c:").skip(1).collect();
    let lines: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let lines: Vec<&str> = lines
        .into_iter()
        .filter(|line| !line.contains('"'))
        .collect();
    assert_eq!(lines, ["7", "7", "8", "9", "9", "10"], "{}", of.scenario);
}

/// A body that doubles thirty times is refused where it is on the way, and soon.
#[test]
fn macros_that_double() {
    let mut c = String::from("#define A0(p) kmap(p);\n#define B0 x +\n");
    for n in 1..=30 {
        c.push_str(&format!(
            "#define A{n}(p) A{m}(p) A{m}(p)\n#define B{n} B{m} B{m}\n",
            m = n - 1
        ));
    }
    let on_the_way = format!("{c}int f(struct page *p) {{ A30(p); return 0; }}");
    let started = Instant::now();
    let refusal = refused(&on_the_way, &[("f", 1)], |_| {});
    assert_eq!(refusal.kind, Kind::Macro);
    assert!(
        refusal.said.contains("`A30` comes to more text"),
        "{refusal}"
    );
    assert_eq!(refusal.place.map(|place| place.line), Some(63));
    let beside = format!(
        "{c}int f(struct page *p) {{ kmap(p); kunmap(p); return 0; }}\nint g(int x) {{ return B30 1; }}"
    );
    assert_eq!(wrong(&beside, &[("f", 1)], 1), NONE);
    // Seen, if nothing depends on it: said.
    let seen = format!("{c}int f(int x) {{ x = B30 1; return 0; }}");
    let of = extracted(&seen, &[("f", 1)]);
    assert!(
        of.assumed.iter().any(|one| one.text.contains("B30")),
        "{:?}",
        of.assumed
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

/// A macro that is never expanded to its end: names stay within themselves.
#[test]
fn macros_within_themselves() {
    let c = "
        #define kmap_it(p) (lock_it(), kmap_it(p))
        #define a b
        #define b a
        static int (kmap_it)(struct page *p) { kmap(p); return 0; }
        static int lock_it(void) { return 0; }
        int f(struct page *a) { kmap_it(a); kunmap(a); return 0; }";
    assert_eq!(wrong(c, &[("f", 1)], 1), NONE);
    assert_eq!(operations(&extracted(c, &[("f", 1)])).len(), 2);
}

/// What is included is read where it stands: for its macros, and within braces for its text.
#[test]
fn includes_are_read_where_they_stand() {
    let c = "
        #define X(p) kmap(p);
        #include \"guarded.h\"
        int f(struct page *page)
        {
        #include \"list.def\"
        #undef X
        #define X(p) PUT(p);
        #include \"list.def\"
            return 0;
        }
        #include \"missing.h\"
        ";
    let find = |name: &str| {
        let text = match name {
            "list.def" => "X(page)\n",
            "guarded.h" => {
                "#ifndef G\n#define G\n#define PUT(p) kunmap(p)\n#include \"guarded.h\"\n#endif\n"
            }
            _ => return None,
        };
        Some(Source {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
            is_stub: false,
        })
    };
    let of = extract(
        &[source(c)],
        &mapping("linux-2.4"),
        &options(&[("f", 1)]),
        &kmapcheck_check::Limits::default(),
        &find,
    )
    .expect("it is read");
    assert_eq!(operations(&of), ["kmap page", "kunmap page"]);
    assert_eq!(findings(&of), NONE);
    let passed = of.assumed.iter().find(|one| one.text.contains("missing.h"));
    let passed = passed.unwrap_or_else(|| panic!("{:?}", of.assumed));
    assert_eq!(
        (passed.kind, passed.at.as_str()),
        ("unread-region", "a.c:12")
    );
}

/// A stub says what a macro means, and a mapping does.
#[test]
fn a_stub_stands_for_a_macro() {
    let c = source("#define PIN(p) __VA_OPT__(p)\nint f(struct page *p) { PIN(p); return 0; }");
    let stub = Source {
        name: "stub.c".to_owned(),
        bytes: b"void PIN(struct page *p) { kmap(p); }".to_vec(),
        is_stub: true,
    };
    let of = extract(
        &[stub, c],
        &mapping("linux-2.4"),
        &options(&[("f", 1)]),
        &kmapcheck_check::Limits::default(),
        &|_| None,
    )
    .expect("it is read");
    assert_eq!(operations(&of), ["kmap p"]);
}

/// A head of a loop that is known and cannot be expanded is no loop of nothing.
#[test]
fn a_loop_that_cannot_be_expanded() {
    let c = "
        #define for_each_it(p) for (kmap(p); p; __VA_OPT__(p))
        int f(struct page *p) { for_each_it(p) { use(p); } return 0; }";
    let refusal = refused(c, &[("f", 1)], |_| {});
    assert!(
        matches!(refusal.kind, Kind::NotParsed | Kind::Macro),
        "{refusal}"
    );
}

/// What a macro that is not there declares in a function is the function's own.
#[test]
fn a_variable_that_a_macro_declares() {
    let c = "
        int f(void)
        {
            DECLARE_MUTEX_LOCKED(done);
            start_it(&done);
            down(&done);
            up(&done);
            return 0;
        }";
    let of = extracted(c, &[("f", 2)]);
    assert!(
        of.assumed
            .iter()
            .any(|one| one.kind == "private-lock" && one.text.contains("done")),
        "{:?}",
        of.assumed
    );
}
