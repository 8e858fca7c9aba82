//! What scripts write while they run, and how they end.
//!
//! Output takes another way than events: there may be more of it than fits into memory, and nobody may
//! read it. Whoever runs a script never waits for whoever shows it, for a connection that is not read
//! stops everything on it. What does not fit in between is left out, and how much that is, is told.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::model::output::OutputStream;

/// Bytes that may wait to be shown.
const WAITING_BYTES: usize = 32 * 1024 * 1024;
/// How much of a script's output its result keeps: the end of it.
pub const KEPT_LOG_BYTES: usize = 16 * 1024 * 1024;

/// A piece of what a container wrote, as it came: not a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The host.
    pub host_name: String,
    /// The container.
    pub container_name: String,
    /// Where it was written to.
    pub stream: OutputStream,
    /// What was written.
    pub bytes: Bytes,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptResult {
    /// The host.
    pub host_name: String,
    /// The container.
    #[serde(rename = "container")]
    pub container_name: String,
    /// Its id.
    pub id: Option<String>,
    /// Its exit code; `None` if it did not end in time.
    pub exit_code: Option<i64>,
    /// Why it has no exit code.
    pub error: Option<String>,
    /// What it wrote, both streams in the order they came.
    pub log: String,
    /// Bytes at the beginning of the log that are left out because of its length.
    pub log_left_out_bytes: u64,
    /// Why there is no log, or not all of it.
    pub log_problem: Option<String>,
}

/// Where output and results of scripts go.
#[derive(Debug, Default)]
pub struct Scripts {
    sender: Option<mpsc::UnboundedSender<Output>>,
    queue: Arc<Queue>,
    results: Mutex<Vec<ScriptResult>>,
    remarks: Mutex<Vec<(String, String)>>,
}

/// What is on its way.
#[derive(Debug, Default)]
struct Queue {
    waiting_bytes: AtomicUsize,
    left_out_bytes: AtomicU64,
}

/// The end where output comes out.
#[derive(Debug)]
pub struct OutputReceiver {
    receiver: mpsc::UnboundedReceiver<Output>,
    queue: Arc<Queue>,
}

impl Scripts {
    /// A sink and the end where output comes out.
    pub fn channel() -> (Self, OutputReceiver) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let scripts = Self { sender: Some(sender), ..Self::default() };
        let queue = Arc::clone(&scripts.queue);
        (scripts, OutputReceiver { receiver, queue })
    }

    /// A sink that keeps results, and whose output nobody sees.
    pub fn unseen() -> Self {
        Self::default()
    }

    /// Shows a piece of output; never waits.
    pub(crate) fn show(&self, output: Output) {
        let Some(sender) = &self.sender else { return };
        let length = output.bytes.len();
        if self.queue.waiting_bytes.load(Ordering::SeqCst) + length > WAITING_BYTES {
            self.queue.left_out_bytes.fetch_add(length as u64, Ordering::SeqCst);
            return;
        }
        self.queue.waiting_bytes.fetch_add(length, Ordering::SeqCst);
        // The receiver is gone when nobody shows anything any more; that is theirs to decide.
        let _ = sender.send(output);
    }

    pub(crate) fn note(&self, result: ScriptResult) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
    }

    pub(crate) fn remark(&self, host_name: &str, text: String) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).push((host_name.to_owned(), text));
    }

    /// Results, and what else is to be told by host, in the order they came.
    pub fn into_results(self) -> (Vec<ScriptResult>, Vec<(String, String)>) {
        let results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        (results, self.remarks.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OutputReceiver {
    /// What comes next; `None` when all has come.
    pub async fn next(&mut self) -> Option<Output> {
        let output = self.receiver.recv().await?;
        self.queue.waiting_bytes.fetch_sub(output.bytes.len(), Ordering::SeqCst);
        Some(output)
    }

    /// Bytes that were left out because nobody read them in time.
    pub fn left_out_bytes(&self) -> u64 {
        self.queue.left_out_bytes.load(Ordering::SeqCst)
    }
}

/// The end of an output, and how long its beginning was.
#[derive(Debug, Default)]
pub(crate) struct KeptLog {
    bytes: Vec<u8>,
    left_out_bytes: u64,
}

impl KeptLog {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cutting at twice the size moves every byte once, on average.
        if self.bytes.len() > 2 * KEPT_LOG_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let excess = self.bytes.len().saturating_sub(KEPT_LOG_BYTES);
        self.bytes.drain(..excess);
        self.left_out_bytes += excess as u64;
    }

    /// The text, and how many bytes before it are left out.
    pub(crate) fn into_text(mut self) -> (String, u64) {
        self.cut();
        (String::from_utf8_lossy(&self.bytes).into_owned(), self.left_out_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(length: usize) -> Output {
        let bytes = Bytes::from(vec![b'x'; length]);
        let (host_name, container_name) = ("web1".to_owned(), "m.job".to_owned());
        Output { host_name, container_name, stream: OutputStream::Stdout, bytes }
    }

    #[tokio::test]
    async fn output_that_nobody_reads_does_not_fill_the_memory() {
        let (scripts, mut receiver) = Scripts::channel();
        for _ in 0..40 {
            scripts.show(output(1024 * 1024));
        }
        assert_eq!(receiver.left_out_bytes(), 8 * 1024 * 1024);
        // Room that was made is used again.
        assert!(receiver.next().await.is_some());
        scripts.show(output(1024 * 1024));
        assert_eq!(receiver.left_out_bytes(), 8 * 1024 * 1024);
        drop(scripts);
        let mut count = 0;
        while receiver.next().await.is_some() {
            count += 1;
        }
        assert_eq!(count, 32);
    }

    #[test]
    fn of_a_long_log_the_end_is_kept() {
        let mut log = KeptLog::default();
        for _ in 0..40 {
            log.push(&vec![b'a'; 1024 * 1024]);
        }
        log.push(b"the end \xff");
        let (text, left_out_bytes) = log.into_text();
        assert!(text.ends_with("the end \u{fffd}"));
        assert_eq!(left_out_bytes, 24 * 1024 * 1024 + 9);
    }
}
