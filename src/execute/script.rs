//! The steps of a script that are more than one call: its files, its run, and its container's end.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::time::{sleep, timeout};

use crate::event::{KeptLog, Output, ScriptResult, Scripts};
use crate::host::archive::{self, Upload};
use crate::host::engine::{Engine, LogPiece, LogStream};
use crate::host::engine_error::EngineError;
use crate::model::output::{LogOptions, OutputStream};
use crate::plan::Action;

use super::action::ActionError;

/// Some Engines end a log that is followed before its last words. So many lines at its end are read again.
const LINES_READ_AGAIN: u32 = 1000;
/// What a container wrote is waited for this long after it has ended, from piece to piece.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Why a script or its files came to no good end. The script's own exit code is no failure of ours.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It takes too long.
    #[error("the container did not end within {} s", .after.as_secs_f64())]
    TimedOut {
        /// How long was waited.
        after: Duration,
        /// It is left as it is.
        is_kept: bool,
    },
    /// Files could not be brought to this machine.
    #[error("could not bring the files to `{into}`")]
    Download {
        /// The folder.
        into: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ScriptError {
    /// What the operator can do about it.
    pub(super) fn help(&self, action: &Action) -> Option<String> {
        let Action::RunScript { container_name, .. } = action else { return None };
        match self {
            Self::TimedOut { is_kept: true, .. } => Some(format!(
                "look at it on the host with `docker logs {container_name}`, and run the next script with \
                 `--remove-existing`; `--wait-timeout` gives it more time"
            )),
            Self::TimedOut { .. } => Some("give it more time with `--wait-timeout`".to_owned()),
            Self::Download { .. } => None,
        }
    }
}

/// Where a script runs, and who is told.
pub(super) struct Stage<'a, E> {
    pub(super) engine: &'a E,
    pub(super) host_name: &'a str,
    pub(super) scripts: &'a Scripts,
}

impl<E: Engine> Stage<'_, E> {
    /// Carries out a step of a script; `None` for other steps.
    pub(super) async fn perform(&self, action: &Action) -> Option<Result<(), ActionError>> {
        match action {
            Action::UploadFiles { .. } => Some(self.upload(action).await),
            Action::RunScript { .. } => Some(self.run(action).await),
            Action::DownloadFiles { container_name, folder, into } => {
                Some(self.download(container_name, folder, into).await)
            }
            _ => None,
        }
    }

    /// The archive holds the folder itself, so that its mode is set, too: it goes into the folder above.
    async fn upload(&self, action: &Action) -> Result<(), ActionError> {
        let Action::UploadFiles { container_name, folder, path, owner, sets_mode } = action else {
            return Ok(());
        };
        let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let above = if above.is_empty() { "/" } else { above };
        let (target, name) = if *sets_mode { (above, name) } else { (folder.as_str(), "") };
        let upload = Upload { path: path.clone(), folder: name.to_owned(), owner: *owner };
        Ok(self.engine.write_archive(container_name, target, archive::pack(upload)).await?)
    }

    async fn download(&self, container_name: &str, folder: &str, into: &Path) -> Result<(), ActionError> {
        let archive = self.engine.read_archive(container_name, folder).await?;
        let unpacked = archive::unpack(archive, into.to_owned()).await;
        let unpacked =
            unpacked.map_err(|source| ScriptError::Download { into: into.display().to_string(), source })?;
        if !unpacked.left_out.is_empty() {
            let names = unpacked.left_out.join(", ");
            let text = format!("links and special files are not downloaded: {names}");
            self.scripts.remark(self.host_name, text);
        }
        Ok(())
    }

    async fn run(&self, action: &Action) -> Result<(), ActionError> {
        let Action::RunScript { container_name, deadline, timestamps, tail, is_kept_on_timeout, .. } = action
        else {
            return Ok(());
        };
        let found = self.engine.inspect_container(container_name).await?;
        let id = found.map(|container| container.id);
        // Times tell what has been read; who did not ask for them does not see them.
        let options = LogOptions { timestamps: true, tail: *tail, follow: tail.is_none() };
        let mut log = Log::new(self.host_name, container_name, self.scripts, *timestamps);
        let ended = timeout(*deadline, self.follow(container_name, options, &mut log)).await;
        if tail.is_some() {
            self.read(container_name, options, &mut log).await;
        } else if let Ok(Ok(_)) = &ended {
            log.reads_again = true;
            let tail = (!log.seen.is_empty()).then_some(LINES_READ_AGAIN);
            self.read(container_name, LogOptions { tail, follow: false, ..options }, &mut log).await;
        }
        let (after, is_kept) = (*deadline, *is_kept_on_timeout);
        let ended: Result<i64, ActionError> = match ended {
            Ok(ended) => ended.map_err(ActionError::from),
            Err(_) => Err(ScriptError::TimedOut { after, is_kept }.into()),
        };
        self.scripts.note(log.into_result(id, &ended));
        ended.map(drop)
    }

    /// Waits for the end, and takes what is written until then.
    async fn follow(
        &self,
        container_name: &str,
        options: LogOptions,
        log: &mut Log<'_>,
    ) -> Result<i64, EngineError> {
        if !options.follow {
            return self.engine.wait_container(container_name).await;
        }
        let mut pieces = log.opened(self.engine.container_log(container_name, options).await);
        let end = self.engine.wait_container(container_name);
        tokio::pin!(end);
        let mut exit_code = None;
        loop {
            if let (Some(exit_code), None) = (exit_code, &pieces) {
                return Ok(exit_code);
            }
            tokio::select! {
                piece = next(&mut pieces), if pieces.is_some() => log.take(piece, &mut pieces),
                code = &mut end, if exit_code.is_none() => exit_code = Some(code?),
                () = sleep(LAST_WORDS), if exit_code.is_some() => {
                    log.problem = Some(format!("the log did not end within {} s", LAST_WORDS.as_secs()));
                    pieces = None;
                }
            }
        }
    }

    /// What is in the log now.
    async fn read(&self, container_name: &str, options: LogOptions, log: &mut Log<'_>) {
        let read = async {
            let mut pieces = log.opened(self.engine.container_log(container_name, options).await);
            while pieces.is_some() {
                let piece = next(&mut pieces).await;
                log.take(piece, &mut pieces);
            }
        };
        if timeout(LAST_WORDS, read).await.is_err() {
            log.problem = Some(format!("the log was not read within {} s", LAST_WORDS.as_secs()));
        }
    }
}

async fn next(pieces: &mut Option<LogStream<'_>>) -> Result<Option<LogPiece>, EngineError> {
    match pieces {
        Some(pieces) => pieces.try_next().await,
        None => Ok(None),
    }
}

/// What a container has written so far.
struct Log<'a> {
    host_name: &'a str,
    container_name: &'a str,
    scripts: &'a Scripts,
    shows_times: bool,
    kept: KeptLog,
    problem: Option<String>,
    /// By stream, the time of the last piece, and how many pieces had it.
    seen: BTreeMap<bool, (Bytes, usize)>,
    /// Pieces come for the second time, but for those that did not come before.
    reads_again: bool,
}

/// Engines begin each piece of a log with its time, where that is asked for.
fn split_time(bytes: &Bytes) -> (Bytes, Bytes) {
    let is_time = |end: usize| bytes.get(4) == Some(&b'-') && bytes.get(10) == Some(&b'T') && end < 40;
    match bytes.iter().position(|byte| *byte == b' ').filter(|end| is_time(*end)) {
        Some(end) => (bytes.slice(..end), bytes.slice(end + 1..)),
        None => (Bytes::new(), bytes.clone()),
    }
}

impl<'a> Log<'a> {
    fn new(host_name: &'a str, container_name: &'a str, scripts: &'a Scripts, shows_times: bool) -> Self {
        Self {
            host_name,
            container_name,
            scripts,
            shows_times,
            kept: KeptLog::default(),
            problem: None,
            seen: BTreeMap::new(),
            reads_again: false,
        }
    }

    /// Whether a piece has come before; the last ones are counted, for several may have the same time.
    fn is_seen(&mut self, is_stderr: bool, time: &Bytes) -> bool {
        if !self.reads_again {
            let (last, count) = self.seen.entry(is_stderr).or_insert_with(|| (time.clone(), 0));
            *count = if last == time { *count + 1 } else { 1 };
            *last = time.clone();
            return false;
        }
        let Some((last, count)) = self.seen.get_mut(&is_stderr) else { return false };
        if time == last && *count > 0 {
            *count -= 1;
            return true;
        }
        time < last
    }

    fn show(&mut self, LogPiece { stream, bytes }: LogPiece) {
        let (time, text) = split_time(&bytes);
        if self.is_seen(stream == OutputStream::Stderr, &time) {
            return;
        }
        let bytes = if self.shows_times { bytes } else { text };
        self.kept.push(&bytes);
        let (host_name, container_name) = (self.host_name.to_owned(), self.container_name.to_owned());
        self.scripts.show(Output { host_name, container_name, stream, bytes });
    }

    /// A log that cannot be read is no reason to give up the script.
    fn opened<'s>(&mut self, opened: Result<LogStream<'s>, EngineError>) -> Option<LogStream<'s>> {
        opened.map_err(|error| self.problem = Some(error.to_string())).ok()
    }

    fn take(&mut self, piece: Result<Option<LogPiece>, EngineError>, pieces: &mut Option<LogStream<'_>>) {
        match piece {
            Ok(Some(piece)) => self.show(piece),
            Ok(None) => *pieces = None,
            Err(error) => {
                self.problem = Some(error.to_string());
                *pieces = None;
            }
        }
    }

    fn into_result(self, id: Option<String>, ended: &Result<i64, ActionError>) -> ScriptResult {
        let (log, log_left_out_bytes) = self.kept.into_text();
        ScriptResult {
            host_name: self.host_name.to_owned(),
            container_name: self.container_name.to_owned(),
            id,
            exit_code: ended.as_ref().ok().copied(),
            error: ended.as_ref().err().map(ToString::to_string),
            log,
            log_left_out_bytes,
            log_problem: self.problem,
        }
    }
}

/// Ends and removes a container; that it has gone by itself is as good.
pub(super) async fn take_away(
    engine: &impl Engine,
    container_name: &str,
    timeout_seconds: u32,
) -> Result<(), EngineError> {
    let gone = |ended: Result<(), EngineError>| match ended {
        Err(error) if error.is_not_found() => Ok(()),
        ended => ended,
    };
    gone(engine.stop_container(container_name, Some(timeout_seconds)).await)?;
    gone(engine.remove_container_and_volumes(container_name).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(stream: OutputStream, second: u8, text: &str) -> LogPiece {
        let bytes = Bytes::from(format!("2024-01-01T00:00:0{second}.000000000Z {text}"));
        LogPiece { stream, bytes }
    }

    /// Engines may end a log that is followed too soon: nothing is missing then, and nothing comes twice.
    #[test]
    fn what_a_followed_log_leaves_out_is_read_afterwards() {
        use OutputStream::{Stderr, Stdout};
        let all = [
            piece(Stdout, 1, "a\n"),
            piece(Stdout, 2, "a\n"),
            piece(Stdout, 2, "a\n"),
            piece(Stdout, 2, "b\n"),
            piece(Stderr, 2, "oh\n"),
            piece(Stdout, 3, "no end"),
        ];
        for followed in 0..=all.len() {
            let scripts = Scripts::unseen();
            let mut log = Log::new("h", "m.job", &scripts, false);
            all[..followed].iter().cloned().for_each(|piece| log.show(piece));
            log.reads_again = true;
            all.iter().cloned().for_each(|piece| log.show(piece));
            assert_eq!(log.kept.into_text().0, "a\na\na\nb\noh\nno end", "{followed}");
        }
    }

    #[test]
    fn what_has_no_time_is_shown_as_it_is() {
        for text in ["no time", "", "2024-01-01 00:00 x", "1234-67890T"] {
            assert_eq!(split_time(&Bytes::from(text)), (Bytes::new(), Bytes::from(text)), "{text}");
        }
    }
}
