//! The scripts that set owner and mode of a volume's files, and look into volumes.
//!
//! They run as root or through `sudo -n`. What is changed recursively is guarded twice: here by
//! the path's text, and on the host by what the path is.

use crate::host::shell::{Shell, ShellError};
use crate::host::ssh::command::quote;
use crate::model::volume::Preparation;
use crate::observe::VolumeRoots;

/// Runs a command as root: directly, or through `sudo` that must not ask.
const AS_ROOT: &str = r#"set -eu
if [ "$(id -u)" = 0 ]; then as_root() { "$@"; }; else as_root() { sudo -n -- "$@"; }; fi
"#;

/// Why a volume was not prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The Engine named a place that nobody should change recursively.
    #[error("the Engine keeps the volume in `{mountpoint}`, which is no place to change recursively")]
    UnsafePath {
        /// What the Engine reported.
        mountpoint: String,
    },
    /// No program can be given such an argument.
    #[error("owner, mode or path holds a NUL character")]
    NulByte,
    /// The script could not be run.
    #[error("could not run chown and chmod on the host")]
    Shell(#[from] ShellError),
    /// The script failed.
    #[error("chown or chmod ended with exit status {status}: {stderr}")]
    Failed {
        /// Exit status.
        status: u32,
        /// Last line of standard error.
        stderr: String,
    },
}

/// Sets owner and mode of everything in a volume.
pub async fn prepare_volume(
    shell: &impl Shell,
    mountpoint: &str,
    preparation: &Preparation,
) -> Result<(), PrepareError> {
    if !is_safe_mountpoint(mountpoint) {
        return Err(PrepareError::UnsafePath { mountpoint: mountpoint.to_owned() });
    }
    let script = preparation_script(mountpoint, preparation).ok_or(PrepareError::NulByte)?;
    let output = shell.run_script(&script).await?;
    if output.status == 0 {
        return Ok(());
    }
    let stderr = output.stderr.trim().lines().last().unwrap_or("no message").to_owned();
    Err(PrepareError::Failed { status: output.status, stderr })
}

/// Absolute, without `..`, at least three levels deep: never `/`, `/var` or `/var/lib`.
fn is_safe_mountpoint(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    path.starts_with('/') && parts.len() >= 3 && !parts.iter().any(|part| *part == ".." || *part == ".")
}

/// `-h` keeps chown off the targets of symbolic links; `chmod -R` leaves links alone by itself.
fn preparation_script(mountpoint: &str, preparation: &Preparation) -> Option<String> {
    let path = quote(mountpoint)?;
    let mut script = format!(
        "{AS_ROOT}path={path}\n\
         as_root test -d \"$path\" || {{ echo \"$path is not a directory\" >&2; exit 3; }}\n\
         as_root test ! -L \"$path\" || {{ echo \"$path is a symbolic link\" >&2; exit 3; }}\n"
    );
    if let Some(owner) = &preparation.owner {
        script.push_str(&format!("as_root chown -hR -- {} \"$path\"\n", quote(owner)?));
    }
    if let Some(mode) = &preparation.mode {
        script.push_str(&format!("as_root chmod -R -- {} \"$path\"\n", quote(mode)?));
    }
    Some(script)
}

/// Looks into volumes over a host's shell.
pub struct ShellVolumeRoots<'a, S>(pub &'a S);

impl<S: Shell> VolumeRoots for ShellVolumeRoots<'_, S> {
    async fn is_empty(&self, mountpoints: &[String]) -> Result<Vec<bool>, String> {
        let script = emptiness_script(mountpoints).ok_or("a path holds a NUL character")?;
        let output = self.0.run_script(&script).await.map_err(|error| error.to_string())?;
        let answers: Vec<bool> = output.stdout.lines().map(|line| line == "empty").collect();
        if output.status != 0 || answers.len() != mountpoints.len() {
            return Err(output.stderr);
        }
        Ok(answers)
    }
}

/// Prints `empty` or `used` for each path, in order.
fn emptiness_script(mountpoints: &[String]) -> Option<String> {
    let paths: Option<Vec<String>> = mountpoints.iter().map(|path| quote(path)).collect();
    Some(format!(
        "{AS_ROOT}for path in {}; do\n  entries=$(as_root ls -A -- \"$path\")\n  \
         if [ -z \"$entries\" ]; then echo empty; else echo used; fi\ndone\n",
        paths?.join(" ")
    ))
}
