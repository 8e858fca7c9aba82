//! What will be done on one host, why, and in which order: a graph of single steps.
//!
//! A plan is values. It holds everything that executing needs, so that nothing is left to decide
//! afterwards: what is shown is what is done. Each step is one call to the Engine (or one
//! command on the host) with its cause and the steps it waits for.
//!
//! ```text
//! (HostSpec, HostState, Request)
//!        |
//!     orphans      what no map asks for any more is told, or removed
//!        |
//!     create, start, startup, update, deploy:
//!         leftovers    what an interrupted run left is finished or undone
//!         networks, volumes, images       what containers need
//!         containers   diff -> create, start, replace, stop, remove
//!     stop, remove, shutdown:   `stopping`, then `unneeded` volumes and networks
//!     restart, pull, signal:    `imperative`
//!     script:   startup of what it needs, then `containers/throw_away`
//!        |
//!      Plan        checked by `check`, shown by `text`
//! ```
//!
//! To add an action: a variant of [`Action`], its wording in `text.rs`, its call in
//! `execute/action.rs`; the compiler names the places. To compare another setting: a field of
//! [`ContainerSettings`](crate::model::container::ContainerSettings); `diff.rs` and the
//! conversions then do not compile until they handle it.

mod actions;
mod builder;
mod changes;
pub mod check;
mod commands;
mod containers;
pub mod diff;
pub mod effective;
mod goal;
mod imperative;
mod judge;
mod leftovers;
mod mask;
mod networks;
mod notice;
pub mod options;
mod order;
mod orphans;
mod planner;
mod ports;
mod pulls;
pub mod script;
pub mod seen;
pub mod states;
mod stopping;
#[cfg(test)]
mod tests;
pub mod text;
mod unneeded;
mod volumes;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::model::container::{Endpoint, ExecCommand};
use crate::model::image::ImageReference;
use crate::model::item::ItemId;
use crate::model::network::NetworkSpec;
use crate::model::observed::ContainerStatus;
use crate::model::place::Place;
use crate::model::spec::ContainerSpec;
use crate::model::update::ContainerUpdate;
use crate::model::volume::{Preparation, VolumeSpec};

pub use commands::command_questions;
pub use goal::Goal;
pub use notice::{Notice, SkipReason};
pub use options::Options;
pub use planner::{PlanError, plan_host};
pub use pulls::registry_questions;
pub use script::{Script, ScriptFiles};

/// What is asked of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to bring about.
    pub goal: Goal,
    /// Full names of the selected containers; what they depend on, or what depends on them, is
    /// added by the planner as the goal demands.
    pub container_names: BTreeSet<String>,
    /// What was asked for beside.
    pub options: Options,
}

/// Whether registries were asked where tags point to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Registries {
    /// Images have nothing to do with the plan.
    #[default]
    NotNeeded,
    /// They were: a tag that was moved is a difference.
    Asked,
    /// They were not: a tag means the image that the host has.
    NotAsked,
}

/// Index of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

impl fmt::Display for StepId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0 + 1)
    }
}

/// Everything to be done on one host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The host.
    pub host_name: String,
    /// What it brings about.
    pub goal: Goal,
    /// Steps; each waits only for earlier ones.
    pub steps: Vec<Step>,
    /// Items that are as they should be.
    pub unchanged: Vec<ItemId>,
    /// What the operator should know beside the steps.
    pub notices: Vec<Notice>,
    /// Whether it knows where tags point to now.
    pub registries: Registries,
}

impl Plan {
    /// Nothing to do, and nothing known.
    pub fn empty(host_name: &str, goal: Goal) -> Self {
        Self {
            host_name: host_name.to_owned(),
            goal,
            steps: Vec::new(),
            unchanged: Vec::new(),
            notices: Vec::new(),
            registries: Registries::default(),
        }
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Items that some step changes, each once.
    pub fn changed_items(&self) -> BTreeSet<&ItemId> {
        self.steps.iter().map(|step| &step.item).collect()
    }

    /// Whether something that is there now is stopped or removed.
    pub fn destroys(&self) -> bool {
        self.steps.iter().any(|step| {
            step.interrupts_service
                || matches!(
                    step.action,
                    Action::RemoveContainer { .. }
                        | Action::RemoveVolume { .. }
                        | Action::RemoveNetwork { .. }
                )
        })
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What it is about.
    pub item: ItemId,
    /// What is done.
    pub action: Action,
    /// Why; never empty on the first step of an item.
    pub causes: Vec<Cause>,
    /// Steps that must be done before.
    pub after: Vec<StepId>,
    /// Whether something that runs now stops running.
    pub interrupts_service: bool,
    /// The replacement this step is part of: if a step of it fails, its finished steps are undone.
    pub replacement: Option<ReplacementId>,
    /// What takes this step back.
    pub undo: Option<Action>,
    /// That it is done also after steps that failed or were not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finally: Option<Finally>,
}

/// That a step clears up: it is done when the steps it waits for have ended, whichever way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finally {
    /// The step whose work it takes away; where that had none, nothing is done.
    pub takes_away: StepId,
    /// The step that leaves its work to be looked at if its time runs out.
    pub unless_timed_out: Option<StepId>,
}

/// Steps that take effect together or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ReplacementId(pub usize);

/// One verb of the Engine, or of the host, with all it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Pulls an image.
    PullImage {
        /// Which.
        reference: ImageReference,
    },
    /// Creates a network.
    CreateNetwork {
        /// What it is like.
        network: Box<NetworkSpec>,
    },
    /// Removes a network.
    RemoveNetwork {
        /// Full name.
        network_name: String,
    },
    /// Creates a volume.
    CreateVolume {
        /// What it is like.
        volume: Box<VolumeSpec>,
    },
    /// Sets owner and mode of a volume's files.
    PrepareVolume {
        /// Full name.
        volume_name: String,
        /// Owner and mode.
        preparation: Preparation,
        /// Leaves a volume alone that holds files: they have the owner somebody gave them.
        only_if_empty: bool,
        /// What sets them.
        by: Preparer,
    },
    /// Removes a volume with its files.
    RemoveVolume {
        /// Full name.
        volume_name: String,
    },
    /// Creates a container.
    CreateContainer {
        /// The name it gets first.
        container_name: String,
        /// What it is like.
        #[serde(skip)]
        spec: Arc<ContainerSpec>,
    },
    /// Joins a container to a further network.
    ConnectNetwork {
        /// Container.
        container_name: String,
        /// Network, and the container's place in it.
        endpoint: Box<Endpoint>,
    },
    /// Takes a container out of a network.
    DisconnectNetwork {
        /// Container.
        container_name: String,
        /// Network.
        network_name: String,
    },
    /// Changes limits and restart policy of a container, running or not.
    UpdateContainer {
        /// Container.
        container_name: String,
        /// The new values.
        update: ContainerUpdate,
    },
    /// Starts a container.
    StartContainer {
        /// Container.
        container_name: String,
        /// Wait afterwards.
        #[serde(skip)]
        delay: Duration,
    },
    /// Waits until a started container is healthy, or has run for a while where it has no health
    /// check. One that ended with 0 has done its work.
    VerifyContainer {
        /// Container.
        container_name: String,
        /// How long its health may stay unknown.
        #[serde(skip)]
        health_deadline: Duration,
        /// How long it must run where it has no health check.
        #[serde(skip)]
        settle: Duration,
    },
    /// Runs a command in a started container.
    RunCommand {
        /// Container.
        container_name: String,
        /// The command.
        #[serde(skip)]
        command: ExecCommand,
        /// The command as it may be shown.
        shown: String,
    },
    /// Stops a container.
    StopContainer {
        /// Container.
        container_name: String,
        /// Seconds until it is killed; `None` is the Engine's default.
        timeout_seconds: Option<u32>,
    },
    /// Sends a signal to the first process of a container.
    SignalContainer {
        /// Container.
        container_name: String,
        /// The signal, as Engines take it: `SIGHUP`.
        signal: String,
    },
    /// Gives a container another name.
    RenameContainer {
        /// Present name.
        container_name: String,
        /// New name.
        new_name: String,
    },
    /// Removes a stopped container.
    RemoveContainer {
        /// Container.
        container_name: String,
    },
    /// Puts files of this machine into a container that is not started yet.
    UploadFiles {
        /// Container.
        container_name: String,
        /// The folder they are put into.
        folder: String,
        /// A file, or a folder whose contents are meant; `None` is an empty folder.
        path: Option<PathBuf>,
        /// Who owns them, user and group.
        owner: (u64, u64),
        /// The folder is for everybody to write into.
        sets_mode: bool,
    },
    /// Tells what a container writes until it ends, and how it ends.
    RunScript {
        /// Container.
        container_name: String,
        /// What runs in it, as it may be shown.
        shown: String,
        /// How long it may take.
        deadline: Duration,
        /// Each line of its output begins with the time.
        timestamps: bool,
        /// The last lines only, at its end.
        tail: Option<u32>,
        /// The container stays if it takes longer.
        is_kept_on_timeout: bool,
    },
    /// Brings files of a container to this machine.
    DownloadFiles {
        /// Container.
        container_name: String,
        /// The folder they are in.
        folder: String,
        /// The folder that they go to.
        into: PathBuf,
    },
    /// Ends a container, if it has not ended, and removes it with its anonymous volumes.
    TakeAwayContainer {
        /// Container.
        container_name: String,
        /// Seconds until it is killed.
        timeout_seconds: u32,
    },
}

/// What sets owner and mode of a volume's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preparer {
    /// A script on the host.
    HostShell,
    /// A script in a container that mounts the volume and is removed afterwards.
    Container {
        /// What the container is made from.
        image: ImageReference,
        /// The map whose label it bears.
        map_name: String,
    },
}

/// Why a step is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// It is wanted and not there.
    Absent {
        /// Where it is declared.
        place: Option<Place>,
    },
    /// It is there and does not run.
    NotRunning {
        /// What it does instead.
        #[serde(serialize_with = "as_text")]
        status: ContainerStatus,
    },
    /// A setting differs.
    Changed(Difference),
    /// Something it cannot do without is made anew.
    DependencyReplaced {
        /// What.
        item: ItemId,
    },
    /// It shares the network of a container that is started after it, and has none any more.
    SharedNetworkRestarted {
        /// The container whose network it is.
        item: ItemId,
    },
    /// A volume that was made is still as the Engine made it.
    NotPrepared,
    /// The operator asked for it.
    Requested,
    /// No process of the running container looks like the command.
    CommandNotRunning,
    /// An interrupted run left it.
    Leftover,
    /// No map asks for it any more.
    Orphaned,
}

fn as_text<T: fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A setting that is not as it should be. Values are as shown: secrets are `[redacted]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Dotted name of the setting, `environment.CACHE_TTL`.
    pub field: String,
    /// What was found; `None` is not set.
    pub found: Option<String>,
    /// What is wanted; `None` is not set.
    pub wanted: Option<String>,
    /// Where the wanted value stands.
    pub place: Option<Place>,
}
