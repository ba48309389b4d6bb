//! The Petri nets: their grammar, and what they say when played.
//!
//! Every net that can be exported is read back with an XML parser of its own, checked against the
//! grammar of P/T nets (ISO/IEC 15909-2: elements, attributes, unique ids, arcs between a place and
//! a transition), and explored marking by marking. It must have a dead marking exactly where the
//! tasks can come to a global deadlock, after as few steps.

mod common;

use std::collections::{HashMap, HashSet};

use common::expected::Expected;
use common::{scenario, scenarios};
use kmapcheck_export::{Target, export};
use kmapcheck_scenario::{Bound, Reuse};
use roxmltree::{Document, Node};

const MAX_STATES: u64 = 5_000;

/// A P/T net.
struct Net {
    marking: Vec<u32>,
    /// What each transition takes and gives, by place.
    transitions: Vec<(HashMap<usize, u32>, HashMap<usize, u32>)>,
}

/// Elements only, each with the tag that the grammar wants; `None` for text between them.
fn children<'a>(node: Node<'a, 'a>, allowed: &[&str]) -> Vec<Node<'a, 'a>> {
    let children: Vec<_> = node.children().filter(Node::is_element).collect();
    for child in &children {
        let tag = child.tag_name();
        assert_eq!(
            tag.namespace(),
            Some("http://www.pnml.org/version-2009/grammar/pnml")
        );
        assert!(
            allowed.contains(&tag.name()),
            "<{}> in <{}>",
            tag.name(),
            node.tag_name().name()
        );
    }
    children
}

fn text<'a>(node: Node<'a, 'a>) -> &'a str {
    let [text] = children(node, &["text"])[..] else {
        panic!("a label has one text");
    };
    text.text().unwrap_or_default()
}

fn number(node: Node<'_, '_>, label: &str, default: u32) -> u32 {
    (node.children())
        .find(|child| child.has_tag_name(("http://www.pnml.org/version-2009/grammar/pnml", label)))
        .map_or(default, |label| {
            text(label).trim().parse().expect("a natural number")
        })
}

fn attributes(node: Node<'_, '_>, allowed: &[&str]) {
    let names: Vec<&str> = node.attributes().map(|a| a.name()).collect();
    assert_eq!(names, allowed, "attributes of <{}>", node.tag_name().name());
}

fn read(xml: &str) -> Net {
    let document = Document::parse(xml).expect("well-formed XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "pnml");
    let [net] = children(root, &["net"])[..] else {
        panic!("one net");
    };
    attributes(net, &["id", "type"]);
    assert_eq!(
        net.attribute("type"),
        Some("http://www.pnml.org/version-2009/grammar/ptnet")
    );
    let [_, page] = children(net, &["name", "page"])[..] else {
        panic!("a name and a page");
    };
    let mut ids = HashSet::new();
    let mut places = HashMap::new();
    let mut numbers = HashMap::new();
    let mut read = Net {
        marking: Vec::new(),
        transitions: Vec::new(),
    };
    let parts = children(page, &["place", "transition", "arc"]);
    for part in &parts {
        let id = part.attribute("id").expect("everything has an id");
        assert!(ids.insert(id), "{id} is there twice");
        assert!(
            id.starts_with(|c: char| c.is_ascii_alphabetic())
                && id
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
            "{id} is no XML name"
        );
        match part.tag_name().name() {
            "place" => {
                attributes(*part, &["id"]);
                children(*part, &["name", "initialMarking"]);
                places.insert(id, read.marking.len());
                read.marking.push(number(*part, "initialMarking", 0));
            }
            "transition" => {
                attributes(*part, &["id"]);
                children(*part, &["name"]);
                numbers.insert(id, read.transitions.len());
                read.transitions.push(Default::default());
            }
            _ => {}
        }
    }
    for arc in parts.iter().filter(|part| part.tag_name().name() == "arc") {
        attributes(*arc, &["id", "source", "target"]);
        children(*arc, &["inscription"]);
        let weight = number(*arc, "inscription", 1);
        assert!(weight > 0);
        let (source, target) = (
            arc.attribute("source").unwrap_or(""),
            arc.attribute("target").unwrap_or(""),
        );
        let before = match (places.get(source), numbers.get(target)) {
            (Some(&place), Some(&t)) => read.transitions[t].0.insert(place, weight),
            _ => read.transitions[numbers[source]]
                .1
                .insert(places[target], weight),
        };
        assert_eq!(before, None, "two arcs between the same");
    }
    read
}

/// The fewest steps to a dead marking, and how many markings there are.
fn explore(net: &Net) -> (Option<u64>, usize) {
    let mut seen: HashSet<Vec<u32>> = [net.marking.clone()].into();
    let mut level = vec![net.marking.clone()];
    let (mut depth, mut dead) = (0, None);
    while !level.is_empty() {
        let mut next = Vec::new();
        for marking in level {
            let mut moves = false;
            for (takes, gives) in &net.transitions {
                if takes.iter().any(|(&place, &n)| marking[place] < n) {
                    continue;
                }
                moves = true;
                let mut after = marking.clone();
                takes.iter().for_each(|(&place, &n)| after[place] -= n);
                gives.iter().for_each(|(&place, &n)| after[place] += n);
                if seen.insert(after.clone()) {
                    next.push(after);
                }
            }
            if !moves && dead.is_none() {
                dead = Some(depth);
            }
        }
        level = next;
        depth += 1;
    }
    (dead, seen.len())
}

#[test]
fn nets_deadlock_where_tasks_do() {
    let (mut nets, mut equal) = (0, 0);
    for (name, program) in scenarios("") {
        let Ok(exported) = export(&program, Target::Pnml, None) else {
            continue;
        };
        let net = read(&exported.text);
        let Some(expected) = Expected::of(&program, MAX_STATES) else {
            continue;
        };
        let (dead, markings) = explore(&net);
        assert_eq!(dead, expected.global_deadlock, "{name}");
        nets += 1;
        // Tasks that are all different, on series that keep no mappings: nothing to abstract from.
        let keeps = program.series.iter().any(|s| s.reuse != Reuse::None);
        let alike = program
            .templates
            .iter()
            .any(|t| t.count != Bound::Exactly(1));
        let leaks = !expected.findings.is_empty();
        if !keeps && !alike && !leaks {
            assert_eq!(markings as u64, expected.states, "{name}");
            equal += 1;
        }
    }
    println!("{nets} nets, {equal} held to as many markings as states");
    assert!(nets > 0 && equal > 0);
}

#[test]
fn what_is_no_net_is_refused_with_its_place() {
    let program = scenario("primitives/alloc-waits-for-free.json");
    let refusal = export(&program, Target::Pnml, None).expect_err("alloc_page needs pages");
    let said = refusal.to_string();
    let place = refusal.place().expect("the operation's place");
    assert!(
        place.starts_with("scenarios/primitives/alloc-waits-for-free.json:"),
        "{said}"
    );
    assert!(
        said.contains("`alloc_page(") && said.contains("--to promela"),
        "{said}"
    );
}
