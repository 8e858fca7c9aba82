//! What an operator may ask for beside the goal: Docker-Map's options of actions, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::item::ItemId;

use super::script::Script;

use super::Goal;

/// Long enough for a program that misses a setting to say so and end.
pub const DEFAULT_SETTLE: Duration = Duration::from_secs(3);

/// How a plan is made. The default is Docker-Map's, where it has the option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line by itself")]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Exit codes after which a container is made anew instead of being started again.
    pub nonrecoverable_exit_codes: BTreeSet<i64>,
    /// Items that are made anew although nothing differs, where they are on the way.
    pub force_update: BTreeSet<ItemId>,
    /// Persistent containers, too, are replaced when their image differs.
    pub update_persistent: bool,
    /// Which commands of a running container are run again because no process of it looks like them.
    pub check_exec_commands: CommandCheck,
    /// A limit that cannot be taken away in place stays, and the container with it.
    pub skip_limit_reset: bool,
    /// Commands are run again after a restart.
    pub restart_exec_commands: bool,
    /// Persistent containers are removed like others.
    pub remove_persistent: bool,
    /// Volumes that removed containers attach go with them.
    pub remove_attached: bool,
    /// Networks that nothing needs any more after a shutdown go, too.
    pub remove_networks: bool,
    /// Containers of our maps that no map asks for any more go.
    pub remove_orphans: bool,
    /// Volumes that differ in what cannot be changed are made anew, and lose their files.
    pub recreate_volumes: bool,
    /// When registries are asked for images.
    pub pull: PullPolicy,
    /// Owner and mode of volumes are set again, also where files are in them.
    pub prepare_volumes: bool,
    /// How owner and mode of volumes are set.
    pub preparation: PreparationWay,
    /// The image of the container that sets owner and mode where the host's shell cannot.
    pub core_image: String,
    /// Seconds that each stop may take, in place of what the maps say.
    pub stop_timeout_seconds: Option<u32>,
    /// How long a started container without health check must run to be taken for good; zero is one look.
    pub settle: Duration,
    /// What runs, for the goal `script`.
    #[serde(skip)]
    pub script: Option<Script>,
    /// The signal that is sent by the goal of that name; `None` is `SIGKILL`.
    pub signal: Option<String>,
}

impl Options {
    /// What a goal does where nobody says otherwise: Docker-Map's `update` looks for commands that
    /// do not run any more, and its `pull_images` pulls all images.
    pub fn of(goal: Goal) -> Self {
        let check_exec_commands = if goal == Goal::Update { CommandCheck::Full } else { CommandCheck::None };
        let pull = if goal == Goal::Pull { PullPolicy::Always } else { PullPolicy::Missing };
        Self { check_exec_commands, pull, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nonrecoverable_exit_codes: BTreeSet::from([-127, -1]),
            force_update: BTreeSet::new(),
            update_persistent: false,
            check_exec_commands: CommandCheck::None,
            skip_limit_reset: false,
            restart_exec_commands: false,
            remove_persistent: true,
            remove_attached: false,
            remove_networks: false,
            remove_orphans: false,
            recreate_volumes: false,
            pull: PullPolicy::Missing,
            prepare_volumes: false,
            preparation: PreparationWay::Auto,
            core_image: "busybox:latest".to_owned(),
            stop_timeout_seconds: None,
            settle: DEFAULT_SETTLE,
            script: None,
            signal: None,
        }
    }
}

/// How commands of a running container are looked for among its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandCheck {
    /// A process has exactly this command line.
    Full,
    /// The command line of a process contains it.
    Partial,
    /// They are not looked for.
    None,
}

/// When registries are asked for images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullPolicy {
    /// For every image: where the tag has moved, it is pulled and its containers are replaced.
    Always,
    /// For images that the host lacks.
    Missing,
    /// Never: an image that the host lacks is an error.
    Never,
}

/// How owner and mode of volumes are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PreparationWay {
    /// By the host's shell where it can and the volume's files are on the host, else by a container.
    Auto,
    /// By the host's shell.
    Local,
    /// By a container that is removed afterwards.
    Container,
    /// Not at all.
    Never,
}
