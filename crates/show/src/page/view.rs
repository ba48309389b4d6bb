//! What the templates show.

use crate::recording::moment::{Badge, Moment};
use crate::recording::{Lane, Line, Listing, Recording};
use askama::Template;
use kmapcheck_report::words::list;
use kmapcheck_report::{Finding, Report};

use crate::{listing, text};
use kmapcheck_scenario::{Level, Program};

use crate::page::graph::{Edge, Graph, Node};
use crate::page::script::{Data, FindingData};
use crate::page::{chart, data};

/// So many lines of a program, and so many steps of a trace, are a part: browsers lay out only the
/// parts that are in sight, and a page of thousands of steps is there at once.
const PART: usize = 100;

/// The whole page.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'a> {
    report: &'a Report,
    about: Option<&'a str>,
    source: Option<&'a str>,
    verdict: &'static str,
    /// What was found, and whether that was expected.
    outcome: String,
    /// What the verdict assumes, all of it.
    assumed: Vec<String>,
    /// Whether that is so much that it is folded away.
    much_assumed: bool,
    /// What follows the findings.
    ending: Vec<text::EndLine>,
    /// The programs as they run.
    listing: String,
    findings: Vec<FindingView<'a>>,
    json: String,
    style: &'static str,
    script: &'static str,
}

/// A finding.
struct FindingView<'a> {
    number: usize,
    finding: &'a Finding,
    kind: &'static str,
    error: bool,
    start: Option<String>,
    notes: Vec<String>,
    last: usize,
    columns: usize,
    programs: Vec<ProgramView<'a>>,
    lanes: Vec<LaneView<'a>>,
    tracks: Vec<TrackView<'a>>,
    graph: Graph,
    /// The core, for the description of the picture.
    core: String,
    rows: Vec<Row<'a>>,
    /// The first state from which nothing saves the core, and where it is in percent of the width.
    lost: Option<(usize, String)>,
    /// Whether that is asked at all.
    can_be_lost: bool,
}

struct ProgramView<'a> {
    listing: &'a Listing,
    lines: Vec<LineView<'a>>,
    ended: Vec<Badge>,
}

/// Some of the lines of a program.
struct Lines<'a> {
    /// The number of the first.
    first: usize,
    lines: &'a [LineView<'a>],
    /// Whether the program ends after them.
    end: bool,
}

struct LineView<'a> {
    line: &'a Line,
    /// Whether it is the first of those that the scenario has as one operation.
    opens: bool,
    badges: Vec<Badge>,
}

struct LaneView<'a> {
    label: &'a str,
    core: bool,
    steps: String,
    waits: String,
    next: String,
    standing: String,
    /// The same in a word or two.
    brief: String,
    holds: String,
    members: Vec<MemberView<'a>>,
}

struct MemberView<'a> {
    label: &'a str,
    steps: String,
    waits: String,
}

struct TrackView<'a> {
    name: &'a str,
    in_use: String,
    stale: String,
    usage: String,
    /// Whether some slots have mappings that nobody uses.
    is_stale: bool,
    stale_pages: String,
}

struct Row<'a> {
    number: usize,
    step: &'a kmapcheck_report::Step,
    wrong: String,
    lost: bool,
}

impl<'a> Page<'a> {
    /// `recordings` are those of the report's findings.
    pub(super) fn new(
        program: &'a Program,
        report: &'a Report,
        recordings: &'a [Recording],
    ) -> Result<Page<'a>, askama::Error> {
        let findings: Vec<FindingView<'a>> = (report.findings.iter().zip(recordings).enumerate())
            .map(|(i, (finding, recording))| FindingView::new(i + 1, finding, recording))
            .collect();
        let data = Data {
            findings: (recordings.iter().zip(&findings))
                .map(|(recording, view)| FindingData::new(recording, &view.graph))
                .collect(),
        };
        let json = data::json(&data).map_err(askama::Error::custom)?;
        Ok(Page {
            report,
            about: program.about.as_deref(),
            source: program.source.as_deref(),
            verdict: report.verdict.name(),
            outcome: text::outcome(report),
            assumed: report.assumed.iter().map(text::assumption).collect(),
            much_assumed: text::assumed(report).len() < report.assumed.len(),
            ending: text::ending(report),
            listing: listing::render(program),
            findings,
            json,
            style: include_str!("../../assets/page.css"),
            script: include_str!("../../assets/page.js"),
        })
    }
}

impl<'a> FindingView<'a> {
    fn new(number: usize, finding: &'a Finding, recording: &'a Recording) -> Self {
        let last = recording.last();
        let columns = last + 1;
        let moment = Moment::of(recording, last);
        let percent = |state: usize| {
            #[allow(clippy::cast_precision_loss, reason = "traces are short enough")]
            let share = state as f64 / columns as f64;
            format!("{:.3}", share * 100.0)
        };
        let core: Vec<&str> = (recording.lanes.iter())
            .filter(|lane| recording.tasks[lane.tasks[0]].core)
            .map(|lane| lane.label.as_str())
            .collect();
        let lost = recording.point_of_no_return;
        FindingView {
            number,
            finding,
            kind: finding.kind.name(),
            error: finding.level == Level::Error,
            start: text::start(finding),
            notes: text::notes(finding),
            last,
            columns,
            programs: programs(recording, &moment),
            lanes: (recording.lanes.iter())
                .map(|lane| LaneView::new(recording, &moment, lane))
                .collect(),
            tracks: (recording.series.iter().enumerate())
                .map(|(i, track)| {
                    let (in_use, stale) = chart::slots(track, columns);
                    TrackView {
                        name: &track.name,
                        in_use,
                        stale,
                        usage: moment.usage(i),
                        is_stale: track.at(last).1 > 0,
                        stale_pages: moment.stale(i),
                    }
                })
                .collect(),
            graph: Graph::of(recording),
            core: list(&core),
            rows: (finding.trace.iter().enumerate())
                .map(|(i, step)| Row {
                    number: i + 1,
                    step,
                    wrong: {
                        let kinds: Vec<&str> =
                            step.findings.iter().map(|kind| kind.name()).collect();
                        kinds.join(", ")
                    },
                    lost: lost == Some(i + 1),
                })
                .collect(),
            lost: lost.map(|state| (state, percent(state))),
            can_be_lost: finding.wait_for.is_some(),
        }
    }
}

impl ProgramView<'_> {
    /// The lines, in parts; one of an empty program.
    fn parts(&self) -> impl Iterator<Item = Lines<'_>> {
        let all = self.lines.as_slice();
        (0..all.len().max(1)).step_by(PART).map(|from| {
            let to = all.len().min(from + PART);
            Lines {
                first: from + 1,
                lines: &all[from..to],
                end: to == all.len(),
            }
        })
    }
}

impl<'a> FindingView<'a> {
    /// The steps, in parts; one of an empty trace.
    fn parts(&self) -> Vec<&[Row<'a>]> {
        match self.rows.as_slice() {
            [] => vec![&[]],
            rows => rows.chunks(PART).collect(),
        }
    }

    /// Whether an edge is there at the end.
    fn shows(&self, edge: &Edge) -> bool {
        edge.at(self.last) > 0
    }

    /// What it says there.
    fn says(&self, edge: &Edge) -> String {
        edge.label(self.last)
    }

    /// What is said below the label of a node at the end.
    fn second(&self, node: &Node) -> String {
        match (node.lane, node.series) {
            (Some(lane), _) => self.lanes[lane].brief.clone(),
            (_, Some(series)) => match &self.tracks[series] {
                track if track.is_stale => track.usage.clone(),
                track => format!("{} in use", track.usage),
            },
            _ => node.capacity.clone(),
        }
    }
}

fn programs<'a>(recording: &'a Recording, moment: &Moment<'a>) -> Vec<ProgramView<'a>> {
    let view = |(i, listing): (usize, &'a Listing)| {
        let mut before = None;
        ProgramView {
            listing,
            lines: (listing.lines.iter().enumerate())
                .map(|(j, line)| {
                    let written = (line.written.as_deref(), line.source.as_str());
                    let opens = line.written.is_some() && before != Some(written);
                    before = Some(written);
                    LineView {
                        line,
                        opens,
                        badges: moment.badges(i, Some(j)),
                    }
                })
                .collect(),
            ended: moment.badges(i, None),
        }
    };
    recording.programs.iter().enumerate().map(view).collect()
}

impl<'a> LaneView<'a> {
    fn new(recording: &'a Recording, moment: &Moment<'a>, lane: &'a Lane) -> Self {
        let paths = |tasks: &[usize]| {
            let mut among = vec![false; recording.tasks.len()];
            tasks.iter().for_each(|&task| among[task] = true);
            (
                chart::steps(recording, &among),
                chart::waits(recording, &among),
            )
        };
        let (steps, waits) = paths(&lane.tasks);
        let members = match lane.tasks[..] {
            [_] => Vec::new(),
            _ => (lane.tasks.iter())
                .map(|&task| {
                    let (steps, waits) = paths(&[task]);
                    MemberView {
                        label: &recording.tasks[task].name,
                        steps,
                        waits,
                    }
                })
                .collect(),
        };
        LaneView {
            label: &lane.label,
            core: recording.tasks[lane.tasks[0]].core,
            steps,
            waits,
            next: moment.next(lane),
            standing: moment.standing(lane),
            brief: moment.brief(lane),
            holds: moment.holds(lane),
            members,
        }
    }
}
