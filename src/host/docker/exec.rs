//! Commands run in containers.

use std::time::Duration;

use bollard::errors::Error;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::TryStreamExt;

use crate::host::engine::ExecOutcome;
use crate::host::engine_error::{EngineError, EngineErrorKind};

use super::{DockerEngine, path_part, within};

/// How much of an output is kept: what a person reads after a failure, not what a program prints.
const KEPT_BYTES: usize = 64 * 1024;

pub(super) async fn run(
    engine: &DockerEngine,
    container_name: &str,
    arguments: &[String],
    user: Option<&str>,
    deadline: Duration,
) -> Result<ExecOutcome, EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{container_name}/exec");
    let steps = async {
        let part = path_part(&call, container_name)?;
        let created = engine.docker.create_exec(&part, exec_config(arguments, user));
        let exec_id = within(&call, deadline, created).await?.id;
        let start_call = format!("POST /exec/{exec_id}/start");
        let output = within(&start_call, deadline, output(engine, &exec_id)).await?;
        let inspect_call = format!("GET /exec/{exec_id}/json");
        let ended = engine.call(&inspect_call, engine.docker.inspect_exec(&exec_id)).await?;
        // Without a code the command has not ended, although its output has: it went to the
        // background. That is no failure.
        Ok(ExecOutcome { exit_code: ended.exit_code.unwrap_or(0), output })
    };
    match tokio::time::timeout(deadline, steps).await {
        Ok(outcome) => outcome,
        Err(_) => Err(EngineError::new(call.clone(), EngineErrorKind::Timeout { after: deadline })),
    }
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

/// Starts the command and reads until it ends.
async fn output(engine: &DockerEngine, exec_id: &str) -> Result<String, Error> {
    let mut tail = OutputTail::default();
    let started = engine.docker.start_exec(exec_id, None::<StartExecOptions>).await?;
    if let StartExecResults::Attached { mut output, input: _input } = started {
        while let Some(line) = output.try_next().await? {
            tail.push(line.as_ref());
        }
    }
    Ok(tail.into_text())
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
