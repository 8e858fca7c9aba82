//! What scripts need to know before they are planned: files of this machine, and of the host.

use std::path::{Path, PathBuf};

use crate::event::{HostOutcome, Problem};
use crate::host::shell::HostShell;
use crate::model::connection::{Connection, RemoteEngine};
use crate::model::observed::HostState;
use crate::model::spec::HostSpec;
use crate::observe::paths;
use crate::plan::{Options, ScriptFiles};

/// Why a path of this machine is no script.
#[derive(Debug, thiserror::Error)]
pub enum LocalScriptError {
    /// It cannot be looked at.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It has no name that the command in the container could be given.
    #[error("the name of `{path}` is not text")]
    NoName {
        /// The path.
        path: String,
    },
}

/// A file or folder of this machine as the files of a script; with `with_folder` all files beside the
/// script, and below them, come with it.
///
/// # Errors
/// If it is not there, or has no name that is text.
pub fn local_files(path: &Path, with_folder: bool) -> Result<ScriptFiles, LocalScriptError> {
    let shown = || path.display().to_string();
    // What the name means is settled here: `.` has none, and neither has `a/..`.
    let found =
        path.canonicalize().map_err(|source| LocalScriptError::Unreadable { path: shown(), source })?;
    if found.is_dir() {
        return Ok(ScriptFiles::Upload { path: found, name: None });
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| LocalScriptError::NoName { path: shown() })?.to_owned();
    // A link keeps its own name; only beside it are the files that are meant.
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = || file.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let path = if with_folder { folder() } else { file.clone() };
    Ok(ScriptFiles::Upload { path, name: Some(name) })
}

/// Looks what is at the path of a script on the host.
pub(super) async fn with_path(
    mut state: HostState,
    host: &HostSpec,
    shell: &HostShell,
    options: &Options,
) -> Result<HostState, HostOutcome> {
    let Some(path) = options.script.as_ref().and_then(|script| script.path_on_host()) else {
        return Ok(state);
    };
    let refused = |reason: String| HostOutcome::Refused {
        problem: Problem {
            chain: vec![format!("nobody can say what `{path}` is on host `{}`", host.name), reason],
            help: Some("upload the script from this machine instead".to_owned()),
            output: None,
        },
    };
    if let Connection::Ssh(ssh) = &host.connection
        && let RemoteEngine::Tcp { host: engine_host, .. } = &ssh.engine
        && !matches!(engine_host.as_str(), "localhost" | "127.0.0.1" | "::1")
    {
        return Err(refused(format!("its Engine is on `{engine_host}`, which has other files")));
    }
    let kind = paths::kind(shell, path).await.map_err(refused)?;
    state.paths.insert(path.to_owned(), kind);
    Ok(state)
}
