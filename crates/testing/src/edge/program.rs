//! Task programs: each construct that is wanted, one around or after the other.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::construct::Construct;
use super::dice::Dice;
use super::world::World;

/// Writes task programs.
pub(crate) struct Writer<'w, 'd> {
    pub(crate) dice: &'w mut Dice<'d>,
    pub(crate) world: &'w World,
    pub(crate) wanted: &'w BTreeSet<Construct>,
}

/// Operations, one after the other.
type Block = Vec<Value>;

impl Writer<'_, '_> {
    /// A program with those constructs, the first outermost.
    pub(crate) fn program(&mut self, constructs: &[Construct]) -> Block {
        let mut operations = Block::new();
        for &construct in constructs.iter().rev() {
            let (inside, after) = match self.dice.once_in(3) {
                false => (operations, Block::new()),
                true => (Block::new(), operations),
            };
            operations = self.around(construct, inside);
            operations.extend(after);
        }
        let text = json!(operations).to_string();
        let binds = text.contains(r#"alloc_page":"v""#);
        if text.contains(r#":"v""#) && !binds {
            // `v` becomes a name of the task, without any allocation on some runs.
            operations.insert(0, json!({ "choose": [[{ "alloc_page": "v" }], []] }));
        }
        operations
    }

    fn around(&mut self, construct: Construct, inside: Block) -> Block {
        use Construct as C;
        match construct {
            C::KmapAtomic => self.page_op("kmap_atomic", inside),
            C::KmapLocal => self.page_op("kmap_local", inside),
            C::LockPage => self.page_op("lock_page", inside),
            C::LowPage | C::SharedPage | C::OwnPage | C::StaleIn | C::StaleAny => {
                let known = ["kmap", "kmap", "lock_page", "kmap_local", "kmap_atomic"];
                let operation = self.dice.pick(&known);
                self.page_op(operation, inside)
            }
            C::TryKmap => self.try_kmap(false, inside),
            C::TryKmapFlush => self.try_kmap(true, inside),
            C::SpinLock => self.lock(["spin_lock", "spin_unlock"], &SPINLOCKS, inside),
            C::DownRead => self.lock(["down_read", "up_read"], &RWSEMS, inside),
            C::DownWrite => self.lock(["down_write", "up_write"], &RWSEMS, inside),
            C::FairRwsem => {
                let ops = [["down_read", "up_read"], ["down_write", "up_write"]];
                let ops = self.dice.pick(&ops);
                self.lock(ops, &RWSEMS, inside)
            }
            C::OwnResource => match self.dice.once_in(2) {
                false => self.down(1, inside),
                true => self.lock(["spin_lock", "spin_unlock"], &SPINLOCKS, inside),
            },
            C::Down | C::UnownedSemaphore => self.down(1, inside),
            C::DownSeveral | C::SlotsOf => self.down(2, inside),
            C::MempoolAlloc | C::UnownedMempool => {
                self.lock(["mempool_alloc", "mempool_free"], &MEMPOOLS, inside)
            }
            C::SpinTrylock => {
                let lock = self.one_of(&SPINLOCKS);
                let attempt = json!({ "spin_trylock": lock });
                self.attempt(attempt, json!({ "spin_unlock": lock }), inside)
            }
            C::DownTrylock => {
                let (pool, n) = self.units(1);
                let attempt = json!({ "down_trylock": pool, "n": n });
                self.attempt(attempt, json!({ "up": pool, "n": n }), inside)
            }
            C::TrylockPage => {
                let page = self.page();
                let attempt = json!({ "trylock_page": page });
                self.attempt(attempt, json!({ "unlock_page": page }), inside)
            }
            C::MempoolTryAlloc => {
                let pool = self.one_of(&MEMPOOLS);
                let attempt = json!({ "mempool_try_alloc": pool });
                self.attempt(attempt, json!({ "mempool_free": pool }), inside)
            }
            C::Then | C::Else => match self.dice.once_in(2) {
                false => self.around(C::TryKmap, inside),
                true => self.around(C::DownTrylock, inside),
            },
            C::DownReadTrylock => {
                let lock = self.one_of(&RWSEMS);
                let attempt = json!({ "down_read_trylock": lock });
                self.attempt(attempt, json!({ "up_read": lock }), inside)
            }
            C::DownWriteTrylock => {
                let lock = self.one_of(&RWSEMS);
                let attempt = json!({ "down_write_trylock": lock });
                self.attempt(attempt, json!({ "up_write": lock }), inside)
            }
            C::TryWait => {
                let done = self.one_of(&COMPLETIONS);
                let attempt = json!({ "try_wait_for_completion": done });
                self.attempt(attempt, json!({ "complete": done }), inside)
            }
            C::TryAllocPage => {
                let attempt = json!({ "try_alloc_page": "v" });
                self.attempt(attempt, json!({ "free_page": "v" }), inside)
            }
            C::FairSemaphore => self.down(1, inside),
            C::Available => match self.dice.once_in(2) {
                false => self.down(1, inside),
                true => self.lock(["mempool_alloc", "mempool_free"], &MEMPOOLS, inside),
            },
            C::Select => self.select(inside),
            C::Idle => {
                let (mut take, give) = self.waiting(true);
                take["idle"] = json!(true);
                self.pair(take, inside, give)
            }
            C::GivesUp => {
                let (mut take, give) = self.waiting(true);
                take["gives_up"] = json!(true);
                self.attempt(take, give, inside)
            }
            C::Wait | C::Complete => self.completion(construct, inside),
            C::AllocPage | C::FreePage | C::AllocatedPage => self.allocation(construct, inside),
            C::MightSleep => after(json!({ "might_sleep": true }), inside),
            C::Choose => {
                let other = self.filler();
                vec![json!({ "choose": [inside, other] })]
            }
            C::Repeat => {
                let times = self.dice.edge(2, 1).min(3);
                vec![json!({ "repeat": times, "do": self.something(inside) })]
            }
            C::Loop => vec![json!({ "loop": self.something(inside) })],
            C::Break => self.left_by_break(inside),
            C::Exit => {
                let mut block = inside;
                block.push(match self.dice.once_in(3) {
                    false => json!({ "choose": [[], [{ "exit": true }]] }),
                    true => json!({ "exit": true }),
                });
                block
            }
            _ => self.page_op("kmap", inside),
        }
    }

    /// Takes, does what is inside and gives back; now and then does not give back.
    fn pair(&mut self, take: Value, inside: Block, give: Value) -> Block {
        let mut block = after(take, inside);
        if !self.dice.once_in(30) {
            block.push(give);
        }
        block
    }

    /// Something done to a page and undone, once or as often as a series has slots.
    fn page_op(&mut self, operation: &str, inside: Block) -> Block {
        let page = self.page();
        let (mut take, undo) = (
            json!({ operation: page }),
            match operation {
                "kmap_atomic" => "kunmap_atomic",
                "kmap_local" => "kunmap_local",
                "lock_page" => "unlock_page",
                _ => "kunmap",
            },
        );
        let undo = match self.wants(Construct::KunmapAny) && operation != "lock_page" {
            true => "kunmap_any",
            false => undo,
        };
        let mut give = json!({ undo: page });
        match operation {
            "kmap" => {
                let series = self.series();
                take["series"] = json!(series);
                let capacity = self.world.capacity(series);
                if self.dice.once_in(5) {
                    let times = self.dice.edge(capacity, 1).min(4);
                    take = json!({ "repeat": times, "do": [take] });
                    give = json!({ "repeat": times, "do": [give] });
                }
            }
            "kmap_atomic" => take["type"] = json!(self.dice.pick(&["T0", "T1"])),
            _ => {}
        }
        self.pair(take, inside, give)
    }

    fn try_kmap(&mut self, flush: bool, inside: Block) -> Block {
        let (page, series) = (self.page(), self.series());
        let mut attempt = json!({ "try_kmap": page, "series": series });
        if flush {
            attempt["flush"] = json!(true);
        }
        let undo = match self.wants(Construct::KunmapAny) {
            true => "kunmap_any",
            false => "kunmap",
        };
        self.attempt(attempt, json!({ undo: page }), inside)
    }

    /// A try with what is inside where it succeeds, or where it fails.
    fn attempt(&mut self, mut attempt: Value, undo: Value, inside: Block) -> Block {
        let other = self.filler();
        let (mut then, otherwise) = match self.dice.once_in(4) {
            false => (inside, other),
            true => (other, inside),
        };
        then.push(undo);
        attempt["then"] = json!(then);
        if !otherwise.is_empty() || self.dice.once_in(2) {
            attempt["else"] = json!(otherwise);
        }
        vec![attempt]
    }

    fn lock(&mut self, [take, give]: [&str; 2], from: &[Choice], inside: Block) -> Block {
        let lock = self.one_of(from);
        self.pair(json!({ take: lock }), inside, json!({ give: lock }))
    }

    /// Units taken and given back, or, where anybody may give them back, only the one or the other.
    fn down(&mut self, least: u32, inside: Block) -> Block {
        let (pool, n) = self.units(least);
        let (take, give) = (
            json!({ "down": pool, "n": n }),
            json!({ "up": pool, "n": n }),
        );
        match self.dice.pick(&[0, 0, 1, 2]) {
            1 if pool == "io" || pool == "out" => after(take, inside),
            2 if pool == "io" || pool == "out" => {
                let mut block = inside;
                block.push(give);
                block
            }
            _ => self.pair(take, inside, give),
        }
    }

    /// A semaphore and how many of its units, at least `least` if it has so many.
    fn units(&mut self, least: u32) -> (&'static str, u32) {
        let several = self.wants(Construct::DownSeveral) || least > 1;
        let choices: &[Choice] = match several {
            true => &SEMAPHORES[..5],
            false => &SEMAPHORES,
        };
        let pool = self.one_of(choices);
        let units = self.world.units(pool);
        let n = self.dice.edge(units, least.min(units)).min(units);
        (pool, n)
    }

    fn completion(&mut self, construct: Construct, inside: Block) -> Block {
        let done = self.one_of(&COMPLETIONS);
        let (complete, wait) = (
            json!({ "complete": done }),
            json!({ "wait_for_completion": done }),
        );
        match self.dice.pick(&[0, 1]) {
            0 => {
                let mut block = after(complete, inside);
                block.push(wait);
                block
            }
            _ if construct == Construct::Wait => after(wait, inside),
            _ => {
                let mut block = inside;
                block.push(complete);
                block
            }
        }
    }

    /// A page taken off the freelist and given back, with something done to it; or one of another
    /// kind given away, or allocated into a name that all know.
    fn allocation(&mut self, construct: Construct, mut inside: Block) -> Block {
        if construct != Construct::AllocatedPage && self.dice.once_in(5) {
            let page = self.dice.pick(&["own", "s"]);
            let (free, alloc) = (json!({ "free_page": page }), json!({ "alloc_page": "s" }));
            inside.push(if construct == Construct::AllocPage {
                alloc
            } else {
                free
            });
            return inside;
        }
        if construct == Construct::AllocatedPage || self.dice.once_in(3) {
            let series = self.series();
            inside.insert(0, json!({ "kmap": "v", "series": series }));
            inside.push(json!({ "kunmap": "v" }));
        }
        self.pair(
            json!({ "alloc_page": "v" }),
            inside,
            json!({ "free_page": "v" }),
        )
    }

    /// Something to wait for, and what gives it back; with queues or without.
    fn waiting(&mut self, queues: bool) -> (Value, Value) {
        match self.dice.pick(&[0, 1, 2, 3, 4, 5]) {
            0 => {
                let (mut pool, n) = self.units(1);
                if pool == "queue" && !queues {
                    pool = "sem";
                }
                (
                    json!({ "down": pool, "n": n }),
                    json!({ "up": pool, "n": n }),
                )
            }
            1 => {
                let done = self.one_of(&COMPLETIONS);
                (
                    json!({ "wait_for_completion": done }),
                    json!({ "complete": done }),
                )
            }
            2 => {
                let pool = self.one_of(&MEMPOOLS);
                (
                    json!({ "mempool_alloc": pool }),
                    json!({ "mempool_free": pool }),
                )
            }
            3 => {
                let lock = if queues { self.one_of(&RWSEMS) } else { "rw" };
                (json!({ "down_write": lock }), json!({ "up_write": lock }))
            }
            4 => (json!({ "alloc_page": "v" }), json!({ "free_page": "v" })),
            _ => {
                let (page, series) = (self.page(), self.series());
                (
                    json!({ "kmap": page, "series": series }),
                    json!({ "kunmap": page }),
                )
            }
        }
    }

    /// Two branches, or one; how long all of it waits is open.
    fn select(&mut self, inside: Block) -> Block {
        let (take, give) = self.waiting(false);
        let mut branches = vec![self.pair(take, inside, give)];
        if !self.dice.once_in(4) {
            let (take, give) = self.waiting(false);
            let other = self.filler();
            branches.push(self.pair(take, other, give));
        }
        let mut select = json!({ "select": branches });
        match self.dice.pick(&[0, 0, 1, 2]) {
            1 if self.wants(Construct::Idle) => select["idle"] = json!(true),
            2 if self.wants(Construct::GivesUp) => {
                select["gives_up"] = json!(true);
                select["else"] = json!(self.filler());
            }
            _ => {}
        }
        vec![select]
    }

    /// A loop that `break` leaves, at once or some time.
    fn left_by_break(&mut self, inside: Block) -> Block {
        let mut body = self.something(inside);
        body.push(match self.dice.once_in(3) {
            false => json!({ "choose": [[{ "break": true }], []] }),
            true => json!({ "break": true }),
        });
        vec![match self.dice.once_in(2) {
            false => json!({ "repeat": 2, "do": body }),
            true => json!({ "loop": body }),
        }]
    }

    /// What is inside, and a step if that is nothing.
    fn something(&mut self, inside: Block) -> Block {
        match inside.is_empty() || self.dice.once_in(3) {
            true => after(json!({ "might_sleep": true }), inside),
            false => inside,
        }
    }

    /// A branch that is there for another one's sake.
    fn filler(&mut self) -> Block {
        self.dice.pick(&[
            Block::new(),
            vec![json!({ "might_sleep": true })],
            vec![json!({ "exit": true })],
        ])
    }

    fn wants(&self, construct: Construct) -> bool {
        self.wanted.contains(&construct)
    }

    fn series(&mut self) -> &'static str {
        self.dice.pick(&["A", "B", "A"])
    }

    fn page(&mut self) -> &'static str {
        self.one_of(&PAGES)
    }

    /// One of several things that serve; mostly one that is wanted, if any is.
    fn one_of(&mut self, from: &[Choice]) -> &'static str {
        let wanted: Vec<&'static str> = (from.iter())
            .filter(|(_, construct)| construct.is_some_and(|c| self.wants(c)))
            .map(|&(name, _)| name)
            .collect();
        if wanted.is_empty() || self.dice.once_in(4) {
            return self.dice.pick(from).0;
        }
        self.dice.pick(&wanted)
    }
}

/// A name and what makes it special.
type Choice = (&'static str, Option<Construct>);

const PAGES: [Choice; 9] = [
    ("own", Some(Construct::OwnPage)),
    ("other", Some(Construct::OwnPage)),
    ("s", Some(Construct::SharedPage)),
    ("low", Some(Construct::LowPage)),
    ("left", Some(Construct::StaleIn)),
    ("old", Some(Construct::StaleIn)),
    ("open", Some(Construct::StaleAny)),
    ("mine", Some(Construct::StaleAny)),
    ("v", Some(Construct::AllocatedPage)),
];
const SPINLOCKS: [Choice; 2] = [("spin", None), ("own_spin", Some(Construct::OwnResource))];
const RWSEMS: [Choice; 3] = [
    ("rw", None),
    ("fair", Some(Construct::FairRwsem)),
    ("own_rw", Some(Construct::OwnResource)),
];
const SEMAPHORES: [Choice; 6] = [
    ("sem", None),
    ("queue", Some(Construct::FairSemaphore)),
    ("room", Some(Construct::SlotsOf)),
    ("io", Some(Construct::UnownedSemaphore)),
    ("out", Some(Construct::Available)),
    ("own_sem", Some(Construct::OwnResource)),
];
const MEMPOOLS: [Choice; 4] = [
    ("pool", None),
    ("lent", Some(Construct::UnownedMempool)),
    ("drained", Some(Construct::Available)),
    ("own_pool", Some(Construct::OwnResource)),
];
const COMPLETIONS: [Choice; 2] = [("done", None), ("own_done", Some(Construct::OwnResource))];

fn after(first: Value, mut rest: Block) -> Block {
    rest.insert(0, first);
    rest
}
