//! Looks into volumes over a host's shell.

use crate::host::shell::{AS_ROOT, Shell};
use crate::host::ssh::quote;

use super::VolumeRoots;

/// The volumes of a host that has a shell.
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
