//! What a scenario can be made of, and which of it is there.

use std::collections::BTreeSet;

use serde_json::Value;

macro_rules! constructs {
    ($($(#[$doc:meta])* $construct:ident = $name:literal,)+) => {
        /// Something that a scenario may have or lack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Construct {
            $($(#[$doc])* $construct,)+
        }

        impl Construct {
            /// All of them.
            pub const ALL: &'static [Construct] = &[$(Construct::$construct),+];

            /// What it is called.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Construct::$construct => $name,)+
                }
            }
        }
    };
}

constructs! {
    /// `kmap`.
    Kmap = "kmap",
    /// `try_kmap` that does not flush.
    TryKmap = "try_kmap",
    /// `try_kmap` that flushes.
    TryKmapFlush = "try_kmap, flush",
    /// `kunmap_any`.
    KunmapAny = "kunmap_any",
    /// `kmap_atomic`.
    KmapAtomic = "kmap_atomic",
    /// `kmap_local`.
    KmapLocal = "kmap_local",
    /// `spin_lock`.
    SpinLock = "spin_lock",
    /// `spin_trylock`.
    SpinTrylock = "spin_trylock",
    /// `down` of one unit.
    Down = "down",
    /// `down` of several units at once.
    DownSeveral = "down, n > 1",
    /// `down_trylock`.
    DownTrylock = "down_trylock",
    /// `down_read`.
    DownRead = "down_read",
    /// `down_read_trylock`.
    DownReadTrylock = "down_read_trylock",
    /// `down_write`.
    DownWrite = "down_write",
    /// `down_write_trylock`.
    DownWriteTrylock = "down_write_trylock",
    /// `lock_page`.
    LockPage = "lock_page",
    /// `trylock_page`.
    TrylockPage = "trylock_page",
    /// `wait_for_completion`.
    Wait = "wait_for_completion",
    /// `try_wait_for_completion`.
    TryWait = "try_wait_for_completion",
    /// `complete`.
    Complete = "complete",
    /// `alloc_page`.
    AllocPage = "alloc_page",
    /// `try_alloc_page`.
    TryAllocPage = "try_alloc_page",
    /// `free_page`.
    FreePage = "free_page",
    /// `mempool_alloc`.
    MempoolAlloc = "mempool_alloc",
    /// `mempool_try_alloc`.
    MempoolTryAlloc = "mempool_try_alloc",
    /// `might_sleep`.
    MightSleep = "might_sleep",
    /// `choose`.
    Choose = "choose",
    /// `select`.
    Select = "select",
    /// A wait that is a good end.
    Idle = "idle",
    /// A wait that may be ended.
    GivesUp = "gives_up",
    /// `repeat`.
    Repeat = "repeat",
    /// `loop`.
    Loop = "loop",
    /// `break`.
    Break = "break",
    /// `exit`.
    Exit = "exit",
    /// A try with something in its `then`.
    Then = "then",
    /// A try with something in its `else`.
    Else = "else",
    /// An operation on a page in low memory.
    LowPage = "low page",
    /// An operation on a page that all tasks share.
    SharedPage = "shared page",
    /// An operation on a page that a task has for itself.
    OwnPage = "own page",
    /// An operation on a page that was allocated, other than giving it back.
    AllocatedPage = "allocated page",
    /// An operation on a page with leftovers in a series.
    StaleIn = "stale in a series",
    /// An operation on a page with any leftovers.
    StaleAny = "stale in any",
    /// A series in use with `"reuse": "any"`.
    ReuseAny = "reuse any",
    /// A series in use with `"reuse": "own"`.
    ReuseOwn = "reuse own",
    /// A series in use with `"reuse": "none"`.
    ReuseNone = "reuse none",
    /// A series in use that keeps some of its slots for holders.
    ForHolders = "for_holders < slots",
    /// A series in use that keeps all of its slots for holders, or more than it has.
    ForHoldersBeyond = "for_holders >= slots",
    /// A series in use with any number of slots that keeps some for holders.
    ForHoldersAny = "for_holders, any slots",
    /// A series in use with any number of slots.
    AnySlots = "slots any",
    /// An operation on a semaphore or mempool with any number of units.
    AnyUnits = "units any",
    /// A task program with any number of instances that does something.
    AnyCount = "count any",
    /// An operation on a fair rwsem.
    FairRwsem = "fair rwsem",
    /// An operation on a semaphore that tasks queue for.
    FairSemaphore = "fair semaphore",
    /// An operation on a semaphore or mempool of which not all is there at the start.
    Available = "available",
    /// An operation on a semaphore whose units anybody may give back.
    UnownedSemaphore = "unowned semaphore",
    /// An operation on a semaphore with as many units as a series has slots.
    SlotsOf = "slots_of",
    /// An operation on a mempool whose elements anybody may give back.
    UnownedMempool = "unowned mempool",
    /// An operation on a lock, pool or completion that the task has for itself.
    OwnResource = "own lock or pool",
    /// An `order`.
    Order = "order",
    /// `cpus`, not `preemptible`.
    Cpus = "cpus",
    /// `cpus`, `preemptible`.
    Preemptible = "preemptible",
    /// A bounded freelist.
    FreePages = "free_pages",
    /// Something declared that no task uses.
    Unused = "unused declaration",
    /// A series that no task uses and that keeps slots for holders.
    UnusedKept = "unused, for_holders",
    /// A task program that does nothing.
    EmptyProgram = "empty program",
}

impl Construct {
    /// Those that a scenario has.
    #[must_use]
    pub fn of(scenario: &Value) -> BTreeSet<Construct> {
        let mut found = Found {
            scenario,
            constructs: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        for task in list(&scenario["tasks"]) {
            match list(&task["program"]) {
                [] => found.note(Construct::EmptyProgram),
                program => {
                    found.note_if(Construct::AnyCount, task["count"] == "any");
                    found.block(task, program);
                }
            }
        }
        found.settings();
        found.declarations();
        found.constructs
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

struct Found<'a> {
    scenario: &'a Value,
    constructs: BTreeSet<Construct>,
    /// The names that occur in task programs.
    used: BTreeSet<String>,
}

impl Found<'_> {
    fn note(&mut self, construct: Construct) {
        self.constructs.insert(construct);
    }

    fn note_if(&mut self, construct: Construct, there: bool) {
        if there {
            self.note(construct);
        }
    }

    fn block(&mut self, task: &Value, operations: &[Value]) {
        for operation in operations {
            for (key, value) in operation.as_object().into_iter().flatten() {
                self.field(task, operation, key, value);
            }
        }
    }

    fn field(&mut self, task: &Value, operation: &Value, key: &str, value: &Value) {
        let several = operation["n"].as_u64().is_some_and(|n| n > 1);
        let construct = match key {
            "kmap" => Construct::Kmap,
            "try_kmap" if operation["flush"] == true => Construct::TryKmapFlush,
            "try_kmap" => Construct::TryKmap,
            "kunmap_any" => Construct::KunmapAny,
            "kmap_atomic" => Construct::KmapAtomic,
            "kmap_local" => Construct::KmapLocal,
            "spin_lock" => Construct::SpinLock,
            "spin_trylock" => Construct::SpinTrylock,
            "down" if several => Construct::DownSeveral,
            "down" => Construct::Down,
            "down_trylock" => Construct::DownTrylock,
            "down_read" => Construct::DownRead,
            "down_read_trylock" => Construct::DownReadTrylock,
            "down_write" => Construct::DownWrite,
            "down_write_trylock" => Construct::DownWriteTrylock,
            "lock_page" => Construct::LockPage,
            "trylock_page" => Construct::TrylockPage,
            "wait_for_completion" => Construct::Wait,
            "try_wait_for_completion" => Construct::TryWait,
            "complete" => Construct::Complete,
            "alloc_page" => Construct::AllocPage,
            "try_alloc_page" => Construct::TryAllocPage,
            "free_page" => Construct::FreePage,
            "mempool_alloc" => Construct::MempoolAlloc,
            "mempool_try_alloc" => Construct::MempoolTryAlloc,
            "might_sleep" => Construct::MightSleep,
            "choose" => Construct::Choose,
            "select" => Construct::Select,
            "idle" => Construct::Idle,
            "gives_up" => Construct::GivesUp,
            "repeat" => Construct::Repeat,
            "loop" => Construct::Loop,
            "break" => Construct::Break,
            "exit" => Construct::Exit,
            "then" if !list(value).is_empty() => Construct::Then,
            "else" if !list(value).is_empty() => Construct::Else,
            _ => return self.operand(task, operation, key, value),
        };
        self.note(construct);
        self.operand(task, operation, key, value);
    }

    fn operand(&mut self, task: &Value, operation: &Value, key: &str, value: &Value) {
        match value {
            Value::String(name) => {
                self.used.insert(name.clone());
                if key != "series" && key != "type" {
                    let pages = ["alloc_page", "try_alloc_page", "free_page"];
                    let given_back = pages.iter().find_map(|key| operation.get(key));
                    self.named(task, name, given_back.is_none());
                }
            }
            Value::Array(items) if key == "choose" || key == "select" => {
                items
                    .iter()
                    .for_each(|branch| self.block(task, list(branch)));
            }
            Value::Array(items) => self.block(task, items),
            _ => {}
        }
    }

    /// What a name in a task's program stands for.
    fn named(&mut self, task: &Value, name: &str, works_on_it: bool) {
        let page = |pages: &Value| -> Option<Value> {
            let is_it = |page: &&Value| *page == name || page["name"] == name;
            list(pages).iter().find(is_it).cloned()
        };
        let own = page(&task["pages"]);
        let shared = page(&self.scenario["pages"]);
        if let Some(page) = own.as_ref().or(shared.as_ref()) {
            let low = page["highmem"] == false;
            self.note_if(Construct::LowPage, low);
            self.note_if(Construct::OwnPage, !low && own.is_some());
            self.note_if(Construct::SharedPage, !low && own.is_none());
            self.note_if(Construct::StaleAny, page["stale_in"] == "any");
            let somewhere = !page["stale_in"].is_null() && page["stale_in"] != "any";
            self.note_if(Construct::StaleIn, somewhere);
            return;
        }
        let declared = |place: &Value| -> Option<Value> {
            let by_name = place["locks"].get(name).or(place["mempools"].get(name));
            let completion = list(&place["completions"]).iter().find(|c| *c == name);
            by_name.or(completion).cloned()
        };
        let own = declared(task);
        self.note_if(Construct::OwnResource, own.is_some());
        match own.or(declared(self.scenario)) {
            None => self.note_if(Construct::AllocatedPage, works_on_it),
            Some(what) => {
                let unowned = what["owned"] == false;
                let is_pool = what.get("elements").is_some();
                let any = [&what, &what["semaphore"], &what["elements"]];
                self.note_if(
                    Construct::AnyUnits,
                    any.iter().any(|units| **units == "any"),
                );
                self.note_if(Construct::UnownedMempool, unowned && is_pool);
                self.note_if(Construct::UnownedSemaphore, unowned && !is_pool);
                self.note_if(Construct::FairRwsem, what["rwsem"]["fair"] == true);
                self.note_if(Construct::FairSemaphore, what["fair"] == true);
                self.note_if(Construct::Available, !what["available"].is_null());
                if let Some(series) = what["semaphore"]["slots_of"].as_str() {
                    self.note(Construct::SlotsOf);
                    self.used.insert(series.to_owned());
                }
            }
        }
    }

    fn settings(&mut self) {
        let model = &self.scenario["model"];
        for (name, series) in model["series"].as_object().into_iter().flatten() {
            // A series that says nothing keeps none.
            let kept = series["for_holders"].as_u64().unwrap_or(0);
            if !self.used.contains(name) {
                self.note_if(Construct::UnusedKept, kept > 0);
                continue;
            }
            self.note(match series["reuse"].as_str() {
                Some("any") => Construct::ReuseAny,
                Some("own") => Construct::ReuseOwn,
                _ => Construct::ReuseNone,
            });
            let slots = series["slots"].as_u64();
            self.note_if(Construct::AnySlots, slots.is_none());
            if kept > 0 {
                self.note(match slots {
                    None => Construct::ForHoldersAny,
                    Some(slots) if kept >= slots => Construct::ForHoldersBeyond,
                    Some(_) => Construct::ForHolders,
                });
            }
        }
        self.note_if(Construct::Order, !model["order"].is_null());
        let preemptible = self.scenario["preemptible"] == true;
        let cpus = !self.scenario["cpus"].is_null();
        self.note_if(Construct::Cpus, cpus && !preemptible);
        self.note_if(Construct::Preemptible, cpus && preemptible);
        self.note_if(Construct::FreePages, !self.scenario["free_pages"].is_null());
    }

    fn declarations(&mut self) {
        let mut declared: Vec<&str> = Vec::new();
        let keys = |place: &'_ Value| -> Vec<String> {
            place
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect()
        };
        let places = [self.scenario]
            .into_iter()
            .chain(list(&self.scenario["tasks"]));
        let mut names = keys(&self.scenario["model"]["series"]);
        for place in places {
            names.extend(keys(&place["locks"]));
            names.extend(keys(&place["mempools"]));
            let listed = list(&place["pages"])
                .iter()
                .chain(list(&place["completions"]));
            declared.extend(listed.filter_map(|it| it.as_str().or(it["name"].as_str())));
        }
        declared.extend(names.iter().map(String::as_str));
        let unused = declared.iter().any(|&name| !self.used.contains(name));
        self.note_if(Construct::Unused, unused);
    }
}
