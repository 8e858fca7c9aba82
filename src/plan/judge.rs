//! What is to be done with each container: a comparison of what is wanted with what was found, and
//! with what the plan does to the containers it depends on.

use std::collections::BTreeSet;

use crate::model::container::{ContainerSettings, NetworkMode};
use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::spec::{ContainerSpec, HostSpec};

use super::changes::{self, Comparison, needs_new_container};
use super::diff::{self, EndpointChange};
use super::effective::effective_settings;
use super::leftovers::Found;
use super::{Cause, Difference, Request};

/// What is to be done with one container.
pub(super) enum Verdict {
    Create,
    Replace(Vec<Cause>),
    Start(ContainerStatus),
    Restart(Vec<Cause>),
    Keep,
}

/// Judges containers, dependencies first, and remembers what becomes of them.
pub(super) struct Judge<'a> {
    host: &'a HostSpec,
    state: &'a HostState,
    request: &'a Request,
    /// Networks that this plan makes anew, everybody in them reconnected.
    reset_networks: BTreeSet<String>,
    /// Volumes that this plan makes.
    new_volumes: BTreeSet<String>,
    /// Containers that this plan makes anew, or for the first time.
    renewed: BTreeSet<String>,
    /// Containers that this plan starts again as they are.
    restarted: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        host: &'a HostSpec,
        state: &'a HostState,
        request: &'a Request,
        new_volumes: BTreeSet<String>,
        reset_networks: BTreeSet<String>,
    ) -> Self {
        let (renewed, restarted) = (BTreeSet::new(), BTreeSet::new());
        Self { host, state, request, reset_networks, new_volumes, renewed, restarted }
    }

    pub(super) fn remember(&mut self, spec: &ContainerSpec, verdict: &Verdict) {
        match verdict {
            Verdict::Create | Verdict::Replace(_) => drop(self.renewed.insert(spec.name.clone())),
            Verdict::Start(_) | Verdict::Restart(_) => drop(self.restarted.insert(spec.name.clone())),
            Verdict::Keep => {}
        }
    }

    pub(super) fn renews(&self, container_name: &str) -> bool {
        self.renewed.contains(container_name)
    }

    pub(super) fn makes_volume(&self, volume_name: &str) -> bool {
        self.new_volumes.contains(volume_name)
    }

    /// Of a container that was selected, with its differences; of these, those that are changed in place
    /// are left there.
    pub(super) fn verdict(
        &self,
        spec: &ContainerSpec,
        found: Option<Found<'_>>,
        comparison: &mut Comparison,
    ) -> Verdict {
        let Some(found) = found else { return Verdict::Create };
        let status = found.container.status;
        let may_rest = spec.persistent && is_at_rest(status) && !found.was_interrupted;
        let mut causes =
            if may_rest { self.causes_at_rest(spec) } else { self.dependency_causes(spec, found.container) };
        if self.request.options.force_update.contains(&spec.item()) {
            causes.push(Cause::Requested);
        }
        if self.is_beyond_starting(status) {
            causes.push(Cause::NotRunning { status });
        }
        let causes = comparison.take_causes(causes);
        if !causes.is_empty() {
            return Verdict::Replace(causes);
        }
        if status.is_active() {
            let causes = self.network_causes(spec, found.container);
            return if causes.is_empty() { Verdict::Keep } else { Verdict::Restart(causes) };
        }
        if may_rest { Verdict::Keep } else { Verdict::Start(status) }
    }

    /// Of containers that nobody selected, only those that run.
    pub(super) fn verdict_of_bystander(
        &self,
        spec: &ContainerSpec,
        found: Option<Found<'_>>,
    ) -> Option<Verdict> {
        let found = found.filter(|found| found.container.status.is_active())?;
        let causes = self.dependency_causes(spec, found.container);
        if !causes.is_empty() {
            return Some(Verdict::Replace(causes));
        }
        let causes = self.network_causes(spec, found.container);
        (!causes.is_empty()).then_some(Verdict::Restart(causes))
    }

    /// Differences of a container that is there, where the goal asks for them.
    pub(super) fn compare(&self, spec: &ContainerSpec, found: Option<Found<'_>>) -> Comparison {
        let compared = found.filter(|_| self.request.goal.compares_settings());
        compared.map(|found| self.comparison(spec, found.container)).unwrap_or_default()
    }

    fn comparison(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Comparison {
        let mut differences = Vec::new();
        if !spec.persistent || self.request.options.update_persistent {
            differences.extend(self.image_difference(spec, found));
        }
        if !self.state.is_for_wanted_platform(&spec.image, &found.image_id) {
            differences.push(self.platform_difference(spec, found));
        }
        let Some(found_settings) = &found.settings else {
            return Comparison { replacing: differences, ..Comparison::default() };
        };
        // With the defaults of the image it was made from: what another image changes by itself is
        // told by the image alone.
        let defaults = self.state.images.get(&found.image_id).map(|image| &image.defaults);
        let wanted = effective_settings(&spec.settings, &defaults.cloned().unwrap_or_default());
        let facts = &self.state.facts;
        differences.extend(diff::container_differences(&wanted, found_settings, &spec.places, facts));
        let endpoints = self.endpoint_changes(spec, &wanted, found, &mut differences);
        let options = (&wanted.host_options, &found_settings.host_options);
        changes::sort(differences, endpoints, options, facts, &self.request.options)
    }

    /// Places in networks that are changed in place; others are added to the differences. A network that
    /// is made anew gives its members the places that they are to have.
    fn endpoint_changes(
        &self,
        spec: &ContainerSpec,
        wanted: &ContainerSettings,
        found: &ObservedContainer,
        differences: &mut Vec<Difference>,
    ) -> Vec<EndpointChange> {
        let main_network = found.attachment.as_ref().map(|networks| networks.main_network.as_str());
        let is_declared = |name: &str| self.host.networks.iter().any(|network| network.name == name);
        let is_done = |change: &EndpointChange| {
            self.reset_networks.contains(&change.network_name)
                && change.found.is_some()
                && change.wanted.is_some()
        };
        let all = diff::endpoint_changes(spec, wanted, found, self.state);
        let (replacing, in_place): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|change| needs_new_container(change, spec, main_network, is_declared));
        differences.extend(replacing.into_iter().map(|change| change.difference));
        in_place.into_iter().filter(|change| !is_done(change)).collect()
    }

    fn image_difference(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Option<Difference> {
        if let Some(difference) = moved_tag(self.state, spec) {
            return Some(difference);
        }
        let is_same = self.state.image_id(&spec.image) == Some(found.image_id.as_str());
        (!is_same).then(|| image_difference(spec, found))
    }

    fn platform_difference(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Difference {
        let field = "create_options.platform".to_owned();
        let platform = self.state.images.get(&found.image_id).and_then(|image| image.platform.clone());
        let place = spec.places.nearest(&field).cloned();
        Difference { field, found: platform, wanted: spec.image.platform.clone(), place }
    }

    /// Links, volumes of other containers and a shared network end with the container they refer
    /// to, in this plan or long ago; a mounted volume that is made anew is another one.
    fn dependency_causes(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Vec<Cause> {
        let is_lost = |name: &&str| !self.state.containers.contains_key(*name);
        let lost = found.settings.iter().flat_map(ties).filter(is_lost);
        let renewed = ties(&spec.settings).filter(|name| self.renewed.contains(*name));
        let names: BTreeSet<&str> = renewed.chain(lost).collect();
        let replaced = names.into_iter().map(ItemId::container);
        let addressed = self.network_of_address(spec).map(ItemId::network);
        let items = replaced.chain(self.renewed_volumes(spec)).chain(addressed);
        items.map(|item| Cause::DependencyReplaced { item }).collect()
    }

    /// What a persistent container does is done, unless a volume is new: `startup` does it again then,
    /// as Docker-Map's manual says; the others leave it alone, as its `update` does.
    fn causes_at_rest(&self, spec: &ContainerSpec) -> Vec<Cause> {
        if self.request.goal.compares_settings() {
            return Vec::new();
        }
        self.renewed_volumes(spec).map(|item| Cause::DependencyReplaced { item }).collect()
    }

    fn renewed_volumes<'s>(&'s self, spec: &'s ContainerSpec) -> impl Iterator<Item = ItemId> + 's {
        let volumes = spec.dependencies.iter().filter(|item| item.kind == ItemKind::Volume);
        volumes.filter(|item| self.new_volumes.contains(&item.name)).cloned()
    }

    /// A network that is made anew although a container has a hardware address in it of its own, which it
    /// gets only when it is created.
    fn network_of_address<'s>(&self, spec: &'s ContainerSpec) -> Option<&'s str> {
        spec.settings.mac_address.as_ref()?;
        let first = spec.settings.endpoints.first()?.network_name.as_str();
        self.reset_networks.contains(first).then_some(first)
    }

    fn is_beyond_starting(&self, status: ContainerStatus) -> bool {
        match status {
            ContainerStatus::Exited { exit_code } => {
                self.request.options.nonrecoverable_exit_codes.contains(&exit_code)
            }
            ContainerStatus::Dead => true,
            ContainerStatus::Created
            | ContainerStatus::Running { .. }
            | ContainerStatus::Paused
            | ContainerStatus::Restarting => false,
        }
    }

    /// Who shares another container's network has none after that one is started again.
    pub(super) fn network_causes(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Vec<Cause> {
        let NetworkMode::Container(owner_name) = &spec.settings.network_mode else { return Vec::new() };
        let started_later = self
            .state
            .containers
            .get(owner_name)
            .is_some_and(|owner| owner.status.is_active() && owner.started_at > found.started_at);
        let is_lost = started_later || self.restarted.contains(owner_name);
        let item = ItemId::container(owner_name);
        is_lost.then_some(Cause::SharedNetworkRestarted { item }).into_iter().collect()
    }
}

/// Containers that this one is tied to by id or by the process behind it.
pub(super) fn ties(settings: &ContainerSettings) -> impl Iterator<Item = &str> {
    let links = settings.links.iter().map(|link| link.container_name.as_str());
    let endpoint_links = settings.endpoints.iter().flat_map(|endpoint| &endpoint.links);
    let shared_network = match &settings.network_mode {
        NetworkMode::Container(name) => Some(name.as_str()),
        NetworkMode::Default | NetworkMode::None | NetworkMode::Host => None,
    };
    let shared_namespaces = ["PidMode", "IpcMode"]
        .into_iter()
        .filter_map(|option| settings.host_options.get(option)?.as_str()?.strip_prefix("container:"));
    links
        .chain(shared_namespaces)
        .chain(settings.volumes_from.keys().map(String::as_str))
        .chain(endpoint_links.map(|link| link.container_name.as_str()))
        .chain(shared_network)
}

/// Has run, and runs no more.
fn is_at_rest(status: ContainerStatus) -> bool {
    matches!(status, ContainerStatus::Exited { .. })
}

/// A tag that was moved shows the same name on both sides; the ids tell them apart.
fn image_difference(spec: &ContainerSpec, found: &ObservedContainer) -> Difference {
    let wanted = spec.image.to_string();
    let found_name = if found.image_name == wanted {
        format!("{wanted} ({})", short_id(&found.image_id))
    } else {
        found.image_name.clone()
    };
    let place = spec.places.nearest("image").cloned();
    Difference { field: "image".to_owned(), found: Some(found_name), wanted: Some(wanted), place }
}

/// A tag that points to another image in its registry than on the host.
pub(super) fn moved_tag(state: &HostState, spec: &ContainerSpec) -> Option<Difference> {
    let digest = state.moved_to(&spec.image)?;
    let found = state.image_id(&spec.image).map(|id| format!("{} ({})", spec.image, short_id(id)));
    let wanted = Some(format!("{} ({} in the registry)", spec.image, short_id(digest)));
    let place = spec.places.nearest("image").cloned();
    Some(Difference { field: "image".to_owned(), found, wanted, place })
}

fn short_id(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}
