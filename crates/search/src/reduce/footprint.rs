//! What a step touches, and so which steps commute.
//!
//! Tasks meet in *things*: the slots of a series, a shared lock, pool or completion, the lock of a
//! shared page, and, in programs that allocate or free pages, the pages as a whole. An operation
//! touches a thing in one of four ways, and two operations of different tasks commute unless, for
//! some thing,
//!
//! | | take | read | give | any |
//! |---|---|---|---|---|
//! | take | × | × | | × |
//! | read | × | | | × |
//! | give | | | | × |
//! | any | × | × | × | × |
//!
//! A *take* has to wait while there is not enough, and changes nothing else; a *give* adds; a
//! *read* is a take that goes with others of its kind. Where a take can happen it can happen after
//! any give, with the same result; two gives add up. Whatever looks at how much there is without
//! waiting for it (a try), or does different things according to it (a kmap that may flush, a fair
//! rwsem), touches in *any* way. docs/reductions.md has the argument thing by thing, and
//! [`super::check`] puts it to the test.

use kmapcheck_machine::{
    Held, Map, Name, Shared, Standing, Task, Wait, acceptable_series, resolve,
};
use kmapcheck_scenario::{Node, NodeId, Op, Program, Ref, ResourceKind, SeriesId, TemplateId};

/// In which way a thing is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Take,
    Read,
    Give,
    Any,
}

/// A thing, and the way it is touched.
pub(crate) type Touch = (usize, Way);

/// The things that what is left of a task program may touch, by way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Future {
    ways: [Vec<u64>; 4],
}

impl Future {
    fn new(things: usize) -> Future {
        let empty = || vec![0; things.div_ceil(64)];
        Future {
            ways: [empty(), empty(), empty(), empty()],
        }
    }

    fn add(&mut self, (thing, way): Touch) {
        self.ways[way as usize][thing / 64] |= 1 << (thing % 64);
    }

    /// Adds what the other may touch; whether that was anything new.
    fn join(&mut self, other: &Future) -> bool {
        let mut changed = false;
        for (ours, theirs) in self.ways.iter_mut().zip(&other.ways) {
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                changed |= *theirs & !*ours != 0;
                *ours |= theirs;
            }
        }
        changed
    }

    fn has(&self, thing: usize, way: Way) -> bool {
        self.ways[way as usize][thing / 64] >> (thing % 64) & 1 == 1
    }

    /// Whether it may touch the thing at all.
    fn touches(&self, thing: usize) -> bool {
        [Way::Take, Way::Read, Way::Give, Way::Any]
            .into_iter()
            .any(|way| self.has(thing, way))
    }

    /// Whether something in it may not commute with a step that touches this.
    pub(crate) fn conflicts(&self, (thing, way): Touch) -> bool {
        match way {
            Way::Any => self.touches(thing),
            Way::Take => [Way::Take, Way::Read, Way::Any]
                .into_iter()
                .any(|other| self.has(thing, other)),
            Way::Read => self.has(thing, Way::Take) || self.has(thing, Way::Any),
            Way::Give => self.has(thing, Way::Any),
        }
    }
}

/// What the operations of a program touch.
pub(crate) struct Footprints<'a> {
    program: &'a Program,
    /// Whether pages change hands.
    paged: bool,
    /// Whether the name of a freed page may outlive it: a shared one remembers its page for as long as
    /// any task has a map of it or its lock, and the page may be another's by then.
    remembers: bool,
    /// By template and node: what may still be touched from there on, the node included.
    futures: Vec<Vec<Future>>,
    /// By template: the series in which its pins may lie.
    pinned_in: Vec<Vec<SeriesId>>,
}

impl<'a> Footprints<'a> {
    pub(crate) fn of(program: &'a Program) -> Footprints<'a> {
        let mut nodes = program.templates.iter().flat_map(|t| &t.nodes);
        let allocates = nodes
            .clone()
            .any(|node| matches!(node.op, Op::AllocPage { .. } | Op::TryAllocPage { .. }));
        let frees = nodes.any(|node| matches!(node.op, Op::FreePage { .. }));
        let mut footprints = Footprints {
            program,
            paged: allocates || frees,
            remembers: allocates && frees && !program.pages.is_empty(),
            futures: Vec::new(),
            pinned_in: Vec::new(),
        };
        for id in 0..program.templates.len() {
            let pinned_in = footprints.series_of(id);
            footprints.pinned_in.push(pinned_in);
            let futures = footprints.futures_of(id);
            footprints.futures.push(futures);
        }
        footprints
    }

    fn resource(&self, r: usize) -> usize {
        self.program.series.len() + r
    }

    /// The lock of a shared page; where pages change hands, of any page.
    fn page_lock(&self, page: usize) -> usize {
        let first = self.program.series.len() + self.program.resources.len();
        first + if self.paged { 0 } else { page }
    }

    /// The pages as a whole: who frees what, and what comes off the freelist.
    fn pages(&self) -> usize {
        self.program.series.len() + self.program.resources.len() + self.program.pages.len().max(1)
    }

    fn things(&self) -> usize {
        self.pages() + 1
    }

    fn series_of(&self, template: TemplateId) -> Vec<SeriesId> {
        let mut series = Vec::new();
        for node in &self.program.templates[template].nodes {
            if let Op::Kmap { series: asked, .. } | Op::TryKmap { series: asked, .. } = node.op {
                series.push(asked);
                series.extend(acceptable_series(self.program, asked));
            }
        }
        series.sort_unstable();
        series.dedup();
        series
    }

    fn futures_of(&self, template: TemplateId) -> Vec<Future> {
        let nodes = &self.program.templates[template].nodes;
        let mut futures: Vec<Future> = (nodes.iter())
            .map(|node| {
                let mut future = Future::new(self.things());
                let ends = self.ends(node);
                for touch in self.touches(template, node).into_iter().chain(ends) {
                    future.add(touch);
                }
                future
            })
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for (i, node) in nodes.iter().enumerate().rev() {
                for next in node.next.iter().filter_map(|target| target.node) {
                    let other = futures[next].clone();
                    changed |= futures[i].join(&other);
                }
            }
        }
        futures
    }

    /// What may be touched from a node on.
    pub(crate) fn future(&self, template: TemplateId, node: NodeId) -> &Future {
        &self.futures[template][node]
    }

    /// Whether the page of that name never needs a slot.
    fn is_low(&self, template: TemplateId, page: Ref) -> bool {
        let declared = match page {
            Ref::Shared(i) => Some(&self.program.pages[i]),
            Ref::Own(i) => self.program.templates[template].vars[i].page.as_ref(),
        };
        !self.paged && declared.is_some_and(|page| !page.highmem)
    }

    /// What a node may touch, whenever it is carried out. A select looks at what there is, of all its
    /// first operations.
    fn touches(&self, template: TemplateId, node: &Node) -> Vec<Touch> {
        let nodes = &self.program.templates[template].nodes;
        let firsts = node
            .arms()
            .flat_map(|first| self.may_touch(template, nodes[first].op));
        let firsts = firsts.map(|(thing, _)| (thing, Way::Any));
        self.may_touch(template, node.op)
            .into_iter()
            .chain(firsts)
            .collect()
    }

    /// What an operation may touch, whenever it is carried out.
    fn may_touch(&self, template: TemplateId, op: Op) -> Vec<Touch> {
        let mut touches = Vec::new();
        match op {
            Op::Kmap { page, series } if !self.is_low(template, page) => {
                self.kmap(series, Way::Take, &mut touches);
            }
            Op::TryKmap { page, series, .. } if !self.is_low(template, page) => {
                self.kmap(series, Way::Any, &mut touches);
            }
            Op::Kunmap { .. } | Op::KunmapAny { .. } => {
                let series = self.pinned_in[template].iter();
                touches.extend(series.map(|&series| (series, Way::Give)));
            }
            Op::SpinLock { lock } => self.shared(lock, Way::Take, &mut touches),
            Op::SpinTrylock { lock } => self.shared(lock, Way::Any, &mut touches),
            Op::SpinUnlock { lock } => self.shared(lock, Way::Give, &mut touches),
            Op::Down { pool, .. } => {
                let way = self.unless_queued(template, pool, Way::Take);
                self.shared(pool, way, &mut touches);
            }
            Op::DownTrylock { pool, .. } => self.shared(pool, Way::Any, &mut touches),
            Op::Up { pool, .. } => {
                // Who gives back what nobody owns is told off if nothing is out.
                let way = if self.is_owned(template, pool) {
                    self.unless_queued(template, pool, Way::Give)
                } else {
                    Way::Any
                };
                self.shared(pool, way, &mut touches);
            }
            Op::DownRead { lock } => self.rwsem(template, lock, Way::Read, &mut touches),
            Op::DownWrite { lock } => self.rwsem(template, lock, Way::Take, &mut touches),
            Op::DownReadTrylock { lock } | Op::DownWriteTrylock { lock } => {
                self.shared(lock, Way::Any, &mut touches);
            }
            Op::UpRead { lock } | Op::UpWrite { lock } => {
                self.rwsem(template, lock, Way::Give, &mut touches);
            }
            Op::LockPage { page } => self.locks_page(page, Way::Take, &mut touches),
            Op::TrylockPage { page } => self.locks_page(page, Way::Any, &mut touches),
            Op::UnlockPage { page } => self.locks_page(page, Way::Give, &mut touches),
            Op::WaitForCompletion { completion } => {
                self.shared(completion, Way::Take, &mut touches);
            }
            Op::TryWaitForCompletion { completion } => {
                self.shared(completion, Way::Any, &mut touches);
            }
            Op::Complete { completion } => self.shared(completion, Way::Give, &mut touches),
            // Low memory has no slots.
            Op::Kmap { .. } | Op::TryKmap { .. } => {}
            // What these touch is pages.
            Op::AllocPage { .. } | Op::TryAllocPage { .. } | Op::FreePage { .. } => {}
            Op::KmapAtomic { .. }
            | Op::KunmapAtomic { .. }
            | Op::KmapLocal { .. }
            | Op::KunmapLocal { .. }
            | Op::MightSleep
            | Op::Choose
            | Op::Select => {}
        }
        self.uses_pages(op, &mut touches);
        touches
    }

    fn uses_pages(&self, op: Op, touches: &mut Vec<Touch>) {
        if !self.paged {
            return;
        }
        match op {
            _ if op.uses_freelist() => touches.push((self.pages(), Way::Any)),
            _ if op.page().is_some() && self.remembers => {
                touches.push((self.pages(), Way::Any));
            }
            _ if op.page().is_some() => touches.push((self.pages(), Way::Give)),
            _ => {}
        }
    }

    /// A task that ends has no maps any more, for the sake of which a name would remember its page.
    fn ends(&self, node: &Node) -> Option<Touch> {
        let may_end = node.next.iter().any(|target| target.node.is_none());
        (self.remembers && may_end).then(|| (self.pages(), Way::Any))
    }

    /// A kmap that may find a mapping or have to flush looks at, and changes, the mappings of all
    /// series in which one would do.
    fn kmap(&self, series: SeriesId, way: Way, touches: &mut Vec<Touch>) {
        if !self.program.series[series].reuse.keeps_mappings() {
            touches.push((series, way));
            return;
        }
        touches.push((series, Way::Any));
        let others = acceptable_series(self.program, series).filter(|&other| other != series);
        touches.extend(others.map(|other| (other, Way::Any)));
    }

    fn shared(&self, what: Ref, way: Way, touches: &mut Vec<Touch>) {
        if let Ref::Shared(r) = what {
            touches.push((self.resource(r), way));
        }
    }

    /// In a queue the order in which tasks come makes a difference.
    fn unless_queued(&self, template: TemplateId, pool: Ref, way: Way) -> Way {
        if self.program.resource(template, pool).kind.has_queue() {
            Way::Any
        } else {
            way
        }
    }

    fn rwsem(&self, template: TemplateId, lock: Ref, way: Way, touches: &mut Vec<Touch>) {
        let way = if self.is_fair(template, lock) {
            Way::Any
        } else {
            way
        };
        self.shared(lock, way, touches);
    }

    fn locks_page(&self, page: Ref, way: Way, touches: &mut Vec<Touch>) {
        match page {
            Ref::Shared(i) => touches.push((self.page_lock(i), way)),
            Ref::Own(_) if self.paged => touches.push((self.page_lock(0), way)),
            Ref::Own(_) => {}
        }
    }

    fn is_fair(&self, template: TemplateId, lock: Ref) -> bool {
        let kind = self.program.resource(template, lock).kind;
        matches!(kind, ResourceKind::Rwsem { fair: true })
    }

    fn is_owned(&self, template: TemplateId, pool: Ref) -> bool {
        self.program.resource(template, pool).kind.is_owned()
    }

    /// What the next step of a task touches, as things are now.
    pub(crate) fn footprint_of(&self, task: &Task, shared: &Shared) -> Vec<Touch> {
        let Some(at) = task.at else {
            return Vec::new();
        };
        let node = &self.program.templates[task.template].nodes[at];
        let op = node.op;
        let mut touches = match op {
            Op::Kunmap { page } => self.unmap_now(task, shared, page, op, Map::is_pin),
            Op::KunmapAny { page } => self.unmap_now(task, shared, page, op, |_| true),
            Op::Kmap { page, series } if self.maps_once_more(task, shared, page, series) => {
                Vec::new()
            }
            _ => self.touches(task.template, node),
        };
        touches.extend(self.ends(node));
        touches
    }

    /// The slot that an unmap gives back: names and pins are the task's own affair.
    fn unmap_now(
        &self,
        task: &Task,
        shared: &Shared,
        name: Ref,
        op: Op,
        fits: impl Fn(Map) -> bool,
    ) -> Vec<Touch> {
        let mut touches = Vec::new();
        self.uses_pages(op, &mut touches);
        let (Name::Page(page) | Name::Dangling(Some(page))) = resolve(task, shared, name) else {
            return touches;
        };
        let latest = |map: &&Map| map.page() == page && fits(**map);
        if let Some(&Map::Pin { lies, .. }) = task.maps.iter().rev().find(latest) {
            let own = !self.paged && matches!(name, Ref::Own(_));
            // The mapping of a page of its own stays where the task has another pin of it.
            if !(own && shared.page(page).count[lies] > 2) {
                touches.push((lies, Way::Give));
            }
        }
        touches
    }

    /// Whether a kmap takes a mapping of a page of the task's own that it pins already: nobody else
    /// can see that, or come between.
    fn maps_once_more(&self, task: &Task, shared: &Shared, name: Ref, series: SeriesId) -> bool {
        let (false, Ref::Own(_), Name::Page(page)) =
            (self.paged, name, resolve(task, shared, name))
        else {
            return false;
        };
        let pinned = |series: SeriesId| {
            (task.maps.iter()).any(
                |map| matches!(*map, Map::Pin { page: p, lies, .. } if (p, lies) == (page, series)),
            )
        };
        let mut mapped = acceptable_series(self.program, series)
            .filter(|&series| shared.page(page).count[series] > 0)
            .peekable();
        mapped.peek().is_some() && mapped.all(pinned)
    }

    /// Whether what `other` does first could end the wait of `task`; never false if it could.
    pub(crate) fn could_help(&self, task: &Task, standing: Standing, other: &Task) -> bool {
        let (Some(at), Some(theirs), Standing::Waits(waiting)) = (task.at, other.at, standing)
        else {
            return false;
        };
        let op = self.program.templates[task.template].nodes[at].op;
        let future = self.future(other.template, theirs);
        if self.paged
            && (op.page().is_some() || op == Op::Select)
            && future.has(self.pages(), Way::Any)
        {
            return true;
        }
        let holds = |what: Ref| match what {
            Ref::Shared(_) => other.held.iter().any(|held| held.what == what),
            Ref::Own(_) => false,
        };
        let touches = |what: Ref| match what {
            Ref::Shared(r) => future.touches(self.resource(r)),
            Ref::Own(_) => false,
        };
        // Who holds something gives it back at the end of its program, if it does.
        let holds_any = |thing: usize| {
            let lock =
                |held: &Held| matches!(held.what, Ref::Shared(r) if self.resource(r) == thing);
            other.held.iter().any(lock)
                || (thing < self.program.series.len() && other.pins_in(thing))
        };
        match waiting.wait {
            Some(Wait::Slot { series, .. }) => {
                if self.program.series[series].reuse.keeps_mappings() {
                    future.touches(series)
                        || acceptable_series(self.program, series).any(|s| future.touches(s))
                } else {
                    other.pins_in(series)
                }
            }
            Some(Wait::Spin(lock)) => holds(lock),
            Some(Wait::Read(lock) | Wait::Write(lock)) => {
                if self.is_fair(task.template, lock) {
                    touches(lock)
                } else {
                    holds(lock)
                }
            }
            Some(Wait::Units(pool, _)) => {
                if self.is_owned(task.template, pool) {
                    holds(pool)
                } else {
                    touches(pool)
                }
            }
            Some(Wait::Completion(completion)) => touches(completion),
            Some(Wait::PageLock(_)) => match op.page() {
                Some(Ref::Shared(page)) => future.touches(self.page_lock(page)),
                _ => self.paged && future.touches(self.page_lock(0)),
            },
            Some(Wait::Memory) => future.touches(self.pages()),
            Some(Wait::Turn { pool, .. }) => touches(pool),
            // Whatever touches one of the things that its first operations touch.
            Some(Wait::AnyOf(_)) => {
                let node = &self.program.templates[task.template].nodes[at];
                let mut things = self.touches(task.template, node).into_iter();
                things.any(|(thing, _)| future.touches(thing) || holds_any(thing))
            }
            None => true,
        }
    }
}
