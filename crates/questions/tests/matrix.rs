//! What scenarios do beside each other, where that is known by hand; and that two halves of a random
//! scenario, side by side, are the whole.

use kmapcheck_limits::Limits;
use kmapcheck_questions::matrix::{
    Entry, Matrix, Named, OnModel, Sign, Together, matrix, picture, text,
};
use kmapcheck_scenario::{Bound, Program, Template};
use kmapcheck_search::{Engine, run};
use kmapcheck_testing::judge::states;
use kmapcheck_testing::schema::assert_fits;
use kmapcheck_testing::{load, tally};
use serde_json::{Value, json};

/// Any number of tasks that each map pages in these series, one after the other, and let go of all.
fn path(name: &str, series: &[&str]) -> Program {
    let kmap = |(i, series): (usize, &&str)| json!({ "kmap": format!("p{i}"), "series": series });
    let kunmap = |i| json!({ "kunmap": format!("p{i}") });
    let program: Vec<Value> = (series.iter().enumerate().map(kmap))
        .chain((0..series.len()).map(kunmap))
        .collect();
    let pages: Vec<String> = (0..series.len()).map(|i| format!("p{i}")).collect();
    let pool = json!({ "slots": 8, "reuse": "none" });
    load(&json!({
        "name": name,
        "model": { "name": "two", "series": { "A": pool, "B": pool } },
        "tasks": [{ "name": name, "count": "any", "pages": pages, "program": program }],
    }))
}

fn asked(programs: Vec<Program>, slots: &[Bound], limits: &Limits) -> Matrix {
    let named = programs.iter().map(|program| Named {
        scenario: program.name.clone(),
        file: format!("{}.json", program.name),
    });
    let at_each = |program: &Program| -> Vec<Result<Program, String>> {
        let with = |&n: &Bound| {
            let mut sized = program.clone();
            (0..sized.series.len()).for_each(|series| sized.set_slots(series, n));
            Ok(sized)
        };
        match slots {
            [] => vec![Ok(program.clone())],
            slots => slots.iter().map(with).collect(),
        }
    };
    let on = OnModel {
        model: None,
        programs: programs.iter().map(at_each).collect(),
    };
    let sizes = match slots {
        [] => vec![String::new()],
        slots => slots.iter().map(|n| format!("{n} slots")).collect(),
    };
    let sizes = (sizes, "in each series".to_owned());
    matrix(named.collect(), &[on], sizes, limits, &mut |_, _| {})
}

/// The signs of the only table, row by row.
fn signs(matrix: &Matrix) -> Vec<Vec<String>> {
    let cell = |cell: &kmapcheck_questions::matrix::Cell| {
        cell.at
            .iter()
            .map(|entry| entry.sign().character())
            .collect()
    };
    let rows = matrix.tables[0].rows.iter();
    rows.map(|row| row.iter().map(cell).collect()).collect()
}

fn limits() -> Limits {
    states(100_000)
}

/// What is printed of it, up to what the signs mean.
const TABLE: &str = "\
3 scenarios, each beside each: any number of tasks of each. In each cell a sign with 1 slots, 2 slots and 1024 slots in each series.

as the files have it
         1    2    3
1 forth  ...
2 back   xxx  ...
3 twice  ooo  ooo  xxx

Found with one alone:
  twice: deadlock (slot-exhaustion)

Found with two together, and with neither alone:
  forth with back: deadlock (series-cycle)

In 2 cells with `o` it is not known whether there is a deadlock of tasks of both besides.

On the diagonal a scenario is alone, and all that it has is new. Warnings have no sign.
x  a deadlock, or a task starves; with neither scenario alone
o  a deadlock, or a task starves, with one of them alone; none of tasks of both together was found
.  no error
";

/// A then B, and B then A: each is an order, and both together are none. A twice deadlocks by itself
/// with any number of tasks, whatever runs beside it.
#[test]
fn what_two_orders_do_together_neither_does_alone() {
    let paths = vec![
        path("forth", &["A", "B"]),
        path("back", &["B", "A"]),
        path("twice", &["A", "A"]),
    ];
    let sizes = [1, 2, 1024].map(Bound::Exactly);
    let matrix = asked(paths, &sizes, &limits());
    assert_eq!(
        signs(&matrix),
        [vec!["..."], vec!["xxx", "..."], vec!["ooo", "ooo", "xxx"]]
    );
    let text = text::render(&matrix);
    assert_eq!(text, TABLE);
    let markdown = text::markdown(&matrix);
    assert!(
        markdown.contains("\n| 2 back | `xxx` | `...` |  |\n"),
        "{markdown}"
    );
    let drawn = picture::render(&matrix);
    assert_eq!(drawn.matches("<title>").count(), 6 * sizes.len());
    let json = serde_json::to_value(&matrix).expect("it has no maps");
    assert_fits("matrix", &json);
    assert_eq!(
        json["tables"][0]["rows"][1][0]["at"][2]["new"],
        json!(["deadlock"])
    );
    assert_eq!(json["tables"][0]["rows"][2][0]["at"][2]["new"], json!([]));
}

/// Without slots asked for, they are as the files have them.
#[test]
fn slots_are_those_of_the_files_unless_asked_for() {
    let paths = vec![path("forth", &["A", "B"]), path("back", &["B", "A"])];
    let matrix = asked(paths, &[], &limits());
    assert_eq!(signs(&matrix), [vec!["."], vec!["x", "."]]);
    let every = asked(vec![path("forth", &["A", "B"])], &[Bound::Any], &limits());
    assert_eq!(signs(&every), [vec!["."]]);
}

/// What was not found out is not said to be clean, and what was not run is no error.
#[test]
fn limits_and_misfits_have_their_own_signs() {
    let scenario = |name: &str, units: u32| {
        load(&json!({
            "name": name,
            "model": { "name": "none", "series": {} },
            "locks": { "permits": { "semaphore": units } },
            "tasks": [{ "name": "t", "count": 3, "program": [
                { "down": "permits" }, { "down": "permits" }, { "up": "permits", "n": 2 } ] }],
        }))
    };
    let matrix = asked(
        vec![scenario("few", 2), scenario("many", 9)],
        &[],
        &limits(),
    );
    assert_eq!(signs(&matrix), [vec!["x"], vec!["-", "."]]);
    let said = text::render(&matrix);
    assert!(
        said.contains("few with many: `permits` has 2 units in the one and 9 in the other"),
        "{said}"
    );
    let stopped = asked(
        vec![scenario("few", 2), scenario("more", 2)],
        &[],
        &states(2),
    );
    assert!(
        stopped.tables[0]
            .rows
            .iter()
            .flatten()
            .all(|cell| cell.at[0].sign() != Sign::Nothing),
        "{stopped:?}"
    );
    assert_eq!(stopped.verdict().name(), "inconclusive");
}

/// One scenario deadlocks alone, on a pool. Beside another that takes the two locks in the other order, there
/// is a deadlock of both as well; beside one that takes them in the same order there is none.
#[test]
fn a_deadlock_of_both_is_found_beside_that_of_one() {
    let scenario = |name: &str, tasks: Value| {
        load(&json!({
            "name": name,
            "model": { "name": "none", "series": {} },
            "locks": { "pool": { "semaphore": 2 }, "l": "semaphore", "m": "semaphore" },
            "tasks": tasks,
        }))
    };
    let task = |name: &str, count: u32, program: Value| json!({ "name": name, "count": count, "program": program });
    let twice = json!([{ "down": "pool" }, { "down": "pool" }, { "up": "pool", "n": 2 }]);
    let locks = |first: &str, second: &str| json!([{ "down": first }, { "down": second }, { "up": second }, { "up": first }]);
    let alone = scenario(
        "alone",
        json!([task("twice", 2, twice), task("forth", 1, locks("l", "m"))]),
    );
    let back = scenario("back", json!([task("back", 1, locks("m", "l"))]));
    let same = scenario("same", json!([task("same", 1, locks("l", "m"))]));
    let matrix = asked(vec![alone, back, same], &[], &limits());
    assert_eq!(
        signs(&matrix),
        [vec!["x"], vec!["X", "."], vec!["o", "x", "."]]
    );
    let together = |row: usize, column: usize| match &matrix.tables[0].rows[row][column].at[0] {
        Entry::Ran(ran) => ran.together.clone(),
        Entry::NotRun { why } => panic!("{why}"),
    };
    let of_both = Together::Found {
        class: "lock-cycle".to_owned(),
        steps: 2,
    };
    assert_eq!(together(1, 0), Some(of_both));
    assert_eq!(together(2, 0), Some(Together::Nothing));
    assert_eq!(together(2, 1), None);
    let text = text::render(&matrix);
    for said in [
        "  alone with back: deadlock of tasks of both (lock-cycle)\n",
        "\nX  a deadlock of tasks of both together; one of them deadlocks alone as well\n",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!text.contains("not known"), "{text}");
    assert_fits(
        "matrix",
        &serde_json::to_value(&matrix).expect("it has no maps"),
    );
}

/// Each half of a scenario's tasks as a scenario of its own: what both declare stays.
fn halves(whole: &Program) -> Option<[Program; 2]> {
    let middle = whole.templates.len() / 2;
    let half = |templates: &[Template]| Program {
        templates: templates.to_vec(),
        ..whole.clone()
    };
    let (one, other) = whole.templates.split_at(middle);
    (middle > 0).then(|| [half(one), half(other)])
}

/// Two halves side by side have the findings and the states of the whole.
#[test]
fn two_halves_are_the_whole() {
    let answers = tally(kmapcheck_testing::scenario(), 400, |whole| {
        let Some([one, other]) = halves(whole) else {
            return "one task";
        };
        let both = one.beside(&other).unwrap_or_else(|why| panic!("{why}"));
        let outcome = |program| run(Engine::Search, program, &states(20_000), &mut |_| {});
        let (Ok(both), Ok(whole)) = (outcome(&both), outcome(whole)) else {
            return "refused";
        };
        if whole.stopped.is_some() {
            return "too large";
        }
        assert_eq!(both.kinds(), whole.kinds());
        assert_eq!(both.coverage.states, whole.coverage.states);
        "compared"
    });
    assert!(
        answers.get("compared").is_some_and(|&n| n > 100),
        "{answers:?}"
    );
}
