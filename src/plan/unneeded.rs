//! Volumes and networks that go with removed containers, where the operator asks for that: after
//! all containers that use them, and never where one that stays does.

use std::collections::BTreeSet;

use crate::model::item::{ItemId, ItemKind};
use crate::model::network::NetworkSpec;
use crate::model::observed::HostState;
use crate::model::ownership;
use crate::model::spec::{ContainerSpec, HostSpec};
use crate::model::volume::VolumeSpec;

use super::builder::{Chain, PlanBuilder};
use super::order::Containers;
use super::planner::needed_items;
use super::stopping::Ended;
use super::{Action, Cause, Goal, Notice, Options, SkipReason, StepId};

/// Plans removals of volumes and networks.
pub(super) struct Unneeded<'a> {
    pub(super) host: &'a HostSpec,
    pub(super) state: &'a HostState,
    pub(super) builder: &'a mut PlanBuilder,
    pub(super) ended: &'a Ended,
}

impl Unneeded<'_> {
    pub(super) fn plan(&mut self, options: &Options, containers: &Containers<'_>, selected: &BTreeSet<&str>) {
        if self.builder.goal() == Goal::Stop {
            return;
        }
        if options.remove_attached {
            let specs: Vec<_> =
                containers.in_order().filter(|spec| selected.contains(spec.name.as_str())).collect();
            for volume in &self.host.volumes {
                if specs.iter().any(|spec| self.attaches(spec, volume)) {
                    self.plan_volume(volume);
                }
            }
        }
        if options.remove_networks {
            let needed = needed_items(containers, selected, ItemKind::Network);
            for network in self.host.networks.iter().filter(|network| needed.contains(network.name.as_str()))
            {
                self.plan_network(network);
            }
        }
    }

    /// Whether the volume is one of the container's configuration, and the container does not stay.
    fn attaches(&self, spec: &ContainerSpec, volume: &VolumeSpec) -> bool {
        let is_own = spec.id.map_name == volume.map_name && spec.id.config_name == volume.config_name;
        is_own && !self.ended.kept.contains(&spec.name)
    }

    fn plan_volume(&mut self, volume: &VolumeSpec) {
        let Some(found) = self.state.volumes.get(&volume.name) else { return };
        let item = ItemId::volume(&volume.name);
        if let Some(owner) = ownership::foreign_owner(&found.labels, &volume.map_name) {
            self.skip(item, SkipReason::Foreign { owner });
            return;
        }
        let mounts =
            self.state.containers.values().filter(|container| container.volume_names.contains(&volume.name));
        let users: BTreeSet<&str> = mounts.map(|container| container.name.as_str()).collect();
        self.remove(item, &users, Action::RemoveVolume { volume_name: volume.name.clone() });
    }

    fn plan_network(&mut self, network: &NetworkSpec) {
        let Some(found) = self.state.networks.get(&network.name) else { return };
        let item = ItemId::network(&network.name);
        if let Some(owner) = ownership::foreign_owner(&found.labels, &network.map_name) {
            self.skip(item, SkipReason::Foreign { owner });
            return;
        }
        let members = self.state.network_members.get(&network.name);
        let users: BTreeSet<&str> = members.into_iter().flatten().map(String::as_str).collect();
        self.remove(item, &users, Action::RemoveNetwork { network_name: network.name.clone() });
    }

    /// Removes an item after its users, if all of them go.
    fn remove(&mut self, item: ItemId, users: &BTreeSet<&str>, action: Action) {
        let staying: Vec<String> = users
            .iter()
            .filter(|name| !self.ended.removals.contains_key(**name))
            .map(|name| (*name).to_owned())
            .collect();
        if !staying.is_empty() {
            self.skip(item, SkipReason::InUse { container_names: staying });
            return;
        }
        let waits: Vec<StepId> =
            users.iter().filter_map(|name| self.ended.removals.get(*name).copied()).collect();
        Chain::new(self.builder, item).because(vec![Cause::Requested]).then(action, waits);
    }

    fn skip(&mut self, item: ItemId, reason: SkipReason) {
        self.builder.notice(Notice::Skipped { item, reason });
    }
}
