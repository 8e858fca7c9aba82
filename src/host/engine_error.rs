//! What can go wrong with a call to a Docker Engine.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::ConnectError;

/// A call that an Engine did not answer as hoped.
///
/// `Display` says the call and what became of it, on one level; [`Error::source`] says why, where
/// something below the Engine's API failed. Recognised by [`EngineError::kind`], never by text.
#[derive(Debug, Clone)]
pub struct EngineError {
    /// The call: `POST /containers/create?name=web`. Never a body, which may hold secrets.
    pub call: String,
    /// What became of it.
    pub kind: EngineErrorKind,
}

/// What became of a call.
///
/// Messages are the Engine's own sentences.
#[derive(Debug, Clone)]
pub enum EngineErrorKind {
    /// 404: something that the call names is not there.
    NotFound {
        /// The Engine's sentence.
        message: String,
    },
    /// 409: the name is taken, or the state of the item forbids it.
    Conflict {
        /// The Engine's sentence.
        message: String,
    },
    /// Any other status that is an error.
    Refused {
        /// HTTP status.
        status: u16,
        /// The Engine's sentence.
        message: String,
    },
    /// No answer in time; whether the Engine has done the work is unknown.
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The way to the Engine failed; whether the call arrived is unknown.
    Transport(Arc<dyn Error + Send + Sync>),
    /// The answer came, but is not what the API promises.
    Answer(Arc<dyn Error + Send + Sync>),
    /// The call was not made: the Engine, or our side, cannot do it.
    Unsupported(String),
    /// A pull ended with an error after it had begun.
    Pull {
        /// The image.
        image: String,
        /// The Engine's sentence.
        message: String,
    },
}

/// What Engines say where the network is in the way.
const NETWORK_WORDS: [&str; 8] = [
    "lookup ",
    "dial tcp",
    "no such host",
    "connection refused",
    "connection reset",
    "no route to host",
    "network is unreachable",
    "timeout",
];

impl EngineError {
    /// An error of a call.
    pub fn new(call: impl Into<String>, kind: EngineErrorKind) -> Self {
        Self { call: call.into(), kind }
    }

    /// The error that belongs to an HTTP status (404 and 409 have kinds of their own).
    pub fn from_status(call: impl Into<String>, status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let kind = match status {
            404 => EngineErrorKind::NotFound { message },
            409 => EngineErrorKind::Conflict { message },
            _ => EngineErrorKind::Refused { status, message },
        };
        Self::new(call, kind)
    }

    /// A call that was not made, and why.
    pub fn unsupported(call: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(call, EngineErrorKind::Unsupported(reason.into()))
    }

    /// Whether something that the call names is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind, EngineErrorKind::NotFound { .. })
    }

    /// Whether the name is taken or the state forbids the call.
    pub fn is_conflict(&self) -> bool {
        matches!(self.kind, EngineErrorKind::Conflict { .. })
    }

    /// Whether the way to the Engine failed, so that further calls will fail too.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self.kind, EngineErrorKind::Transport(_))
    }

    /// What the operator can do about it, where the way to the Engine failed and knows a remedy.
    pub fn help(&self) -> Option<String> {
        self.connect_error().and_then(ConnectError::help)
    }

    /// Whether nobody knows if the Engine has done the work: the answer is lost or late.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.kind, EngineErrorKind::Transport(_) | EngineErrorKind::Timeout { .. })
    }

    /// Why there is no connection, where the call failed because none could be opened.
    pub fn connect_error(&self) -> Option<&ConnectError> {
        match &self.kind {
            EngineErrorKind::Transport(source) => source.downcast_ref(),
            _ => None,
        }
    }

    /// Whether the Engine itself could not reach something, such as a registry. It has no status of its
    /// own for that: where the status does not say otherwise, its sentence does.
    pub fn is_about_network(&self) -> bool {
        let message = match &self.kind {
            EngineErrorKind::Refused { status: 200 | 500.., message }
            | EngineErrorKind::Pull { message, .. } => message.to_ascii_lowercase(),
            _ => return false,
        };
        NETWORK_WORDS.iter().any(|words| message.contains(words))
    }

    /// HTTP status, where the Engine answered with one.
    pub fn status(&self) -> Option<u16> {
        match &self.kind {
            EngineErrorKind::NotFound { .. } => Some(404),
            EngineErrorKind::Conflict { .. } => Some(409),
            EngineErrorKind::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.call)?;
        match &self.kind {
            EngineErrorKind::NotFound { message } => write!(formatter, "404, {message}"),
            EngineErrorKind::Conflict { message } => write!(formatter, "409, {message}"),
            EngineErrorKind::Refused { status, message } => write!(formatter, "{status}, {message}"),
            EngineErrorKind::Timeout { after } => {
                write!(formatter, "no answer within {} s", after.as_secs_f64())
            }
            EngineErrorKind::Transport(_) => formatter.write_str("connection to the Engine failed"),
            EngineErrorKind::Answer(_) => formatter.write_str("unreadable answer"),
            EngineErrorKind::Unsupported(reason) => formatter.write_str(reason),
            EngineErrorKind::Pull { image, message } => {
                write!(formatter, "pull of `{image}` failed: {message}")
            }
        }
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            EngineErrorKind::Transport(source) | EngineErrorKind::Answer(source) => Some(&**source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_level_is_shown_and_the_next_is_the_source() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let error = EngineError::new("GET /version", EngineErrorKind::Transport(Arc::new(broken)));
        assert_eq!(error.to_string(), "GET /version: connection to the Engine failed");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("broken pipe"));
        assert!(error.is_connection_lost());
    }

    #[test]
    fn what_the_engine_could_not_reach_is_told_apart_from_what_it_was_refused() {
        let answer = |status| {
            EngineError::from_status(
                "POST /images/create",
                status,
                "Get \"https://r/v2/\": dial tcp: lookup r: no such host",
            )
        };
        assert!(answer(500).is_about_network());
        assert!(!answer(404).is_about_network(), "the status says what it is");
        let pull = |message: &str| {
            let (image, message) = ("r/app:1".to_owned(), message.to_owned());
            EngineError::new("POST /images/create", EngineErrorKind::Pull { image, message })
        };
        assert!(pull("net/http: TLS handshake timeout").is_about_network());
        assert!(pull("dial tcp 10.0.0.1:443: connect: connection refused").is_about_network());
        assert!(!pull("manifest for r/app:1 not found: manifest unknown").is_about_network());
        assert!(!pull("pull access denied for r/app").is_about_network());
    }

    #[test]
    fn statuses_are_told_apart_by_number() {
        let error = |status| EngineError::from_status("DELETE /containers/web", status, "sentence");
        assert!(error(404).is_not_found());
        assert!(error(409).is_conflict());
        assert_eq!(error(500).to_string(), "DELETE /containers/web: 500, sentence");
        assert_eq!(error(500).status(), Some(500));
    }
}
