//! Numbers at the start: units of semaphores, elements of pools, slots of series, and what a try
//! returns.

use kmapcheck_extract::{Extracted, File};

use crate::common::{extracted, extracted_with, findings, try_extract};

const NONE: Vec<String> = Vec::new();

fn counts(of: &Extracted) -> Vec<String> {
    let all = of.assumed.iter().filter(|one| one.kind == "count");
    all.map(|one| format!("{} {}", one.text, one.change.as_deref().unwrap_or_default()))
        .collect()
}

fn json(of: &Extracted) -> serde_json::Value {
    serde_json::from_str(&of.scenario).expect("it is JSON")
}

/// A semaphore has the units that it is initialised with, anywhere in the files.
#[test]
fn units_of_semaphores() {
    let c = "
        enum { FOUR = 4 };
        #define TWO (1 + 1)
        struct dev { struct semaphore sem; };
        OUTSIDE
        int f(struct dev *d) { down(WHICH); down(WHICH); up(WHICH); up(WHICH); return 0; }
        int init(struct dev *dev, int n) { STARTS return 0; }";
    let of = |outside: &str, sem: &str, init: &str| {
        let c = c
            .replace("OUTSIDE", outside)
            .replace("WHICH", sem)
            .replace("STARTS", init);
        let of = extracted(&c, &[("f", 1)]);
        (findings(&of), counts(&of))
    };
    let gate = "static struct semaphore gate;";
    for (outside, sem, init, is_enough) in [
        (gate, "&gate", "sema_init(&gate, 2);", true),
        (gate, "&gate", "sema_init(&gate, TWO);", true),
        (gate, "&gate", "sema_init(&gate, FOUR - 2);", true),
        (gate, "&gate", "init_MUTEX(&gate);", false),
        (gate, "&gate", "init_MUTEX_LOCKED(&gate);", false),
        ("static DECLARE_MUTEX(gate);", "&gate", "", false),
        ("static DECLARE_MUTEX_LOCKED(gate);", "&gate", "", false),
        (
            "static struct semaphore gate = __SEMAPHORE_INITIALIZER(gate, 2);",
            "&gate",
            "",
            true,
        ),
        ("", "&d->sem", "sema_init(&dev->sem, 2);", true),
        ("", "&d->sem", "sema_init(&dev->sem, 1);", false),
        (
            "static struct semaphore all[3];",
            "&all[1]",
            "sema_init(&all[n], 2);",
            true,
        ),
    ] {
        let (found, counts) = of(outside, sem, init);
        let expected: &[&str] = if is_enough { &[] } else { &["deadlock"] };
        assert_eq!(found, expected, "{outside} {sem} {init}");
        let says = counts.iter().any(|text| text.contains("has 0 units"));
        // A field has the number that fields of its name are given, and that is said.
        let by_name = counts.iter().any(|text| text.contains("as a.c:"));
        assert_eq!(by_name, sem.contains("d->"), "{counts:?}");
        assert_eq!(
            says,
            outside.contains("LOCKED") || init.contains("LOCKED"),
            "{counts:?}"
        );
        assert!(says || by_name || counts.is_empty(), "{counts:?}");
    }
    for (outside, sem, init) in [
        (gate, "&gate", ""),
        (gate, "&gate", "sema_init(&gate, n);"),
        (gate, "&gate", "sema_init(&gate, 1); sema_init(&gate, 2);"),
        ("", "&d->sem", "sema_init(&dev->other, 2);"),
    ] {
        let (_, counts) = of(outside, sem, init);
        let says = counts
            .iter()
            .any(|text| text.contains("has 1 units") && text.contains("--units"));
        assert!(says, "{init}: {counts:?}");
    }
}

/// A semaphore without units is given some by somebody else.
#[test]
fn a_semaphore_to_wait_for() {
    let c = "
        static DECLARE_MUTEX_LOCKED(done);
        static struct semaphore lock;
        int wait(void) { FIRST down(&done); LAST return 0; }
        int wake(void) { down(&lock); up(&done); up(&lock); return 0; }";
    let of = |first: &str, last: &str| {
        findings(&extracted(
            &c.replace("FIRST", first).replace("LAST", last),
            &[("wait", 1), ("wake", 1)],
        ))
    };
    assert_eq!(of("", ""), NONE);
    assert_eq!(of("down(&lock);", "up(&lock);"), ["deadlock"]);
}

/// `--units` says it where the files do not.
#[test]
fn units_that_are_given() {
    let c = "
        static struct semaphore gate;
        int f(void) { down(&gate); down(&gate); up(&gate); up(&gate); return 0; }";
    let of = |units: u32| {
        extracted_with(c, &[("f", 1)], |options| {
            options.units.insert("gate".to_owned(), units);
        })
    };
    assert_eq!(findings(&of(2)), NONE);
    assert_eq!(findings(&of(1)), ["deadlock"]);
    assert_eq!(counts(&of(2)), NONE);
    assert!(of(2).assumed.iter().any(|one| one.kind == "set"));
}

/// Pools have the elements that they are made with.
#[test]
fn elements_of_pools() {
    let c = "
        static mempool_t *pool;
        int f(void)
        {
            void *a = mempool_alloc(pool, GFP_KERNEL), *b = mempool_alloc(pool, GFP_KERNEL);
            mempool_free(a, pool);
            mempool_free(b, pool);
            return 0;
        }
        int init(int n) { pool = mempool_create(NUMBER, 0, 0, 0); return 0; }";
    let of = |number: &str| extracted(&c.replace("NUMBER", number), &[("f", 1)]);
    assert_eq!(findings(&of("2")), NONE);
    assert_eq!(findings(&of("1")), ["deadlock"]);
    assert_eq!(json(&of("3"))["mempools"]["pool"], 3);
    assert!(counts(&of("3"))[0].contains("has 3 elements at the start, as a.c:"));
    let unknown = counts(&of("n"));
    assert!(
        unknown.iter().any(|text| text.contains("has 2 elements")),
        "{unknown:?}"
    );
}

/// Threads' semaphores.
#[test]
fn semaphores_of_threads() {
    let c = "
        static sem_t s; static pthread_mutex_t m;
        void *f(void *x)
        {
            if (sem_wait(&s))
                return 0;
            if (sem_wait(&s) == 0)
                sem_post(&s);
            sem_post(&s);
            return 0;
        }
        void *g(void *x) { pthread_mutex_lock(&m); pthread_mutex_unlock(&m); return 0; }
        int main(void) { sem_init(&s, 0, UNITS); return 0; }";
    let of = |units: &str| {
        let of = try_extract(
            &c.replace("UNITS", units),
            "pthreads",
            &[("f", 1), ("g", 2)],
            |_| {},
        );
        of.expect("it is read")
    };
    assert_eq!(findings(&of("2")), NONE);
    assert_eq!(findings(&of("1")), ["deadlock"]);
    assert_eq!(counts(&of("2")), NONE, "a mutex is a mutex");
}

/// A series that nobody sizes says so.
#[test]
fn slots_that_nobody_says() {
    let c = "int f(struct page *page) { kmap(page); kunmap(page); return 0; }";
    let of = extracted(c, &[("f", 2)]);
    assert_eq!(counts(&of), ["`PKMAP` has 1024 slots --slots PKMAP=N"]);
    let of = extracted_with(c, &[("f", 2)], |options| {
        options.slots.insert("PKMAP".to_owned(), 3);
    });
    assert_eq!(counts(&of), NONE);
}

/// What a try returns is for the mapping file to say.
#[test]
fn tries_say_what_they_return() {
    let of = |taken: &str| {
        let text = format!(
            r#"{{ "name": "x", "ops": {{ "t": {{ "op": "down_trylock", "lock": 0{taken} }} }} }}"#
        );
        File::read("x", &text).map(|_| ())
    };
    let refusal = of("").expect_err("it does not say it");
    assert!(refusal.to_string().contains("`taken`"), "{refusal}");
    for taken in [r#", "taken": 0"#, r#", "taken": 1"#] {
        assert!(of(taken).is_ok());
    }
}
