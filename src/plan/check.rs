//! Rules that every plan keeps. Builds with debug assertions, tests among them, hold each plan that
//! is made to [`violations`].

mod graph;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::HostState;
use crate::model::ownership::{self, MAP_LABEL, SCRIPT_LABEL, SUCCESSOR_SUFFIX, lasting_name};
use crate::model::spec::{ContainerSpec, HostSpec};

use super::order::container_dependencies;
use super::{Action, Cause, Plan, Step, StepId};
use graph::Order;

/// A plan, and what it was made from.
struct Made<'a> {
    host: &'a HostSpec,
    state: &'a HostState,
    plan: &'a Plan,
    order: Order,
}

/// What is wrong with a plan, one line each; empty for every plan the planner makes.
pub fn violations(host: &HostSpec, state: &HostState, plan: &Plan) -> Vec<String> {
    let made = Made { host, state, plan, order: Order::of(plan) };
    let of_step = |(index, step)| {
        let id = StepId(index);
        [
            waits_only_for_earlier_steps(id, step),
            made.touches_nothing_foreign(id, step),
            made.creates_after_its_needs(id, step),
            made.starts_after_its_needs(id, step),
            made.removes_after_its_replacement(id, step),
            made.removes_empty_networks(id, step),
            made.connects_again(id, step),
            undoes_the_switch(id, step),
            clears_up_what_comes_before(&made.order, id, step),
        ]
    };
    let mut found: Vec<String> = plan.steps.iter().enumerate().flat_map(of_step).flatten().collect();
    found.extend(made.items_without_cause());
    found.extend(made.items_counted_twice());
    found.extend(made.steps_at_the_same_time());
    found
}

impl Made<'_> {
    /// What is there already is changed only if a map of the host asks for it, or if it bears the label
    /// of such a map; and never if it bears the label of another one.
    fn touches_nothing_foreign(&self, id: StepId, step: &Step) -> Option<String> {
        // Whoever is in a network of ours that is made anew is put back into it.
        let is_of_network = step.item.kind == ItemKind::Network;
        let mut changed =
            changed_items(&step.action).into_iter().filter(|item| !(is_of_network && is_container(item)));
        let foreign = changed.find(|item| self.is_foreign(item))?;
        Some(format!("step {id} touches {foreign}, which is not ours"))
    }

    fn is_foreign(&self, item: &ItemId) -> bool {
        let (host, state) = (self.host, self.state);
        let (labels, map_name) = match item.kind {
            ItemKind::Container => {
                let wanted = self.container(&item.name).map(|spec| spec.id.map_name.as_str());
                (state.containers.get(&item.name).map(|found| &found.labels), wanted)
            }
            ItemKind::Volume => {
                let wanted = host.volumes.iter().find(|volume| volume.name == item.name);
                let found = state.volumes.get(&item.name).map(|found| &found.labels);
                (found, wanted.map(|volume| volume.map_name.as_str()))
            }
            ItemKind::Network => {
                let wanted = host.networks.iter().find(|network| network.name == item.name);
                let found = state.networks.get(&item.name).map(|found| &found.labels);
                (found, wanted.map(|network| network.map_name.as_str()))
            }
            // Images belong to whoever pulls them.
            ItemKind::Image => return false,
        };
        let Some(labels) = labels else { return false };
        match map_name {
            Some(map_name) => ownership::owner(labels, map_name) == ownership::Owner::OtherMap,
            None => !labels.get(MAP_LABEL).is_some_and(|name| self.host.has_map(name)),
        }
    }

    /// The container that is wanted by this name, or by the one it has while it is replaced.
    fn container(&self, name: &str) -> Option<&ContainerSpec> {
        self.host.containers.iter().find(|spec| spec.name == lasting_name(name))
    }

    fn step_ids(&self, is_meant: impl Fn(&Step) -> bool) -> impl Iterator<Item = StepId> {
        let steps = self.plan.steps.iter().enumerate();
        steps.filter(move |(_, step)| is_meant(step)).map(|(index, _)| StepId(index))
    }

    /// A container is created after the networks, volumes and images that the same plan makes for it.
    fn creates_after_its_needs(&self, id: StepId, step: &Step) -> Option<String> {
        let Action::CreateContainer { spec, .. } = &step.action else { return None };
        let is_own = |maker: &Step| !matches!(maker.item.kind, ItemKind::Container);
        let missed = self
            .step_ids(|maker| is_own(maker) && makes(&maker.action, spec))
            .find(|maker| !self.order.is_before(*maker, id))?;
        Some(format!("step {id} creates {} without waiting for {missed}", step.item))
    }

    /// A container starts after it was created and joined to its networks, after its volumes were
    /// prepared, and after the containers it depends on, as far as the same plan does any of that.
    fn starts_after_its_needs(&self, id: StepId, step: &Step) -> Option<String> {
        let Action::StartContainer { container_name, .. } = &step.action else { return None };
        let spec = self.container(container_name)?;
        let needs = |other: &Step| match &other.action {
            Action::CreateContainer { container_name: name, .. }
            | Action::ConnectNetwork { container_name: name, .. } => name == container_name,
            // Where files may be by then, nothing is prepared.
            Action::PrepareVolume { volume_name, only_if_empty, .. } => {
                let is_mounted = spec.settings.volume_names().any(|name| name == volume_name);
                is_mounted && (!only_if_empty || other.item == step.item)
            }
            Action::StartContainer { container_name: name, .. } => {
                container_dependencies(spec).any(|needed| needed == lasting_name(name))
            }
            _ => false,
        };
        let missed = self.step_ids(needs).find(|need| !self.order.is_before(*need, id))?;
        Some(format!("step {id} starts {container_name} without waiting for {missed}"))
    }

    /// What served until now is removed only after its successor has got its name. A leftover goes
    /// before the replacement that needs its name; then no successor has the name yet.
    fn removes_after_its_replacement(&self, id: StepId, step: &Step) -> Option<String> {
        let Action::RemoveContainer { container_name } = &step.action else { return None };
        if container_name.ends_with(SUCCESSOR_SUFFIX)
            || self.is_leftover(id, step, container_name)
            || self.frees_a_volume(id)
        {
            return None;
        }
        let name = lasting_name(container_name);
        let brings = |other: &Step| match &other.action {
            Action::RenameContainer { new_name, .. } => new_name == name,
            // What runs a script is no successor.
            Action::CreateContainer { container_name, spec } => {
                container_name == name && !spec.settings.labels.contains_key(SCRIPT_LABEL)
            }
            _ => false,
        };
        let missed = self.step_ids(brings).find(|other| !self.order.is_before(*other, id))?;
        Some(format!("step {id} removes {container_name} without waiting for {missed}"))
    }

    /// A network is removed when everybody who runs in it has left it, or runs no more.
    fn removes_empty_networks(&self, id: StepId, step: &Step) -> Option<String> {
        let Action::RemoveNetwork { network_name } = &step.action else { return None };
        let leaves = |name: &str, other: &Step| match &other.action {
            Action::DisconnectNetwork { container_name, network_name: left } => {
                container_name == name && left == network_name
            }
            Action::StopContainer { container_name, .. } => container_name == name,
            _ => false,
        };
        let has_left = |name: &str| {
            self.step_ids(|other| leaves(name, other)).any(|other| self.order.is_before(other, id))
        };
        let missed = self.state.containers.values().find(|container| {
            let attachment = container.attachment.as_ref().filter(|_| container.status.is_active());
            attachment.is_some_and(|networks| networks.network_ids.contains_key(network_name))
                && !has_left(&container.name)
        })?;
        Some(format!("step {id} removes {network_name} while {} is in it", missed.name))
    }

    /// Whoever is taken out of a network that is made anew is put back into it.
    fn connects_again(&self, id: StepId, step: &Step) -> Option<String> {
        let Action::DisconnectNetwork { container_name, network_name } = &step.action else { return None };
        let joins = |other: &Step| {
            matches!(&other.action, Action::ConnectNetwork { container_name: name, endpoint }
            if name == container_name && endpoint.network_name == *network_name)
        };
        let is_lost = step.item.kind == ItemKind::Network
            && !self.step_ids(joins).any(|other| self.order.is_before(id, other));
        is_lost.then(|| format!("step {id} takes {container_name} out of {network_name} for good"))
    }

    /// Whether a volume is removed afterwards: the Engine keeps one that a container mounts.
    fn frees_a_volume(&self, id: StepId) -> bool {
        let removals = self.step_ids(|other| matches!(other.action, Action::RemoveVolume { .. }));
        removals.into_iter().any(|removal| self.order.is_before(id, removal))
    }

    /// Whether an interrupted run left what is removed; a stop of it may stand between.
    fn is_leftover(&self, id: StepId, step: &Step, container_name: &str) -> bool {
        let is_told = |step: &Step| step.causes.contains(&Cause::Leftover);
        let is_stop = |other: &Step| matches!(&other.action, Action::StopContainer { container_name: name, .. } if name == container_name);
        let stopped = self.step_ids(|other| is_stop(other) && is_told(other));
        is_told(step) || stopped.into_iter().any(|stop| self.order.is_before(stop, id))
    }

    /// The first step on an item says why.
    fn items_without_cause(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let steps = self.plan.steps.iter().enumerate();
        steps
            .filter(|(_, step)| seen.insert(&step.item) && step.causes.is_empty())
            .map(|(index, step)| format!("step {} on {} has no cause", StepId(index), step.item))
            .collect()
    }

    /// An item is changed, or it is not.
    fn items_counted_twice(&self) -> Vec<String> {
        let changed = self.plan.changed_items();
        let mut seen = BTreeSet::new();
        let unchanged = self.plan.unchanged.iter();
        unchanged
            .filter(|item| changed.contains(item) || !seen.insert(*item))
            .map(|item| format!("{item} is unchanged and counted once more"))
            .collect()
    }

    /// All steps on one container come one after the other.
    fn steps_at_the_same_time(&self) -> Vec<String> {
        let mut last_by_item: BTreeMap<ItemId, StepId> = BTreeMap::new();
        let mut found = Vec::new();
        for (index, step) in self.plan.steps.iter().enumerate() {
            let id = StepId(index);
            for item in changed_items(&step.action).into_iter().filter(is_container) {
                if let Some(last) = last_by_item.get(&item).filter(|last| !self.order.is_before(**last, id)) {
                    found.push(format!("steps {last} and {id} may touch {item} at the same time"));
                }
                last_by_item.insert(item, id);
            }
        }
        found
    }
}

/// Nothing can wait for itself: each step waits only for earlier ones.
fn waits_only_for_earlier_steps(id: StepId, step: &Step) -> Option<String> {
    let later = step.after.iter().find(|wait| **wait >= id)?;
    Some(format!("step {id} waits for {later}, which is not before it"))
}

/// Every step between the creation of a successor and its proof can be taken back.
fn undoes_the_switch(id: StepId, step: &Step) -> Option<String> {
    let switches = match &step.action {
        Action::RenameContainer { .. }
        | Action::StopContainer { .. }
        | Action::UpdateContainer { .. }
        | Action::DisconnectNetwork { .. }
        | Action::CreateNetwork { .. }
        | Action::RemoveNetwork { .. } => true,
        Action::CreateContainer { container_name, .. } => container_name.ends_with(SUCCESSOR_SUFFIX),
        _ => false,
    };
    let is_lost = switches && step.replacement.is_some() && step.undo.is_none();
    is_lost.then(|| format!("step {id} is part of a replacement and cannot be undone"))
}

/// What clears up comes after all that it takes away, and after what it may leave.
fn clears_up_what_comes_before(order: &Order, id: StepId, step: &Step) -> Option<String> {
    let finally = step.finally?;
    let needed = [Some(finally.takes_away), finally.unless_timed_out];
    let missed = needed.into_iter().flatten().find(|before| !order.is_before(*before, id))?;
    Some(format!("step {id} clears up after {missed} without waiting for it"))
}

fn is_container(item: &ItemId) -> bool {
    item.kind == ItemKind::Container
}

fn makes(action: &Action, spec: &ContainerSpec) -> bool {
    let needs = |name: &str| spec.dependencies.iter().any(|item| item.name == name);
    match action {
        Action::CreateNetwork { network } => needs(&network.name),
        Action::CreateVolume { volume } => needs(&volume.name),
        Action::PrepareVolume { volume_name, .. } => needs(volume_name),
        Action::PullImage { reference } => *reference == spec.image,
        _ => false,
    }
}

/// What a step changes, by the names that the Engine knows then.
fn changed_items(action: &Action) -> Vec<ItemId> {
    match action {
        Action::PullImage { reference } => vec![ItemId::image(reference.to_string())],
        Action::CreateNetwork { network } => vec![ItemId::network(&network.name)],
        Action::RemoveNetwork { network_name } => vec![ItemId::network(network_name)],
        Action::CreateVolume { volume } => vec![ItemId::volume(&volume.name)],
        Action::PrepareVolume { volume_name, .. } | Action::RemoveVolume { volume_name } => {
            vec![ItemId::volume(volume_name)]
        }
        Action::RenameContainer { container_name, new_name } => {
            vec![ItemId::container(container_name), ItemId::container(new_name)]
        }
        Action::CreateContainer { container_name, .. }
        | Action::ConnectNetwork { container_name, .. }
        | Action::DisconnectNetwork { container_name, .. }
        | Action::UpdateContainer { container_name, .. }
        | Action::StartContainer { container_name, .. }
        | Action::VerifyContainer { container_name, .. }
        | Action::RunCommand { container_name, .. }
        | Action::StopContainer { container_name, .. }
        | Action::SignalContainer { container_name, .. }
        | Action::UploadFiles { container_name, .. }
        | Action::RunScript { container_name, .. }
        | Action::DownloadFiles { container_name, .. }
        | Action::TakeAwayContainer { container_name, .. }
        | Action::RemoveContainer { container_name } => vec![ItemId::container(container_name)],
    }
}
