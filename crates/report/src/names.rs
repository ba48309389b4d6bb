//! Names of task instances, and of many of them at once.

use kmapcheck_machine::{TaskId, instances};
use kmapcheck_scenario::{Program, TemplateId};

/// A task instance: its template, and which of its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Who {
    /// The template.
    pub template: TemplateId,
    /// The instance, from 1.
    pub instance: u32,
    /// Whether it is the only one, and so goes without a number.
    pub only: bool,
}

/// Who each task of a program is.
#[derive(Debug, Clone)]
pub struct Names {
    templates: Vec<String>,
    who: Vec<Who>,
}

impl Names {
    /// The names of the program's tasks, in the order of their numbers.
    #[must_use]
    pub fn of(program: &Program) -> Names {
        let mut who = Vec::new();
        for (template, declared) in program.templates.iter().enumerate() {
            let n = instances(declared.count);
            who.extend((1..=n).map(|instance| Who {
                template,
                instance,
                only: n == 1,
            }));
        }
        Names {
            templates: program
                .templates
                .iter()
                .map(|template| template.name.clone())
                .collect(),
            who,
        }
    }

    /// Who that is.
    #[must_use]
    pub fn who(&self, task: TaskId) -> Who {
        self.who.get(task).copied().unwrap_or_default()
    }

    /// The name, such as `mremap#2`.
    #[must_use]
    pub fn name(&self, task: TaskId) -> String {
        let who = self.who(task);
        let template = self.templates.get(who.template).map_or("?", String::as_str);
        one(template, who)
    }
}

fn one(template: &str, who: Who) -> String {
    if who.only {
        template.to_owned()
    } else {
        format!("{template}#{}", who.instance)
    }
}

/// Many names, instances of one template drawn together: `mremap#1..#1024`, `read#1, fault#2`.
/// Expects them sorted by template and instance.
#[must_use]
pub fn folded(tasks: &[(Who, &str)]) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = tasks;
    while let Some(&(first, name)) = rest.first() {
        let run = rest
            .iter()
            .zip(first.instance..)
            .take_while(|((who, _), expected)| {
                who.template == first.template && who.instance == *expected
            })
            .count();
        let last = rest[run - 1].0.instance;
        match run {
            1 => out.push(name.to_owned()),
            2 => out.extend(rest[..2].iter().map(|(_, name)| (*name).to_owned())),
            _ => out.push(format!("{name}..#{last}")),
        }
        rest = &rest[run..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_drawn_together() {
        let who = |template, instance| Who {
            template,
            instance,
            only: false,
        };
        let tasks = [
            (who(0, 1), "a#1"),
            (who(0, 2), "a#2"),
            (who(0, 3), "a#3"),
            (who(1, 4), "b#4"),
        ];
        assert_eq!(folded(&tasks), ["a#1..#3", "b#4"]);
        assert_eq!(folded(&tasks[1..]), ["a#2", "a#3", "b#4"]);
        assert_eq!(folded(&[]), Vec::<String>::new());
    }
}
