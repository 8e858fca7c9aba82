//! The script that sets owner and mode of a volume's files.
//!
//! It runs as root or through `sudo -n`. What is changed recursively is guarded twice: here by
//! the path's text, and on the host by what the path is.

use std::time::Duration;

use crate::host::engine_error::EngineError;
use crate::host::shell::{AS_ROOT, Shell, ShellError};
use crate::host::ssh::command::quote;
use crate::model::volume::Preparation;

/// Exit status of a script that may not do what it has to.
const NO_ROOT: u32 = 77;

/// Exit status of a script that does not find the volume where it should be.
const NO_FOLDER: u32 = 78;

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
    /// The login user is not root, and `sudo -n` is not allowed or asks for a password.
    #[error("the login user may not run chown and chmod as root")]
    NoRoot,
    /// The Engine refused the container that was to run it, or could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The container takes too long.
    #[error("chown and chmod did not end within {} s", after.as_secs())]
    Late {
        /// How long it was waited.
        after: Duration,
    },
    /// What the Engine calls the volume's folder is none on the host.
    #[error("the volume is not on the host: {stderr}")]
    NoFolder {
        /// What the script wrote.
        stderr: String,
    },
    /// The script failed.
    #[error("chown or chmod ended with exit status {status}: {stderr}")]
    Failed {
        /// Exit status.
        status: i64,
        /// Standard error, in one line.
        stderr: String,
    },
}

/// Sets owner and mode of everything in a volume.
pub async fn prepare_volume(
    shell: &impl Shell,
    mountpoint: &str,
    preparation: &Preparation,
    only_if_empty: bool,
) -> Result<(), PrepareError> {
    if !is_safe_mountpoint(mountpoint) {
        return Err(PrepareError::UnsafePath { mountpoint: mountpoint.to_owned() });
    }
    let script = preparation_script(mountpoint, preparation, only_if_empty).ok_or(PrepareError::NulByte)?;
    let output = shell.run_script(&script).await?;
    match output.status {
        0 => return Ok(()),
        NO_ROOT => return Err(PrepareError::NoRoot),
        NO_FOLDER => return Err(PrepareError::NoFolder { stderr: output.stderr.trim().to_owned() }),
        _ => {}
    }
    Err(PrepareError::failed(output.status.into(), &output.stderr))
}

impl PrepareError {
    /// Of a script that ended, with what it wrote.
    pub(super) fn failed(status: i64, written: &str) -> Self {
        let lines: Vec<&str> = written.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let stderr = if lines.is_empty() { "no message".to_owned() } else { lines.join("; ") };
        Self::Failed { status, stderr }
    }
}

/// Absolute, without `..`, at least three levels deep: never `/`, `/var` or `/var/lib`.
fn is_safe_mountpoint(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    path.starts_with('/') && parts.len() >= 3 && !parts.iter().any(|part| *part == ".." || *part == ".")
}

/// Files that are as they should be are not touched, as far as `find` can tell: it knows no symbolic
/// modes. `-h` keeps chown off the targets of symbolic links; `chmod -R` leaves links alone by itself.
pub(super) fn preparation_script(
    mountpoint: &str,
    preparation: &Preparation,
    only_if_empty: bool,
) -> Option<String> {
    let path = quote(mountpoint)?;
    let mut script = format!(
        "{AS_ROOT}path={path}\n\
         as_root true || {{ echo \"no right to run commands as root\" >&2; exit {NO_ROOT}; }}\n\
         as_root test -d \"$path\" || {{ echo \"$path is not a directory\" >&2; exit {NO_FOLDER}; }}\n\
         as_root test ! -L \"$path\" || {{ echo \"$path is a symbolic link\" >&2; exit {NO_FOLDER}; }}\n"
    );
    if only_if_empty {
        script.push_str("entries=$(as_root ls -A -- \"$path\")\n[ -z \"$entries\" ] || exit 0\n");
    }
    if let Some(owner) = &preparation.owner {
        let tests = owner_tests(owner)?;
        script.push_str(&format!(
            "as_root find \"$path\" {tests} -exec chown -h -- {} {{}} +\n",
            quote(owner)?
        ));
    }
    if let Some(mode) = &preparation.mode {
        let (is_octal, mode) = (mode.bytes().all(|byte| byte.is_ascii_digit()), quote(mode)?);
        let command = if is_octal {
            format!("as_root find \"$path\" ! -type l ! -perm {mode} -exec chmod -- {mode} {{}} +\n")
        } else {
            format!("as_root chmod -R -- {mode} \"$path\"\n")
        };
        script.push_str(&command);
    }
    Some(script)
}

/// What `find` asks of a file whose owner is another one than `user:group`; either may be left out.
fn owner_tests(owner: &str) -> Option<String> {
    let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
    let tests = [("-user", user), ("-group", group)].into_iter().filter(|(_, name)| !name.is_empty());
    let tests: Option<Vec<String>> =
        tests.map(|(test, name)| Some(format!("! {test} {}", quote(name)?))).collect();
    Some(format!("\\( {} \\)", tests?.join(" -o ")))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use crate::host::shell::HostShell;

    use super::*;

    /// A folder three levels deep with a name that a careless script would trip over.
    fn volume(parent: &tempfile::TempDir) -> String {
        let path = parent.path().join("volumes/it's \"$HOME\"; rm x/_data");
        fs::create_dir_all(path.join("inner")).unwrap();
        fs::write(path.join("inner/file"), "").unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn own_ids(path: &str) -> String {
        let facts = fs::metadata(path).unwrap();
        format!("{}:{}", facts.uid(), facts.gid())
    }

    fn mode(path: &str) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[tokio::test]
    async fn owner_and_mode_reach_every_file_and_stop_at_links() {
        let parent = tempfile::tempdir().unwrap();
        let path = volume(&parent);
        let outside = parent.path().join("outside");
        fs::write(&outside, "").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&outside, format!("{path}/link")).unwrap();
        let preparation = Preparation { owner: Some(own_ids(&path)), mode: Some("u=rwX,g=rX,o=".to_owned()) };
        prepare_volume(&HostShell::Local, &path, &preparation, false).await.unwrap();
        assert_eq!(mode(&path), 0o750);
        assert_eq!(mode(&format!("{path}/inner/file")), 0o640);
        assert_eq!(mode(outside.to_str().unwrap()), 0o600);
    }

    #[tokio::test]
    async fn links_files_and_missing_folders_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = volume(&parent);
        let link = parent.path().join("link").to_str().unwrap().to_owned();
        symlink(&path, &link).unwrap();
        let preparation = Preparation { owner: None, mode: Some("u=rwX".to_owned()) };
        for (path, words) in [
            (link, "is a symbolic link"),
            (format!("{path}/inner/file"), "is not a directory"),
            (format!("{path}/missing"), "is not a directory"),
        ] {
            let error = prepare_volume(&HostShell::Local, &path, &preparation, false).await.unwrap_err();
            assert!(error.to_string().ends_with(words), "{path}: {error}");
        }
    }

    #[tokio::test]
    async fn a_wrong_mode_is_an_error_with_what_chmod_said() {
        let parent = tempfile::tempdir().unwrap();
        let path = volume(&parent);
        let preparation = Preparation { owner: None, mode: Some("--no-such-mode".to_owned()) };
        let error = prepare_volume(&HostShell::Local, &path, &preparation, false).await.unwrap_err();
        assert!(matches!(&error, PrepareError::Failed { stderr, .. } if stderr.contains("chmod")), "{error}");
    }

    #[tokio::test]
    async fn a_volume_with_files_is_left_alone_if_only_empty_ones_are_meant() {
        let parent = tempfile::tempdir().unwrap();
        let path = volume(&parent);
        let preparation = Preparation { owner: None, mode: Some("0700".to_owned()) };
        let before = mode(&path);
        prepare_volume(&HostShell::Local, &path, &preparation, true).await.unwrap();
        assert_eq!(mode(&path), before);
        fs::remove_dir_all(format!("{path}/inner")).unwrap();
        prepare_volume(&HostShell::Local, &path, &preparation, true).await.unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn only_deep_absolute_paths_are_changed_recursively() {
        for path in ["/var/lib/docker/volumes/m.v/_data", "/a/b/c"] {
            assert!(is_safe_mountpoint(path), "{path}");
        }
        for path in
            ["", "/", "/var", "/var/lib", "var/lib/docker/x", "/a/b/..", "/a/../b/c", "/a/./b/c", "//a//b"]
        {
            assert!(!is_safe_mountpoint(path), "{path}");
        }
    }
}
