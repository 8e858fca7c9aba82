use std::io;
use std::sync::{Arc, Mutex};

use dmfab::event::{Events, HostOutcome, Problem};
use dmfab::plan::StepId;
use indicatif::TermLike;

use super::*;

/// A terminal that remembers what was written to it.
#[derive(Debug, Clone, Default)]
struct FakeTerminal {
    written: Arc<Mutex<String>>,
}

impl FakeTerminal {
    fn write(&self, text: &str) {
        self.written.lock().expect("no panic elsewhere").push_str(text);
    }

    fn written(&self) -> String {
        self.written.lock().expect("no panic elsewhere").clone()
    }
}

impl TermLike for FakeTerminal {
    fn width(&self) -> u16 {
        40
    }

    fn height(&self) -> u16 {
        10
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.write(&"<up>".repeat(lines));
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.write(&"<down>".repeat(lines));
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.write(&"<right>".repeat(columns));
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.write(&"<left>".repeat(columns));
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"));
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.write(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write("<clear>");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn failure() -> EventKind {
    let problem =
        Problem { chain: vec!["unhealthy".to_owned()], help: None, output: Some("Error".to_owned()) };
    EventKind::StepFailed { step: StepId(0), text: "start container shop.app".to_owned(), problem }
}

fn run() -> UnboundedReceiver<Event> {
    let (events, receiver) = Events::channel();
    events.send("web1", EventKind::ConnectStarted);
    events.send("web1", failure());
    events.send("web1", EventKind::Finished { outcome: HostOutcome::Done { changed: 1, unchanged: 0 } });
    receiver
}

fn shown() -> Shown {
    Shown { host_names: vec!["web1".to_owned()], ended: Vec::new() }
}

#[test]
fn moving_lines_need_a_terminal() {
    for (mode, on_terminal, elsewhere) in [
        (ProgressMode::Auto, Display::Board, Display::Lines),
        (ProgressMode::Tty, Display::Board, Display::Lines),
        (ProgressMode::Plain, Display::Lines, Display::Lines),
        (ProgressMode::Json, Display::Json, Display::Json),
        (ProgressMode::Quiet, Display::Nothing, Display::Nothing),
    ] {
        assert_eq!(mode.resolve(true), on_terminal, "{mode:?}");
        assert_eq!(mode.resolve(false), elsewhere, "{mode:?}");
    }
}

#[tokio::test]
async fn lines_are_appended_until_the_channel_closes() {
    let mut output = Vec::new();
    show_lines(&mut output, &shown(), &mut run(), Style::PLAIN).await;
    let output = String::from_utf8(output).expect("text");
    let told: Vec<&str> =
        output.lines().filter_map(|line| line.split_once("] ")).map(|(_, told)| told).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    web1 | FAILED start container shop.app: unhealthy
    web1 | done: 1 changed
    ");
}

#[tokio::test]
async fn what_a_display_before_has_told_is_not_told_again() {
    let problem = Problem { chain: vec!["no answer".to_owned()], help: None, output: None };
    let outcome = HostOutcome::Unreachable { problem };
    let host =
        HostSummary { host_name: "web1".to_owned(), outcome: outcome.clone(), took: Duration::from_secs(2) };
    let shown = Shown { host_names: vec!["web1".to_owned(), "web2".to_owned()], ended: vec![host] };
    let lines = shown.board(Style::PLAIN).lines(Duration::ZERO);
    assert_eq!(lines.first().map(|line| line.text.as_str()), Some("web1  unreachable"));
    let (events, mut receiver) = Events::channel();
    events.send("web1", EventKind::Finished { outcome });
    drop(events);
    let mut output = Vec::new();
    show_lines(&mut output, &shown, &mut receiver, Style::PLAIN).await;
    let output = String::from_utf8(output).expect("text");
    assert!(output.ends_with("web1 | UNREACHABLE: nothing was changed\n"), "{output}");
}

#[tokio::test]
async fn events_are_json_lines() {
    let mut output = Vec::new();
    show_json(&mut output, &mut run()).await;
    let output = String::from_utf8(output).expect("text");
    let names: Vec<String> = output
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["event"].to_string())
        .collect();
    assert_eq!(names, ["\"connect_started\"", "\"step_failed\"", "\"finished\""]);
}

#[tokio::test]
async fn the_board_leaves_what_matters_and_nothing_else() {
    let terminal = FakeTerminal::default();
    let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
    show_board(Screen::new(target), &shown(), &mut run(), Style::PLAIN).await;
    let written = terminal.written();
    assert!(written.contains("web1 | FAILED start container shop.app: unhealthy"), "{written}");
    assert!(written.contains("web1 | done: 1 changed"), "{written}");
    assert!(!written.contains("Error"), "{written}");
}

#[test]
fn lines_come_and_go_and_are_cleared_in_the_end() {
    let terminal = FakeTerminal::default();
    let mut screen = Screen::new(ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255));
    let line = |text: &str| BoardLine { is_working: true, text: text.to_owned() };
    screen.draw(&[line("web1  connect"), line("web2  connect")]);
    assert_eq!(screen.bars.len(), 2);
    screen.draw(&[line("web2  start container with a name longer than this terminal is wide")]);
    assert_eq!(screen.bars.len(), 1);
    let written = terminal.written();
    assert!(written.contains("⠙ web1  connect") && written.contains("⠙ web2  connect"), "{written}");
    assert!(!written.contains("is wide"), "{written}");
    drop(screen);
    assert!(terminal.written().ends_with("<clear>"), "{}", terminal.written());
}
