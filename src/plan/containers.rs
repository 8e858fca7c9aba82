//! Plans containers: made, started, replaced, put back, taken down.
//!
//! A replacement keeps the old container until the new one runs:
//!
//! ```text
//! create X.dmfab-new -> stop X -> X becomes X.dmfab-old -> X.dmfab-new becomes X
//!                    -> start X -> its commands -> remove X.dmfab-old
//! ```
//!
//! If a step fails, the finished ones are undone from the last to the first. If the operator's
//! machine dies in the middle, the next run finds the names and knows how far it came:
//! `X.dmfab-new` was never used and goes; `X.dmfab-old` comes back unless X has been started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::container::NetworkMode;
use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::ownership::{Owner, PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;

use super::builder::{Chain, PlanBuilder};
use super::diff;
use super::effective::effective_settings;
use super::order::{Containers, container_dependencies};
use super::planner::{PlanError, refuse_foreign};
use super::{Action, Cause, Difference, Goal, Notice, StepId};

/// Exit codes after which a container cannot be started again (Docker-Map's default).
const NONRECOVERABLE_EXIT_CODES: [i64; 2] = [-127, -1];

pub(super) struct ContainerPlanner<'a> {
    state: &'a HostState,
    builder: &'a mut PlanBuilder,
    new_volumes: BTreeSet<String>,
    /// Containers that this plan makes anew, or for the first time.
    renewed: BTreeSet<String>,
    /// Images that this plan pulls, by reference.
    pulls: BTreeMap<String, StepId>,
}

/// What is to be done with one container.
enum Verdict {
    Create,
    Replace(Vec<Cause>),
    Start(ContainerStatus),
    Keep,
}

/// A container as this plan will find it, after leftovers are dealt with.
struct Found<'a> {
    container: &'a ObservedContainer,
    /// It ran until an interrupted run stopped it.
    was_interrupted: bool,
}

impl<'a> ContainerPlanner<'a> {
    pub(super) fn new(
        state: &'a HostState,
        builder: &'a mut PlanBuilder,
        new_volumes: BTreeSet<String>,
    ) -> Self {
        Self { state, builder, new_volumes, renewed: BTreeSet::new(), pulls: BTreeMap::new() }
    }

    /// Dependencies first. Containers that were not selected are touched only where they depend
    /// on something that is made anew and would stay tied to what is gone.
    pub(super) fn bring_up(
        &mut self,
        containers: &Containers<'_>,
        selected: &BTreeSet<&str>,
        goal: Goal,
    ) -> Result<(), PlanError> {
        for spec in containers.in_order() {
            if selected.contains(spec.name.as_str()) {
                self.bring_up_container(spec, goal)?;
            } else {
                self.follow_dependencies(spec)?;
            }
        }
        Ok(())
    }

    fn bring_up_container(&mut self, spec: &ContainerSpec, goal: Goal) -> Result<(), PlanError> {
        self.check_owner(spec)?;
        let leftovers = self.plan_leftovers(spec);
        let verdict = self.verdict(spec, leftovers.found.as_ref(), goal);
        let waits = leftovers.waits;
        match verdict {
            Verdict::Create => self.plan_create(spec, waits),
            Verdict::Replace(causes) => {
                if let Some(found) = leftovers.found {
                    self.plan_replace(spec, &found, causes, waits);
                }
            }
            Verdict::Start(status) => self.plan_start(spec, status, waits),
            Verdict::Keep => self.builder.unchanged(spec.item()),
        }
        if let Some(predecessor) = leftovers.predecessor {
            self.remove_leftover(spec, predecessor);
        }
        Ok(())
    }

    fn follow_dependencies(&mut self, spec: &ContainerSpec) -> Result<(), PlanError> {
        let causes = self.dependency_causes(spec);
        let Some(container) = self.state.containers.get(&spec.name) else { return Ok(()) };
        if !causes.is_empty() {
            self.check_owner(spec)?;
            let found = Found { container, was_interrupted: false };
            self.plan_replace(spec, &found, causes, Vec::new());
        }
        Ok(())
    }

    fn check_owner(&mut self, spec: &ContainerSpec) -> Result<(), PlanError> {
        let Some(found) = self.state.containers.get(&spec.name) else { return Ok(()) };
        if refuse_foreign(&spec.item(), &found.labels, &spec.id.map_name)? == Owner::Unknown {
            self.builder.notice(Notice::Adopted { item: spec.item() });
        }
        Ok(())
    }

    fn verdict(&self, spec: &ContainerSpec, found: Option<&Found<'_>>, goal: Goal) -> Verdict {
        let Some(found) = found else { return Verdict::Create };
        let status = found.container.status;
        let mut causes = self.dependency_causes(spec);
        if goal == Goal::Deploy {
            causes.extend(self.differences(spec, found.container).into_iter().map(Cause::Changed));
        }
        if is_beyond_starting(status) {
            causes.push(Cause::NotRunning { status });
        }
        if !causes.is_empty() {
            return Verdict::Replace(causes);
        }
        let may_rest = spec.persistent && status != ContainerStatus::Created && !found.was_interrupted;
        if status.is_active() || may_rest { Verdict::Keep } else { Verdict::Start(status) }
    }

    fn differences(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Vec<Difference> {
        let mut differences = Vec::new();
        let wanted_image_id = self.state.image_id(&spec.image);
        if !spec.persistent && wanted_image_id != Some(found.image_id.as_str()) {
            differences.push(image_difference(spec, found));
        }
        if let Some(found_settings) = &found.settings {
            let image_id = wanted_image_id.filter(|_| !spec.persistent).unwrap_or(&found.image_id);
            let defaults = self.state.images.get(image_id).map(|image| &image.defaults);
            let wanted = effective_settings(&spec.settings, &defaults.cloned().unwrap_or_default());
            differences.extend(diff::container_differences(&wanted, found_settings, &spec.places));
        }
        differences
    }

    /// Links, volumes of other containers and a shared network end with the container they refer
    /// to; a mounted volume that is made anew is another one.
    fn dependency_causes(&self, spec: &ContainerSpec) -> Vec<Cause> {
        let replaced = ties(spec).filter(|name| self.renewed.contains(*name)).map(ItemId::container);
        let volumes = spec.dependencies.iter().filter(|item| item.kind == ItemKind::Volume);
        let renewed_volumes = volumes.filter(|item| self.new_volumes.contains(&item.name)).cloned();
        replaced.chain(renewed_volumes).map(|item| Cause::DependencyReplaced { item }).collect()
    }

    fn plan_create(&mut self, spec: &ContainerSpec, mut waits: Vec<StepId>) {
        waits.extend(self.creation_waits(spec));
        let start_waits = self.builder.waits_for(&spec.dependencies);
        let causes = vec![Cause::Absent { place: spec.places.nearest("").cloned() }];
        let mut chain = Chain::new(self.builder, spec.item(), causes);
        chain.then(create(spec, &spec.name), waits);
        connect_networks(&mut chain, spec, &spec.name);
        chain.then(start(spec), start_waits);
        run_commands(&mut chain, spec, true);
        chain.usable();
        self.renewed.insert(spec.name.clone());
    }

    fn plan_start(&mut self, spec: &ContainerSpec, status: ContainerStatus, mut waits: Vec<StepId>) {
        waits.extend(self.builder.waits_for(&spec.dependencies));
        let causes = vec![Cause::NotRunning { status }];
        let mut chain = Chain::new(self.builder, spec.item(), causes);
        chain.then(start(spec), waits);
        run_commands(&mut chain, spec, status == ContainerStatus::Created);
        chain.usable();
    }

    fn plan_replace(
        &mut self,
        spec: &ContainerSpec,
        found: &Found<'_>,
        causes: Vec<Cause>,
        waits: Vec<StepId>,
    ) {
        let name = &spec.name;
        let successor = format!("{name}{SUCCESSOR_SUFFIX}");
        let predecessor = format!("{name}{PREDECESSOR_SUFFIX}");
        let mut create_waits = self.creation_waits(spec);
        create_waits.extend(waits);
        let start_waits = self.builder.waits_for(&spec.dependencies);
        let mut chain = Chain::new(self.builder, spec.item(), causes);
        chain.begin_replacement();
        chain.then_undoable(create(spec, &successor), create_waits, remove(&successor));
        connect_networks(&mut chain, spec, &successor);
        // One that an interrupted run stopped served until then: undoing brings it back to that.
        if found.container.status.is_active() || found.was_interrupted {
            chain.then_undoable(stop(spec, name), start_waits, start(spec));
        }
        chain.then_undoable(rename(name, &predecessor), Vec::new(), rename(&predecessor, name));
        chain.then_undoable(rename(&successor, name), Vec::new(), rename(name, &successor));
        chain.then_undoable(start(spec), Vec::new(), stop(spec, name));
        run_commands(&mut chain, spec, true);
        chain.usable();
        chain.commit_replacement();
        chain.then(remove(&predecessor), Vec::new());
        self.renewed.insert(name.clone());
    }

    /// What must be there before a container can be created: its image, networks and volumes, and
    /// the containers that the Engine looks up at creation.
    fn creation_waits(&mut self, spec: &ContainerSpec) -> Vec<StepId> {
        let tied: BTreeSet<&str> = ties(spec).collect();
        let needed = spec.dependencies.iter().filter(|item| match item.kind {
            ItemKind::Container => tied.contains(item.name.as_str()),
            ItemKind::Network | ItemKind::Volume | ItemKind::Image => true,
        });
        let mut waits = self.builder.waits_for(needed);
        waits.extend(self.plan_pull(spec));
        waits
    }

    /// One pull for all containers of an image that the host lacks.
    fn plan_pull(&mut self, spec: &ContainerSpec) -> Option<StepId> {
        if self.state.image_id(&spec.image).is_some() {
            return None;
        }
        let reference = spec.image.to_string();
        if let Some(step) = self.pulls.get(&reference) {
            return Some(*step);
        }
        let item = ItemId::image(&reference);
        let causes = vec![Cause::Absent { place: spec.places.nearest("image").cloned() }];
        let action = Action::PullImage { reference: spec.image.clone() };
        Chain::new(self.builder, item.clone(), causes).then(action, Vec::new()).usable();
        let step = self.builder.waits_for([&item]).first().copied()?;
        self.pulls.insert(reference, step);
        Some(step)
    }
}

/// How leftovers of an interrupted run were dealt with.
struct Leftovers<'a> {
    /// The container as it will be then.
    found: Option<Found<'a>>,
    /// Steps to wait for.
    waits: Vec<StepId>,
    /// A predecessor that goes once the container runs.
    predecessor: Option<&'a ObservedContainer>,
}

impl<'a> ContainerPlanner<'a> {
    fn plan_leftovers(&mut self, spec: &ContainerSpec) -> Leftovers<'a> {
        let state = self.state;
        let current = state.containers.get(&spec.name);
        let successor = state.containers.get(&format!("{}{SUCCESSOR_SUFFIX}", spec.name));
        let predecessor = state.containers.get(&format!("{}{PREDECESSOR_SUFFIX}", spec.name));
        let mut chain = Chain::new(self.builder, spec.item(), Vec::new());
        if let Some(successor) = successor {
            clear(&mut chain, spec, successor);
        }
        let found = match (current, predecessor) {
            (Some(current), Some(old)) if current.status == ContainerStatus::Created => {
                clear(&mut chain, spec, current);
                chain.because(vec![Cause::Leftover]).then(rename(&old.name, &spec.name), Vec::new());
                Some(Found { container: old, was_interrupted: true })
            }
            (None, Some(old)) => {
                chain.because(vec![Cause::Leftover]).then(rename(&old.name, &spec.name), Vec::new());
                Some(Found { container: old, was_interrupted: true })
            }
            (current, _) => current.map(|container| Found { container, was_interrupted: false }),
        };
        chain.usable();
        let waits = self.builder.waits_for([&spec.item()]);
        let is_back = found.as_ref().is_some_and(|found| found.was_interrupted);
        Leftovers { found, waits, predecessor: predecessor.filter(|_| !is_back) }
    }

    fn remove_leftover(&mut self, spec: &ContainerSpec, predecessor: &ObservedContainer) {
        let waits = self.builder.waits_for([&spec.item()]);
        let mut chain = Chain::new(self.builder, spec.item(), vec![Cause::Leftover]);
        if predecessor.status.is_active() {
            chain.then(stop(spec, &predecessor.name), waits.clone());
        }
        chain.then(remove(&predecessor.name), waits);
    }

    /// Dependents first; containers that have nothing to do with one another at the same time.
    pub(super) fn take_down(
        &mut self,
        containers: &Containers<'_>,
        selected: &BTreeSet<&str>,
    ) -> Result<(), PlanError> {
        let mut waits_of: BTreeMap<String, Vec<StepId>> = BTreeMap::new();
        for spec in containers.in_order().rev().filter(|spec| selected.contains(spec.name.as_str())) {
            self.check_owner(spec)?;
            let waits = waits_of.remove(&spec.name).unwrap_or_default();
            let gone = self.plan_removal(spec, waits);
            for dependency in container_dependencies(spec) {
                waits_of.entry(dependency.to_owned()).or_default().extend(&gone);
            }
        }
        Ok(())
    }

    /// Removes a container with all leftovers; the last steps are what its dependencies wait for.
    fn plan_removal(&mut self, spec: &ContainerSpec, waits: Vec<StepId>) -> Vec<StepId> {
        let names = ["", SUCCESSOR_SUFFIX, PREDECESSOR_SUFFIX].map(|suffix| format!("{}{suffix}", spec.name));
        let mut gone = Vec::new();
        for name in &names {
            let Some(found) = self.state.containers.get(name) else { continue };
            let is_leftover = *name != spec.name;
            let cause = if is_leftover { Cause::Leftover } else { Cause::Requested };
            let mut chain = Chain::new(self.builder, spec.item(), vec![cause]);
            if found.status.is_active() {
                chain.then(stop(spec, name), waits.clone());
            }
            chain.then(remove(name), waits.clone()).usable();
            gone.extend(self.builder.waits_for([&spec.item()]));
        }
        if gone.is_empty() {
            self.builder.unchanged(spec.item());
            return waits;
        }
        gone
    }
}

/// Containers that this one is tied to by id or by the process behind it.
fn ties(spec: &ContainerSpec) -> impl Iterator<Item = &str> {
    let settings = &spec.settings;
    let links = settings.links.iter().map(|link| link.container_name.as_str());
    let endpoint_links = settings.endpoints.iter().flat_map(|endpoint| &endpoint.links);
    let shared_network = match &settings.network_mode {
        NetworkMode::Container(name) => Some(name.as_str()),
        NetworkMode::Default | NetworkMode::None | NetworkMode::Host => None,
    };
    links
        .chain(settings.volumes_from.keys().map(String::as_str))
        .chain(endpoint_links.map(|link| link.container_name.as_str()))
        .chain(shared_network)
}

fn is_beyond_starting(status: ContainerStatus) -> bool {
    match status {
        ContainerStatus::Exited { exit_code } => NONRECOVERABLE_EXIT_CODES.contains(&exit_code),
        ContainerStatus::Dead => true,
        ContainerStatus::Created
        | ContainerStatus::Running { .. }
        | ContainerStatus::Paused
        | ContainerStatus::Restarting => false,
    }
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

fn short_id(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}

fn clear(chain: &mut Chain<'_>, spec: &ContainerSpec, leftover: &ObservedContainer) {
    chain.because(vec![Cause::Leftover]);
    if leftover.status.is_active() {
        chain.then(stop(spec, &leftover.name), Vec::new());
    }
    chain.then(remove(&leftover.name), Vec::new());
}

/// The first network is joined at creation.
fn connect_networks(chain: &mut Chain<'_>, spec: &ContainerSpec, container_name: &str) {
    for endpoint in spec.settings.endpoints.iter().skip(1) {
        let container_name = container_name.to_owned();
        chain.then(
            Action::ConnectNetwork { container_name, endpoint: Box::new(endpoint.clone()) },
            Vec::new(),
        );
    }
}

fn run_commands(chain: &mut Chain<'_>, spec: &ContainerSpec, is_new: bool) {
    for command in spec.exec_commands.iter().filter(|command| is_new || !command.only_initially) {
        let container_name = spec.name.clone();
        chain.then(Action::RunCommand { container_name, command: command.clone() }, Vec::new());
    }
}

fn create(spec: &ContainerSpec, container_name: &str) -> Action {
    Action::CreateContainer { container_name: container_name.to_owned(), spec: Arc::new(spec.clone()) }
}

fn start(spec: &ContainerSpec) -> Action {
    Action::StartContainer { container_name: spec.name.clone(), delay: spec.start_delay }
}

fn stop(spec: &ContainerSpec, container_name: &str) -> Action {
    let timeout_seconds = spec.stop_timeout_seconds;
    Action::StopContainer { container_name: container_name.to_owned(), timeout_seconds }
}

fn rename(container_name: &str, new_name: &str) -> Action {
    Action::RenameContainer { container_name: container_name.to_owned(), new_name: new_name.to_owned() }
}

fn remove(container_name: &str) -> Action {
    Action::RemoveContainer { container_name: container_name.to_owned() }
}
