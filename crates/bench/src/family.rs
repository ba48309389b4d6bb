//! The scenarios that are measured: families of programs that grow with the number of tasks.

use serde_json::{Value, json};

/// A page of the task itself, by number, or the one that all share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Own.
    Own(usize),
    /// Shared by all.
    Shared,
}

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// kmap of a page in a series.
    Kmap(Page, usize),
    /// kunmap of a page that lies in a series.
    Kunmap(Page, usize),
    /// Takes the spinlock.
    Lock,
    /// Gives it back.
    Unlock,
}

/// Tasks with one program.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// How many.
    pub count: usize,
    /// How many pages each has.
    pub pages: usize,
    /// What each does.
    pub ops: Vec<Op>,
}

/// A family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// One series, two slots a task, taken one by one.
    Double,
    /// Two series, always taken in the same order: clean.
    Ordered,
    /// Two series, half of the tasks take them in the other order: read() against a page fault.
    Abba,
    /// A slot, a spinlock, and under it another slot.
    Fork,
    /// A shared page mapped twice by each, and an own one, with mappings that stay: clean.
    Stale,
}

/// A scenario of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Its family.
    pub family: Family,
    /// How many tasks of each program.
    pub tasks: usize,
    /// How many slots in each series.
    pub slots: usize,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 5] = [
        Family::Ordered,
        Family::Stale,
        Family::Double,
        Family::Abba,
        Family::Fork,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Family::Double => "DOUBLE",
            Family::Ordered => "ORDERED",
            Family::Abba => "ABBA",
            Family::Fork => "FORK",
            Family::Stale => "STALE",
        }
    }

    /// The family of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Family> {
        Family::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Whether its tasks can deadlock.
    #[must_use]
    pub fn deadlocks(self) -> bool {
        matches!(self, Family::Double | Family::Abba | Family::Fork)
    }

    /// Whether mappings stay after kunmap.
    #[must_use]
    pub fn keeps(self) -> bool {
        self == Family::Stale
    }

    /// The numbers of series.
    #[must_use]
    pub fn series(self) -> usize {
        match self {
            Family::Ordered | Family::Abba => 2,
            _ => 1,
        }
    }

    /// The slots that go with a number of tasks.
    #[must_use]
    pub fn slots(self, tasks: usize) -> usize {
        match self {
            Family::Double | Family::Abba => tasks,
            _ => 2,
        }
    }

    /// As many slots and tasks as a kernel has; two programs share the tasks.
    #[must_use]
    pub fn real(self) -> Case {
        Case {
            family: self,
            tasks: if self == Family::Abba { 1_024 } else { 2_048 },
            slots: 1_024,
        }
    }

    /// The numbers of tasks to try, growing.
    #[must_use]
    pub fn sizes(self) -> &'static [usize] {
        match self {
            Family::Ordered => &[4, 8, 10, 12, 14, 16, 18, 32, 64, 128, 250],
            Family::Stale => &[2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 32],
            Family::Double => &[3, 6, 8, 9, 10, 11, 12, 14, 24, 48, 96, 250],
            Family::Abba => &[2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 125],
            Family::Fork => &[4, 6, 8, 10, 12, 14, 16, 18, 32, 64, 128, 250],
        }
    }
}

impl Case {
    /// `ORDERED(14,2)`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}({},{})", self.family.name(), self.tasks, self.slots)
    }

    /// Its tasks.
    #[must_use]
    pub fn templates(self) -> Vec<Template> {
        use Op::{Kmap, Kunmap, Lock, Unlock};
        use Page::{Own, Shared};
        let (a, b) = (Own(0), Own(1));
        let template = |name, pages, ops| Template {
            name,
            count: self.tasks,
            pages,
            ops,
        };
        let nested = |first, second| {
            vec![
                Kmap(a, first),
                Kmap(b, second),
                Kunmap(b, second),
                Kunmap(a, first),
            ]
        };
        match self.family {
            Family::Double => vec![template("t", 2, nested(0, 0))],
            Family::Ordered => vec![template("t", 2, nested(0, 1))],
            Family::Abba => vec![
                template("read", 2, nested(0, 1)),
                template("fault", 2, nested(1, 0)),
            ],
            Family::Fork => vec![template(
                "fork",
                2,
                vec![
                    Kmap(a, 0),
                    Lock,
                    Kmap(b, 0),
                    Kunmap(b, 0),
                    Unlock,
                    Kunmap(a, 0),
                ],
            )],
            Family::Stale => vec![template(
                "t",
                1,
                vec![
                    Kmap(Shared, 0),
                    Kmap(Shared, 0),
                    Kunmap(Shared, 0),
                    Kunmap(Shared, 0),
                    Kmap(a, 0),
                    Kunmap(a, 0),
                ],
            )],
        }
    }

    /// The scenario file.
    #[must_use]
    pub fn scenario(self) -> Value {
        let series = |i: usize| ["A", "B"][i];
        let page = |page| match page {
            Page::Own(i) => ["a", "b"][i],
            Page::Shared => "s",
        };
        let reuse = if self.family.keeps() { "own" } else { "none" };
        let mut all = serde_json::Map::new();
        for i in 0..self.family.series() {
            all.insert(
                series(i).to_owned(),
                json!({ "slots": self.slots, "reuse": reuse }),
            );
        }
        let templates = self.templates();
        let shared = templates.iter().any(|t| {
            t.ops
                .iter()
                .any(|op| matches!(op, Op::Kmap(Page::Shared, _)))
        });
        let locks = templates.iter().any(|t| t.ops.contains(&Op::Lock));
        let tasks: Vec<Value> = (templates.iter())
            .map(|t| {
                let program: Vec<Value> = (t.ops.iter())
                    .map(|&op| match op {
                        Op::Kmap(p, s) => json!({ "kmap": page(p), "series": series(s) }),
                        Op::Kunmap(p, _) => json!({ "kunmap": page(p) }),
                        Op::Lock => json!({ "spin_lock": "lock" }),
                        Op::Unlock => json!({ "spin_unlock": "lock" }),
                    })
                    .collect();
                json!({ "name": t.name, "count": t.count, "pages": &["a", "b"][..t.pages], "program": program })
            })
            .collect();
        let mut scenario = json!({
            "name": self.family.name().to_lowercase(),
            "model": { "name": "bench", "series": all },
        });
        if shared {
            scenario["pages"] = json!(["s"]);
        }
        if locks {
            scenario["locks"] = json!({ "lock": "spin" });
        }
        scenario["tasks"] = json!(tasks);
        scenario
    }
}
