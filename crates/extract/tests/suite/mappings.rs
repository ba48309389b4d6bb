//! The shipped mapping files: what they say is what they mean.

use kmapcheck_extract::map::shipped;
use kmapcheck_extract::{File, Mapping};

use crate::common::{extracted_with, findings, mapping, operations, options, source, try_extract};

#[test]
fn all_are_read_and_fit_the_schema() {
    let schema =
        std::fs::read_to_string("../../docs/schema/c-mapping.schema.json").expect("it is there");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("it is JSON");
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    assert!(shipped::names().contains(&"linux-2.4") && shipped::names().contains(&"pthreads"));
    for name in shipped::names() {
        let text = shipped::text(name).expect("it is shipped");
        let file = File::read(name, text).unwrap_or_else(|refusal| panic!("{refusal}"));
        assert_eq!(file.name, name);
        let value: serde_json::Value =
            serde_json::from_str(&kmapcheck_extract::read::comments::blanked(text))
                .expect("it is JSON");
        let errors: Vec<String> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    for wrong in [
        r#"{}"#,
        r#"{ "name": "x", "opps": {} }"#,
        r#"{ "name": "x", "ops": { "f": { "page": 0 } } }"#,
        r#"{ "name": "x", "returns": { "f": "something" } }"#,
    ] {
        let value: serde_json::Value = serde_json::from_str(wrong).expect("it is JSON");
        assert!(!schema.is_valid(&value), "{wrong}");
        assert!(File::read("x", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn later_files_win() {
    let more = r#"{ "name": "mine", "series": "MINE", "ops": { "my_map": { "op": "kmap", "page": 0 } }, "sleeps": ["kmap"] }"#;
    let files = [
        File::read(
            "linux-2.4",
            shipped::text("linux-2.4").expect("it is shipped"),
        )
        .expect("it is right"),
        File::read("mine", more).expect("it is right"),
    ];
    let all = Mapping::of(&files);
    assert_eq!(all.series.as_deref(), Some("MINE"));
    assert!(all.ops.contains_key("my_map") && all.ops.contains_key("kunmap"));
    assert!(!all.ops.contains_key("kmap"), "a function means one thing");
}

/// A function or macro of which an earlier file says something is read all the same with `follow`.
#[test]
fn what_a_later_file_follows_is_read() {
    let c = "
        #define mapped(p) kmap_other(p)
        static void *slow(struct page *p) { return kmap(p); }
        void f(struct page *p, struct page *q)
        {
            slow(p);
            kunmap(p);
            mapped(q);
            kunmap(q);
        }";
    let first = r#"{ "name": "first",
        "ops": {
            "kmap": { "op": "kmap", "page": 0, "returns": "address" },
            "kmap_other": { "op": "kmap", "page": 0, "series": "OTHER", "returns": "address" },
            "mapped": { "op": "kmap", "page": 0, "series": "WRONG", "returns": "address" },
            "kunmap": { "op": "kunmap", "page": 0 }
        },
        "series": "PKMAP", "sleeps_by_flags": { "slow": 0 } }"#;
    let more = r#"{ "name": "more", "follow": ["mapped", "slow"] }"#;
    let read = |files: &[&str]| {
        let files: Vec<File> = (files.iter())
            .map(|text| File::read("a file", text).expect("it is right"))
            .collect();
        let extracted = kmapcheck_extract::extract(
            &[source(c)],
            &Mapping::of(&files),
            &options(&[("f", 1)]),
            &kmapcheck_check::Limits::default(),
            &|_| None,
        );
        extracted.expect("it is read").scenario
    };
    let (before, after) = (read(&[first]), read(&[first, more]));
    assert!(
        before.contains("WRONG") && !before.contains("OTHER"),
        "{before}"
    );
    let maps = |text: &str| text.matches("\"kmap\": \"").count();
    assert_eq!(maps(&before), 1, "{before}");
    assert!(
        after.contains("OTHER") && !after.contains("WRONG"),
        "{after}"
    );
    assert_eq!(maps(&after), 2, "{after}");
}

/// `current` is often a macro that comes to assembler: it is what each task has its own of.
#[test]
fn what_each_task_has_its_own_of_is_not_expanded() {
    let c = "
        static struct task_struct *get_current(void)
        {
            struct task_struct *it;
            asm(\"andl %%esp,%0; \" : \"=r\" (it) : \"0\" (~8191UL));
            return it;
        }
        #define current get_current()
        void f(void)
        {
            spin_lock(&current->lock);
            spin_unlock(&current->lock);
        }";
    let of = extracted_with(c, &[("f", 2)], |_| {});
    assert_eq!(
        operations(&of),
        ["spin_lock current.lock", "spin_unlock current.lock"]
    );
    assert!(
        of.scenario.contains("\"locks\": { \"current.lock\""),
        "{}",
        of.scenario
    );
}

/// Two threads take two mutexes in two orders.
#[test]
fn mutexes_of_threads() {
    let c = "
        static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
        void *one(void *arg)
        {
            pthread_mutex_lock(&a);
            pthread_mutex_lock(&b);
            pthread_mutex_unlock(&b);
            pthread_mutex_unlock(&a);
            return 0;
        }
        void *two(void *arg)
        {
            pthread_mutex_lock(&b);
            if (pthread_mutex_trylock(&a) == 0)
                pthread_mutex_unlock(&a);
            else
                FALLBACK
            pthread_mutex_unlock(&b);
            return 0;
        }";
    let entries = &[("one", 1), ("two", 1)];
    let good = try_extract(&c.replace("FALLBACK", ";"), "pthreads", entries, |_| {});
    assert_eq!(findings(&good.expect("it is read")), Vec::<String>::new());
    let bad = c.replace(
        "FALLBACK",
        "{ pthread_mutex_lock(&a); pthread_mutex_unlock(&a); }",
    );
    let bad = try_extract(&bad, "pthreads", entries, |_| {});
    assert_eq!(findings(&bad.expect("it is read")), ["deadlock"]);
}

/// The two tables of mremap, as pte-highmem-5 maps them: from one series, and from two.
#[test]
fn tables_of_pte_highmem() {
    let c = "
        static int move_one_page(pmd_t *old_pmd, pmd_t *new_pmd, unsigned long addr)
        {
            pte_t *src = pte_offset(old_pmd, addr);
            pte_t *dst = SECOND(new_pmd, addr);
            *dst = *src;
            pte_kunmap(dst);
            pte_kunmap(src);
            return 0;
        }
        int do_mremap(pmd_t *from, pmd_t *to) { return move_one_page(from, to, 0); }";
    let with = |second: &str| {
        let c = c.replace("SECOND", second);
        let of = try_extract(
            &c,
            "linux-2.4+linux-2.4-pte-highmem",
            &[("do_mremap", 2)],
            |options| {
                options.slots.insert("PAGETABLE".to_owned(), 2);
            },
        )
        .expect("it is read");
        (findings(&of), operations(&of))
    };
    let (one, ops) = with("pte_offset");
    assert_eq!(one, ["deadlock"]);
    assert_eq!(
        ops,
        [
            "kmap from_table",
            "kmap to_table",
            "kunmap_any to_table",
            "kunmap_any from_table"
        ]
    );
    assert_eq!(with("pte_offset2").0, Vec::<String>::new());
    // In 2.4 itself a table lies in low memory: nothing is mapped.
    let c = c
        .replace("SECOND", "pte_offset")
        .replace("pte_kunmap", "done");
    let plain = try_extract(&c, "linux-2.4", &[("do_mremap", 2)], |_| {});
    assert_eq!(operations(&plain.expect("it is read")), [""; 0]);
}

/// Local maps are undone by their addresses; page tables of 2.6 are mapped atomically.
#[test]
fn later_kernels() {
    let c = "
        int f(struct folio *folio, struct mutex *m, int n)
        {
            void *p;
            if (mutex_lock_interruptible(m))
                return -4;
            folio_lock(folio);
            p = kmap_local_folio(folio, n);
            kunmap_local(p + n);
            folio_unlock(folio);
            mutex_unlock(m);
            return 0;
        }";
    let of = try_extract(c, "linux-6", &[("f", 2)], |_| {}).expect("it is read");
    assert_eq!(
        operations(&of),
        [
            "down m",
            "lock_page folio",
            "kmap_local folio",
            "kunmap_local folio",
            "unlock_page folio",
            "up m"
        ]
    );
    assert_eq!(findings(&of), Vec::<String>::new());
    let c = "
        int f(pmd_t *pmd, unsigned long addr)
        {
            pte_t *pte = pte_offset_map(pmd, addr);
            SLEEP
            pte_unmap(pte);
            return 0;
        }";
    let of = |sleep: &str| {
        let c = c.replace("SLEEP", sleep);
        let of = try_extract(&c, "linux-2.6", &[("f", 1)], |_| {});
        findings(&of.expect("it is read"))
    };
    assert_eq!(of(""), Vec::<String>::new());
    assert_eq!(of("kmalloc(3, GFP_KERNEL);"), ["sleep-in-atomic"]);
    assert_eq!(of("kmalloc(3, GFP_ATOMIC);"), Vec::<String>::new());
}

/// What a caller hands in is no leak.
#[test]
fn contracts_of_callers() {
    let c = "int block_read_full_page(struct page *page, int n) { kmap(page); kunmap(page); return 0; }";
    let of = extracted_with(c, &[("block_read_full_page", 2)], |_| {});
    assert_eq!(
        operations(&of),
        [
            "lock_page page",
            "kmap page",
            "kunmap page",
            "unlock_page page"
        ]
    );
    assert_eq!(findings(&of), Vec::<String>::new());
    assert!(of.assumed.iter().any(|one| one.kind == "contract"));
    let _ = mapping("linux-2.4");
}

/// Variants of locks are locks, in each mapping that has them.
#[test]
fn variants_of_locks() {
    for (map, statements) in [
        (
            "linux-2.4",
            &[
                "write_lock_bh(l);",
                "down_interruptible(l);",
                "downgrade_write(l);",
                "read_lock_irqsave(l, flags);",
            ][..],
        ),
        (
            "linux-2.6",
            &[
                "mutex_lock_nested(l, 1);",
                "if (mutex_lock_killable(l)) return 1;",
                "if (down_killable(l)) return 1;",
                "if (down_timeout(l, 3)) return 1;",
                "down_write_nested(l, 2);",
            ],
        ),
        (
            "linux-6",
            &[
                "mutex_lock_nested(l, 1);",
                "mutex_lock_io(l);",
                "mmap_read_lock(l);",
                "if (mmap_write_lock_killable(l)) return 1;",
                "raw_spin_lock_irqsave(l, flags);",
                "read_lock(l);",
                "inode_lock(l);",
                "if (!spin_trylock_bh(l)) return 1;",
            ],
        ),
        (
            "pthreads",
            &[
                "if (pthread_mutex_timedlock(l, t)) return 1;",
                "pthread_rwlock_timedwrlock(l, t);",
                "sem_timedwait(l, t);",
                "if (pthread_spin_trylock(l)) return 1;",
            ],
        ),
    ] {
        for statement in statements {
            let c = format!("int f(struct lock *l) {{ {statement} return 0; }}");
            let of = try_extract(&c, map, &[("f", 1)], |_| {}).expect("it is read");
            // Nobody gives it back.
            assert!(
                findings(&of).iter().any(|kind| kind.contains("lock")
                    || kind.contains("leak")
                    || kind.contains("exit")),
                "{map} {statement} {:?} {}",
                findings(&of),
                of.scenario
            );
        }
    }
}

/// What has no counterpart is refused by name, or said.
#[test]
fn what_scenarios_cannot_say() {
    for (map, statement) in [
        ("linux-6", "guard(mutex)(l);"),
        ("linux-6", "scoped_guard(mutex, l) { use(l); }"),
        ("linux-6", "wait_event_killable(q, l->done);"),
        ("linux-6", "ww_mutex_lock(l, 0);"),
        ("linux-2.6", "complete_all(l);"),
        ("pthreads", "pthread_join(t, 0);"),
        ("pthreads", "pthread_cond_signal(l);"),
    ] {
        let c = format!("int f(struct lock *l) {{ {statement} return 0; }}");
        match try_extract(&c, map, &[("f", 1)], |_| {}) {
            Err(kmapcheck_extract::Failure::Refused(refusal)) => {
                assert!(!refusal.help.is_empty(), "{refusal}");
            }
            other => panic!("{statement}: {other:?}"),
        }
    }
    let c = "int f(void) { local_irq_disable(); msleep(3); local_irq_enable(); return 0; }";
    let of = try_extract(c, "linux-6", &[("f", 1)], |_| {}).expect("it is read");
    let said = of
        .assumed
        .iter()
        .find(|one| one.text.contains("`local_irq_disable` forbids sleep"));
    assert!(said.is_some(), "{:?}", of.assumed);
}

/// The help has every field of the schema and no other, and its example is a mapping file.
#[test]
fn the_help_says_all() {
    use kmapcheck_extract::map::help;
    let schema = include_str!("../../../../docs/schema/c-mapping.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("it is JSON");
    let names = |of: &serde_json::Value| {
        let of = of["properties"].as_object().expect("it has properties");
        of.keys()
            .cloned()
            .collect::<std::collections::BTreeSet<_>>()
    };
    let said = |rows: &[(&str, &str)]| rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&schema), said(&help::FIELDS));
    assert_eq!(names(&schema["$defs"]["Operation"]), said(&help::OPERATION));
    File::read("example", help::EXAMPLE).expect("the example is right");
    assert!(help::help().contains("down_read_trylock"));
}
