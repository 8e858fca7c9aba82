//! Commands run in containers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::{Stream, TryStreamExt};
use tokio::time::Instant;

use crate::host::engine::ExecOutcome;
use crate::host::engine_error::{EngineError, EngineErrorKind};

use super::failure::engine_error;
use super::{DockerEngine, path_part};

/// How much of an output is kept: what a person reads after a failure, not what a program prints.
const KEPT_BYTES: usize = 64 * 1024;
/// Between the first two looks at a command; each further time is twice as long, up to the longest.
const FIRST_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_INTERVAL: Duration = Duration::from_secs(2);

pub(super) async fn run(
    engine: &DockerEngine,
    container_name: &str,
    arguments: &[String],
    user: Option<&str>,
    patience: Duration,
) -> Result<ExecOutcome, EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{container_name}/exec");
    let part = path_part(&call, container_name)?;
    let exec_id =
        engine.call(&call, engine.docker.create_exec(&part, exec_config(arguments, user))).await?.id;
    let call = format!("POST /exec/{exec_id}/start");
    let started = engine.call(&call, engine.docker.start_exec(&exec_id, None::<StartExecOptions>)).await?;
    match started {
        StartExecResults::Attached { output, input } => {
            // The Engine takes a closed input for a client that has gone.
            let _input = input;
            watch(engine, &exec_id, output, patience).await
        }
        StartExecResults::Detached => {
            let reason = "the Engine did not attach the command's output";
            Err(EngineError::new(call, EngineErrorKind::Answer(Arc::new(io::Error::other(reason)))))
        }
    }
}

/// Reads what a command writes and asks from time to time whether it has ended: its output may
/// end before it, or be held open by what it leaves in the background.
///
/// A command that is left running loses its reader here. Engines 20.10 to 28 read on in its place, so
/// that it is neither ended nor held up; only the exit code that they would tell later is wrong.
async fn watch(
    engine: &DockerEngine,
    exec_id: &str,
    mut output: impl Stream<Item = Result<LogOutput, Error>> + Unpin,
    patience: Duration,
) -> Result<ExecOutcome, EngineError> {
    let call = format!("GET /exec/{exec_id}/json");
    let deadline = Instant::now() + patience;
    let mut tail = OutputTail::default();
    let (mut is_open, mut interval) = (true, FIRST_INTERVAL);
    loop {
        let until = deadline.min(Instant::now() + interval);
        if is_open {
            is_open = read_until(until, &mut output, &mut tail)
                .await
                .map_err(|error| engine_error(&format!("POST /exec/{exec_id}/start"), error, patience))?;
        } else {
            tokio::time::sleep_until(until).await;
        }
        let found = engine.call(&call, engine.docker.inspect_exec(exec_id)).await?;
        let exit_code = found.exit_code.filter(|_| found.running != Some(true));
        if exit_code.is_some() || Instant::now() >= deadline {
            if is_open {
                // What has been written is on its way; what the command left running may write forever.
                let _is_open = read_until(Instant::now() + FIRST_INTERVAL, &mut output, &mut tail).await;
            }
            return Ok(ExecOutcome { exit_code, output: tail.into_text() });
        }
        interval = LONGEST_INTERVAL.min(interval * 2);
    }
}

/// Whether there is more to read.
async fn read_until(
    until: Instant,
    output: &mut (impl Stream<Item = Result<LogOutput, Error>> + Unpin),
    tail: &mut OutputTail,
) -> Result<bool, Error> {
    while let Ok(next) = tokio::time::timeout_at(until, output.try_next()).await {
        match next? {
            Some(part) => tail.push(part.as_ref()),
            None => return Ok(false),
        }
    }
    Ok(true)
}

fn exec_config(arguments: &[String], user: Option<&str>) -> ExecConfig {
    ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(arguments.to_vec()),
        user: user.map(str::to_owned),
        ..ExecConfig::default()
    }
}

/// The end of an output.
#[derive(Default)]
pub(super) struct OutputTail {
    bytes: Vec<u8>,
}

impl OutputTail {
    /// Adds what came next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cutting at twice the size moves every byte once, on average.
        if self.bytes.len() > 2 * KEPT_BYTES {
            self.bytes.drain(..self.bytes.len() - KEPT_BYTES);
        }
    }

    /// The text; where something was cut off, it begins with a whole line.
    pub(super) fn into_text(self) -> String {
        let start = self.bytes.len().saturating_sub(KEPT_BYTES);
        let kept = &self.bytes[start..];
        let is_cut = start > 0 || self.bytes.len() == KEPT_BYTES;
        let line_start =
            kept.iter().position(|byte| *byte == b'\n').filter(|_| is_cut).map_or(0, |at| at + 1);
        String::from_utf8_lossy(&kept[line_start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        let mut tail = OutputTail::default();
        for number in 0..50_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        let text = tail.into_text();
        assert!(text.len() <= KEPT_BYTES, "{}", text.len());
        assert!(text.starts_with("line ") && text.ends_with("line 49999\n"));
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        let mut tail = OutputTail::default();
        tail.push(b"one\ntwo");
        assert_eq!(tail.into_text(), "one\ntwo");
    }
}
