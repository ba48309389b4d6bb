//! Deadlocks of every class, each with what is to be found in it, worked out by hand.

use kmapcheck_machine::{Start, State, initial, steps};
use kmapcheck_scenario::{Overrides, Program, load_str};

/// A deadlock, and what is to be said of it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What it is about.
    pub name: &'static str,
    /// The series of its model, as members of an object.
    pub series: &'static str,
    /// The fields of the scenario.
    pub fields: &'static str,
    /// The way there: tasks, and which of their possible steps.
    pub steps: &'static [(usize, usize)],
    /// The class.
    pub class: &'static str,
    /// The smallest core.
    pub core: &'static [usize],
    /// Tasks that are stuck besides.
    pub bystanders: &'static [usize],
    /// The core in one line.
    pub summary: &'static str,
}

impl Case {
    /// The program.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn program(&self) -> Program {
        let (series, fields) = (self.series, self.fields);
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ {series} }} }}, {fields} }}"#
        );
        load_str("test.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{}: {errors}", self.name))
    }

    /// The state with the deadlock.
    ///
    /// # Panics
    ///
    /// If a task cannot take its step.
    #[must_use]
    pub fn state(&self, program: &Program) -> State {
        let mut state = initial(program, &Start::default());
        for &(task, choice) in self.steps {
            let step = steps(program, &state.tasks[task], &state.shared).remove(choice);
            state.advance(program, task, &step);
        }
        state
    }

    /// The case of that name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Case {
        (CASES.iter().find(|case| case.name == name)).expect("there is such a case")
    }
}

const ONE: &str = r#""P": { "slots": 1, "reuse": "own" }"#;
const TWO: &str = r#""P": { "slots": 2, "reuse": "own" }"#;
const THREE: &str = r#""P": { "slots": 3, "reuse": "own" }"#;
const ONE_EACH: &str =
    r#""P": { "slots": 1, "reuse": "own" }, "Q": { "slots": 1, "reuse": "own" }"#;
const UNSHARED: &str = r#""P": { "slots": 1, "reuse": "none" }"#;
const FOR_HOLDERS: &str = r#""P": { "slots": 2, "reuse": "none", "for_holders": 1 }"#;

/// Tasks that pin two pages of series P at once, so many of them.
macro_rules! mremap {
    ($count:literal) => {
        concat!(
            r#""tasks": [ { "name": "mremap", "count": "#,
            $count,
            r#", "pages": ["old", "new"],
                "program": [ { "kmap": "old", "series": "P" }, { "kmap": "new", "series": "P" },
                             { "kunmap": "new" }, { "kunmap": "old" } ] } ]"#
        )
    };
}

/// The deadlocks.
pub const CASES: &[Case] = &[
    Case {
        name: "two pin a slot each and want another",
        series: TWO,
        fields: mremap!(2),
        steps: &[(0, 0), (1, 0)],
        class: "slot-exhaustion",
        core: &[0, 1],
        bystanders: &[],
        summary: "mremap#1 and mremap#2 each pin a P slot and wait for another; all 2 are held",
    },
    Case {
        name: "one against itself",
        series: ONE,
        fields: mremap!(1),
        steps: &[(0, 0)],
        class: "slot-exhaustion",
        core: &[0],
        bystanders: &[],
        summary: "mremap pins the only P slot and waits for another",
    },
    // Tasks 0 and 2 hold the slots; 1 and 3 wait for their first.
    Case {
        name: "bystanders are stuck but not in the core",
        series: TWO,
        fields: mremap!(4),
        steps: &[(0, 0), (2, 0)],
        class: "slot-exhaustion",
        core: &[0, 2],
        bystanders: &[1, 3],
        summary: "mremap#1 and mremap#3 each pin a P slot and wait for another; all 2 are held",
    },
    Case {
        name: "series crosswise",
        series: ONE_EACH,
        fields: r#""tasks": [
            { "name": "read", "pages": ["a", "b"], "program": [
                { "kmap": "a", "series": "P" }, { "kmap": "b", "series": "Q" }, { "kunmap": "b" }, { "kunmap": "a" } ] },
            { "name": "fault", "pages": ["a", "b"], "program": [
                { "kmap": "a", "series": "Q" }, { "kmap": "b", "series": "P" }, { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "series-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "read pins the only P slot and waits for a Q slot; fault pins the only Q slot and waits for a P slot",
    },
    // One slot, one mapping, two users: with the other gone, each still waits for itself.
    Case {
        name: "one user of a joint mapping keeps its slot",
        series: ONE,
        fields: r#""pages": ["s"], "tasks": [ { "name": "t", "count": 2, "pages": ["p"], "program": [
            { "kmap": "s", "series": "P" }, { "kmap": "p", "series": "P" }, { "kunmap": "p" }, { "kunmap": "s" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "slot-exhaustion",
        core: &[0],
        bystanders: &[1],
        summary: "t#1 pins a shared P slot and waits for another; the only one is held",
    },
    // P: one slot, shared page s, pinned by both u, who wait for a lock that w holds; w wants P. The
    // slot comes free if both let go, so one of them is enough to hold it.
    Case {
        name: "a joint mapping is one slot",
        series: ONE,
        fields: r#""pages": ["s"], "locks": { "l": "semaphore" }, "tasks": [
            { "name": "w", "pages": ["p"], "program": [ { "down": "l" }, { "kmap": "p", "series": "P" }, { "kunmap": "p" }, { "up": "l" } ] },
            { "name": "u", "count": 2, "program": [ { "kmap": "s", "series": "P" }, { "down": "l" }, { "up": "l" }, { "kunmap": "s" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (2, 0)],
        class: "slots-and-locks",
        core: &[0, 1],
        bystanders: &[2],
        summary: "w holds semaphore l and waits for a P slot; u#1 pins a shared P slot and waits for semaphore l; the only P slot is held",
    },
    Case {
        name: "locks crosswise",
        series: TWO,
        fields: r#""locks": { "l": "spin", "m": "spin" }, "tasks": [
            { "name": "a", "program": [ { "spin_lock": "l" }, { "spin_lock": "m" }, { "spin_unlock": "m" }, { "spin_unlock": "l" } ] },
            { "name": "b", "program": [ { "spin_lock": "m" }, { "spin_lock": "l" }, { "spin_unlock": "l" }, { "spin_unlock": "m" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "a holds spinlock l and waits for spinlock m; b holds spinlock m and waits for spinlock l",
    },
    Case {
        name: "the same lock twice",
        series: TWO,
        fields: r#""locks": { "l": "spin" }, "tasks": [
            { "name": "a", "program": [ { "spin_lock": "l" }, { "spin_lock": "l" } ] } ]"#,
        steps: &[(0, 0)],
        class: "lock-cycle",
        core: &[0],
        bystanders: &[],
        summary: "a waits for spinlock l, which it holds itself",
    },
    // Both readers wait for what the writer holds: each of them alone keeps it out.
    Case {
        name: "a writer waits for all readers",
        series: TWO,
        fields: r#""locks": { "r": "rwsem", "l": "semaphore" }, "tasks": [
            { "name": "w", "program": [ { "down": "l" }, { "down_write": "r" }, { "up_write": "r" }, { "up": "l" } ] },
            { "name": "r", "count": 2, "program": [ { "down_read": "r" }, { "down": "l" }, { "up": "l" }, { "up_read": "r" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (2, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[2],
        summary: "w holds semaphore l and waits for rwsem r to write; r#1 holds rwsem r for reading and waits for semaphore l",
    },
    // The other reader still moves: the one is enough.
    Case {
        name: "a writer waits for one reader",
        series: TWO,
        fields: r#""locks": { "r": "rwsem", "l": "semaphore" }, "tasks": [
            { "name": "w", "program": [ { "down": "l" }, { "down_write": "r" }, { "up_write": "r" }, { "up": "l" } ] },
            { "name": "r", "count": 2, "program": [ { "down_read": "r" }, { "down": "l" }, { "up": "l" }, { "up_read": "r" } ] } ]"#,
        steps: &[(1, 0), (0, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "w holds semaphore l and waits for rwsem r to write; r#1 holds rwsem r for reading and waits for semaphore l",
    },
    Case {
        name: "a waiting writer holds back a recursive reader",
        series: TWO,
        fields: r#""locks": { "s": { "rwsem": { "fair": true } } }, "tasks": [
            { "name": "r", "program": [ { "down_read": "s" }, { "down_read": "s" }, { "up_read": "s" }, { "up_read": "s" } ] },
            { "name": "w", "program": [ { "down_write": "s" }, { "up_write": "s" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "r holds rwsem s for reading and waits to read it again; w waits for rwsem s to write",
    },
    // 4 units, 1 free; "big" wants 3, so it needs 2 of the 3 held, and those who have them want its
    // lock. Without one of the three 2 units are free in all: not enough, so two of them suffice.
    Case {
        name: "enough holders for so many units",
        series: TWO,
        fields: r#""locks": { "l": "semaphore", "s": { "semaphore": 4 } }, "tasks": [
            { "name": "big", "program": [ { "down": "l" }, { "down": "s", "n": 3 }, { "up": "s", "n": 3 }, { "up": "l" } ] },
            { "name": "t", "count": 3, "program": [ { "down": "s" }, { "down": "l" }, { "up": "l" }, { "up": "s" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (2, 0), (3, 0)],
        class: "lock-cycle",
        core: &[0, 1, 2],
        bystanders: &[3],
        summary: "big holds semaphore l and waits for 3 units of semaphore s; t#1 and t#2 each hold a unit of semaphore s and wait for semaphore l",
    },
    Case {
        name: "a leaked slot",
        series: UNSHARED,
        fields: r#""tasks": [
            { "name": "leak", "pages": ["p"], "program": [ { "kmap": "p", "series": "P" } ] },
            { "name": "t", "count": 2, "pages": ["p"], "program": [ { "kmap": "p", "series": "P" }, { "kunmap": "p" } ] } ]"#,
        steps: &[(0, 0)],
        class: "leaked-slots",
        core: &[1],
        bystanders: &[2],
        summary: "t#1 waits for a P slot; the only P slot is leaked: its last holder ended without kunmap",
    },
    Case {
        name: "one mempool by itself",
        series: TWO,
        fields: r#""mempools": { "bio": 2 }, "tasks": [ { "name": "io", "count": 2, "program": [
            { "mempool_alloc": "bio" }, { "mempool_alloc": "bio" }, { "mempool_free": "bio" }, { "mempool_free": "bio" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "units-exhausted",
        core: &[0, 1],
        bystanders: &[],
        summary: "io#1 and io#2 each hold an element of mempool bio and wait for another; all 2 are taken",
    },
    // Two units, one free: enough for the second one of a, but for the place of big.
    Case {
        name: "the head of a queue blocks a small request",
        series: TWO,
        fields: r#""locks": { "q": { "semaphore": 2, "fair": true } }, "tasks": [
            { "name": "a", "program": [ { "down": "q" }, { "down": "q" }, { "up": "q" }, { "up": "q" } ] },
            { "name": "big", "program": [ { "down": "q", "n": 2 }, { "up": "q", "n": 2 } ] } ]"#,
        steps: &[(0, 0), (1, 0), (0, 0)],
        class: "units-exhausted",
        core: &[0, 1],
        bystanders: &[],
        summary: "a holds a unit of semaphore q and waits for another, behind big in the queue; big waits for 2 units of semaphore q",
    },
    Case {
        name: "a select is stuck on all that it waits for",
        series: TWO,
        fields: r#""locks": { "k": "semaphore", "l": "semaphore", "m": "semaphore" }, "tasks": [
            { "name": "t", "program": [ { "down": "k" }, { "select": [ [ { "down": "l" }, { "up": "l" } ], [ { "down": "m" }, { "up": "m" } ] ] }, { "up": "k" } ] },
            { "name": "u", "program": [ { "down": "l" }, { "down": "m" }, { "down": "k" }, { "up": "k" }, { "up": "m" }, { "up": "l" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (1, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "t holds semaphore k and waits for semaphore l or for semaphore m; u holds semaphore l and semaphore m and waits for semaphore k",
    },
    // The server may wait for ever; not so the client.
    Case {
        name: "who waits idly holds what another needs",
        series: TWO,
        fields: r#""locks": { "l": "semaphore" }, "completions": ["c"], "tasks": [
            { "name": "server", "program": [ { "down": "l" }, { "wait_for_completion": "c", "idle": true }, { "up": "l" } ] },
            { "name": "client", "program": [ { "down": "l" }, { "up": "l" }, { "complete": "c" } ] } ]"#,
        steps: &[(0, 0)],
        class: "completion",
        core: &[0, 1],
        bystanders: &[],
        summary: "server holds semaphore l and waits for completion c; client waits for semaphore l; only client could complete c",
    },
    // Two idle servers are stuck on one another, which is no deadlock; the client that wants what one
    // of them holds makes it one.
    Case {
        name: "idle waiters among themselves, and one who is not",
        series: TWO,
        fields: r#""locks": { "l": "semaphore", "m": "semaphore" }, "tasks": [
            { "name": "one", "program": [ { "down": "l" }, { "down": "m", "idle": true }, { "up": "m" }, { "up": "l" } ] },
            { "name": "two", "program": [ { "down": "m" }, { "down": "l", "idle": true }, { "up": "l" }, { "up": "m" } ] },
            { "name": "t", "program": [ { "down": "l" }, { "up": "l" } ] } ]"#,
        steps: &[(0, 0), (1, 0)],
        class: "lock-cycle",
        core: &[0, 1, 2],
        bystanders: &[],
        summary: "one holds semaphore l and waits for semaphore m; two holds semaphore m and waits for semaphore l; t waits for semaphore l",
    },
    Case {
        name: "nobody frees a page",
        series: TWO,
        fields: r#""free_pages": 0, "tasks": [
            { "name": "a", "program": [ { "alloc_page": "p" }, { "free_page": "p" } ] } ]"#,
        steps: &[],
        class: "memory",
        core: &[0],
        bystanders: &[],
        summary: "a waits for a free page; nobody else is left who could free one",
    },
    Case {
        name: "completions crosswise",
        series: TWO,
        fields: r#""completions": ["c", "d"], "tasks": [
            { "name": "a", "program": [ { "wait_for_completion": "c" }, { "complete": "d" } ] },
            { "name": "b", "program": [ { "wait_for_completion": "d" }, { "complete": "c" } ] } ]"#,
        steps: &[],
        class: "completion",
        core: &[0, 1],
        bystanders: &[],
        summary: "a waits for completion c; b waits for completion d; only b could complete c; only a could complete d",
    },
    Case {
        name: "nobody completes",
        series: TWO,
        fields: r#""completions": ["c"], "tasks": [
            { "name": "t", "count": 2, "program": [ { "wait_for_completion": "c" } ] } ]"#,
        steps: &[],
        class: "completion",
        core: &[0],
        bystanders: &[1],
        summary: "t#1 waits for completion c; nobody is left who could complete it",
    },
    // t#1 takes the lock and sleeps (its second way gives the CPU up); t#2 spins on the CPU.
    Case {
        name: "a spinner starves the holder",
        series: TWO,
        fields: r#""locks": { "a": "spin" }, "cpus": 1, "tasks": [ { "name": "t", "count": 2, "program": [
            { "spin_lock": "a" }, { "might_sleep": true }, { "spin_unlock": "a" } ] } ]"#,
        steps: &[(0, 0), (0, 1), (1, 0)],
        class: "cpu-starvation",
        core: &[0, 1],
        bystanders: &[],
        summary: "t#1 holds spinlock a and waits for a CPU; t#2 occupies a CPU and spins on spinlock a; the only CPU is occupied",
    },
    // t gives the CPU up, u takes b, then finds a taken and sleeps; t wants b.
    Case {
        name: "CPUs do not matter where locks are stuck anyway",
        series: TWO,
        fields: r#""locks": { "a": "semaphore", "b": "semaphore" }, "cpus": 1, "tasks": [
            { "name": "t", "program": [ { "down": "a" }, { "might_sleep": true }, { "down": "b" }, { "up": "b" }, { "up": "a" } ] },
            { "name": "u", "program": [ { "down": "b" }, { "down": "a" }, { "up": "a" }, { "up": "b" } ] } ]"#,
        steps: &[(0, 0), (0, 1), (1, 0), (1, 0)],
        class: "lock-cycle",
        core: &[0, 1],
        bystanders: &[],
        summary: "t holds semaphore a and waits for semaphore b; u holds semaphore b and waits for semaphore a",
    },
    Case {
        name: "slots kept for holders",
        series: FOR_HOLDERS,
        fields: r#""completions": ["y"], "tasks": [
            { "name": "t", "pages": ["a"], "program": [ { "kmap": "a", "series": "P" }, { "wait_for_completion": "y" }, { "kunmap": "a" } ] },
            { "name": "u", "pages": ["b"], "program": [ { "kmap": "b", "series": "P" }, { "kunmap": "b" }, { "complete": "y" } ] } ]"#,
        steps: &[(0, 0)],
        class: "completion",
        core: &[0, 1],
        bystanders: &[],
        summary: "t pins a P slot and waits for completion y; u waits for a P slot; the last P slot is kept for tasks that pin one; only u could complete it",
    },
    // Three exhaust P between them, while two more are crosswise on locks.
    Case {
        name: "of two cores the smaller",
        series: THREE,
        fields: r#""locks": { "l": "semaphore", "m": "semaphore" }, "tasks": [
            { "name": "t", "count": 3, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] },
            { "name": "a", "program": [ { "down": "l" }, { "down": "m" }, { "up": "m" }, { "up": "l" } ] },
            { "name": "b", "program": [ { "down": "m" }, { "down": "l" }, { "up": "l" }, { "up": "m" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)],
        class: "lock-cycle",
        core: &[3, 4],
        bystanders: &[0, 1, 2],
        summary: "a holds semaphore l and waits for semaphore m; b holds semaphore m and waits for semaphore l",
    },
    // Locks crosswise (0, 1) and slots exhausted (2, 3).
    Case {
        name: "of two pairs the first class",
        series: TWO,
        fields: r#""locks": { "l": "semaphore", "m": "semaphore" }, "tasks": [
            { "name": "a", "program": [ { "down": "l" }, { "down": "m" }, { "up": "m" }, { "up": "l" } ] },
            { "name": "b", "program": [ { "down": "m" }, { "down": "l" }, { "up": "l" }, { "up": "m" } ] },
            { "name": "t", "count": 2, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#,
        steps: &[(0, 0), (1, 0), (2, 0), (3, 0)],
        class: "slot-exhaustion",
        core: &[2, 3],
        bystanders: &[0, 1],
        summary: "t#1 and t#2 each pin a P slot and wait for another; all 2 are held",
    },
];
