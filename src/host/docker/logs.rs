//! What containers write, and how they end.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::{LogsOptionsBuilder, WaitContainerOptions};
use futures_util::{StreamExt, TryStreamExt};

use crate::host::engine::{LogPiece, LogStream};
use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::output::{LogOptions, OutputStream};

use super::{DockerEngine, failure, path_part};

/// There is no time that a container may not take.
const NO_DEADLINE: Duration = Duration::MAX;

pub(super) async fn log<'e>(
    engine: &'e DockerEngine,
    name: &str,
    options: LogOptions,
) -> Result<LogStream<'e>, EngineError> {
    engine.negotiated().await?;
    let LogOptions { timestamps, tail, follow } = options;
    let tail = tail.map_or("all".to_owned(), |count| count.to_string());
    let call = format!("GET /containers/{name}/logs?follow={follow}&tail={tail}");
    let part = path_part(&call, name)?;
    let wanted =
        LogsOptionsBuilder::new().stdout(true).stderr(true).follow(follow).timestamps(timestamps).tail(&tail);
    let pieces = engine.docker.logs(&part, Some(wanted.build()));
    let pieces = pieces.map(move |piece| match piece {
        Ok(piece) => Ok(log_piece(piece)),
        Err(error) => Err(failure::engine_error(&call, error, NO_DEADLINE)),
    });
    Ok(Box::pin(pieces))
}

/// A terminal has no second stream.
fn log_piece(piece: LogOutput) -> LogPiece {
    match piece {
        LogOutput::StdErr { message } => LogPiece { stream: OutputStream::Stderr, bytes: message },
        LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
            LogPiece { stream: OutputStream::Stdout, bytes: message }
        }
    }
}

pub(super) async fn wait(engine: &DockerEngine, name: &str) -> Result<i64, EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{name}/wait");
    let part = path_part(&call, name)?;
    let mut ends = Box::pin(engine.docker.wait_container(&part, None::<WaitContainerOptions>));
    match ends.try_next().await {
        Ok(Some(end)) => Ok(end.status_code),
        // What bollard takes for an error is the exit code of a container, and perhaps why it could
        // not be started; the start has told that.
        Err(Error::DockerContainerWaitError { code, .. }) => Ok(code),
        Ok(None) => {
            let broken = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            Err(EngineError::new(call, EngineErrorKind::Transport(std::sync::Arc::new(broken))))
        }
        Err(error) => Err(failure::engine_error(&call, error, NO_DEADLINE)),
    }
}
