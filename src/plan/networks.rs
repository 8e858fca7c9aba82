//! Networks: made, and made anew with everybody in them connected again.
//!
//! The Engine changes nothing of a network, so one that differs is replaced, all such networks of a
//! plan as one, and before any container is touched:
//!
//! ```text
//! disconnect everybody -> remove -> create -> connect everybody
//! ```
//!
//! Containers of others are put back with the settings they had, ours get the place that is wanted.
//! Networks trade addresses among one another, so all are removed before the first is created; and a
//! failure puts all of them back, the last step first.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use crate::model::container::Endpoint;
use crate::model::effective::effective_settings;
use crate::model::item::{ItemId, ItemKind};
use crate::model::network::{NetworkSpec, Subnet};
use crate::model::observed::{HostState, ObservedContainer, ObservedNetwork};
use crate::model::ownership::lasting_name;
use crate::model::place::Places;
use crate::model::spec::{ContainerSpec, HostSpec};

use super::actions::{connect, disconnect};
use super::builder::{Chain, PlanBuilder};
use super::diff;
use super::order::Containers;
use super::planner::{PlanError, needed_items, refuse_foreign};
use super::{Action, Cause, Notice, ReplacementId, Request, StepId};

/// Plans the networks that the selected containers need; says which are made anew.
pub(super) fn plan_networks(
    host: &HostSpec,
    state: &HostState,
    request: &Request,
    containers: &Containers<'_>,
    selected: &BTreeSet<&str>,
    builder: &mut PlanBuilder,
) -> Result<BTreeSet<String>, PlanError> {
    let needed = needed_items(containers, selected, ItemKind::Network);
    let mut planner = NetworkPlanner { host, state, request, selected, builder };
    let mut resets = Vec::new();
    for network in &host.networks {
        if needed.contains(network.name.as_str()) {
            resets.extend(planner.plan_network(network)?);
        }
    }
    let names = resets.iter().map(|reset| reset.wanted.name.clone()).collect();
    planner.plan_resets(resets);
    Ok(names)
}

struct NetworkPlanner<'a, 'b> {
    host: &'a HostSpec,
    state: &'a HostState,
    request: &'a Request,
    selected: &'a BTreeSet<&'a str>,
    builder: &'b mut PlanBuilder,
}

/// A network that is made anew.
struct Reset<'a> {
    wanted: &'a NetworkSpec,
    found: &'a ObservedNetwork,
    /// Told by its first step.
    causes: Vec<Cause>,
    members: Vec<Member<'a>>,
}

/// A container in such a network.
struct Member<'a> {
    container: &'a ObservedContainer,
    found: Endpoint,
    /// Its place afterwards, and how that differs from the one before.
    next: Endpoint,
    causes: Vec<Cause>,
}

impl<'a> NetworkPlanner<'a, '_> {
    fn plan_network(&mut self, wanted: &'a NetworkSpec) -> Result<Option<Reset<'a>>, PlanError> {
        let item = ItemId::network(&wanted.name);
        let Some(found) = self.state.networks.get(&wanted.name) else {
            let causes = vec![Cause::Absent { place: wanted.places.nearest("").cloned() }];
            Chain::new(self.builder, item).because(causes).then(create(wanted), Vec::new()).usable();
            return Ok(None);
        };
        refuse_foreign(&item, &found.labels, &wanted.map_name)?;
        let differences = diff::network_differences(wanted, found, &self.state.facts.address_pools);
        let is_forced = self.request.options.force_update.contains(&item);
        let is_changed = self.request.goal.compares_settings() && (is_forced || !differences.is_empty());
        let members = if is_changed { self.members(wanted) } else { Vec::new() };
        if is_changed && members.iter().all(|member| fits(&member.next, wanted)) {
            let mut causes: Vec<_> = differences.into_iter().map(Cause::Changed).collect();
            causes.extend(is_forced.then_some(Cause::Requested));
            return Ok(Some(Reset { wanted, found, causes, members }));
        }
        for difference in differences {
            self.builder.notice(Notice::Deviates { item: item.clone(), difference });
        }
        self.builder.unchanged(item);
        Ok(None)
    }

    /// Everybody who is in a network, running or not: a stopped container cannot be started when the
    /// network it knows is gone.
    fn members(&self, network: &NetworkSpec) -> Vec<Member<'a>> {
        let containers = self.state.containers.values();
        containers.filter_map(|container| self.member(network, container)).collect()
    }

    fn member(&self, network: &NetworkSpec, container: &'a ObservedContainer) -> Option<Member<'a>> {
        let name = &network.name;
        if !container.attachment.as_ref()?.network_ids.contains_key(name) {
            return None;
        }
        let found =
            container.settings.as_ref()?.endpoints.iter().find(|place| place.network_name == *name)?;
        let change = self.wanted_of(container).and_then(|(spec, wanted)| {
            let changes = diff::endpoint_changes(spec, &wanted, container, self.state);
            changes.into_iter().find(|change| change.network_name == *name)
        });
        // Who is to leave does so afterwards, by itself.
        let (next, causes) = match change.and_then(|change| Some((change.wanted?, change.difference))) {
            Some((wanted, difference)) => (wanted, vec![Cause::Changed(difference)]),
            None => (found.clone(), Vec::new()),
        };
        Some(Member { container, found: found.clone(), next, causes })
    }

    fn wanted_of(
        &self,
        container: &ObservedContainer,
    ) -> Option<(&'a ContainerSpec, crate::model::container::ContainerSettings)> {
        let spec = self.host.containers.iter().find(|spec| spec.name == container.name)?;
        let image = self.state.images.get(&container.image_id);
        let defaults = image.map(|image| image.defaults.clone()).unwrap_or_default();
        let is_selected = self.selected.contains(spec.name.as_str());
        is_selected.then(|| (spec, effective_settings(&spec.settings, &defaults)))
    }

    fn plan_resets(&mut self, mut resets: Vec<Reset<'a>>) {
        if resets.is_empty() {
            return;
        }
        let mut steps = ResetSteps { replacement: self.builder.new_replacement(), last: None };
        for reset in &mut resets {
            steps.disconnect_all(reset, self.builder);
        }
        for reset in &mut resets {
            steps.remove(reset, self.builder);
        }
        for reset in &resets {
            steps.create(reset, self.builder);
        }
        for reset in &mut resets {
            steps.connect_all(reset, self.builder);
        }
        let Some(last) = steps.last else { return };
        for reset in &resets {
            self.builder.finished_by(ItemId::network(&reset.wanted.name), last);
            for member in &reset.members {
                self.builder.must_follow(ItemId::container(lasting_name(&member.container.name)), last);
            }
        }
    }
}

/// Steps one after the other, of all networks that are made anew.
struct ResetSteps {
    replacement: ReplacementId,
    last: Option<StepId>,
}

impl ResetSteps {
    fn disconnect_all(&mut self, reset: &mut Reset<'_>, builder: &mut PlanBuilder) {
        let mut chain = self.chain(reset, builder);
        for member in &reset.members {
            let name = &member.container.name;
            chain.at_rest(!member.container.status.is_active()).because(std::mem::take(&mut reset.causes));
            let undo = connect(name, &member.found);
            chain.then_undoable(disconnect(name, &reset.wanted.name), Vec::new(), undo);
        }
        self.last = chain.last();
    }

    fn remove(&mut self, reset: &mut Reset<'_>, builder: &mut PlanBuilder) {
        // Containers that go with a volume leave by that.
        let waits = builder.finished_of(ItemKind::Container);
        let mut chain = self.chain(reset, builder);
        chain.because(std::mem::take(&mut reset.causes));
        let remove = Action::RemoveNetwork { network_name: reset.wanted.name.clone() };
        chain.then_undoable(remove, waits, create(&as_spec(reset.found, reset.wanted)));
        self.last = chain.last();
    }

    fn create(&mut self, reset: &Reset<'_>, builder: &mut PlanBuilder) {
        let mut chain = self.chain(reset, builder);
        let undo = Action::RemoveNetwork { network_name: reset.wanted.name.clone() };
        chain.then_undoable(create(reset.wanted), Vec::new(), undo);
        self.last = chain.last();
    }

    fn connect_all(&mut self, reset: &mut Reset<'_>, builder: &mut PlanBuilder) {
        let mut chain = self.chain(reset, builder);
        for member in &mut reset.members {
            let name = &member.container.name;
            let undo = disconnect(name, &reset.wanted.name);
            chain.because(std::mem::take(&mut member.causes));
            chain.then_undoable(connect(name, &member.next), Vec::new(), undo);
        }
        self.last = chain.last();
    }

    fn chain<'b>(&self, reset: &Reset<'_>, builder: &'b mut PlanBuilder) -> Chain<'b> {
        Chain::resume(builder, ItemId::network(&reset.wanted.name), self.last, Some(self.replacement))
    }
}

fn create(network: &NetworkSpec) -> Action {
    Action::CreateNetwork { network: Box::new(network.clone()) }
}

/// A network as it was, to be made again.
fn as_spec(found: &ObservedNetwork, wanted: &NetworkSpec) -> NetworkSpec {
    let ObservedNetwork {
        id: _,
        name,
        driver,
        driver_options,
        internal,
        attachable,
        enable_ipv6,
        ingress,
        scope,
        ipam,
        labels,
    } = found.clone();
    NetworkSpec {
        name,
        map_name: wanted.map_name.clone(),
        driver,
        driver_options,
        internal,
        attachable,
        enable_ipv6,
        labels,
        ingress,
        scope: Some(scope).filter(|scope| !scope.is_empty()),
        ipam,
        places: Places::default(),
    }
}

/// Whether a container can have its place in a network as it will be: addresses can be had only of
/// pools that somebody has asked for.
fn fits(endpoint: &Endpoint, network: &NetworkSpec) -> bool {
    let configs = network.ipam.as_ref().and_then(|ipam| ipam.get("Config")).and_then(Value::as_array);
    let subnets: Vec<Subnet> = configs
        .into_iter()
        .flatten()
        .filter_map(|config| Subnet::parse(config.get("Subnet")?.as_str()?))
        .collect();
    let addresses = endpoint.ipv4_address.iter().chain(&endpoint.ipv6_address);
    addresses
        .filter_map(|address| address.parse::<IpAddr>().ok())
        .all(|address| subnets.iter().any(|subnet| subnet.contains(address)))
}
