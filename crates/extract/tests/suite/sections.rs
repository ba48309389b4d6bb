//! Sections in which sleep is forbidden.

use crate::common::{extracted_with, findings, operations, try_extract};
use crate::objects::says;

/// What is wrong with a body of Linux 6.
fn wrong(body: &str) -> Vec<String> {
    let c = format!(
        "static int deep(int n) {{ rcu_read_lock(); if (n) msleep(1); rcu_read_unlock(); return 0; }}
         int f(struct page *page, struct mutex *m, int n, int k) {{ {body} return 0; }}"
    );
    let of = try_extract(&c, "linux-6", &[("f", 2)], |_| {});
    findings(&of.unwrap_or_else(|failure| panic!("{body}: {failure:#?}")))
}

const SLEEPS: &str = "sleep-in-atomic";
const KEPT: &str = "lock-leak";

#[test]
fn sleep_is_found_within_and_not_outside() {
    let none: [&str; 0] = [];
    for (body, expected) in [
        (
            "rcu_read_lock(); msleep(3); rcu_read_unlock();",
            &[SLEEPS][..],
        ),
        ("rcu_read_lock(); rcu_read_unlock(); msleep(3);", &none),
        (
            "msleep(3); rcu_read_lock(); use(page); rcu_read_unlock();",
            &none,
        ),
        (
            "rcu_read_lock(); kmap(page); kunmap(page); rcu_read_unlock();",
            &[SLEEPS],
        ),
        (
            "rcu_read_lock(); mutex_lock(m); mutex_unlock(m); rcu_read_unlock();",
            &[SLEEPS],
        ),
        ("preempt_disable(); msleep(1); preempt_enable();", &[SLEEPS]),
        ("k = get_cpu(); msleep(k); put_cpu();", &[SLEEPS]),
        ("local_bh_disable(); local_bh_enable(); msleep(1);", &none),
        // Sections nest, also through calls, and one is no other.
        (
            "rcu_read_lock(); deep(0); msleep(1); rcu_read_unlock();",
            &[SLEEPS],
        ),
        (
            "rcu_read_lock(); deep(0); rcu_read_unlock(); msleep(1);",
            &none,
        ),
        (
            "rcu_read_lock(); rcu_read_lock(); rcu_read_unlock(); rcu_read_unlock(); msleep(1);",
            &none,
        ),
        (
            "rcu_read_lock(); preempt_disable(); rcu_read_unlock(); msleep(1); preempt_enable();",
            &[SLEEPS],
        ),
        (
            "rcu_read_lock(); preempt_disable(); rcu_read_unlock(); preempt_enable(); msleep(1);",
            &none,
        ),
        ("deep(1);", &[SLEEPS]),
        ("deep(n);", &[SLEEPS]),
        // The same condition twice.
        (
            "if (n) rcu_read_lock(); if (!n) msleep(1); if (n) rcu_read_unlock();",
            &none,
        ),
        (
            "if (n) rcu_read_lock(); if (k) msleep(1); if (n) rcu_read_unlock();",
            &[SLEEPS],
        ),
        // Rounds.
        (
            "while (more()) { rcu_read_lock(); rcu_read_unlock(); msleep(1); }",
            &none,
        ),
        (
            "rcu_read_lock(); while (more()) { rcu_read_unlock(); msleep(1); rcu_read_lock(); } rcu_read_unlock();",
            &none,
        ),
        (
            "rcu_read_lock(); while (more()) { rcu_read_unlock(); rcu_read_lock(); msleep(1); } rcu_read_unlock();",
            &[SLEEPS],
        ),
        // Left on one way out.
        (
            "rcu_read_lock(); if (n) return 1; rcu_read_unlock();",
            &[KEPT],
        ),
    ] {
        assert_eq!(wrong(body), expected, "{body}");
    }
}

/// An end without its begin does nothing, and that is said where it is; the outermost begin and the
/// last end are all that a scenario has.
#[test]
fn only_the_outermost_counts() {
    let c = "int f(struct page *page) { preempt_enable(); kmap(page); kunmap(page); return 0; }";
    let of = extracted_with(c, &[("f", 1)], |_| {});
    assert_eq!(operations(&of), ["kmap page", "kunmap page"]);
    says(
        &of,
        "unread-function",
        &["`preempt_enable` ends a section that did not begin"],
    );
    let c = "int f(void) { preempt_disable(); preempt_disable(); preempt_enable();
                           preempt_enable(); return 0; }";
    let of = extracted_with(c, &[("f", 1)], |_| {});
    let taken = ["spin_lock preempt-section", "spin_unlock preempt-section"];
    assert_eq!(operations(&of), taken);
}
