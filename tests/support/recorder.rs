//! A recorder between dmfab and an Engine: which calls were made, and which of them at the same time.

use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `GET /v1.41/containers/json?all=true`.
    pub(crate) line: String,
    asked: Instant,
    answered: Option<Instant>,
    connection: usize,
}

impl Call {
    /// `GET`.
    pub(crate) fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

/// Stands in front of an Engine's socket until it is dropped.
pub(crate) struct Recorder {
    /// Where clients find it.
    pub(crate) socket: PathBuf,
    calls: Arc<Mutex<Vec<Call>>>,
    is_over: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
}

impl Recorder {
    pub(crate) fn before(engine: &Path) -> Self {
        Self::holding(engine, Duration::ZERO)
    }

    /// Each answer is held back for a time, as a long way would. Calls that do not wait for one another are seen side by side then.
    pub(crate) fn holding(engine: &Path, hold: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let between = Between { engine: engine.to_owned(), hold, calls: Arc::clone(&calls) };
        let ends = Arc::clone(&is_over);
        thread::spawn(move || {
            let clients = listener.incoming().map_while(Result::ok);
            for (number, client) in clients.take_while(|_| !ends.load(Ordering::Relaxed)).enumerate() {
                // An Engine that is away refuses; then so does the recorder.
                let _ = between.serve(number, client);
            }
        });
        Self { socket, calls, is_over, _folder: folder }
    }

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().expect("no panic"))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = UnixStream::connect(&self.socket);
    }
}

/// How many calls waited for their answers at the same time.
pub(crate) fn most_at_once(calls: &[Call]) -> usize {
    let waiting = |at: Instant| {
        calls.iter().filter(|call| call.asked <= at && call.answered.is_none_or(|end| end > at)).count()
    };
    calls.iter().map(|call| waiting(call.asked)).max().unwrap_or_default()
}

/// How many calls came one after another: the longest row of which each was asked when the one before was answered.
pub(crate) fn rounds(calls: &[Call]) -> usize {
    let mut spans: Vec<(Instant, Instant)> =
        calls.iter().filter_map(|call| Some((call.answered?, call.asked))).collect();
    spans.sort();
    let mut last: Option<Instant> = None;
    let mut count = 0;
    for (answered, asked) in spans {
        if last.is_none_or(|end| asked >= end) {
            count += 1;
            last = Some(answered);
        }
    }
    count
}

/// What connections share.
#[derive(Clone)]
struct Between {
    engine: PathBuf,
    hold: Duration,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Between {
    fn serve(&self, number: usize, client: UnixStream) -> io::Result<()> {
        let engine = UnixStream::connect(&self.engine)?;
        let (answers, back) = (engine.try_clone()?, client.try_clone()?);
        let one = self.clone();
        thread::spawn(move || {
            let _ = copied(answers, &back, |line| one.see_answer(number, line));
            let _ = back.shutdown(Shutdown::Both);
        });
        let other = self.clone();
        thread::spawn(move || {
            let _ = copied(client, &engine, |line| other.see_request(number, line));
            let _ = engine.shutdown(Shutdown::Write);
        });
        Ok(())
    }

    fn see_request(&self, connection: usize, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        if let Some(request) = text.trim_end().strip_suffix(" HTTP/1.1") {
            let (line, asked) = (request.to_owned(), Instant::now());
            let call = Call { line, asked, answered: None, connection };
            self.calls.lock().expect("no panic").push(call);
        }
    }

    fn see_answer(&self, connection: usize, line: &[u8]) {
        if !line.starts_with(b"HTTP/1.1 ") {
            return;
        }
        thread::sleep(self.hold);
        let mut calls = self.calls.lock().expect("no panic");
        let open = calls.iter_mut().find(|call| call.connection == connection && call.answered.is_none());
        if let Some(call) = open {
            call.answered = Some(Instant::now());
        }
    }
}

/// Passes on all that comes, and shows each line before.
fn copied(from: UnixStream, mut to: &UnixStream, see: impl Fn(&[u8])) -> io::Result<()> {
    let mut from = BufReader::new(from);
    let mut is_at_start = true;
    loop {
        let bytes = from.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        if is_at_start {
            see(&bytes[..end]);
        }
        is_at_start = bytes[end - 1] == b'\n';
        to.write_all(&bytes[..end])?;
        from.consume(end);
    }
}
