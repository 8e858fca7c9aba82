//! Commands on a host: what to run, how it is quoted, and what came of it.
//!
//! A command is either an argument vector, which the user's login shell takes apart again, or
//! a script for `sh -s` on standard input, which no login shell touches. A result exists only
//! when the server reported how the command ended: a connection that breaks is never a success.
//! Nothing here decides whether a command may be run again.

use std::time::Duration;

use bytes::Bytes;
use russh::ChannelMsg;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::super::error::{CommandError, CommandErrorKind};
use super::SshSession;
use super::channels::SessionChannel;

/// How much of each output stream is kept. A command that writes more is stopped: silently
/// cutting its output would make it a different answer.
const OUTPUT_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// How many of a command's characters appear in messages.
const SHOWN_COMMAND_LENGTH: usize = 120;

/// How many lines of stderr an error repeats.
const SHOWN_STDERR_LINES: usize = 5;

/// Something to run on a host.
///
/// Standard input may hold secrets and is never shown; the command line is, and any user of
/// the host can read it in the process list.
#[derive(Clone)]
pub struct RemoteCommand {
    arguments: Vec<String>,
    input: Bytes,
    deadline: Option<Duration>,
}

impl RemoteCommand {
    /// Runs the program `arguments[0]` with the rest as its arguments, each exactly as given.
    pub fn new<I>(arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            input: Bytes::new(),
            deadline: None,
        }
    }

    /// Runs a script of POSIX `sh` as the login user.
    ///
    /// The script is the shell's standard input, so commands in it must not read theirs.
    pub fn script(text: impl Into<String>) -> Self {
        Self::new(["sh", "-s"]).with_input(text.into())
    }

    /// Runs a script of POSIX `sh` through another program, such as `["sudo", "-n"]`.
    pub fn script_through<I>(program: I, text: impl Into<String>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut command = Self::new(program);
        command.arguments.extend(["sh".to_owned(), "-s".to_owned()]);
        command.with_input(text.into())
    }

    /// Gives the command these bytes on standard input; without them it reads end-of-file.
    #[must_use]
    pub fn with_input(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Lets the command take this long instead of the session's command deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The line the login shell reads; `None` when an argument has a NUL byte.
    fn line(&self) -> Option<String> {
        let quoted: Option<Vec<String>> = self.arguments.iter().map(|argument| quote(argument)).collect();
        Some(quoted?.join(" "))
    }

    /// The command as shown in messages: one line, shortened, without its input.
    pub fn shown(&self) -> String {
        let text = self.arguments.join(" ").replace(char::is_control, " ");
        match text.char_indices().nth(SHOWN_COMMAND_LENGTH) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }
}

impl std::fmt::Debug for RemoteCommand {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RemoteCommand").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// Quotes one argument so that a POSIX shell takes it for exactly these characters; `None`
/// when it has a NUL byte, which no argument can hold.
///
/// A word of harmless characters is left as it is, so that process lists stay readable.
pub fn quote(argument: &str) -> Option<String> {
    if argument.contains('\0') {
        return None;
    }
    let is_harmless = |character: char| character.is_ascii_alphanumeric() || "-_./:,+@%".contains(character);
    // `=` is not among them: a first word with `=` would be an assignment.
    if !argument.is_empty() && argument.chars().all(is_harmless) {
        return Some(argument.to_owned());
    }
    Some(format!("'{}'", argument.replace('\'', "'\\''")))
}

/// What came of a command that ran to its end.
#[derive(Debug, Clone)]
pub struct CommandOutput {
    /// The host's name in the inventory.
    pub host: String,
    /// The command as shown in messages.
    pub command: String,
    /// Its exit status; for one that a signal ended, what a shell would make of it: 128 and the
    /// signal's number, or 255 where that is not known.
    pub exit_status: u32,
    /// The signal that ended it, such as `KILL`.
    pub signal: Option<String>,
    /// All it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl CommandOutput {
    /// Whether the exit status is 0.
    pub fn is_success(&self) -> bool {
        self.exit_status == 0 && self.signal.is_none()
    }

    /// Standard output as text, with replacement characters for what is not UTF-8.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The output, unless the command failed.
    ///
    /// # Errors
    /// [`CommandErrorKind::Failed`] with the last lines of stderr for any status but 0.
    pub fn success(self) -> Result<Self, CommandError> {
        if self.is_success() {
            return Ok(self);
        }
        let status = match &self.signal {
            Some(signal) => format!("signal {signal}"),
            None => format!("exit status {}", self.exit_status),
        };
        let kind = CommandErrorKind::Failed { status, stderr: last_lines(&self.stderr) };
        Err(CommandError::new(self.host, self.command, kind))
    }
}

/// The last lines of a command's stderr, for a message.
pub(in crate::host) fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_STDERR_LINES)..].join("\n")
}

impl SshSession {
    /// Runs `command` to its end and returns what came of it, whatever its exit status.
    ///
    /// At most eight run at once on one session; more wait. When the server has no room for
    /// another session, the command waits for one of ours to end.
    ///
    /// # Errors
    /// Any end but a reported one. [`CommandError::may_have_run`] tells whether the command may
    /// have had its effect.
    pub async fn run(&self, command: &RemoteCommand) -> Result<CommandOutput, CommandError> {
        let shown = command.shown();
        let fail = |kind| CommandError::new(self.host_name(), shown.as_str(), kind);
        let line = command.line().ok_or_else(|| fail(CommandErrorKind::NulByte))?;
        let deadline = command.deadline.unwrap_or(self.deadlines().command);
        let result = timeout(deadline, self.run_line(line, command.input.clone())).await;
        let ended = match result {
            Ok(ended) => ended.map_err(&fail)?,
            Err(_) => return Err(fail(CommandErrorKind::TimedOut { deadline })),
        };
        let Some((exit_status, signal)) = ended.end else {
            return Err(fail(CommandErrorKind::Lost { reason: self.disconnect_reason() }));
        };
        let Collected { stdout, stderr, .. } = ended;
        Ok(CommandOutput {
            host: self.host_name().to_owned(),
            command: shown,
            exit_status,
            signal,
            stdout,
            stderr,
        })
    }

    async fn run_line(&self, line: String, input: Bytes) -> Result<Collected, CommandErrorKind> {
        let _permit = self.command_turn().await;
        let opened = self.open_command_channel().await;
        let mut channel = opened.map_err(|error| self.channel_trouble(error))?;
        let lost = |_| CommandErrorKind::Lost { reason: self.disconnect_reason() };
        channel.exec(line).await.map_err(lost)?;
        let mut sink = channel.input();
        let feed = async move {
            // A command that ends without reading its input is no error; its status tells.
            let _ = sink.write_all(&input).await;
            let _ = sink.shutdown().await;
        };
        let collect = collect(&mut channel);
        tokio::pin!(feed, collect);
        let mut is_fed = false;
        loop {
            tokio::select! {
                ended = &mut collect => return ended,
                () = &mut feed, if !is_fed => is_fed = true,
            }
        }
    }

    fn channel_trouble(&self, error: russh::Error) -> CommandErrorKind {
        match error {
            russh::Error::ChannelOpenFailure(_) | russh::Error::Elapsed(_) => {
                CommandErrorKind::NoChannel(error)
            }
            // russh's own error says no more than that its task is gone.
            _ => CommandErrorKind::NotConnected { reason: self.disconnect_reason() },
        }
    }
}

/// What a command's channel carried.
#[derive(Default)]
struct Collected {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Exit status and signal, once the server has told them.
    end: Option<(u32, Option<String>)>,
}

/// Reads a command's channel to its end. The status may come before or after end-of-file.
async fn collect(channel: &mut SessionChannel) -> Result<Collected, CommandErrorKind> {
    let mut collected = Collected::default();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => append(&mut collected.stdout, &data, "stdout")?,
            ChannelMsg::ExtendedData { data, ext: 1 } => append(&mut collected.stderr, &data, "stderr")?,
            ChannelMsg::ExitStatus { exit_status } => collected.end = Some((exit_status, None)),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                let (name, number) = signal(signal_name);
                collected.end = Some((number.map_or(255, |number| 128 + number), Some(name)));
            }
            ChannelMsg::Failure => return Err(CommandErrorKind::Refused),
            _ => {}
        }
    }
    Ok(collected)
}

/// A signal's name and, for those of SSH, its usual number.
fn signal(signal: russh::Sig) -> (String, Option<u32>) {
    use russh::Sig;
    let number = match &signal {
        Sig::HUP => Some(1),
        Sig::INT => Some(2),
        Sig::QUIT => Some(3),
        Sig::ILL => Some(4),
        Sig::ABRT => Some(6),
        Sig::FPE => Some(8),
        Sig::KILL => Some(9),
        Sig::USR1 => Some(10),
        Sig::SEGV => Some(11),
        Sig::PIPE => Some(13),
        Sig::ALRM => Some(14),
        Sig::TERM => Some(15),
        Sig::Custom(_) => None,
    };
    let name = match signal {
        Sig::Custom(name) => name,
        known => format!("{known:?}"),
    };
    (name, number)
}

fn append(kept: &mut Vec<u8>, data: &[u8], stream: &'static str) -> Result<(), CommandErrorKind> {
    if kept.len() + data.len() > OUTPUT_LIMIT_BYTES {
        return Err(CommandErrorKind::TooMuchOutput { stream, limit_bytes: OUTPUT_LIMIT_BYTES });
    }
    kept.extend_from_slice(data);
    Ok(())
}
