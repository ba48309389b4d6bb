//! What paths still hold at their end.
//!
//! A finding about a leak stands where the task ends. The alarm is about where that which is lost was
//! taken: so it is found again whichever way the path ends.

use kmapcheck_extract::run::operation::taking;
use serde_json::{Map, Value};

use crate::alarm::{Site, Task};

/// A step that took something: its number, what gives that back, the step, and what it is.
pub type Held<'p> = (usize, &'static str, &'p Value, &'p str);

/// What a program without branches holds at its end, in the order in which it was taken. A try counts
/// as one that was taken.
#[must_use]
pub fn held(program: &[Value]) -> Vec<Held<'_>> {
    let mut held: Vec<Held<'_>> = Vec::new();
    for (number, step) in program.iter().enumerate() {
        for op in step.as_object().into_iter().flat_map(Map::keys) {
            if let Some((give, _)) = taking(op) {
                held.push((number, give, step, op));
            }
        }
        let is_back = |(_, give, taken, take): &Held<'_>| {
            step.get(*give).is_some_and(|of| taken[*take] == *of)
        };
        if let Some(place) = held.iter().rposition(is_back) {
            held.remove(place);
        }
    }
    held
}

/// Where that which tasks still hold at their end was taken.
#[must_use]
pub fn leaked(tasks: &[Task]) -> Vec<Site> {
    let mut sites: Vec<Site> = (tasks.iter())
        .flat_map(|task| held(&task.program))
        .map(|(_, _, step, take)| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Site {
                op: format!("{take}({})", text(&step[take])),
                at: text(&step["at"]),
                holds: Vec::new(),
            }
        })
        .collect();
    sites.sort();
    sites.dedup();
    sites
}

/// The names of what tasks still hold at their end.
#[must_use]
pub fn names(tasks: &[Task]) -> Vec<&str> {
    (tasks.iter())
        .flat_map(|task| held(&task.program))
        .filter_map(|(_, _, step, take)| step[take].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_given_back() {
        let program = vec![
            json!({ "kmap": "p", "series": "S", "at": "a.c:1 f" }),
            json!({ "spin_lock": "l", "at": "a.c:2 f" }),
            json!({ "kmap": "q", "series": "S", "at": "a.c:3 f" }),
            json!({ "kunmap": "p", "at": "a.c:4 f" }),
            json!({ "spin_unlock": "l", "at": "a.c:5 f" }),
        ];
        let task = Task {
            task: "f".to_owned(),
            entry: 0,
            program,
        };
        assert_eq!(names(std::slice::from_ref(&task)), ["q"]);
        assert_eq!(leaked(&[task])[0].at, "a.c:3 f");
    }
}
