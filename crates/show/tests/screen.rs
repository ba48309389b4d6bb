//! What the screen shows, and where keys lead.

use std::path::Path;
use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program, load};
use kmapcheck_search::{Engine, point_of_no_return, run};
use kmapcheck_show::recording::Recording;
use kmapcheck_show::screen::{Action, Replay, action, lines, panels};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn program(file: &str) -> Program {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn report(program: &Program) -> Report {
    let outcome = run(Engine::Search, program, &Limits::default(), &mut |_| {}).expect("it runs");
    let lost = |trace: &_, core: &[usize]| {
        point_of_no_return(program, trace, core, &Limits::default()).step()
    };
    Report::build(program, &outcome, Duration::ZERO, &lost).expect("the traces replay")
}

fn shown(replay: &Replay<'_>, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal
        .draw(|frame| panels::draw(frame, replay))
        .expect("it can be drawn on");
    terminal.backend().to_string()
}

fn press(replay: &mut Replay<'_>, code: KeyCode) -> bool {
    let action = action(KeyEvent::new(code, KeyModifiers::NONE)).expect("the key does something");
    replay.act(action)
}

#[test]
fn mremap_step_by_step() {
    let program = program("scenarios/pte-highmem/mremap-two-pagetables.json");
    let report = report(&program);
    let mut replay = Replay::new(
        &report,
        Recording::all(&program, &report).expect("it replays"),
    );
    insta::assert_snapshot!("mremap_start", shown(&replay, 100, 26));
    assert!(press(&mut replay, KeyCode::Right));
    insta::assert_snapshot!("mremap_1", shown(&replay, 100, 26));
    assert!(press(&mut replay, KeyCode::End));
    insta::assert_snapshot!("mremap_end", shown(&replay, 100, 26));
    assert!(!press(&mut replay, KeyCode::Char('q')));
}

#[test]
fn many_alike_tasks_are_folded() {
    let program = program("scenarios/pte-highmem/mremap-1024-slots-1024-tasks.json");
    let report = report(&program);
    let mut replay = Replay::new(
        &report,
        Recording::all(&program, &report).expect("it replays"),
    );
    replay.act(Action::Lost);
    insta::assert_snapshot!("mremap_1024", shown(&replay, 120, 24));
}

#[test]
fn keys_stay_within_the_trace() {
    let program = program("scenarios/pte-highmem/mremap-two-pagetables.json");
    let report = report(&program);
    let mut replay = Replay::new(
        &report,
        Recording::all(&program, &report).expect("it replays"),
    );
    let mut after = |code| {
        press(&mut replay, code);
        replay.state
    };
    let codes = [
        (KeyCode::Left, 0),
        (KeyCode::Right, 1),
        (KeyCode::Down, 2),
        (KeyCode::Right, 2),
        (KeyCode::PageUp, 0),
        (KeyCode::PageDown, 2),
        (KeyCode::Home, 0),
        (KeyCode::Char('n'), 2),
        (KeyCode::Up, 1),
        (KeyCode::Tab, 0),
    ];
    for (code, state) in codes {
        assert_eq!(after(code), state, "{code:?}");
    }
}

#[test]
fn small_terminals_do_no_harm() {
    let program = program("scenarios/pte-highmem/read-against-fault.json");
    let report = report(&program);
    let replay = Replay::new(
        &report,
        Recording::all(&program, &report).expect("it replays"),
    );
    for (width, height) in [(1, 1), (10, 3), (40, 10), (300, 80)] {
        shown(&replay, width, height);
    }
}

#[test]
fn as_text() {
    let program = program("scenarios/pte-highmem/read-against-fault.json");
    let report = report(&program);
    let replay = Replay::new(
        &report,
        Recording::all(&program, &report).expect("it replays"),
    );
    let text = lines::render(&replay);
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    insta::assert_snapshot!("as_text", text.replace(here, ""));
}
