//! Running scripts on a host: over its SSH connection, or here for a local Engine.

use std::future::Future;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::error::CommandError;
use super::ssh::{RemoteCommand, SshSession};

/// How long a script may take.
const SCRIPT_DEADLINE: Duration = Duration::from_secs(120);

/// The beginning of scripts that need root: defines `as_root`, which runs a command directly or
/// through a `sudo` that must not ask, and that cannot read the rest of the script. The script
/// ends at the first command that fails.
pub const AS_ROOT: &str = r#"set -eu
if [ "$(id -u)" = 0 ]; then as_root() { "$@" </dev/null; }; else as_root() { sudo -n -- "$@" </dev/null; }; fi
"#;

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOutput {
    /// Exit status; 0 is success.
    pub status: u32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Why a script has no exit status.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// There is no way to run anything on this host.
    #[error("no commands can be run on a host that is reached by `tcp://`")]
    Unavailable,
    /// The connection failed, or the time ran out.
    #[error(transparent)]
    Remote(#[from] CommandError),
    /// The local shell could not be run.
    #[error("could not run `sh`")]
    Local(#[source] std::io::Error),
    /// The time ran out.
    #[error("the script did not end within {} s", .0.as_secs())]
    Timeout(Duration),
}

/// Runs POSIX shell scripts on a host. A script is fed on standard input, so nothing of it shows
/// in the host's process list.
pub trait Shell: Send + Sync {
    /// Runs a script to its end.
    fn run_script(&self, script: &str) -> impl Future<Output = Result<ScriptOutput, ShellError>> + Send;
}

/// The shell of one host.
#[derive(Clone)]
pub enum HostShell {
    /// On the far side of an SSH connection.
    Ssh(Arc<SshSession>),
    /// On this machine, beside a local Engine.
    Local,
    /// Nowhere: a bare Engine on TCP.
    Unavailable,
}

impl Shell for HostShell {
    async fn run_script(&self, script: &str) -> Result<ScriptOutput, ShellError> {
        match self {
            Self::Ssh(session) => {
                let command = RemoteCommand::script(script).with_deadline(SCRIPT_DEADLINE);
                let output = session.run(&command).await?;
                Ok(ScriptOutput {
                    status: output.exit_status,
                    stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                    stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
                })
            }
            Self::Local => run_locally(script).await,
            Self::Unavailable => Err(ShellError::Unavailable),
        }
    }
}

async fn run_locally(script: &str) -> Result<ScriptOutput, ShellError> {
    let mut child = tokio::process::Command::new("sh")
        .arg("-s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ShellError::Local)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(script.as_bytes()).await.map_err(ShellError::Local)?;
    }
    let output = tokio::time::timeout(SCRIPT_DEADLINE, child.wait_with_output())
        .await
        .map_err(|_| ShellError::Timeout(SCRIPT_DEADLINE))?
        .map_err(ShellError::Local)?;
    Ok(ScriptOutput {
        // A script that a signal ended has no code; as a shell would, any number but 0 will do.
        status: output.status.code().and_then(|code| u32::try_from(code).ok()).unwrap_or(255),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
