//! The lowered program: what every engine runs.
//!
//! A [`Program`] is a scenario after checking: names are resolved to numbers, operations are
//! expanded to primitives, `repeat` is unrolled, and control flow (`loop`, `break`, `exit`, the
//! rejoining of `then` and `else`) has become edges between [`Node`]s. It is plain data, shared
//! by all engines, and knows nothing of how steps are taken: that is the `machine`'s business.
//!
//! Every node remembers its [`Origin`]: the chain of operations in the files that it came from.

mod beside;
mod blocks;
mod finding;
mod op;
pub(crate) mod sizes;
mod uses;

pub use blocks::{Assumption, NamedBlock};
pub use finding::{FindingKind, Level};
pub use op::Op;

/// Index of a series in [`Program::series`].
pub type SeriesId = usize;
/// Index of a template in [`Program::templates`].
pub type TemplateId = usize;
/// Index of a node in [`Template::nodes`].
pub type NodeId = usize;
/// Index of an origin in [`Program::origins`].
pub type OriginId = usize;
/// Index of a `kmap_atomic` type in [`Program::atomic_types`].
pub type AtomicTypeId = usize;

/// A scenario, checked and lowered, together with the model it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The scenario's name.
    pub name: String,
    /// What the scenario shows, in its author's words.
    pub about: Option<String>,
    /// Where the scenario comes from.
    pub source: Option<String>,
    /// A remark of the scenario's author.
    pub note: Option<String>,
    /// Name of the model; empty where the scenario has none but itself.
    pub model: String,
    /// The files, numbered as [`Location::file`] has them; the scenario's own comes first.
    pub files: Vec<String>,
    /// The series of kmap slots; after them those that stand for units ([`Series::of_units`]).
    pub series: Vec<Series>,
    /// Names of the `kmap_atomic` types in use.
    pub atomic_types: Vec<String>,
    /// Locks, mempools and completions that all tasks share.
    pub resources: Vec<Resource>,
    /// Pages that all tasks share; each is also a name all tasks know.
    pub pages: Vec<PageDecl>,
    /// How many free pages there are at the start; `None`: as many as anybody asks for.
    pub free_pages: Option<u32>,
    /// CPUs as a resource, if the scenario wants them.
    pub cpus: Option<Cpus>,
    /// The task programs.
    pub templates: Vec<Template>,
    /// Where nodes come from.
    pub origins: Vec<Origin>,
    /// The blocks of the scenario; their steps are nodes of the task programs that run them.
    pub blocks: Vec<NamedBlock>,
    /// What the scenario says that it assumes.
    pub assumed: Vec<Assumption>,
    /// The findings the scenario expects, sorted; `None`: nothing is expected.
    pub expect: Option<Vec<FindingKind>>,
}

/// A series: a pool of kmap slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its name, such as `PAGETABLE`.
    pub name: String,
    /// How many slots it has.
    pub slots: Bound,
    /// Which existing mappings a kmap accepts.
    pub reuse: Reuse,
    /// So many last slots are kept for tasks that already have a pin lying in the series.
    pub for_holders: u32,
    /// Place in the model's `order`, first to last; `None`: the series is free of the rule.
    pub rank: Option<usize>,
    /// Whether its slots stand for the units of the semaphore or mempool of that name, which has
    /// any number of them. Nobody maps pages in such a series.
    pub of_units: bool,
    /// Whether it is a pool of the scenario's own: declared by it, without a word on mappings, and asked
    /// for through operations only. Then it is spoken of as units that are held, not as slots that
    /// are pinned.
    pub is_pool: bool,
}

/// A number, or every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// This many; never zero.
    Exactly(u32),
    /// The claim is about every number.
    Any,
}

/// Which existing mappings of a page a kmap accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// One in whatever `any` or `own` series.
    Any,
    /// One in the series asked for.
    Own,
    /// None: each kmap takes a slot of its own.
    None,
}

impl Reuse {
    /// Whether mappings of such a series are found again through the page, and so go stale
    /// instead of free when their last user leaves.
    #[must_use]
    pub fn keeps_mappings(self) -> bool {
        self != Reuse::None
    }
}

/// Something that is waited for, other than a slot, a page lock, memory or a CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name in the scenario.
    pub name: String,
    /// What it is.
    pub kind: ResourceKind,
    /// The series whose slots a semaphore or mempool has as units (`"slots_of"`, or one of its own
    /// for `"any"`). `units` is that number, or `u32::MAX` where the slots are [`Bound::Any`].
    pub follows: Option<SeriesId>,
    /// Place in the model's `order`, on one scale with [`Series::rank`]; `None`: it is free of the
    /// rule. Only locks (spinlocks, semaphores, rwsems) have one.
    pub rank: Option<usize>,
}

/// The kinds of [`Resource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// A spinlock.
    Spinlock,
    /// A reader-writer semaphore; `fair` ones hold new readers back once a writer waits.
    Rwsem {
        /// Whether a waiting writer holds new readers back.
        fair: bool,
    },
    /// A counting semaphore.
    Semaphore {
        /// Units that there are; never zero.
        units: u32,
        /// Whether only the task that took units may give them back.
        owned: bool,
        /// Units that are there at the start, if not all are.
        available: Option<u32>,
        /// Whether those who wait are served in the order in which they came.
        fair: bool,
    },
    /// A mempool; its elements are units.
    Mempool {
        /// Elements that there are; never zero.
        units: u32,
        /// Whether only the task that took elements may give them back.
        owned: bool,
        /// Elements that are there at the start, if not all are.
        available: Option<u32>,
    },
    /// A completion: a counter that starts at 0.
    Completion,
}

impl ResourceKind {
    /// What people call it, such as `spinlock`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ResourceKind::Spinlock => "spinlock",
            ResourceKind::Rwsem { .. } => "rwsem",
            ResourceKind::Semaphore { .. } => "semaphore",
            ResourceKind::Mempool { .. } => "mempool",
            ResourceKind::Completion => "completion",
        }
    }

    /// Whether only who took it gives it back. Some pools are open to everybody, and a completion is
    /// given by whoever completes it.
    #[must_use]
    pub fn is_owned(self) -> bool {
        match self {
            ResourceKind::Spinlock | ResourceKind::Rwsem { .. } => true,
            ResourceKind::Semaphore { owned, .. } | ResourceKind::Mempool { owned, .. } => owned,
            ResourceKind::Completion => false,
        }
    }

    /// How many units of a semaphore, or elements of a mempool, there are.
    #[must_use]
    pub fn units(self) -> Option<u32> {
        match self {
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => {
                Some(units)
            }
            ResourceKind::Spinlock | ResourceKind::Rwsem { .. } | ResourceKind::Completion => None,
        }
    }

    /// How many of its units or elements are there at the start.
    #[must_use]
    pub fn units_at_start(self) -> Option<u32> {
        match self {
            ResourceKind::Semaphore {
                units, available, ..
            }
            | ResourceKind::Mempool {
                units, available, ..
            } => Some(available.unwrap_or(units).min(units)),
            ResourceKind::Spinlock | ResourceKind::Rwsem { .. } | ResourceKind::Completion => None,
        }
    }

    /// Whether those who wait for it have places in a queue.
    #[must_use]
    pub fn has_queue(self) -> bool {
        matches!(self, ResourceKind::Semaphore { fair: true, .. })
    }
}

/// Refers to something shared by all tasks or to the task instance's own.
///
/// `Shared(i)` indexes the program's list ([`Program::resources`], [`Program::pages`]), `Own(i)`
/// the template's ([`Template::resources`], [`Template::vars`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ref {
    /// One for all tasks.
    Shared(usize),
    /// One for each instance.
    Own(usize),
}

/// A page that exists from the start, allocated, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDecl {
    /// Its name.
    pub name: String,
    /// False for low memory, which needs no kmap slot.
    pub highmem: bool,
    /// Where it is still mapped from an earlier use.
    pub stale_in: StaleIn,
}

/// Where a declared page is mapped, without users, at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaleIn {
    /// In exactly these series (sorted, no duplicates; usually none or one).
    Exactly(Vec<SeriesId>),
    /// Every set of series that the reuse policies allow and that fits the slots is an initial
    /// state, the empty one included.
    Any,
}

/// CPUs as a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus {
    /// How many; never zero.
    pub count: u32,
    /// Whether a task can lose its CPU at any step outside atomic context.
    pub preemptible: bool,
}

/// A task program and how many interchangeable instances run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The task's name; instances of a template with more than one are called `name#1` and so on.
    pub name: String,
    /// How many instances.
    pub count: Bound,
    /// The page names an instance has for itself: declared pages first, then those that only
    /// `alloc_page` binds.
    pub vars: Vec<Variable>,
    /// Locks, mempools and completions that each instance has for itself.
    pub resources: Vec<Resource>,
    /// The steps.
    pub nodes: Vec<Node>,
    /// Where an instance starts.
    pub entry: Target,
}

/// A page name of a task instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The page it is bound to at the start, if it was declared.
    pub page: Option<PageDecl>,
}

/// Where control goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The next node; `None`: the task ends.
    pub node: Option<NodeId>,
    /// Whether the way there passes the end of a `loop` round.
    pub round: bool,
}

/// One step of a task program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Where control goes: one target; two, success and failure, for try-operations and for those
    /// that give up; for [`Op::Choose`] and [`Op::Select`] one for each branch, and for a select that
    /// gives up one more, last.
    pub next: Vec<Target>,
    /// How long a task waits there.
    pub patience: Patience,
    /// Where it comes from.
    pub origin: OriginId,
}

/// How long a task waits for an operation that cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Patience {
    /// Until it can go on.
    #[default]
    Endless,
    /// The same; and to wait there for ever is a good end (`"idle"`).
    Idle,
    /// Until it can go on, or a time-out or a signal ends the wait (`"gives_up"`).
    GivesUp,
}

/// Where a node comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The operations from the one in the scenario (first) down to the primitive (last); a
    /// primitive written in the scenario itself is both.
    pub chain: Vec<Frame>,
    /// Which of them says in the scenario's words what the primitive does: usually that itself.
    pub shown: usize,
    /// The block that the first of them stands in, in [`Program::blocks`]; `None`: in a task program.
    pub block: Option<usize>,
}

/// One operation of an [`Origin`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The operation with its arguments resolved, such as `kmap(old_pte, PAGETABLE)`.
    pub text: String,
    /// Where it stands.
    pub location: Location,
    /// Its `at`: where in the kernel.
    pub at: Option<String>,
    /// Its `note`.
    pub note: Option<String>,
}

impl Origin {
    /// The primitive with its arguments, such as `kmap(old_pte, PAGETABLE)`; where the scenario has
    /// pools of its own, and an operation that is one primitive, that operation: `acquire(c)`.
    #[must_use]
    pub fn text(&self) -> &str {
        self.chain.get(self.shown).map_or("", |frame| &frame.text)
    }

    /// Whether that is another name for the primitive.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        self.shown + 1 < self.chain.len()
    }

    /// The operation as the scenario has it, such as `pte_offset(old_pte)`.
    #[must_use]
    pub fn written(&self) -> &str {
        self.chain.first().map_or("", |frame| &frame.text)
    }

    /// Where the scenario has it.
    #[must_use]
    pub fn location(&self) -> Location {
        self.chain
            .first()
            .map_or_else(Location::default, |frame| frame.location)
    }

    /// The nearest `at`, from the primitive outwards.
    #[must_use]
    pub fn at(&self) -> Option<&str> {
        self.chain
            .iter()
            .rev()
            .find_map(|frame| frame.at.as_deref())
    }

    /// The nearest `note`, from the primitive outwards.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.chain
            .iter()
            .rev()
            .find_map(|frame| frame.note.as_deref())
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Index in [`Program::files`].
    pub file: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Program {
    /// The resource that `reference` names, seen from an instance of `template`.
    #[must_use]
    pub fn resource(&self, template: TemplateId, reference: Ref) -> &Resource {
        match reference {
            Ref::Shared(i) => &self.resources[i],
            Ref::Own(i) => &self.templates[template].resources[i],
        }
    }

    /// The page name that `reference` stands for, seen from an instance of `template`.
    #[must_use]
    pub fn page_name(&self, template: TemplateId, reference: Ref) -> &str {
        match reference {
            Ref::Shared(i) => &self.pages[i].name,
            Ref::Own(i) => &self.templates[template].vars[i].name,
        }
    }

    /// How many task instances there are, or `None` if some template's `count` is `"any"`.
    #[must_use]
    pub fn task_count(&self) -> Option<u64> {
        self.templates
            .iter()
            .try_fold(0, |sum, template| match template.count {
                Bound::Exactly(n) => Some(sum + u64::from(n)),
                Bound::Any => None,
            })
    }

    /// `mremap on pte-highmem-5`; a scenario that is a model to itself by its name alone.
    #[must_use]
    pub fn title(&self) -> String {
        match self.model.as_str() {
            "" => self.name.clone(),
            model => format!("{} on {model}", self.name),
        }
    }

    /// The kinds of finding that there can be at all: where nobody gives up, nobody is rescued by it.
    pub fn kinds_in_question(&self) -> impl Iterator<Item = FindingKind> {
        let gives_up = self.has_patience(Patience::GivesUp);
        let kinds = FindingKind::ALL.into_iter();
        kinds.filter(move |&kind| gives_up || kind != FindingKind::TimeoutRescue)
    }

    /// Whether some task waits in that way.
    #[must_use]
    pub fn has_patience(&self, patience: Patience) -> bool {
        let mut nodes = self.templates.iter().flat_map(|template| &template.nodes);
        nodes.any(|node| node.patience == patience)
    }

    /// Whether some operation is one that `which` accepts.
    pub fn has_op(&self, which: impl Fn(Op) -> bool) -> bool {
        let mut nodes = self.templates.iter().flat_map(|template| &template.nodes);
        nodes.any(|node| which(node.op))
    }

    /// Whether some task program can run for ever.
    #[must_use]
    pub fn has_loops(&self) -> bool {
        self.templates.iter().any(Template::has_loops)
    }

    /// A location as `file:line:column`.
    #[must_use]
    pub fn show_location(&self, location: Location) -> String {
        let file = self.files.get(location.file).map_or("?", String::as_str);
        format!("{file}:{}:{}", location.line, location.column)
    }
}
