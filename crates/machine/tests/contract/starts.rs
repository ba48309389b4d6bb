//! The initial states by plain enumeration.

use kmapcheck_machine::{ReplayError, Start, Starts, Trace, is_open, run};
use kmapcheck_scenario::{Bound, Overrides, PageDecl, Program, Reuse, StaleIn, load_str};

use crate::state::instances;

type Word = Vec<Vec<usize>>;

/// The pages declared: those of all tasks, then task by task.
fn declared(program: &Program) -> Vec<&PageDecl> {
    let mut pages: Vec<_> = program.pages.iter().collect();
    for template in &program.templates {
        for _ in 0..instances(template.count) {
            let own = template
                .vars
                .iter()
                .filter_map(|variable| variable.page.as_ref());
            pages.extend(own);
        }
    }
    pages
}

/// The sets of series in which an earlier use can have left a page mapped, smallest number first,
/// where the first series is the lowest bit. A page has at most one mapping in all `any` series: a
/// kmap in another of them takes that.
fn sets(program: &Program, page: &PageDecl) -> Vec<Vec<usize>> {
    let series = program.series.len();
    let reuse = |s: usize| program.series[s].reuse;
    let all = (0..1usize << series).map(|bits| {
        let members = (0..series).filter(|s| bits >> s & 1 == 1);
        members.collect::<Vec<usize>>()
    });
    let allowed = |set: &Vec<usize>| {
        set.iter().all(|&s| reuse(s) != Reuse::None)
            && set.iter().filter(|&&s| reuse(s) == Reuse::Any).count() <= 1
            && (page.highmem || set.is_empty())
    };
    all.filter(allowed).collect()
}

fn declared_open(program: &Program) -> Vec<&PageDecl> {
    let mut pages = declared(program);
    pages.retain(|page| {
        assert_eq!(is_open(page), page.stale_in == StaleIn::Any);
        page.stale_in == StaleIn::Any
    });
    pages
}

/// How many pages there are of which it is open where they are mapped at the start.
pub fn open_pages(program: &Program) -> usize {
    declared_open(program).len()
}

fn fits(program: &Program, fixed: &[usize], word: &Word) -> bool {
    (0..program.series.len()).all(|series| {
        let open = word.iter().flatten().filter(|&&s| s == series).count();
        let fixed = fixed.iter().filter(|&&s| s == series).count();
        match program.series[series].slots {
            Bound::Exactly(slots) => open + fixed <= slots as usize,
            Bound::Any => true,
        }
    })
}

/// All initial states, in the order of a dictionary; `None`: more than `most`.
pub fn all(program: &Program, most: usize) -> Option<Vec<Word>> {
    let mut fixed = Vec::new();
    let mut words: Vec<Word> = vec![vec![]];
    for page in declared(program) {
        match &page.stale_in {
            StaleIn::Exactly(series) => fixed.extend(series.iter().copied()),
            StaleIn::Any => {
                let mut longer = Vec::new();
                for word in &words {
                    for set in sets(program, page) {
                        let mut word = word.clone();
                        word.push(set);
                        longer.push(word);
                    }
                }
                words = longer;
                if words.len() > most {
                    return None;
                }
            }
        }
    }
    words.retain(|word| fits(program, &fixed, word));
    Some(words)
}

/// A start without regard to the order of alike instances: for each template its ways, sorted.
fn up_to_order(program: &Program, word: &Word) -> (Word, Vec<Vec<Word>>) {
    let open = |page: &PageDecl| page.stale_in == StaleIn::Any;
    let shared = program.pages.iter().filter(|page| open(page)).count();
    let (shared, mut rest) = word.split_at(shared);
    let mut ways = Vec::new();
    for template in &program.templates {
        let own = template
            .vars
            .iter()
            .filter_map(|variable| variable.page.as_ref());
        let own = own.filter(|page| open(page)).count();
        let mut of_template = Vec::new();
        for _ in 0..instances(template.count) {
            let (way, after) = rest.split_at(own);
            of_template.push(way.to_vec());
            rest = after;
        }
        of_template.sort();
        ways.push(of_template);
    }
    (shared.to_vec(), ways)
}

/// Holds the machine's initial states against these. How many there are; `None`: too many.
pub fn compare(program: &Program) -> Option<usize> {
    let expected = all(program, 1_000)?;
    let words = |starts: Starts<'_>| starts.map(|start| start.stale).collect::<Vec<Word>>();
    assert_eq!(words(Starts::of(program)), expected);
    let once = words(Starts::up_to_order(program));
    let mut classes: Vec<_> = expected
        .iter()
        .map(|word| up_to_order(program, word))
        .collect();
    classes.sort();
    classes.dedup();
    let mut found: Vec<_> = once.iter().map(|word| up_to_order(program, word)).collect();
    found.sort();
    assert_eq!(found, classes);
    assert!(once.iter().all(|word| expected.contains(word)));
    // What is no start is refused: too many leftovers for the slots, or those that no page can have.
    let open = declared_open(program);
    let series = program.series.len();
    let any_set = (0..=series).flat_map(|a| [vec![a], vec![a, 0], vec![0, a]]);
    let any_set: Vec<Vec<usize>> = any_set.collect();
    for word in expected.iter().step_by(1 + expected.len() / 4) {
        for page in 0..word.len() {
            for set in sets(program, open[page]).iter().chain(&any_set) {
                let mut stale = word.clone();
                stale[page].clone_from(set);
                let is_start = expected.contains(&stale);
                let start = Start { stale };
                if sets(program, open[page]).contains(set) {
                    assert_eq!(start.fits(program), is_start);
                }
                let trace = Trace {
                    start,
                    steps: Vec::new(),
                };
                let started = run(program, &trace, |_, _, _, _| ()).map(|_| ());
                let refused = if is_start {
                    Ok(())
                } else {
                    Err(ReplayError::Start)
                };
                assert_eq!(started, refused);
            }
        }
    }
    Some(expected.len())
}

/// Any number of slots has room for whatever is left over.
#[test]
fn any_number_of_slots_has_room() {
    let text = r#"{ "name": "s",
        "model": { "name": "m", "series": { "A": { "slots": "any", "reuse": "own" },
                                            "B": { "slots": "any", "reuse": "own" },
                                            "C": { "slots": 1, "reuse": "own" } } },
        "pages": [ { "name": "p", "stale_in": "A" }, { "name": "q", "stale_in": "any" },
                   { "name": "r", "stale_in": "any" }, { "name": "s", "stale_in": "A" } ],
        "tasks": [ { "name": "t", "program": [ { "kmap": "p", "series": "A" }, { "kunmap": "p" },
                     { "kmap": "q", "series": "B" }, { "kunmap": "q" },
                     { "kmap": "r", "series": "C" }, { "kunmap": "r" } ] } ] }"#;
    let program = load_str("s.json", text, &Overrides::default());
    // Eight sets for each open page, but both cannot be mapped in C.
    let program = program.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(compare(&program), Some(48));
}
