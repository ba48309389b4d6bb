//! Which functions can be entries, what each needs, and what its callers hold.

use kmapcheck_check::Limits;
use kmapcheck_extract::scan::Less;
use kmapcheck_extract::scan::needs::Needs;
use kmapcheck_extract::{Files, Options};

use super::common::{extracted_with, findings, mapping, source};

fn read(c: &str) -> Files {
    let mapping = mapping("linux-2.4");
    let files = Files::read(
        &[source(c)],
        &mapping,
        &Options::default(),
        &Limits::default(),
        &|_| None,
    );
    files.unwrap_or_else(|failure| panic!("{failure:#?}"))
}

/// The names of the roots, in the order of the lines.
fn roots(c: &str) -> Vec<String> {
    let roots = read(c).roots(&|_| true, &Limits::default());
    let roots = roots.unwrap_or_else(|failure| panic!("{failure:#?}"));
    roots.into_iter().map(|root| root.function).collect()
}

/// What the first root needs.
fn needs(c: &str) -> Needs {
    let files = read(c);
    let roots = files.roots(&|_| true, &Limits::default());
    let roots = roots.unwrap_or_else(|failure| panic!("{failure:#?}"));
    let made = files.extract_root(
        &roots[0],
        &Options::default(),
        Less::default(),
        &Limits::default(),
    );
    let mut made = made.unwrap_or_else(|failure| panic!("{failure:#?}"));
    assert_eq!(made.needs.len(), 1);
    made.needs.remove(0)
}

#[test]
fn who_is_called_by_nobody_is_a_root() {
    let c = "
        static void inner(struct page *page) { kmap(page); kunmap(page); }
        void outer(struct page *page) { inner(page); }
        void other(struct page *page) { kmap(page); kunmap(page); }";
    assert_eq!(roots(c), ["outer", "other"]);
}

#[test]
fn what_reaches_no_operation_is_none() {
    assert_eq!(roots("int plain(int a) { return a + 1; }"), [""; 0]);
}

#[test]
fn a_static_function_that_nobody_mentions_is_dead() {
    let c = "static void dead(struct page *page) { kmap(page); kunmap(page); }";
    assert_eq!(roots(c), [""; 0]);
}

/// In an operations table, or handed on: code that need not be there calls it.
#[test]
fn whose_address_is_taken_is_a_root_although_it_is_called() {
    let c = "
        struct ops { void (*read)(struct page *); };
        static void called(struct page *page) { kmap(page); kunmap(page); }
        static struct ops table = { read: called };
        void caller(struct page *page) { called(page); }";
    assert_eq!(roots(c), ["called", "caller"]);
    let files = read(c);
    let roots = files.roots(&|_| true, &Limits::default());
    let roots = roots.unwrap_or_else(|failure| panic!("{failure:#?}"));
    assert_eq!(roots[0].fields, [".read"]);
    assert!(roots[0].is_pointed_to && !roots[1].is_pointed_to);
    let handed = "
        static void callback(struct page *page) { kmap(page); kunmap(page); }
        void caller(struct page *page) { callback(page); later(callback); }";
    assert_eq!(self::roots(handed), ["callback", "caller"]);
}

#[test]
fn of_a_circle_that_nobody_enters_the_first_is_a_root() {
    let c = "
        void pong(struct page *page);
        void ping(struct page *page) { kmap(page); kunmap(page); pong(page); }
        void pong(struct page *page) { ping(page); }
        void alone(struct page *page) { kmap(page); kunmap(page); alone(page); }";
    assert_eq!(roots(c), ["ping", "alone"]);
}

/// The mapping says what it does: whoever calls it does that.
#[test]
fn an_operation_is_no_root() {
    let c = "
        void *kmap(struct page *page) { return page->virtual; }
        void user(struct page *page) { kmap(page); kunmap(page); }";
    assert_eq!(roots(c), ["user"]);
}

#[test]
fn only_files_that_are_asked_for_have_roots() {
    let files = read("void user(struct page *page) { kmap(page); kunmap(page); }");
    let none = files.roots(&|name| name != "a.c", &Limits::default());
    assert_eq!(none.map(|roots| roots.len()).ok(), Some(0));
}

/// A page that is mapped twice has one slot; two pages have two, and where each was taken is said.
#[test]
fn slots_at_once_are_counted_by_page() {
    let twice =
        needs("void f(struct page *page) { kmap(page); kmap(page); kunmap(page); kunmap(page); }");
    assert_eq!(twice.pools["PKMAP"].number, 1);
    let two = needs(
        "void f(struct page *from, struct page *to)
        {
            kmap(from);
            kmap(to);
            kunmap(to);
            kunmap(from);
        }",
    );
    let most = &two.pools["PKMAP"];
    assert_eq!(most.number, 2);
    let taken: Vec<(&str, &str)> = (most.taken.iter())
        .map(|taken| (taken.op.as_str(), taken.at.as_str()))
        .collect();
    assert_eq!(taken, [("kmap", "a.c:3 f"), ("kmap", "a.c:4 f")]);
    // One after the other.
    let in_turn = needs(
        "void f(struct page *from, struct page *to)
        { kmap(from); kunmap(from); kmap(to); kunmap(to); }",
    );
    assert_eq!(in_turn.pools["PKMAP"].number, 1);
}

#[test]
fn what_is_held_while_a_shared_lock_is_waited_for_is_an_order() {
    let needs = needs(
        "struct semaphore a, b;
        void f(void) { down(&a); down(&b); up(&b); up(&a); }",
    );
    let order = ("a".to_owned(), "b".to_owned());
    assert_eq!(needs.orders.into_iter().collect::<Vec<_>>(), [order]);
    assert!(needs.kept.is_empty() && needs.lent.is_empty());
}

#[test]
fn sleep_under_a_spinlock_is_told_with_its_place() {
    let needs = needs(
        "spinlock_t lock;
        void f(struct page *page)
        {
            spin_lock(&lock);
            kmap(page);
            kunmap(page);
            spin_unlock(&lock);
        }",
    );
    let sleeps: Vec<&str> = needs.sleeps.iter().map(|of| of.at.as_str()).collect();
    assert_eq!(sleeps, ["a.c:5 f"]);
}

/// Kept on some path or on every one; given back and never taken: its caller's.
#[test]
fn what_is_kept_and_what_is_lent() {
    let c =
        |end: &str| format!("struct semaphore a; int f(int error) {{ down(&a); {end} return 0; }}");
    assert_eq!(needs(&c("")).kept.values().collect::<Vec<_>>(), [&true]);
    let some = needs(&c("if (error) return error; up(&a);"));
    assert_eq!(some.kept.values().collect::<Vec<_>>(), [&false]);
    assert!(needs(&c("up(&a);")).kept.is_empty());
    let lent = needs("struct semaphore a; void f(void) { up(&a); down(&a); }").lent;
    assert_eq!(lent.keys().collect::<Vec<_>>(), ["a"]);
}

/// Coarse: what is known of several values at once is forgotten. That lets in paths that cannot be, and
/// leaves none out.
#[test]
fn without_computed_values_both_answers_are_followed() {
    let c = "
        void f(struct page *page, int a, int b)
        {
            if (a < b) kmap(page);
            if (a < b) kunmap(page);
        }";
    let of = |coarse| extracted_with(c, &[("f", 1)], |options| options.coarse = coarse);
    assert_eq!(findings(&of(false)), [""; 0]);
    assert_eq!(findings(&of(true)), ["misuse", "slot-leak"]);
}
