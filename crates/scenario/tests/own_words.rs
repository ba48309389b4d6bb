//! Pools that the scenario declares: its own words, and numbers of units.

use kmapcheck_scenario::{Bound, Node, Overrides, Program, Resource, load_str};

/// Where the scenario has pools of its own, traces speak of them in its words; a kernel's function
/// goes by its primitives, as does what is more than one of them.
#[test]
fn pools_of_the_scenario_go_by_its_words() {
    let texts = |head: &str| {
        let text = format!(
            r#"{{ "name": "t", {head},
                 "tasks": [ {{ "name": "t", "pages": ["c"], "program": [
                     {{ "again": "c" }}, {{ "bounce": "c" }}, {{ "kunmap": "c" }} ] }} ] }}"#
        );
        let program = load_str("t.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let nodes = program.templates[0].nodes.iter();
        let text = |node: &Node| program.origins[node.origin].text().to_owned();
        nodes.map(text).collect::<Vec<String>>()
    };
    let series = r#""series": { "S": { "slots": 1 } }"#;
    let operations = r#""operations": {
        "acquire": { "params": ["c"], "do": [ { "kmap": "$c", "series": "S" } ] },
        "again": { "params": ["c"], "do": [ { "acquire": "$c" } ] },
        "bounce": { "params": ["c"], "do": [ { "kunmap": "$c" }, { "acquire": "$c" } ] } }"#;
    let own = texts(&format!("{series}, {operations}"));
    assert_eq!(own, ["again(c)", "kunmap(c)", "acquire(c)", "kunmap(c)"]);
    let kernel = texts(&format!(
        r#""model": {{ "name": "m", {series}, {operations} }}"#
    ));
    assert_eq!(
        kernel,
        ["kmap(c, S)", "kunmap(c)", "kmap(c, S)", "kunmap(c)"]
    );
}

/// A number of units that the user gives is that of the pool which all tasks share, not of a task's
/// own one of that name; and any number is that of a series which nobody can name.
#[test]
fn numbers_of_units_are_for_shared_pools() {
    let text = r#"{ "name": "t", "series": { "S": { "slots": 2 } },
        "locks": { "s": { "semaphore": 3 }, "any": { "semaphore": "any" } },
        "mempools": { "m": { "elements": "any", "owned": false, "available": 1 } },
        "tasks": [ { "name": "t", "locks": { "s": { "semaphore": 5 } }, "program": [
            { "down": "s", "n": 4 }, { "up": "s", "n": 4 }, { "down": "any", "n": 9 },
            { "up": "any", "n": 9 }, { "mempool_alloc": "m" }, { "mempool_free": "m" } ] } ] }"#;
    let load = |units: &[(&str, Bound)]| {
        let units = units.iter().map(|&(name, n)| (name.to_owned(), n));
        let overrides = Overrides {
            units: units.collect(),
            ..Overrides::default()
        };
        load_str("t.json", text, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
    };
    let series = |program: &Program| {
        let series = program.series.iter();
        let shown = series.map(|s| (s.name.clone(), s.slots, s.of_units));
        shown.collect::<Vec<_>>()
    };
    let units = |program: &Program| {
        let of = |resource: &Resource| resource.kind.units();
        let shared: Vec<_> = program.resources.iter().map(of).collect();
        (shared, of(&program.templates[0].resources[0]))
    };
    let given = ("S".to_owned(), Bound::Exactly(2), false);
    let open = |name: &str| (name.to_owned(), Bound::Any, true);

    let program = load(&[]);
    assert_eq!(series(&program), [given.clone(), open("any"), open("m")]);
    let many = Some(u32::MAX);
    assert_eq!(units(&program), (vec![Some(3), many, many], Some(5)));
    assert_eq!(program.least_slots(1), 9, "so many are asked for at once");
    assert_eq!(program.least_slots(2), 1);

    let mut sized = program.clone();
    sized.set_slots(2, Bound::Exactly(7));
    assert_eq!(sized.resources[2].kind.units(), Some(7), "an element each");

    let numbers = [
        ("s", Bound::Exactly(2)),
        ("any", Bound::Exactly(9)),
        ("m", Bound::Exactly(4)),
    ];
    let program = load(&numbers);
    assert_eq!(series(&program), std::slice::from_ref(&given));
    let numbers = vec![Some(2), Some(9), Some(4)];
    assert_eq!(units(&program), (numbers, Some(5)));
    let program = load(&[("s", Bound::Any)]);
    assert_eq!(series(&program)[1..], [open("s"), open("any"), open("m")]);
}
