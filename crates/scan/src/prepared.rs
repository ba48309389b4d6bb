//! The scenario of an entry as it is checked, and what of a trace is in it.

use kmapcheck_check::{Failure, Loaded, Overrides, load_str};
use kmapcheck_extract::scan::needs::Needs;
use kmapcheck_report::place::Place;
use kmapcheck_scenario::Bound;
use serde_json::Value;

use crate::asked::Asked;
use crate::entry::{Entry, Made};

/// An entry, ready to be checked.
#[derive(Debug)]
pub struct Prepared {
    /// Its number among the entries.
    pub number: usize,
    /// What its text is called.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The same as a value.
    pub value: Value,
    /// The name of its task.
    pub task: String,
    /// What it needs.
    pub needs: Needs,
}

impl Prepared {
    /// What is to be checked of an entry; `None`: nothing was read, or it does nothing.
    #[must_use]
    pub fn of(number: usize, entry: &Entry) -> Option<Prepared> {
        let made: &Made = entry.made()?;
        let value: Value = serde_json::from_str(&made.scenario).ok()?;
        if value["tasks"][0]["program"].as_array()?.is_empty() {
            return None;
        }
        let task = value["tasks"][0]["name"].as_str()?.to_owned();
        Some(Prepared {
            number,
            name: format!("{}:{}", entry.file, entry.function),
            text: made.scenario.clone(),
            value,
            task,
            needs: made.needs.clone(),
        })
    }

    /// The series whose slots nobody gave, which may be as few as one likes.
    #[must_use]
    pub fn open_series(&self, asked: &Asked) -> Vec<String> {
        if self.value.get("model").is_some() {
            return Vec::new();
        }
        let series = self.value["series"].as_object();
        (series.into_iter().flatten())
            .map(|(name, _)| name.clone())
            .filter(|name| !asked.slots().contains_key(name))
            .collect()
    }

    /// The program with so many tasks and slots.
    ///
    /// # Errors
    ///
    /// If the scenario is none, which is a fault.
    pub fn load(&self, tasks: u32, slots: &[(String, u32)]) -> Result<Loaded, Failure> {
        let exactly = |(name, n): &(String, u32)| (name.clone(), Bound::Exactly(*n));
        let own = slots
            .iter()
            .filter(|(name, _)| self.value["series"].get(name).is_some());
        let overrides = Overrides {
            slots: own.map(exactly).collect(),
            tasks: vec![(self.task.clone(), Bound::Exactly(tasks))],
            ..Overrides::default()
        };
        load_str(&self.name, &self.text, &overrides).map_err(Failure::from)
    }

    /// The operation that stands at a place of the text, without its branches.
    #[must_use]
    pub fn operation(&self, place: &Place) -> Option<Value> {
        if place.file != self.name {
            return None;
        }
        let line_start: usize = (self.text.lines())
            .take(place.line.checked_sub(1)?)
            .map(|line| line.len() + 1)
            .sum();
        let line = self.text.get(line_start..)?.lines().next()?;
        let column = place.column?.checked_sub(1)?;
        let within = line
            .char_indices()
            .nth(column)
            .map_or(line.len(), |(i, _)| i);
        let before = self.text.get(..=line_start + within)?;
        let start = before.rfind('{')?;
        let mut values =
            serde_json::Deserializer::from_str(&self.text[start..]).into_iter::<Value>();
        let mut value = values.next()?.ok()?;
        let fields = value.as_object_mut()?;
        fields.remove("then");
        fields.remove("else");
        Some(value)
    }
}
