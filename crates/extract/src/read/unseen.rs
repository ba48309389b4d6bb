//! What can be reached from the entries and is not looked into: each way is an assumption.
//!
//! The slice passes over a call whose result nobody asks for. If the function called is not there,
//! nothing says that it does nothing: it may be a lock under another name. So every function that
//! can be reached is gone through again, and what is called and not read is noted, whether or not
//! the slice has it: those whose names sound like locks, waiting or allocation one by one and first,
//! all others in one entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::assumed::Assumptions;
use crate::map::Mapping;
use crate::map::merge::Known;
use crate::read::callee::{Callee, callee, is_jump, is_operation};
use crate::read::graph;
use crate::read::instruction::{Expr, Instr};
use crate::read::names::Names;
use crate::read::slice::Slice;
use crate::read::tree;
use crate::read::unit::Unit;

/// Parts of names of what takes or waits.
const SOUNDS: [&str; 20] = [
    "lock", "down", "up_", "wait", "sem", "mutex", "kmap", "map", "alloc", "get_page", "acquire",
    "guard", "join", "complete", "pool", "sleep", "schedule", "enter", "begin", "reserve",
];

/// Names in one entry.
const LISTED: usize = 12;

/// Regions that are noted one by one.
const REGIONS: usize = 50;

/// What to do about a function that is not there.
pub const CHANGE: &str = "give the file that it is in, or say what it does in a mapping file";

/// Whether a name sounds like an operation.
#[must_use]
pub fn sounds_like_one(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SOUNDS.iter().any(|part| lower.contains(part))
}

/// Calls of one kind: how many, and where the first is.
type Calls = BTreeMap<String, (usize, String)>;

/// Notes what can be reached and is not looked into. Of what stands outside functions, that of all
/// files, or of those only that have functions which can be reached.
pub fn note(
    unit: &Unit,
    mapping: &Mapping,
    names: &Names,
    slice: &Slice,
    all: &mut Assumptions,
    of_all_files: bool,
) {
    let mut unknown = Calls::new();
    let mut stopped = Calls::new();
    let mut atomic = Calls::new();
    // Those that are in the files, with where.
    let mut overruled = Calls::new();
    let mut regions = 0usize;
    for (&function, body) in &slice.bodies {
        let file = unit.functions[function].file;
        let at = |line: usize| format!("{}:{line}", unit.files[file].name);
        for (line, text, functions) in &body.code.resolved {
            pointer(at(*line), text, functions, all);
        }
        for (i, instr) in body.code.instrs.iter().enumerate() {
            let call = match instr {
                Instr::Call(call) => call,
                Instr::Opaque(opaque) if !body.matters[i] => {
                    regions += 1;
                    if regions <= REGIONS {
                        let text =
                            format!("`{}` cannot be read and has no operations", opaque.name);
                        all.note("unread-region", at(opaque.line), text, None);
                    }
                    continue;
                }
                _ => continue,
            };
            let add = |calls: &mut Calls, name: String| {
                let entry = calls.entry(name).or_insert_with(|| (0, at(call.line)));
                entry.0 += 1;
            };
            let called = callee(unit, mapping, names, call, file);
            let handed = match &called {
                Callee::Unknown(name) | Callee::Mapped(name) => Some(name.clone()),
                Callee::Pointer(text) => Some(text.clone()),
                _ => None,
            };
            if let Callee::Mapped(name) = &called
                && let Some(number) = unit.resolve(name, Some(file))
            {
                let of = &unit.functions[number];
                let at = format!("{}:{}", unit.files[of.file].name, of.line);
                overruled.entry(name.clone()).or_insert((0, at)).0 += 1;
            }
            for arg in &call.args {
                if let (Some(to), Expr::Function(function)) = (&handed, arg) {
                    let function = names.text(*function);
                    let text = format!("`{to}` is handed `{function}` and does not call it");
                    let change = format!(
                        "`--entry {function}` for a task of its own, or a stub of `{to}` that calls it"
                    );
                    all.note("pointer", at(call.line), text, Some(change));
                }
            }
            match called {
                Callee::Unknown(name) => add(&mut unknown, name),
                Callee::Mapped(name) if mapping.known.get(&name) == Some(&Known::Stop) => {
                    add(&mut stopped, name);
                }
                Callee::Mapped(name) if mapping.known.get(&name) == Some(&Known::Atomic) => {
                    add(&mut atomic, name);
                }
                Callee::Pointer(text) => {
                    let change = format!("--resolve {text}=FUNCTION");
                    let said = nothing_behind(&text);
                    all.note("pointer", at(call.line), said, Some(change));
                }
                _ => {}
            }
        }
    }
    let reached: BTreeSet<usize> = (slice.bodies.keys())
        .map(|&function| unit.functions[function].file)
        .collect();
    let is_asked = |file: usize| of_all_files || reached.contains(&file);
    for (name, (count, at)) in overruled {
        let text = format!("`{name}` does what the mapping says, whatever its body here does");
        let change = "`follow` in a mapping file of your own: its body is read then";
        all.note_many("mapped", at, text, count, Some(change.to_owned()));
    }
    loops(unit, slice, all);
    outside(unit, mapping, &is_asked, all);
    if regions > REGIONS {
        let text = format!(
            "{} more regions cannot be read and have no operations",
            regions - REGIONS
        );
        all.note("unread-region", unit.files[0].name.clone(), text, None);
    }
    for (name, (count, at)) in atomic {
        let text = format!(
            "`{name}` forbids sleep until its counterpart, which is not followed: what sleeps between the two is not found"
        );
        all.note_many("unread-function", at, text, count, None);
    }
    for (name, (count, at)) in &unknown {
        if sounds_like_one(name) {
            let text = nothing_in(name);
            all.note_first(
                "unread-function",
                at.clone(),
                text,
                *count,
                Some(CHANGE.to_owned()),
            );
        }
    }
    unknown
        .retain(|name, _| !sounds_like_one(name) && !all.has("unread-function", &nothing_in(name)));
    together(
        &unknown,
        all,
        (
            "is not in the files: it takes",
            "are not in the files: they take",
        ),
        Some(CHANGE.to_owned()),
    );
    together(
        &stopped,
        all,
        (
            "is not looked into, as the mapping says: on balance it takes",
            "are not looked into, as the mapping says: on balance they take",
        ),
        None,
    );
}

/// Notes loops of which nothing that is followed says that they end.
fn loops(unit: &Unit, slice: &Slice, all: &mut Assumptions) {
    let mut places = Vec::new();
    for function in &slice.followed {
        let body = &slice.bodies[function];
        for (_, line, mut within) in graph::loops(&body.code) {
            let decides =
                |at: usize| matches!(body.code.instrs[at], Instr::Branch(..)) && body.matters[at];
            if !within.any(decides) {
                let file = unit.functions[*function].file;
                places.push((file, line));
            }
        }
    }
    places.sort_unstable();
    places.dedup();
    let at = |(file, line): &(usize, usize)| format!("{}:{line}", unit.files[*file].name);
    let Some(first) = places.first() else { return };
    let listed: Vec<String> = places.iter().take(LISTED).map(at).collect();
    // Not below none: then all are listed.
    let more = match places.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let text = format!(
        "loops come to their end where nothing that matters decides it: {}{more}",
        listed.join(", ")
    );
    all.note_many("loop-ends", at(first), text, places.len(), None);
}

/// Notes what stands outside functions and is no declaration: the rest of a function whose brackets
/// were read wrongly, or a macro.
fn outside(
    unit: &Unit,
    mapping: &Mapping,
    is_asked: &dyn Fn(usize) -> bool,
    all: &mut Assumptions,
) {
    let mut others = 0usize;
    let mut first: Option<String> = None;
    let files = unit.files.iter().enumerate();
    for (_, file) in files.filter(|(number, _)| is_asked(*number)) {
        for node in tree::children(file.tree.root_node()) {
            let is_known = matches!(
                node.kind(),
                "function_definition"
                    | "declaration"
                    | "type_definition"
                    | "struct_specifier"
                    | "union_specifier"
                    | "enum_specifier"
                    | "attribute_declaration"
                    | "linkage_specification"
                    | "type_identifier"
                    | ";"
            );
            if is_known && !node.has_error() {
                continue;
            }
            // A function that has an error within is noted where it is reached.
            if node.kind() == "function_definition" {
                continue;
            }
            let at = format!("{}:{}", file.name, tree::line(node));
            let text = tree::text(node, &file.text);
            let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let matters = words.any(|word| {
                is_jump(word)
                    || is_operation(mapping, word)
                    || ["if", "while", "for", "switch"].contains(&word)
            });
            if matters {
                let shown: Vec<&str> = text.split_whitespace().take(8).collect();
                let shown: String = shown.join(" ").chars().take(60).collect();
                let text = format!(
                    "`{shown}` stands outside functions, as it is read, and has no operations"
                );
                let change = "give the header that defines the macros above it";
                all.note_first("unread-region", at, text, 1, Some(change.to_owned()));
            } else {
                others += 1;
                first.get_or_insert(at);
            }
        }
    }
    if let Some(at) = first {
        let text =
            format!("{others} regions outside functions cannot be read and have no operations");
        all.note_many("unread-region", at, text, others, None);
    }
}

fn pointer(at: String, text: &str, functions: &[String], all: &mut Assumptions) {
    let list: Vec<String> = functions
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    let said = match functions {
        [_] => format!(
            "`{text}` points to {}, all that the files let it point to",
            list.join("")
        ),
        _ => format!(
            "`{text}` points to one of {} functions, all that the files let it point to: {}",
            functions.len(),
            list.join(", ")
        ),
    };
    all.note(
        "pointer",
        at,
        said,
        Some("--resolve FIELD=FUNCTION".to_owned()),
    );
}

/// One entry for many functions.
fn together(
    calls: &Calls,
    all: &mut Assumptions,
    (one, many): (&str, &str),
    change: Option<String>,
) {
    let rest = "no slot, page or lock, does not sleep, and changes nothing that matters";
    let list: Vec<String> = calls
        .keys()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    let mut firsts: Vec<&String> = calls.values().map(|(_, at)| at).collect();
    firsts.sort_by_key(|at| (at.len(), *at));
    let Some(&first) = firsts.first() else { return };
    let text = match calls.len() {
        1 => format!("{} {one} {rest}", list.join("")),
        n if n <= LISTED => format!(
            "{} {many} {}",
            list.join(", "),
            rest.replace("does", "do").replace("changes", "change")
        ),
        n => format!(
            "{} and {} others {many} {}",
            list.join(", "),
            n - LISTED,
            rest.replace("does", "do").replace("changes", "change")
        ),
    };
    let count = calls.values().map(|(count, _)| count).sum();
    all.note_many("unread-function", first.clone(), text, count, change);
}

/// What is assumed of a function that is not there.
#[must_use]
pub fn nothing_in(name: &str) -> String {
    format!(
        "`{name}` is not in the files: it takes no slot, page or lock, does not sleep, and changes nothing that matters"
    )
}

/// What is assumed of a pointer that nothing resolves.
#[must_use]
pub fn nothing_behind(name: &str) -> String {
    format!(
        "what `{name}` points to takes no slot, page or lock, does not sleep, and changes nothing that matters"
    )
}
