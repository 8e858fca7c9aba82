//! Looks into volumes over a host's shell.

use crate::host::shell::{AS_ROOT, Shell};
use crate::host::ssh::quote;

use super::VolumeRoots;

/// The volumes of a host that has a shell.
pub struct ShellVolumeRoots<'a, S>(pub &'a S);

impl<S: Shell> VolumeRoots for ShellVolumeRoots<'_, S> {
    async fn are_untouched(&self, mountpoints: &[String]) -> Result<Vec<bool>, String> {
        let script = inspection_script(mountpoints).ok_or("a path holds a NUL character")?;
        let output = self.0.run_script(&script).await.map_err(|error| error.to_string())?;
        let answers: Vec<bool> = output.stdout.lines().map(|line| line == "untouched").collect();
        if output.status != 0 || answers.len() != mountpoints.len() {
            return Err(output.stderr);
        }
        Ok(answers)
    }
}

/// Prints `untouched` or `used` for each path, in order. Engines make volumes for root, with mode
/// 755; the first container that mounts one may change both, and so does preparing it.
fn inspection_script(mountpoints: &[String]) -> Option<String> {
    let paths: Option<Vec<String>> = mountpoints.iter().map(|path| quote(path)).collect();
    Some(format!(
        "{AS_ROOT}as_root true\nfor path in {}; do\n  entries=$(as_root ls -A -- \"$path\")\n  \
         facts=$(as_root stat -c %u:%g:%a -- \"$path\")\n  \
         if [ \"$entries$facts\" = 0:0:755 ]; then echo untouched; else echo used; fi\ndone\n",
        paths?.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use crate::host::shell::HostShell;

    use super::*;

    #[tokio::test]
    async fn a_volume_is_untouched_until_it_holds_something_or_is_prepared() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str, mode: u32| {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let paths = [folder("it's fresh", 0o755), folder("prepared", 0o750), folder("used", 0o755)];
        fs::write(format!("{}/.hidden", paths[2]), "").unwrap();
        let untouched = ShellVolumeRoots(&HostShell::Local).are_untouched(&paths).await.unwrap();
        let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&paths[0]).unwrap()) == 0;
        assert_eq!(untouched, [is_root, false, false]);
    }

    #[tokio::test]
    async fn a_missing_volume_is_an_error() {
        let paths = ["/no/such/volume".to_owned()];
        assert!(ShellVolumeRoots(&HostShell::Local).are_untouched(&paths).await.is_err());
    }
}
