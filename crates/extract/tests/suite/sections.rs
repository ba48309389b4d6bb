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

/// The big kernel lock nests and forbids no sleep, who has it keeps nobody out, and what is not given
/// back is found; that of the caller may be given back and taken again.
#[test]
fn the_big_kernel_lock() {
    let none: [&str; 0] = [];
    for (body, expected) in [
        (
            "lock_kernel(); kmap(page); kunmap(page); unlock_kernel();",
            &none[..],
        ),
        (
            "lock_kernel(); lock_kernel(); unlock_kernel(); unlock_kernel();",
            &none,
        ),
        ("lock_kernel(); down(m); up(m); unlock_kernel();", &none),
        ("down(m); lock_kernel(); unlock_kernel(); up(m);", &none),
        (
            "unlock_kernel(); kmap(page); kunmap(page); lock_kernel();",
            &none,
        ),
        ("lock_kernel(); if (n) return 1; unlock_kernel();", &[KEPT]),
        ("lock_kernel(); lock_kernel(); unlock_kernel();", &[KEPT]),
        ("unlock_kernel(); lock_kernel(); lock_kernel();", &[KEPT]),
    ] {
        for map in ["linux-2.4", "linux-2.6"] {
            let c = format!(
                "int f(struct page *page, struct semaphore *m, int n) {{ {body} return 0; }}"
            );
            let of = try_extract(&c, map, &[("f", 2)], |o| {
                o.share = ["all".to_owned()].into()
            });
            let of = of.unwrap_or_else(|failure| panic!("{body}: {failure:#?}"));
            assert_eq!(findings(&of), expected, "{map}: {body}");
        }
    }
}

/// A path that is cut within a section gives it back: with an operation that there is.
#[test]
fn a_try_that_is_cut_within_a_section() {
    let c = "int f(struct page *p, spinlock_t *s, int n) {
        preempt_disable();
        if (spin_trylock(s)) { spin_unlock(s); BUG(); }
        preempt_enable();
        return 0; }";
    let of = extracted_with(c, &[("f", 1)], |_| {});
    assert_eq!(findings(&of), [""; 0], "{}", of.scenario);
}
