//! Commands on a host that have no usable result, and what is certain about them.
//!
//! The important question is whether the command may have had its effect:
//! [`CommandError::may_have_run`]. The rest is as in `error`.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::error::reason_text;

/// A command on a host that did not run to a known end.
#[derive(Debug)]
pub struct CommandError {
    /// The host's name in the inventory.
    pub host: String,
    /// The command, shortened; never its standard input.
    pub command: String,
    /// What went wrong. Boxed because it is large and errors travel through many results.
    pub kind: Box<CommandErrorKind>,
}

impl CommandError {
    /// An error of `command`, as shown in messages, on `host`.
    pub fn new(host: impl Into<String>, command: impl Into<String>, kind: CommandErrorKind) -> Self {
        Self { host: host.into(), command: command.into(), kind: Box::new(kind) }
    }

    /// Whether the command may have run although its end is unknown.
    pub fn may_have_run(&self) -> bool {
        !matches!(
            *self.kind,
            CommandErrorKind::NulByte
                | CommandErrorKind::NoChannel(_)
                | CommandErrorKind::NotConnected { .. }
                | CommandErrorKind::Refused
        )
    }

    /// What the operator can do about it.
    pub fn help(&self) -> Option<String> {
        match &*self.kind {
            CommandErrorKind::NoChannel(_) => {
                Some("check `MaxSessions` in the host's sshd_config".to_owned())
            }
            CommandErrorKind::Refused => {
                Some("check `ForceCommand` and the key's options in `authorized_keys`".to_owned())
            }
            _ => None,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "command `{}` failed on host `{}`", self.command, self.host)
    }
}

impl StdError for CommandError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.kind)
    }
}

/// Why a command has no usable result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// An argument with a NUL byte, which no command line can carry.
    #[error("argument contains a NUL byte")]
    NulByte,
    /// The server opened no session channel.
    #[error("server opened no channel for the command")]
    NoChannel(#[source] russh::Error),
    /// The server opened a channel but would not run a command.
    #[error("server refused to run a command")]
    Refused,
    /// The connection was lost before the command was sent.
    #[error("SSH connection is lost{}", reason_text(reason.as_deref()))]
    NotConnected {
        /// What the server or the network said, where known.
        reason: Option<String>,
    },
    /// The command's end was not reported: it may or may not have finished.
    #[error("connection was lost before the command's exit status came{}", reason_text(reason.as_deref()))]
    Lost {
        /// What the server or the network said, where known.
        reason: Option<String>,
    },
    /// The command took too long; its channel was closed, it may still run.
    #[error("no result within {} s", deadline.as_secs_f32())]
    TimedOut {
        /// The time that was given.
        deadline: Duration,
    },
    /// The command wrote more than can be kept.
    #[error("more than {limit_bytes} bytes came on {stream}")]
    TooMuchOutput {
        /// `stdout` or `stderr`.
        stream: &'static str,
        /// The limit.
        limit_bytes: usize,
    },
    /// The command ended with something else than 0 (see `CommandOutput::success`).
    #[error("{status}{}", stderr_text(stderr))]
    Failed {
        /// `exit status 7` or `signal KILL`.
        status: String,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// The answer of the host probe cannot be understood.
    #[error("answer has no `{missing}`")]
    BadProbe {
        /// The line that is missing.
        missing: &'static str,
    },
}

fn stderr_text(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {stderr}") }
}
