//! A script or a command that runs in a container that is there for it alone.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::model::container::{Mount, MountSource};
use crate::model::observed::PathKind;
use crate::model::ownership::SCRIPT_LABEL;
use crate::model::spec::ContainerSpec;

/// Where the files of a script are in its container, if nobody says.
pub const DEFAULT_SCRIPT_FOLDER: &str = "/tmp/script_run";

/// What stands in a command for the path of the script in its container.
pub const SCRIPT_PATH: &str = "{script_path}";

/// Options of a host that would let a script run again, or take its container away too soon.
const UNFIT_OPTIONS: [&str; 2] = ["RestartPolicy", "AutoRemove"];

/// What runs, and what becomes of its container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line by itself")]
pub struct Script {
    /// What is in the folder of the script.
    pub files: ScriptFiles,
    /// In place of the configuration's and the image's.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the configuration's and the image's; [`SCRIPT_PATH`] is replaced, nothing else.
    /// Without it a script that is a file is the command itself.
    pub command: Option<Vec<String>>,
    /// What follows the command, or a script that is the command.
    pub arguments: Vec<String>,
    /// The folder of the script in the container: an absolute path.
    pub folder: String,
    /// How long it may take; without it the container's `stop_timeout`, else the host's `wait_timeout`.
    pub wait_timeout: Option<Duration>,
    /// A container that has the name is stopped and removed before.
    pub remove_existing: bool,
    /// The container is removed afterwards.
    pub remove_created: bool,
    /// It is removed also when it took too long.
    pub remove_on_timeout: bool,
    /// Each line of its output begins with the time.
    pub timestamps: bool,
    /// Only the last lines of its output, at its end.
    pub tail: Option<u32>,
    /// Where the files of the folder go afterwards.
    pub download: Option<Download>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            files: ScriptFiles::Nothing,
            entrypoint: None,
            command: None,
            arguments: Vec::new(),
            folder: DEFAULT_SCRIPT_FOLDER.to_owned(),
            wait_timeout: None,
            remove_existing: false,
            remove_created: true,
            remove_on_timeout: false,
            timestamps: false,
            tail: None,
            download: None,
        }
    }
}

/// What is in the folder of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "files", rename_all = "snake_case")]
pub enum ScriptFiles {
    /// Nothing; there is a folder only where results are to come back.
    Nothing,
    /// Files of this machine.
    Upload {
        /// A file, or a folder whose contents are uploaded.
        path: PathBuf,
        /// The name of the script in the folder; `None` where the folder itself is meant.
        name: Option<String>,
    },
    /// A file or folder that is on the host.
    OnHost {
        /// An absolute path.
        path: String,
    },
}

/// Where files go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Download {
    /// A folder of this machine, which may not be there yet.
    pub folder: PathBuf,
    /// Each host has a folder of its own in it.
    pub by_host: bool,
}

impl Script {
    /// The path of a host that has to be looked at before planning.
    pub fn path_on_host(&self) -> Option<&str> {
        match &self.files {
            ScriptFiles::OnHost { path } => Some(path),
            ScriptFiles::Nothing | ScriptFiles::Upload { .. } => None,
        }
    }

    /// Whether files go into the container before it starts, or a folder for results.
    pub(super) fn fills_folder(&self) -> bool {
        match self.files {
            ScriptFiles::Nothing => self.download.is_some(),
            ScriptFiles::Upload { .. } => true,
            ScriptFiles::OnHost { .. } => false,
        }
    }

    /// The container of a configuration as it runs the script: with its name and its settings, but for
    /// what the script is about, and what would start it again. It needs no terminal, on which both
    /// streams would be one. `kind` tells what is at the path on the host.
    pub(super) fn container(&self, spec: &ContainerSpec, kind: PathKind) -> ContainerSpec {
        let mut made = spec.clone();
        made.exec_commands.clear();
        let settings = &mut made.settings;
        settings.labels.insert(SCRIPT_LABEL.to_owned(), "true".to_owned());
        (settings.tty, settings.open_stdin) = (false, false);
        for option in UNFIT_OPTIONS {
            settings.host_options.remove(option);
        }
        let path = self.path_in_container(kind);
        if let Some(entrypoint) = &self.entrypoint {
            settings.entrypoint = Some(entrypoint.clone());
        }
        if let Some(command) = self.words(kind) {
            settings.command = Some(command.iter().map(|word| word.replace(SCRIPT_PATH, &path)).collect());
        }
        if let Some(source) = self.mounted_folder(kind) {
            settings.detailed_mounts.remove(&self.folder);
            settings.anonymous_volumes.remove(&self.folder);
            let mount = Mount::new(MountSource::HostPath(source), false);
            settings.mounts.insert(self.folder.clone(), mount);
        } else if self.fills_folder() {
            settings.detailed_mounts.remove(&self.folder);
            settings.mounts.remove(&self.folder);
            settings.anonymous_volumes.insert(self.folder.clone());
        }
        made
    }

    /// The folder of the host that is mounted: of a file, the one it is in.
    fn mounted_folder(&self, kind: PathKind) -> Option<String> {
        let path = self.path_on_host()?.trim_end_matches('/');
        let folder = match kind {
            PathKind::Folder => path,
            PathKind::File | PathKind::Absent => path.rsplit_once('/').map_or("", |(folder, _)| folder),
        };
        Some(if folder.is_empty() { "/".to_owned() } else { folder.to_owned() })
    }

    /// The command before the path is in it; `None` leaves the configured one.
    fn words(&self, kind: PathKind) -> Option<Vec<String>> {
        let is_file = match &self.files {
            ScriptFiles::Nothing => false,
            ScriptFiles::Upload { name, .. } => name.is_some(),
            ScriptFiles::OnHost { .. } => kind == PathKind::File,
        };
        let first = match &self.command {
            Some(command) => command.clone(),
            None if is_file => vec![SCRIPT_PATH.to_owned()],
            None => Vec::new(),
        };
        let words = [first, self.arguments.clone()].concat();
        (!words.is_empty()).then_some(words)
    }

    fn path_in_container(&self, kind: PathKind) -> String {
        let name = match &self.files {
            ScriptFiles::Nothing => None,
            ScriptFiles::Upload { name, .. } => name.as_deref(),
            ScriptFiles::OnHost { .. } if kind == PathKind::Folder => None,
            ScriptFiles::OnHost { path } => path.trim_end_matches('/').rsplit('/').next(),
        };
        name.map_or_else(|| self.folder.clone(), |name| format!("{}/{name}", self.folder))
    }

    /// Where the files of a host go.
    pub(super) fn download_folder(&self, host_name: &str) -> Option<PathBuf> {
        let Download { folder, by_host } = self.download.as_ref()?;
        Some(if *by_host { folder.join(host_name) } else { folder.clone() })
    }
}
