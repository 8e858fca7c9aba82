//! How the items of a plan are before it is carried out, in Docker-Map's words: a base state and flags.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{ContainerStatus, Health, HostState, ObservedContainer};
use crate::model::ownership::{PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::HostSpec;

use super::seen::noticed_item;
use super::{Options, Plan};

/// One item as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemState {
    /// The item.
    pub item: ItemId,
    /// Whether it is there, and whether it runs.
    pub state: BaseState,
    /// What else there is to know.
    pub flags: Vec<StateFlag>,
    /// The first process of a container that runs, as its host counts processes.
    pub process_id: Option<i64>,
}

/// Whether an item is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BaseState {
    /// It is not.
    Absent,
    /// It is there, and does not run if it is a container.
    Present,
    /// It runs.
    Running,
}

/// What else there is to know of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateFlag {
    /// A container that was never started.
    Initial,
    /// A container that the Engine starts again and again.
    Restarting,
    /// A container whose process is suspended.
    Paused,
    /// A container that ended, or cannot be started, in a way that starting does not mend.
    Nonrecoverable,
    /// A container that is healthy.
    Healthy,
    /// A container that is not.
    Unhealthy,
    /// A container that is kept when it is stopped.
    Persistent,
    /// It is to be made anew although nothing differs.
    Forced,
    /// Files ask for it.
    Wanted,
    /// An interrupted run left something of it.
    Leftover,
}

/// The states of all items that a plan is about.
pub fn states(host: &HostSpec, state: &HostState, plan: &Plan, options: &Options) -> Vec<ItemState> {
    let noticed = plan.notices.iter().map(noticed_item);
    let items: BTreeSet<&ItemId> =
        plan.changed_items().into_iter().chain(&plan.unchanged).chain(noticed).collect();
    items.into_iter().map(|item| item_state(host, state, options, item)).collect()
}

fn item_state(host: &HostSpec, state: &HostState, options: &Options, item: &ItemId) -> ItemState {
    let is_there = match item.kind {
        ItemKind::Container => state.containers.contains_key(&item.name),
        ItemKind::Volume => state.volumes.contains_key(&item.name),
        ItemKind::Network => state.networks.contains_key(&item.name),
        ItemKind::Image => state.image_ids.contains_key(&item.name),
    };
    let container = state.containers.get(&item.name).filter(|_| item.kind == ItemKind::Container);
    let runs = container.is_some_and(|found| found.status.is_active());
    let base = match (is_there, runs) {
        (_, true) => BaseState::Running,
        (true, false) => BaseState::Present,
        (false, false) => BaseState::Absent,
    };
    let mut flags = container.map(|found| container_flags(found, options)).unwrap_or_default();
    flags.extend(wish_flags(host, state, options, item));
    let process_id = container.filter(|_| runs).and_then(|found| found.process_id);
    ItemState { item: item.clone(), state: base, flags, process_id }
}

fn container_flags(found: &ObservedContainer, options: &Options) -> Vec<StateFlag> {
    let flag = match found.status {
        ContainerStatus::Created => Some(StateFlag::Initial),
        ContainerStatus::Restarting => Some(StateFlag::Restarting),
        ContainerStatus::Paused => Some(StateFlag::Paused),
        ContainerStatus::Dead => Some(StateFlag::Nonrecoverable),
        ContainerStatus::Exited { exit_code } => {
            options.nonrecoverable_exit_codes.contains(&exit_code).then_some(StateFlag::Nonrecoverable)
        }
        ContainerStatus::Running { health: Some(Health::Healthy) } => Some(StateFlag::Healthy),
        ContainerStatus::Running { health: Some(Health::Unhealthy) } => Some(StateFlag::Unhealthy),
        ContainerStatus::Running { .. } => None,
    };
    flag.into_iter().collect()
}

fn wish_flags<'a>(
    host: &'a HostSpec,
    state: &HostState,
    options: &Options,
    item: &'a ItemId,
) -> impl Iterator<Item = StateFlag> + use<'a> {
    let of_name = |name: &String| *name == item.name;
    let spec = host.containers.iter().find(|spec| item.kind == ItemKind::Container && of_name(&spec.name));
    let is_wanted = match item.kind {
        ItemKind::Container => spec.is_some(),
        ItemKind::Volume => host.volumes.iter().any(|volume| of_name(&volume.name)),
        ItemKind::Network => host.networks.iter().any(|network| of_name(&network.name)),
        ItemKind::Image => true,
    };
    let has_leftover = [SUCCESSOR_SUFFIX, PREDECESSOR_SUFFIX]
        .iter()
        .any(|suffix| state.containers.contains_key(&format!("{}{suffix}", item.name)));
    let flags = [
        (StateFlag::Persistent, spec.is_some_and(|spec| spec.persistent)),
        (StateFlag::Forced, options.force_update.contains(item)),
        (StateFlag::Wanted, is_wanted),
        (StateFlag::Leftover, item.kind == ItemKind::Container && has_leftover),
    ];
    flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag)
}

#[cfg(test)]
mod tests;
