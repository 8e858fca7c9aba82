//! What a plan is to bring about.

use serde::{Deserialize, Serialize};

/// What a plan brings about. `restart`, `pull`, `signal` and `script` are done again each time they are asked
/// for; all others are states, and there is nothing to do where they are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Containers are there, with their networks, volumes and images; nothing is started, and what
    /// exists is left alone.
    Create,
    /// Containers that are there run; persistent ones that have run are left alone.
    Start,
    /// Containers do not run, dependents first.
    Stop,
    /// Containers that have been started are started again, and what shares their network.
    Restart,
    /// Stopped containers are gone, dependents first; running ones are left alone.
    Remove,
    /// Containers run; existing ones keep the settings they have.
    Startup,
    /// Containers are stopped and removed, dependents first.
    Shutdown,
    /// As [`Goal::Deploy`], and commands of running containers still run where that is looked for.
    Update,
    /// Containers run, with the settings, images and volumes that are wanted.
    Deploy,
    /// Images of containers are as in their registries.
    Pull,
    /// Running containers get a signal.
    Signal,
    /// A script ran in a container that was there for it alone, with what the container needs.
    Script,
}

impl Goal {
    /// Every goal but `script`, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Remove,
        Self::Startup,
        Self::Shutdown,
        Self::Update,
        Self::Deploy,
        Self::Pull,
        Self::Signal,
    ];

    /// Whether containers are made where they are missing.
    pub fn makes_containers(self) -> bool {
        matches!(self, Self::Create | Self::Startup | Self::Update | Self::Deploy | Self::Script)
    }

    /// Whether every started container is watched until it has proved itself. Those that take the
    /// place of another one always are.
    pub(crate) fn verifies_starts(self) -> bool {
        matches!(self, Self::Startup | Self::Update | Self::Deploy | Self::Script)
    }

    /// Whether settings of what exists are compared with what is wanted.
    pub fn compares_settings(self) -> bool {
        matches!(self, Self::Update | Self::Deploy)
    }

    /// Whether the same request, made again, is carried out again.
    pub fn is_imperative(self) -> bool {
        matches!(self, Self::Restart | Self::Pull | Self::Signal | Self::Script)
    }
}
