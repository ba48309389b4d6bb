//! What is counted along the tasks' side of a table: instances of one template, or all together.

use kmapcheck_scenario::{Program, TemplateId};
use serde::Serialize;

use super::resize::Numbers;

/// Something that there can be more or fewer of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// What it is called: `mremap`, or `(2 read + 1 fault)`.
    pub name: String,
    /// For each template, how many instances one unit is. Templates that it leaves alone have none.
    #[serde(skip)]
    unit: Vec<(TemplateId, u32)>,
}

impl Axis {
    /// Each template; where there are several, also all together, in the proportion given.
    #[must_use]
    pub fn all(program: &Program) -> Vec<Axis> {
        let mut axes: Vec<Axis> = (program.templates.iter().enumerate())
            .map(|(id, template)| Axis {
                name: template.name.clone(),
                unit: vec![(id, 1)],
            })
            .collect();
        if axes.len() > 1 {
            // An open number counts as one.
            let given: Vec<u32> = (Numbers::of(program).tasks.iter())
                .map(|n| n.unwrap_or(1))
                .collect();
            let common = given.iter().fold(0, |a, &b| gcd(a, b)).max(1);
            let unit: Vec<(TemplateId, u32)> =
                given.iter().map(|n| n / common).enumerate().collect();
            let parts: Vec<String> = (unit.iter())
                .map(|&(id, n)| format!("{n} {}", program.templates[id].name))
                .collect();
            axes.push(Axis {
                name: format!("({})", parts.join(" + ")),
                unit,
            });
        }
        axes
    }

    /// Whether it is all templates together.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        self.unit.len() > 1
    }

    /// The numbers with `n` units along this axis; `None`: too many.
    #[must_use]
    pub fn put(&self, numbers: &Numbers, n: u32) -> Option<Numbers> {
        let mut numbers = numbers.clone();
        for &(template, each) in &self.unit {
            numbers.tasks[template] = Some(each.checked_mul(n)?);
        }
        Some(numbers)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
