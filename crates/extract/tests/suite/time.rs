//! Inputs that are long, deep or wide: limits hold wherever the time goes.

use std::time::{Duration, Instant};

use kmapcheck_extract::{Failure, extract};

use crate::common::{mapping, options, source};

fn long_inputs() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let body = |lines: String| {
        format!("int f(struct page *p, int x)\n{{\n kmap(p);\n{lines} kunmap(p);\n return 0;\n}}\n")
    };
    let many = |n: usize, line: &dyn Fn(usize) -> String| body((0..n).map(line).collect());
    all.push((
        "calls that decide",
        many(5_000, &|n| format!(" if (bad({n})) return 1;\n")),
    ));
    all.push((
        "calls that decide nothing",
        many(5_000, &|n| format!(" if (bad({n})) x++;\n")),
    ));
    all.push((
        "calls that decide about maps",
        many(5_000, &|n| {
            format!(" if (bad({n})) {{ kmap(p); kunmap(p); }}\n")
        }),
    ));
    all.push((
        "jumps to one end",
        many(5_000, &|n| format!(" x = bad({n}); if (x) goto out;\n"))
            .replace(" kunmap", "out: kunmap"),
    ));
    all.push((
        "variables",
        many(5_000, &|n| {
            format!(" int v{n} = bad({n}); if (v{n}) kmap(q[v{n}]);\n")
        }),
    ));
    all.push((
        "nested conditions",
        many(100, &|n| format!(" if (bad({n})) {{\n")) + &"}".repeat(100),
    ));
    all.push((
        "uses of macros",
        format!(
            "#define M(x) (x) + N(x)\n#define N(x) g(x, x)\n{}",
            many(20_000, &|n| format!(" x = M({n});\n"))
        ),
    ));
    all.push(("chained macros", {
        let mut c = String::from("#define A0 1\n");
        for n in 1..20_000 {
            c.push_str(&format!("#define A{n} A{}\n", n - 1));
        }
        c + &many(3, &|_| " x = A19999;\n".to_owned())
    }));
    all.push((
        "nested arguments",
        format!(
            "#define I(x) x\nint f(int x) {{ return {}1{}; }}\n",
            "I(".repeat(20_000),
            ")".repeat(20_000)
        ),
    ));
    all.push(("pointers", {
        let mut c = String::new();
        for n in 0..3_000 {
            c.push_str(&format!("static void g{n}(struct page *p) {{ kmap(p); kunmap(p); }}\nstatic struct ops o{n} = {{ .go = g{n} }};\n"));
        }
        c + &body(" o->go(p);\n".repeat(3))
    }));
    all.push((
        "depth of brackets",
        format!(
            "int f(int x) {{ return {}1{}; }}",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
    ));
    all.push((
        "depth of braces",
        format!(
            "int f(int x) {{ {} {} return 0; }}",
            "{".repeat(100_000),
            "}".repeat(100_000)
        ),
    ));
    all.push((
        "one long sum",
        format!("int f(int x) {{ return {} 1; }}", "x + ".repeat(100_000)),
    ));
    all.push((
        "one long initialiser",
        format!(
            "int f(struct page *p) {{ int a[] = {{ {} 1 }}; kmap(p); return a[1]; }}",
            "g(1), ".repeat(20_000)
        ),
    ));
    all.push((
        "an open bracket",
        format!(
            "#define M(x) x\nint y = M(\n{}",
            "int z;\n#define Q 1\n".repeat(20_000)
        ),
    ));
    all.push(("lines", {
        let mut c = String::new();
        for n in 0..20_000 {
            c.push_str(&format!("static int g{n}(int x)\n{{\n g{m}(x); if (x > {n})\n  lock{n}(x);\n return x; }}\n", m = (n + 7919) % 20_000));
        }
        c + "int f(int x) { return g3(x); }\n"
    }));
    all
}

/// Each comes to an end of some kind soon after its time is over.
#[test]
fn limits_hold_everywhere() {
    for (name, c) in long_inputs() {
        let limits = kmapcheck_check::Limits {
            timeout: Some(Duration::from_secs(4)),
            ..Default::default()
        };
        let mut options = options(&[("f", 1)]);
        options.recursion = Some(0);
        let started = Instant::now();
        let done = extract(
            &[source(&c)],
            &mapping("linux-2.4"),
            &options,
            &limits,
            &|_| None,
        );
        let took = started.elapsed();
        let came = match &done {
            Ok(of) => format!("{} states", of.states),
            Err(Failure::Refused(refusal)) => refusal.said.clone(),
            Err(Failure::Stopped(_)) => "stopped".to_owned(),
        };
        eprintln!("{name}: {took:?} {came}");
        assert!(took < Duration::from_secs(20), "{name}: {took:?} {came}");
    }
}
