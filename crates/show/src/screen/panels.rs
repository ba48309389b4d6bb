//! One state as panels: programs, who waits for whom, slots.

use kmapcheck_report::words::{on_model, padded};
use std::io;

use crate::recording::Recording;
use crate::recording::moment::Moment;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, LineGauge, Paragraph, Wrap};

use crate::screen::Replay;
use crate::screen::keys::action;

/// What keys there are.
const HELP: &str =
    "←/→ step  PgUp/PgDn 20 steps  Home/End  n point of no return  Tab finding  q quit";

/// Width of a bar of slots.
const BAR: usize = 24;

/// Shows a replay on the terminal until somebody has seen enough.
///
/// # Errors
///
/// If the terminal cannot be read or written.
pub fn run(replay: &mut Replay<'_>) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let done = (|| loop {
        terminal.draw(|frame| draw(frame, replay))?;
        if let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
            && let Some(action) = action(key)
            && !replay.act(action)
        {
            return Ok(());
        }
    })();
    let restored = ratatui::try_restore();
    done.and(restored)
}

/// Draws the state that a replay is in.
pub fn draw(frame: &mut Frame<'_>, replay: &Replay<'_>) {
    let Some(recording) = replay.recording() else {
        return frame.render_widget(
            Paragraph::new("Nothing was found: there is no trace."),
            frame.area(),
        );
    };
    let moment = Moment::of(recording, replay.state);
    // No screen has so many lines.
    let slots = u16::try_from(recording.series.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let [head, panels, below, now, gauge, help] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Min(6),
        Constraint::Length(slots.min(10)),
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(panels);

    frame.render_widget(heading(replay), head);
    draw_programs(frame, left, recording, &moment);
    let waits = Paragraph::new(waiting(recording, &moment))
        .wrap(Wrap { trim: false })
        .block(Block::bordered().title(" Who waits for whom "));
    frame.render_widget(waits, right);
    let series = (0..recording.series.len()).map(|i| slot_line(recording, &moment, i));
    let series = Paragraph::new(series.collect::<Vec<_>>());
    frame.render_widget(series.block(Block::bordered().title(" Slots ")), below);
    frame.render_widget(
        Paragraph::new(moment.tell())
            .wrap(Wrap { trim: true })
            .bold(),
        now,
    );
    #[allow(clippy::cast_precision_loss, reason = "traces are short enough")]
    let ratio = replay.state as f64 / recording.last().max(1) as f64;
    let progress = LineGauge::default()
        .ratio(ratio.clamp(0.0, 1.0))
        .label(format!("{}/{}", replay.state, recording.last()))
        .filled_style(Style::new().fg(Color::Blue));
    frame.render_widget(progress, gauge);
    frame.render_widget(Paragraph::new(HELP).dim(), help);
}

fn heading<'a>(replay: &'a Replay<'_>) -> Paragraph<'a> {
    let finding = &replay.report.findings[replay.finding];
    let which = match replay.recordings.len() {
        1 => String::new(),
        n => format!(" ({} of {n})", replay.finding + 1),
    };
    Paragraph::new(vec![
        Line::from(vec![
            finding.kind.name().red().bold(),
            Span::raw(which),
            Span::raw(format!(
                ": {}",
                on_model(&replay.report.scenario, &replay.report.model)
            )),
        ]),
        Line::raw(finding.summary.as_str()),
    ])
    .wrap(Wrap { trim: true })
}

/// The programs side by side, each scrolled so that somebody's line can be seen.
fn draw_programs(frame: &mut Frame<'_>, area: Rect, recording: &Recording, moment: &Moment<'_>) {
    let columns = Layout::horizontal(recording.programs.iter().map(|_| Constraint::Fill(1)));
    for (i, (listing, area)) in
        (recording.programs.iter().zip(columns.split(area).iter())).enumerate()
    {
        let mut lines: Vec<Line<'_>> = Vec::new();
        let mut first = None;
        for j in (0..listing.lines.len()).map(Some).chain([None]) {
            let badges = moment.badges(i, j);
            let text = j.map_or("end", |j| listing.lines[j].op.as_str());
            let number = j.map_or(String::new(), |j| (j + 1).to_string());
            let mut spans = vec![
                Span::raw(format!("{number:>3} ")).dim(),
                if badges.is_empty() {
                    Span::raw(text)
                } else {
                    Span::raw(text).bold()
                },
            ];
            if !badges.is_empty() {
                first = first.or(Some(lines.len()));
            }
            for badge in &badges {
                let (text, style) = if badge.waits {
                    let style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
                    (format!(" ◀{} waits", badge.text), style)
                } else {
                    (format!(" ◀{}", badge.text), Style::new().fg(Color::Blue))
                };
                spans.push(Span::styled(text, style));
            }
            lines.push(Line::from(spans));
        }
        // The first line with somebody at it, with some of what is before it.
        let room = usize::from(area.height.saturating_sub(2));
        let most = lines.len().saturating_sub(room);
        let above = first.unwrap_or(0).saturating_sub(room / 3).min(most);
        // Further than that the widget cannot be told to scroll.
        let program = Paragraph::new(lines)
            .scroll((u16::try_from(above).unwrap_or(u16::MAX), 0))
            .block(Block::bordered().title(format!(" {} ", listing.name)));
        frame.render_widget(program, *area);
    }
}

/// The wait-for graph: a line for each edge, what is stuck to the end in red.
fn waiting<'a>(recording: &'a Recording, moment: &Moment<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let state = moment.state();
    let stuck = |task: usize| {
        let mut waits = recording.waits_at(state);
        recording.tasks[task].core && waits.any(|wait| wait.task == task && wait.to.is_none())
    };
    for lane in &recording.lanes {
        let style = if lane.tasks.iter().all(|&task| stuck(task)) {
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
        } else {
            Style::new()
        };
        let standing = moment.standing(lane);
        lines.push(Line::styled(format!("{} {standing}", lane.label), style));
        let holds = moment.holds(lane);
        if !holds.is_empty() {
            lines.push(Line::raw(format!("    holds {holds}")));
        }
    }
    let mut awaited: Vec<usize> = recording.waits_at(state).map(|wait| wait.thing).collect();
    awaited.sort_unstable();
    awaited.dedup();
    for thing in awaited {
        let holders: Vec<&str> = (recording.lanes.iter())
            .filter(|lane| {
                let mut holds = recording.holds_at(state);
                holds
                    .any(|hold| hold.thing == thing && lane.tasks.binary_search(&hold.task).is_ok())
            })
            .map(|lane| lane.label.as_str())
            .collect();
        let by = if holders.is_empty() {
            "held by nobody who lives".to_owned()
        } else {
            format!("held by {}", holders.join(", "))
        };
        lines.push(Line::raw(format!(
            "{}: {by}",
            recording.things[thing].label
        )));
    }
    lines
}

fn slot_line<'a>(recording: &'a Recording, moment: &Moment<'a>, series: usize) -> Line<'a> {
    let track = &recording.series[series];
    let (in_use, stale) = track.at(moment.state());
    let of = track.slots.unwrap_or(in_use + stale).max(1) as usize;
    let width = of.min(BAR);
    let cells = |n: u32| (n as usize * width).div_ceil(of);
    let used = cells(in_use).min(width);
    let left = cells(stale).min(width - used);
    let pages = moment.stale(series);
    Line::from(vec![
        Span::raw(padded(&track.name, 12) + " "),
        Span::styled("█".repeat(used), Style::new().fg(Color::Blue)),
        Span::styled("▒".repeat(left), Style::new().fg(Color::DarkGray)),
        Span::raw("·".repeat(width - used - left)).dim(),
        Span::raw(format!(" {}", moment.usage(series))),
        Span::raw(if pages.is_empty() {
            String::new()
        } else {
            format!(" ({pages})")
        })
        .dim(),
    ])
}
