//! What is at paths of a host, asked over its shell: the operator's machine may have others there.

use crate::host::shell::Shell;
use crate::host::ssh::quote;
use crate::model::observed::PathKind;

/// What is at a path.
///
/// # Errors
/// A sentence about why nobody knows.
pub async fn kind(shell: &impl Shell, path: &str) -> Result<PathKind, String> {
    let quoted = quote(path).ok_or("the path holds a NUL character")?;
    let script = format!(
        "path={quoted}\nif test -d \"$path\"; then echo folder; \
         elif test -e \"$path\"; then echo file; else echo absent; fi\n"
    );
    let output = shell.run_script(&script).await.map_err(|error| error.to_string())?;
    match output.stdout.trim() {
        "folder" => Ok(PathKind::Folder),
        "file" => Ok(PathKind::File),
        "absent" => Ok(PathKind::Absent),
        _ => Err(format!("the host's shell did not say what `{path}` is: {}", output.stderr.trim())),
    }
}

#[cfg(test)]
mod tests {
    use crate::host::shell::HostShell;

    use super::*;

    #[tokio::test]
    async fn a_path_is_what_the_host_says_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
        let (folder, file) = (path("it's a \"folder\" $HOME"), path("-e ;file\nof two lines"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "").unwrap();
        for (path, expected) in
            [(folder, PathKind::Folder), (file, PathKind::File), (path("nothing"), PathKind::Absent)]
        {
            assert_eq!(kind(&HostShell::Local, &path).await, Ok(expected), "{path}");
        }
        assert!(kind(&HostShell::Unavailable, "/srv").await.is_err());
    }
}
