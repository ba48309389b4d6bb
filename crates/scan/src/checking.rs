//! Entries alone, beside themselves and beside others.
//!
//! Alone one task runs, with the slots that there are: what is wrong then is wrong with the path.
//! Beside itself two tasks run; a third one adds nothing to circles of two, and larger pools have as
//! many tasks as slots, up to four. Where nobody says how many slots a series has, it has more than
//! any task needs, and once more just as many as one task needs: what is found only then comes about
//! once the others are taken.

use kmapcheck_check::cell::check_cell;
use kmapcheck_check::{Failure, Run};
use kmapcheck_report::{Finding, Report, Stopped};
use kmapcheck_scenario::FindingKind;

use crate::alarm::{Alarm, Of, SEVERAL, Severity, Shown, Site, Task, key, severity, sites};
use crate::asked::Asked;
use crate::entry::Entry;
use crate::leak::{leaked, names};
use crate::prepared::Prepared;

/// Tasks of an entry at most.
const TASKS: u32 = 4;

/// What came of checking something.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong.
    pub alarms: Vec<Alarm>,
    /// Why there may be more.
    pub stopped: Vec<String>,
}

/// Checks entries.
#[derive(Debug)]
pub struct Checker<'a> {
    /// The entries.
    pub entries: &'a [Entry],
    /// What is asked for.
    pub asked: &'a Asked,
}

/// What is checked at once: one entry, or two.
type Group<'p> = &'p [&'p Prepared];

impl Checker<'_> {
    /// Checks an entry alone, and beside itself.
    #[must_use]
    pub fn alone(&self, of: &Prepared) -> Checked {
        let mut checked = Checked::default();
        let group = &[of][..];
        self.run(group, 1, &[], &mut checked);
        let shares = !of.needs.shared.is_empty() || !of.needs.pools.is_empty() || of.needs.faults;
        if !shares {
            return checked;
        }
        self.run(group, self.tasks(of), &[], &mut checked);
        if let Some(slots) = self.few(group) {
            self.run(group, 2, &slots, &mut checked);
        }
        checked
    }

    /// Checks two entries beside one another.
    #[must_use]
    pub fn pair(&self, a: &Prepared, b: &Prepared) -> Checked {
        let mut checked = Checked::default();
        let group = &[a, b][..];
        self.run(group, 1, &[], &mut checked);
        if let Some(slots) = self.few(group) {
            self.run(group, 1, &slots, &mut checked);
        }
        checked
    }

    /// How many tasks of an entry fill its pools.
    fn tasks(&self, of: &Prepared) -> u32 {
        let given = of
            .needs
            .pools
            .keys()
            .filter_map(|pool| self.asked.slots().get(pool));
        let most = given.copied().filter(|slots| *slots <= TASKS).max();
        most.map_or(2, |slots| slots.max(2))
    }

    /// As few slots as one task needs, of series of which nobody says how many there are, if anything
    /// is held while one of these is asked for.
    fn few(&self, group: Group<'_>) -> Option<Vec<(String, u32)>> {
        let mut slots: Vec<(String, u32)> = Vec::new();
        for of in group {
            for series in of.open_series(self.asked) {
                let most = of
                    .needs
                    .pools
                    .get(&series)
                    .map_or(1, |most| most.number.max(1));
                match slots.iter_mut().find(|(name, _)| *name == series) {
                    Some((_, number)) => *number = most.max(*number),
                    None => slots.push((series, most)),
                }
            }
        }
        let matters = |name: &str| {
            let mut orders = group.iter().flat_map(|of| &of.needs.orders);
            orders.any(|(held, asked)| held == name || asked == name)
        };
        slots.iter().any(|(name, _)| matters(name)).then_some(slots)
    }

    /// Checks so many tasks of each.
    fn run(&self, group: Group<'_>, tasks: u32, slots: &[(String, u32)], all: &mut Checked) {
        let Some(mut limits) = self.asked.rest() else {
            all.stopped
                .push("the time was up before it was checked".to_owned());
            return;
        };
        limits.max_states = Some(self.asked.max_states);
        let run = Run::unguarded(&limits);
        let done = (|| {
            let first = group[0].load(tasks, slots)?.program;
            let (program, split) = match group {
                [_, other] => {
                    let other = other.load(tasks, slots)?.program;
                    let both = first.beside(&other).map_err(Failure::Refused)?;
                    (both, Some(first.templates.len()))
                }
                _ => (first, None),
            };
            check_cell(&program, split, &limits, &run, &mut |_| {})
        })();
        let cell = match done {
            Ok(cell) => cell,
            Err(Failure::Stopped { phase, reached }) => {
                all.stopped.push(Stopped::line(reached, phase));
                return;
            }
            Err(failure) => {
                all.stopped.push(failure.to_string());
                return;
            }
        };
        for report in [Some(&cell.report), cell.together.as_ref()]
            .into_iter()
            .flatten()
        {
            self.take(group, tasks, slots, report, all);
        }
    }

    /// Takes what was found, if it is new.
    fn take(
        &self,
        group: Group<'_>,
        tasks: u32,
        slots: &[(String, u32)],
        report: &Report,
        all: &mut Checked,
    ) {
        if let Some(stopped) = &report.stopped {
            all.stopped.push(stopped.text.clone());
        }
        for finding in &report.findings {
            let is_of_both = is_of_both(finding);
            if (group.len() == 2 && !is_of_both) || waits_for_nobody(group, finding) {
                continue;
            }
            // What is lost was kept by somebody, and that is told by itself.
            if finding
                .contested
                .iter()
                .any(|contested| !contested.lost_by.is_empty())
            {
                continue;
            }
            let shown = match (group.len(), tasks) {
                (2, _) => Shown::TwoEntries,
                (_, 1) => Shown::OneTask,
                _ => Shown::TwoTasks,
            };
            let tasks = paths(group, finding);
            let sites = match leaked(&tasks) {
                leaked if is_leak(finding) && !leaked.is_empty() => leaked,
                _ => sites(finding),
            };
            let kind = match (slots.is_empty(), shown) {
                (false, Shown::TwoTasks) if is_about_slots(finding) => SEVERAL,
                _ => finding.kind.name(),
            };
            let key = key(kind, &sites);
            if all.alarms.iter().any(|known| known.key == key) {
                continue;
            }
            let is_stuck = matches!(
                finding.kind,
                FindingKind::Deadlock | FindingKind::Starved | FindingKind::TimeoutRescue
            );
            if is_stuck && !slots.is_empty() && !is_about_slots(finding) {
                // It was not found with more: fewer slots only made it shorter.
                continue;
            }
            let severity = match is_kept(group, finding, &tasks) {
                true => Severity::Note,
                false if !slots.is_empty() => Severity::Warning,
                false => severity(finding.level),
            };
            let summary = summary(finding, slots);
            all.alarms.push(Alarm {
                severity,
                kind,
                class: finding.class.clone(),
                shown_by: shown,
                entries: group.iter().map(|of| self.of(of.number)).collect(),
                also: Vec::new(),
                summary,
                tasks,
                scenario: None,
                sites,
                key,
                judged: None,
                slots: slots.to_vec(),
                numbers: group.iter().map(|of| of.number).collect(),
            });
        }
    }

    /// An entry as alarms name it.
    #[must_use]
    pub fn of(&self, number: usize) -> Of {
        Of {
            function: self.entries[number].function.clone(),
            file: self.entries[number].file.clone(),
        }
    }
}

/// Whether tasks of two entries are stuck on one another.
fn is_of_both(finding: &Finding) -> bool {
    let mut core = (finding.tasks.iter())
        .filter(|task| finding.core.contains(&task.task))
        .map(|task| task.who.template);
    let first = core.next();
    core.any(|other| Some(other) != first)
}

/// Whether something is waited for that somebody gives who is not there: with him it is another
/// question.
fn waits_for_nobody(group: Group<'_>, finding: &Finding) -> bool {
    let is_given = |name: &str| group.iter().any(|of| of.needs.gives.contains(name));
    finding.contested.iter().any(|contested| {
        contested.held_by.is_empty()
            && contested.lost_by.is_empty()
            && contested.could_be_given_by.is_empty()
            && !contested.is_series
            && !is_given(&contested.resource)
    })
}

/// Whether slots are waited for.
fn is_about_slots(finding: &Finding) -> bool {
    finding
        .contested
        .iter()
        .any(|contested| contested.is_series)
}

/// Whether a finding is about what is never given back.
fn is_leak(finding: &Finding) -> bool {
    matches!(finding.kind, FindingKind::LockLeak | FindingKind::SlotLeak)
}

/// Whether what is left held is meant to be: it is on every path, or it is the caller's.
fn is_kept(group: Group<'_>, finding: &Finding, tasks: &[Task]) -> bool {
    let is_meant = |name: &str| {
        (group.iter()).any(|of| {
            let needs = &of.needs;
            needs.kept.get(name) == Some(&true) || needs.lent.contains_key(name)
        })
    };
    let names = names(tasks);
    is_leak(finding) && !names.is_empty() && names.iter().all(|name| is_meant(name))
}

/// A finding in one sentence.
fn summary(finding: &Finding, slots: &[(String, u32)]) -> String {
    match slots {
        [] => finding.summary.clone(),
        slots => {
            let list: Vec<String> = (slots.iter())
                .map(|(name, n)| format!("{n} of {name}"))
                .collect();
            format!(
                "once no more slots are left than {}: {}",
                list.join(", "),
                finding.summary
            )
        }
    }
}

/// What each task that takes part has done, and what it waits to do.
fn paths(group: Group<'_>, finding: &Finding) -> Vec<Task> {
    let operation = |place| group.iter().find_map(|of| of.operation(place));
    let mut tasks: Vec<Task> = Vec::new();
    for at_end in &finding.tasks {
        if !finding.core.is_empty() && !finding.core.contains(&at_end.task) {
            continue;
        }
        let steps = finding.trace.iter().filter(|step| step.task == at_end.task);
        let mut program: Vec<_> = (steps.filter(|step| !is_choice(&step.op)))
            .filter_map(|step| operation(&step.place))
            .collect();
        if at_end.standing == kmapcheck_report::Standing::Waits
            && let Some(place) = &at_end.place
        {
            program.extend(operation(place));
        }
        let entry = usize::from(group.len() == 2 && at_end.who.template > 0);
        tasks.push(Task {
            task: at_end.task.clone(),
            entry,
            program,
        });
    }
    tasks
}

/// Whether a step only chooses a branch.
fn is_choice(op: &str) -> bool {
    op.starts_with("choose")
}

/// Sites of what a task has at once.
#[must_use]
pub fn at_once(taken: &[kmapcheck_extract::scan::needs::Use]) -> Vec<Site> {
    let mut sites: Vec<Site> = (taken.iter())
        .map(|used| Site {
            op: format!("{}({})", used.op, used.of),
            at: used.at.clone(),
            holds: Vec::new(),
        })
        .collect();
    sites.sort();
    sites
}
