//! What is in the page: the whole story without JavaScript, and nothing that a scenario could do to
//! it.

mod common;

use common::{of, of_file, page};
use kmapcheck_limits::Limits;

#[test]
fn the_story_is_told_without_javascript() {
    let page = page("scenarios/pte-highmem/mremap-two-pagetables.json");
    for said in [
        "<h1>mremap-two-pagetables</h1>",
        "on the model <b>pte-highmem-5</b> · deadlock, as expected",
        "mremap#1 and mremap#2 each pin a PAGETABLE slot and wait for another; all 2 are held.",
        "<code>kmap(old_pte, PAGETABLE)</code>",
        // Both wait at the second kmap.
        "<span class=\"badge waits\">#1 waits</span> <span class=\"badge waits\">#2 waits</span>",
        "<td>waits for PAGETABLE</td>",
        "a PAGETABLE slot (old_pte)",
        "The whole trace: 2 steps",
        "After step 2 nothing can save them.",
        "<b>after this nothing saves the core</b>",
        "Stuck in the end: mremap#1 and mremap#2.",
        "Every interleaving: 12 states, 12 transitions, depth 8 (engine search).",
    ] {
        assert!(page.contains(said), "{said} is not in the page");
    }
    // The picture: each task waits for the series and holds some of it, all of it stuck.
    assert_eq!(page.matches("<g class=\"edge waits stuck\"").count(), 2);
    assert_eq!(page.matches("<g class=\"edge holds stuck\"").count(), 2);
    assert_eq!(page.matches("<g class=\"node task stuck\">").count(), 2);
    assert_eq!(page.matches("<g class=\"node thing stuck\">").count(), 1);
}

/// In every scenario of the repository: each line of the picture has one label, which says what the
/// line is and lies on it, at a point where two of its curves meet.
#[test]
fn labels_stand_on_their_own_edges() {
    let limits = Limits {
        max_states: Some(20_000),
        ..Limits::default()
    };
    let pages = kmapcheck_testing::scenario_files();
    let pages = (pages.iter()).filter_map(|file| Some((file, of_file(file, &limits)?)));
    let mut drawn = 0;
    for (file, page) in pages {
        for rest in page.split("<svg class=\"graph\"").skip(1) {
            let rest = rest.split("</svg>").next().unwrap_or_default();
            let text = format!("<svg class=\"graph\"{rest}</svg>");
            let svg = roxmltree::Document::parse(&text).expect("it is XML");
            let edges = || (svg.descendants()).filter(|node| node.attribute("data-edge").is_some());
            for path in edges().filter(|node| node.has_tag_name("g")) {
                let number = path.attribute("data-edge");
                let mut words = edges().filter(|node| {
                    node.has_tag_name("text") && node.attribute("data-edge") == number
                });
                let (Some(word), None) = (words.next(), words.next()) else {
                    panic!("{}: edge {number:?} has no label, or two", file.display());
                };
                let (kind, said) = (path.attribute("class").unwrap_or_default(), word.text());
                let said = said.unwrap_or_default();
                let meant = [
                    ("waits", "wait"),
                    ("holds", "held by"),
                    ("gives", "given by"),
                    ("lost", "lost by"),
                ];
                let right = meant
                    .iter()
                    .any(|(class, word)| kind.contains(class) && said.contains(word));
                assert!(right, "{}: {said:?} on {kind:?}", file.display());
                let curves = path
                    .first_element_child()
                    .and_then(|path| path.attribute("d"));
                let at = |name| {
                    word.attribute(name)
                        .and_then(|x| x.parse().ok())
                        .expect("a number")
                };
                let at: (f64, f64) = (at("x"), at("y"));
                assert!(
                    joints(curves.expect("a way")).any(|joint| beside(at, joint)),
                    "{}: {said:?} at {at:?} does not lie on {curves:?}",
                    file.display()
                );
                drawn += 1;
            }
        }
    }
    assert!(drawn > 300, "{drawn} edges");
}

/// Where the curves of a path meet.
fn joints(path: &str) -> impl Iterator<Item = (f64, f64)> {
    let ends: Vec<(f64, f64)> = (path.split(" C").skip(1))
        .map(|curve| {
            let numbers = curve.split(' ').map(|n| n.parse().expect("a number"));
            let numbers: Vec<f64> = numbers.collect();
            (numbers[4], numbers[5])
        })
        .collect();
    let n = ends.len().saturating_sub(1);
    ends.into_iter().take(n)
}

/// Whether a label lies where the layout made room for it: over the point, or at its side.
fn beside(label: (f64, f64), joint: (f64, f64)) -> bool {
    let (x, y) = ((label.0 - joint.0).abs(), (label.1 - joint.1).abs());
    (x < 0.2 && y < 20.0) || (y < 0.2 && x < 140.0)
}

/// Two of three slots go with tasks that end; the last one is held by a task that waits for another.
#[test]
fn who_ended_with_what_others_need_is_drawn() {
    let page = of(
        r#"{ "name": "lost", "model": { "name": "m", "series": { "S": { "slots": 3, "reuse": "none" } } },
             "tasks": [ { "name": "careless", "count": 2, "pages": ["a"], "program": [ { "kmap": "a", "series": "S" } ] },
                        { "name": "careful", "pages": ["a", "b"], "program": [
                            { "kmap": "a", "series": "S" }, { "kmap": "b", "series": "S" } ] } ] }"#,
    );
    let (_, page) = page
        .split_once("deadlock</span>")
        .expect("there is a deadlock");
    assert_eq!(page.matches("<g class=\"edge lost\"").count(), 2, "{page}");
    assert_eq!(page.matches(">lost by</text>").count(), 2);
    assert_eq!(page.matches("<td>ended with S</td>").count(), 2);
    // They are no part of the core, but the series is, and who holds the rest of it.
    assert_eq!(page.matches("<g class=\"node task stuck\">").count(), 1);
    assert_eq!(page.matches("<g class=\"edge holds stuck\"").count(), 1);
}

#[test]
fn nothing_is_fetched() {
    let page = page("scenarios/pte-highmem/read-against-fault.json");
    for fetches in [
        "src=", "<link", "@import", "http:", "https:", "fetch(", "url(\"",
    ] {
        assert!(!page.contains(fetches), "{fetches} is in the page");
    }
}

#[test]
fn alike_tasks_are_one_lane_that_opens() {
    let page = page("scenarios/pte-highmem/mremap-1024-slots-1024-tasks.json");
    assert_eq!(page.matches("<details class=\"lane\">").count(), 1);
    assert_eq!(page.matches("<div class=\"row member\">").count(), 1024);
    assert!(page.contains("<span class=\"badge waits\">×1024 waits</span>"));
    assert!(page.contains("1024 wait for</text>") && page.contains("1024 held by</text>"));
    assert!(page.contains("PAGETABLE ×1024"));
}

#[test]
fn a_long_trace_is_in_parts_that_have_every_step_once() {
    let page = of(
        r#"{ "name": "long", "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
             "tasks": [{ "name": "t", "pages": ["a"], "program": [
                 { "repeat": 125, "do": [ { "kmap": "a", "series": "S" }, { "kunmap": "a" } ] },
                 { "kmap": "a", "series": "S" } ] }] }"#,
    );
    let tables: Vec<usize> = (page.split("<table class=\"steps\">").skip(1))
        .map(|table| table.split("</table>").next().unwrap_or_default())
        .map(|table| table.matches("<tr><th scope=\"row\">").count())
        .collect();
    assert_eq!(tables, [100, 100, 51]);
    for step in 1..=251 {
        let row = format!("<th scope=\"row\">{step}</th>");
        assert_eq!(page.matches(&row).count(), 1, "{step}");
    }
    assert!(page.contains("<caption class=\"hidden\">Steps 101 to 200</caption>"));
    // The program too: its lines, and its end once.
    assert!(page.contains("<ol class=\"part\" start=\"201\">"));
    assert_eq!(page.matches("<li class=\"line").count(), 251 + 1);
    assert_eq!(page.matches("<li class=\"line end").count(), 1);
}

#[test]
fn a_clean_scenario_has_a_page() {
    let page = page("scenarios/pte-highmem/mremap-proposed.json");
    assert!(page.contains("<p class=\"verdict clean\">clean</p>"));
    assert!(page.contains("<details open>") && page.contains("task mremap, 3 instances"));
    assert!(!page.contains("class=\"finding\""));
}

#[test]
fn a_scenario_cannot_break_out() {
    let evil = "</script><script>alert(1)</script><!--";
    let page = of(&format!(
        r#"{{ "name": {0:?}, "about": {0:?}, "model": {{ "name": {0:?}, "series": {{ {0:?}: {{ "slots": 1, "reuse": "none" }} }} }},
             "tasks": [{{ "name": "t", "count": 2, "pages": ["a", "b"], "program": [
                 {{ "kmap": "a", "series": {0:?}, "note": {0:?}, "at": {0:?} }}, {{ "kmap": "b", "series": {0:?} }} ] }}] }}"#,
        evil
    ));
    assert!(!page.contains("alert(1)</script>") && !page.contains("<!--"));
    // Two script elements, the data and the script, and both end where they should.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    let data = page
        .split_once("id=\"data\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map(|(data, _)| data)
        .expect("there is data");
    let data: serde_json::Value = serde_json::from_str(data).expect("it is JSON");
    let thing = &data["findings"][0]["recording"]["things"][0]["label"];
    assert_eq!(thing.as_str(), Some(evil));
}

/// Names of series, models and tasks are shown as they are, whatever they look like.
#[test]
fn a_name_may_be_any_text() {
    for model in ["d", "deadlock", "expected", ", as", "on the model", ":"] {
        let page = of(&format!(
            r#"{{ "name": {model:?}, "model": {{ "name": {model:?}, "series": {{ "stale": {{ "slots": 1, "reuse": "none" }} }} }},
                 "tasks": [{{ "name": "t", "count": 2, "pages": ["a", "b"], "program": [
                     {{ "kmap": "a", "series": "stale" }}, {{ "kmap": "b", "series": "stale" }} ] }}],
                 "expect": ["deadlock", "slot-leak"] }}"#
        ));
        let header = format!(
            "<p>on the model <b>{model}</b> · deadlock, not as expected (deadlock, slot-leak)</p>"
        );
        assert!(page.contains(&header), "{model}: {}", &page[..0]);
        assert!(page.contains("<text class=\"label\"") && page.contains("1 of 1 in use</text>"));
    }
}
