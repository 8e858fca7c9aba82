//! Bollard's errors as ours.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;

use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::host::error::ConnectError;

/// What became of `call`, recognised by type and status.
pub(super) fn engine_error(call: &str, error: Error, deadline: Duration) -> EngineError {
    let kind = match error {
        Error::DockerResponseServerError { status_code, message } => {
            return EngineError::from_status(call, status_code, message);
        }
        Error::RequestTimeoutError => EngineErrorKind::Timeout { after: deadline },
        Error::DockerStreamError { error } => EngineErrorKind::Refused { status: 200, message: error },
        error if is_unreadable_answer(&error) => EngineErrorKind::Answer(Arc::new(error)),
        Error::IOError { err } => EngineErrorKind::Transport(connection_error(err)),
        error => EngineErrorKind::Transport(Arc::new(error)),
    };
    EngineError::new(call, kind)
}

/// The pool hides its errors in bollard's; here they come out again.
fn connection_error(error: io::Error) -> Arc<dyn StdError + Send + Sync> {
    match error.downcast::<ConnectError>() {
        Ok(error) => Arc::new(error),
        Err(error) => Arc::new(error),
    }
}

fn is_unreadable_answer(error: &Error) -> bool {
    match error {
        Error::JsonDataError { .. } | Error::StrParseError { .. } | Error::APIVersionParseError { .. } => {
            true
        }
        // An answer that breaks off in the middle is a matter of the connection.
        Error::JsonSerdeError { err } => !err.is_eof(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_type() {
        let kind = |error| engine_error("GET /version", error, Duration::from_secs(5)).kind;
        let missing = Error::DockerResponseServerError { status_code: 404, message: "gone".to_owned() };
        assert!(matches!(kind(missing), EngineErrorKind::NotFound { .. }));
        assert!(matches!(kind(Error::RequestTimeoutError), EngineErrorKind::Timeout { .. }));
        let broken = Error::IOError { err: std::io::ErrorKind::BrokenPipe.into() };
        assert!(matches!(kind(broken), EngineErrorKind::Transport(_)));
        let nonsense = Error::JsonDataError { message: "expected a map".to_owned(), column: 1 };
        assert!(matches!(kind(nonsense), EngineErrorKind::Answer(_)));
    }
}
