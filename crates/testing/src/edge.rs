//! Random scenarios that aim at edges: where numbers are as small or as large as they may be, and
//! where constructs meet that seldom do.
//!
//! Every number is at the edge of a capacity: nothing (where that is legal), one, the capacity, one
//! more or less; or it is `"any"`. And each scenario is written for two constructs that have met
//! least often so far (pairwise testing), with a few others, so that after some hundred scenarios
//! everything that the semantics define has met everything else.
//!
//! | module | what |
//! |---|---|
//! | [`construct`] | what a scenario can be made of, and which of it is there |
//! | [`met`] | which constructs have met |
//! | [`aim`] | a property on scenarios, each aimed at what has met least |
//! | [`pad`] | tasks that make the state space larger and change nothing else |
//! | `dice` | a source of choices that shrinks |
//! | `world` | what tasks share, and the numbers of everything |
//! | `program` | task programs |

pub mod aim;
pub mod construct;
pub(crate) mod dice;
pub mod met;
pub mod pad;
mod program;
mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use construct::Construct;
use dice::Dice;
use met::Pair;
use program::Writer;
use world::{Task, World};

/// Which numbers a scenario has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// At least one is `"any"`.
    Open,
    /// None is `"any"`.
    Given,
}

impl Numbers {
    /// The constructs that such scenarios can have.
    #[must_use]
    pub fn constructs(self) -> Vec<Construct> {
        use Construct as C;
        let open = [C::AnyCount, C::AnySlots, C::AnyUnits, C::ForHoldersAny];
        let all = Construct::ALL.iter().copied();
        all.filter(|construct| self == Numbers::Open || !open.contains(construct))
            .collect()
    }
}

/// So many bytes make a scenario.
const BYTES: usize = 96;
/// Instances of all task programs together, where they are given.
const MOST_TASKS: u32 = 4;

/// Random scenarios for two constructs. (Whether they really have them says [`Construct::of`]: a
/// scenario may come out without.)
pub fn edge_scenario(numbers: Numbers, (a, b): Pair) -> impl Strategy<Value = Value> {
    let constructs = numbers.constructs();
    let bytes = prop::collection::vec(any::<u8>(), BYTES);
    // Zero, which is what shrinking tries: without what the scenario was to be for.
    (bytes, any::<[u8; 2]>()).prop_map(move |(bytes, kept)| {
        let aimed_at = [a, b].into_iter().zip(kept);
        let aimed_at = aimed_at
            .filter(|&(_, kept)| kept > 0)
            .map(|(construct, _)| construct);
        write(
            numbers,
            &constructs,
            aimed_at.collect(),
            &mut Dice::new(&bytes),
        )
    })
}

fn write(
    numbers: Numbers,
    constructs: &[Construct],
    mut wanted: BTreeSet<Construct>,
    dice: &mut Dice<'_>,
) -> Value {
    let extras = dice.pick(&[0, 1, 2, 3]);
    wanted.extend((0..extras).map(|_| dice.pick(constructs)));
    let keeps_slots = wanted.iter().any(|&construct| {
        use Construct as C;
        matches!(
            construct,
            C::UnusedKept | C::ForHoldersBeyond | C::ForHoldersAny
        )
    });
    if keeps_slots || dice.once_in(3) {
        // What is waited for in circles.
        let waits = [
            Construct::Down,
            Construct::SpinLock,
            Construct::DownWrite,
            Construct::Kmap,
        ];
        wanted.extend((0..2).map(|_| dice.pick(&waits)));
    }
    let world = World::new(dice, &wanted, numbers == Numbers::Open);
    let mut statements: Vec<Construct> = (wanted.iter().copied())
        .filter(|&construct| is_statement(construct))
        .collect();
    let needs_series = wanted.iter().any(|&construct| is_of_a_series(construct));
    let maps = [Construct::Kmap, Construct::TryKmap, Construct::TryKmapFlush];
    if statements.is_empty() || (needs_series && !maps.iter().any(|op| wanted.contains(op))) {
        statements.push(Construct::Kmap);
    }
    let pools = [Construct::Down, Construct::MempoolAlloc];
    if wanted.contains(&Construct::AnyUnits) && !pools.iter().any(|op| wanted.contains(op)) {
        statements.push(dice.pick(&pools));
    }
    if dice.once_in(if keeps_slots { 2 } else { 3 }) {
        // Twice: so that a task can be in its own way.
        statements.push(dice.pick(&statements));
    }
    let mut writer = Writer {
        dice,
        world: &world,
        wanted: &wanted,
    };
    let first = writer.dice.shuffled(&statements);
    let mut programs = vec![writer.program(&first)];
    if writer.dice.once_in(2) {
        // The same things the other way round make circles.
        let second: Vec<Construct> = first.iter().rev().copied().collect();
        programs.push(writer.program(&second));
    }
    if wanted.contains(&Construct::EmptyProgram) || dice.once_in(16) {
        programs.push(Vec::new());
    }
    let must_open = numbers == Numbers::Open && !world.is_open();
    let open = numbers == Numbers::Open && (must_open || wanted.contains(&Construct::AnyCount));
    let mut left = MOST_TASKS;
    let mut after = u32::try_from(programs.len()).expect("programs are few");
    let tasks = programs.into_iter().enumerate().map(|(i, program)| {
        let is_any = open && (i == 0 || dice.once_in(2));
        let edge = dice.edge(world.capacity("A"), 1);
        after -= 1;
        // One for each program, even if that is too many.
        let most = left.saturating_sub(after).max(1);
        let count = edge.min(most);
        left = left.saturating_sub(count);
        Task {
            count: (!is_any).then_some(count),
            program,
        }
    });
    let tasks: Vec<Task> = tasks.collect();
    world.scenario(dice, &wanted, tasks)
}

/// Whether it is something that a task does.
fn is_statement(construct: Construct) -> bool {
    use Construct as C;
    let setting = matches!(
        construct,
        C::Order
            | C::Cpus
            | C::Preemptible
            | C::FreePages
            | C::Unused
            | C::UnusedKept
            | C::EmptyProgram
            | C::AnyCount
            | C::AnyUnits
    );
    !setting && !is_of_a_series(construct)
}

/// Whether it is a setting of a series, which somebody has to use.
fn is_of_a_series(construct: Construct) -> bool {
    use Construct as C;
    matches!(
        construct,
        C::ReuseAny
            | C::ReuseOwn
            | C::ReuseNone
            | C::ForHolders
            | C::ForHoldersBeyond
            | C::ForHoldersAny
            | C::AnySlots
    )
}
