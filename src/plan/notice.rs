//! What a plan tells beside its steps.

use serde::Serialize;

use crate::model::item::ItemId;
use crate::model::observed::ContainerStatus;

use super::{Difference, as_text};

/// What the operator should know beside the steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A container without our labels has one of our names: it is treated as ours.
    Adopted {
        /// The container.
        item: ItemId,
    },
    /// Something with our labels that no map asks for any more.
    Orphaned {
        /// The container.
        item: ItemId,
    },
    /// What was asked for is not done to an item.
    Skipped {
        /// The item.
        item: ItemId,
        /// Why.
        reason: SkipReason,
    },
    /// Whether commands of a running container still run is not known.
    CommandsUnchecked {
        /// The container.
        item: ItemId,
        /// Why, as the Engine told it.
        reason: String,
    },
    /// A container that is otherwise as wanted is unhealthy.
    Unhealthy {
        /// The container.
        item: ItemId,
    },
    /// A network or volume differs in a way that cannot be changed without taking it away, or a
    /// container lacks a limit that its host may not have.
    Deviates {
        /// The item.
        item: ItemId,
        /// How.
        difference: Difference,
    },
}

/// Why something that was asked for is not done to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum SkipReason {
    /// It is not there.
    Absent,
    /// It runs, and only what stands still is removed.
    Running,
    /// It does not run.
    NotRunning {
        /// What it does instead.
        #[serde(serialize_with = "as_text")]
        status: ContainerStatus,
    },
    /// It is persistent, and such containers are to be kept.
    Persistent,
    /// Containers that stay use it.
    InUse {
        /// Their names.
        container_names: Vec<String>,
    },
    /// Another map, or another tool, made it.
    Foreign {
        /// Who.
        owner: String,
    },
}
