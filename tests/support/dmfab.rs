//! The binary as an operator runs it: arguments in, both streams and the exit code out.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::eventually;
use super::text::without_times;

/// A run that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// A command line to come.
pub(crate) struct Dmfab {
    command: Command,
    shown: String,
    home: tempfile::TempDir,
}

/// `dmfab` with arguments. It sees neither the operator's environment nor their home folder.
pub(crate) fn dmfab<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Dmfab {
    let arguments: Vec<OsString> = arguments.into_iter().map(|part| part.as_ref().to_owned()).collect();
    let words: Vec<_> = arguments.iter().map(|part| part.to_string_lossy()).collect();
    let shown = format!("dmfab {}", words.join(" "));
    let home = tempfile::tempdir().expect("a home folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dmfab"));
    command.args(arguments).env_clear().env("HOME", home.path());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Dmfab { command, shown, home }
}

impl Dmfab {
    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in another folder, so that paths in messages are short and always the same.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let started = Instant::now();
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.shown));
        let stdout = Stream::read(child.stdout.take().expect("stdout"));
        let stderr = Stream::read(child.stderr.take().expect("stderr"));
        Running { child, stdout, stderr, shown: self.shown, started, _home: self.home }
    }
}

/// A stream that is read while it grows.
struct Stream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn read(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                written.lock().expect("no panic").push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        self.text.lock().expect("no panic").clone()
    }
}

/// A run that has not ended. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    shown: String,
    started: Instant,
    _home: tempfile::TempDir,
}

impl Running {
    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// What Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        let line = format!("kill -INT {}", self.child.id());
        let status = Command::new("sh").args(["-c", &line]).status().expect("a shell");
        assert!(status.success(), "{line}");
    }

    /// Waits for its end, which must come within the time limit.
    pub(crate) fn wait(mut self) -> Ended {
        let what = format!("`{}` ends", self.shown);
        let status = eventually(TIME_LIMIT, &what, || self.child.try_wait().expect("a child"));
        let took = self.started.elapsed();
        Ended {
            shown: self.shown.clone(),
            exit: status.code().unwrap_or_else(|| panic!("{}: {status}", self.shown)),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
            took,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    shown: String,
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// Fails with all that was written unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits_with(self, expected: i32) -> Self {
        assert_eq!(self.exit, expected, "{self}");
        self
    }

    /// Standard output, durations taken out.
    pub(crate) fn screen(&self) -> String {
        without_times(&self.stdout)
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{self}"))
    }

    /// Fails unless either stream has this text.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "does not say `{text}`\n{self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shown, exit, stdout, stderr, took } = self;
        write!(
            formatter,
            "$ {shown}\n--- stdout\n{stdout}--- stderr\n{stderr}--- exit code {exit} after {took:?}"
        )
    }
}
