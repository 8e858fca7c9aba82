//! Shows on stderr how a run goes. What is shown comes from the library's reports; here it only
//! gets onto the screen, and off it again when the run ends.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};

use dmfab::event::{Event, EventKind, HostSummary};
use dmfab::report::Style;
use dmfab::report::board::{Board, BoardLine};
use dmfab::report::json;
use dmfab::report::plain::{HEARTBEAT_INTERVAL, PlainReporter};

/// How often moving lines are drawn anew: seconds are shown with one digit.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// What turns in front of a line while its host is at work.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// How the operator wants to see a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressMode {
    /// Moving lines on a terminal, appended lines elsewhere.
    #[default]
    Auto,
    /// Moving lines; appended ones where there is no terminal to move them on.
    Tty,
    /// Appended lines.
    Plain,
    /// One JSON object a line.
    Json,
    /// Nothing but the plan and the summary.
    Quiet,
}

/// How a run is shown, once it is known where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Display {
    /// Lines that move.
    Board,
    /// Lines that are appended.
    Lines,
    /// JSON objects, one a line.
    Json,
    /// Nothing.
    Nothing,
}

impl ProgressMode {
    /// Where output of containers is shown at the same time: moving lines would be torn apart by it.
    pub(crate) fn beside_output(self) -> Self {
        match self {
            Self::Auto | Self::Tty => Self::Plain,
            Self::Plain | Self::Json | Self::Quiet => self,
        }
    }

    /// Decides once for the whole run.
    fn resolve(self, stderr_is_terminal: bool) -> Display {
        match self {
            Self::Auto | Self::Tty if stderr_is_terminal => Display::Board,
            Self::Auto | Self::Tty | Self::Plain => Display::Lines,
            Self::Json => Display::Json,
            Self::Quiet => Display::Nothing,
        }
    }
}

/// Which hosts are shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// All of them.
    pub(crate) host_names: Vec<String>,
    /// Those that a display before has shown the end of.
    pub(crate) ended: Vec<HostSummary>,
}

impl Shown {
    fn reporter(&self, style: Style) -> PlainReporter {
        let mut reporter = PlainReporter::new(&self.host_names, style);
        for host in &self.ended {
            reporter.skip_reason(&host.host_name);
        }
        reporter
    }

    fn board(&self, style: Style) -> Board {
        let mut board = Board::new(&self.host_names, style);
        for HostSummary { host_name, outcome, .. } in self.ended.iter().cloned() {
            board.note(&Event { host_name, kind: EventKind::Finished { outcome } }, Duration::ZERO);
        }
        board
    }
}

/// Shows events until nobody sends any more. Dropping it before leaves a clean terminal as well.
pub(crate) async fn show(
    mode: ProgressMode,
    shown: &Shown,
    mut events: UnboundedReceiver<Event>,
    colour: bool,
) {
    let stderr = std::io::stderr();
    let style = Style { colour };
    match mode.resolve(stderr.is_terminal()) {
        Display::Board => {
            let screen = Screen::new(ProgressDrawTarget::stderr());
            // A terminal that cannot move its cursor (`TERM=dumb`) is none for this purpose.
            if screen.is_hidden() {
                show_lines(stderr, shown, &mut events, style).await;
            } else {
                show_board(screen, shown, &mut events, style).await;
            }
        }
        Display::Lines => show_lines(stderr, shown, &mut events, style).await,
        Display::Json => show_json(stderr, &mut events).await,
        Display::Nothing => while events.recv().await.is_some() {},
    }
}

async fn show_lines(
    mut output: impl Write,
    shown: &Shown,
    events: &mut UnboundedReceiver<Event>,
    style: Style,
) {
    let began = Instant::now();
    let mut reporter = shown.reporter(style);
    let mut heartbeat = interval(HEARTBEAT_INTERVAL);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let line = tokio::select! {
            event = events.recv() => match event {
                Some(event) => reporter.line(&event, began.elapsed()),
                None => return,
            },
            _ = heartbeat.tick() => reporter.heartbeat(began.elapsed()),
        };
        if let Some(line) = line {
            write_line(&mut output, &line);
        }
    }
}

async fn show_json(mut output: impl Write, events: &mut UnboundedReceiver<Event>) {
    let began = Instant::now();
    while let Some(event) = events.recv().await {
        write_line(&mut output, &json::event_line(&event, began.elapsed()));
    }
}

/// Nobody reading stderr is no reason to stop a deployment.
fn write_line(output: &mut impl Write, line: &str) {
    // In one piece, so that lines of other writers do not get into it.
    let _ = output.write_all(format!("{line}\n").as_bytes());
}

async fn show_board(mut screen: Screen, shown: &Shown, events: &mut UnboundedReceiver<Event>, style: Style) {
    let began = Instant::now();
    let mut board = shown.board(style);
    // What containers wrote is in the summary, a moment later on the same screen.
    let mut reporter = shown.reporter(style);
    let mut draw = interval(DRAW_INTERVAL);
    draw.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return };
                board.note(&event, began.elapsed());
                let line = reporter.line(&event, began.elapsed());
                if let Some(line) = line.filter(|_| stays(&event.kind)) {
                    screen.print(&line);
                }
            }
            _ = draw.tick() => screen.draw(&board.lines(began.elapsed())),
        }
    }
}

/// Whether an event leaves a line above the moving ones: what went wrong, and how a host ended.
fn stays(kind: &EventKind) -> bool {
    match kind {
        EventKind::Unreachable { .. }
        | EventKind::StepFailed { .. }
        | EventKind::UndoFailed { .. }
        | EventKind::Finished { .. } => true,
        EventKind::ConnectStarted
        | EventKind::Connected { .. }
        | EventKind::Planned { .. }
        | EventKind::StepStarted { .. }
        | EventKind::CommandRun { .. }
        | EventKind::StepFinished { .. }
        | EventKind::StepSkipped { .. }
        | EventKind::StepUndone { .. } => false,
    }
}

/// The moving lines of a terminal. indicatif keeps them within its width and height.
struct Screen {
    lines: MultiProgress,
    bars: Vec<ProgressBar>,
    frame: usize,
}

impl Screen {
    fn new(target: ProgressDrawTarget) -> Self {
        Self { lines: MultiProgress::with_draw_target(target), bars: Vec::new(), frame: 0 }
    }

    fn is_hidden(&self) -> bool {
        self.lines.is_hidden()
    }

    /// Prints above the moving lines; it stays there.
    fn print(&self, text: &str) {
        // As in `write_line`.
        let _ = self.lines.println(text);
    }

    fn draw(&mut self, wanted: &[BoardLine]) {
        self.frame += 1;
        self.set_line_count(wanted.len());
        let spinner = SPINNER[self.frame % SPINNER.len()];
        for (bar, line) in self.bars.iter().zip(wanted) {
            let symbol = if line.is_working { spinner } else { " " };
            bar.set_message(format!("{symbol} {}", line.text));
        }
    }

    fn set_line_count(&mut self, wanted: usize) {
        while self.bars.len() < wanted {
            let bar = self.lines.add(ProgressBar::no_length());
            bar.set_style(line_style());
            self.bars.push(bar);
        }
        for bar in self.bars.drain(wanted.min(self.bars.len())..) {
            bar.finish_and_clear();
            self.lines.remove(&bar);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.set_line_count(0);
        let _ = self.lines.clear();
    }
}

/// Nothing but the message, cut off at the terminal's width.
fn line_style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests;
