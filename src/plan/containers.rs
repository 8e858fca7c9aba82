//! Plans containers: made, started, replaced, put back, taken down.
//!
//! A replacement keeps the old container until the new one runs:
//!
//! ```text
//! create X.dmfab-new -> stop X -> X becomes X.dmfab-old -> X.dmfab-new becomes X
//!                    -> start X -> its commands -> remove X.dmfab-old
//! ```
//!
//! If a step fails, the finished ones are undone from the last to the first. Containers that are
//! tied to one another (a link, a shared network, volumes of a container) are replaced as one:
//! a container that links to X could not be put back beside a new X. They stop dependents first
//! and start dependencies first, so that undoing starts them in the right order, too.
//!
//! Planning goes over the containers several times, dependencies first: judge all; then steps for
//! leftovers, creations, stops of tied containers, the switches, and removals at last.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::container::{ContainerSettings, MountSource, NetworkMode};
use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::ownership::{Owner, PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;
use crate::model::volume::Preparation;

use super::actions::{connect, create, remove, rename, run_commands, start, stop};
use super::builder::{Chain, PlanBuilder};
use super::diff;
use super::effective::effective_settings;
use super::leftovers::{Found, Leftovers};
use super::order::{Containers, container_dependencies};
use super::planner::{PlanError, refuse_foreign};
use super::{Action, Cause, Difference, Goal, Notice, ReplacementId, StepId};

/// Exit codes after which a container cannot be started again (Docker-Map's default).
const NONRECOVERABLE_EXIT_CODES: [i64; 2] = [-127, -1];

pub(super) struct ContainerPlanner<'a> {
    state: &'a HostState,
    builder: &'a mut PlanBuilder,
    /// Volumes that this plan makes and prepares.
    new_volumes: BTreeMap<String, Preparation>,
    /// Containers that this plan makes anew, or for the first time.
    renewed: BTreeSet<String>,
    /// Containers that this plan starts again as they are.
    restarted: BTreeSet<String>,
    /// Images that this plan pulls, by reference.
    pulls: BTreeMap<String, StepId>,
}

/// What is to be done with one container.
enum Verdict {
    Create,
    Replace(Vec<Cause>),
    Start(ContainerStatus),
    Restart(Vec<Cause>),
    Keep,
}

/// One container on its way through the passes.
struct Work<'a> {
    spec: &'a ContainerSpec,
    verdict: Verdict,
    leftovers: Leftovers<'a>,
    /// Its replacement, shared with the containers it is tied to.
    replacement: Option<ReplacementId>,
    /// The last step so far.
    last: Option<StepId>,
}

impl Work<'_> {
    fn is_replaced(&self) -> bool {
        matches!(self.verdict, Verdict::Replace(_))
    }

    /// The old container runs, or did until an interrupted run stopped it.
    fn stops(&self) -> bool {
        let found = self.leftovers.found;
        found.is_some_and(|found| found.container.status.is_active() || found.was_interrupted)
    }

    /// Whether the container, as it is wanted or as it is, refers to another one.
    fn is_tied_to(&self, other: &Work<'_>) -> bool {
        ties(&self.spec.settings).any(|name| name == other.spec.name) || self.serves_tied_to(other)
    }

    /// Whether the container as it is refers to another one.
    fn serves_tied_to(&self, other: &Work<'_>) -> bool {
        let settings = self.leftovers.found.and_then(|found| found.container.settings.as_ref());
        settings.is_some_and(|settings| ties(settings).any(|name| name == other.spec.name))
    }

    /// Why; told by the first step.
    fn take_causes(&mut self) -> Vec<Cause> {
        match &mut self.verdict {
            Verdict::Create => vec![Cause::Absent { place: self.spec.places.nearest("").cloned() }],
            Verdict::Replace(causes) | Verdict::Restart(causes) => std::mem::take(causes),
            Verdict::Start(status) => vec![Cause::NotRunning { status: *status }],
            Verdict::Keep => Vec::new(),
        }
    }
}

impl<'a> ContainerPlanner<'a> {
    pub(super) fn new(
        state: &'a HostState,
        builder: &'a mut PlanBuilder,
        new_volumes: BTreeMap<String, Preparation>,
    ) -> Self {
        Self {
            state,
            builder,
            new_volumes,
            renewed: BTreeSet::new(),
            restarted: BTreeSet::new(),
            pulls: BTreeMap::new(),
        }
    }

    /// Containers that were not selected are touched only where they run and are tied to
    /// something that is made anew: they would stay tied to what is gone.
    pub(super) fn bring_up(
        &mut self,
        containers: &Containers<'a>,
        selected: &BTreeSet<&str>,
        goal: Goal,
    ) -> Result<(), PlanError> {
        let mut works = Vec::new();
        for spec in containers.in_order() {
            works.extend(self.judge(spec, selected.contains(spec.name.as_str()), goal)?);
        }
        self.tie_replacements(&mut works);
        for work in &mut works {
            self.clear_leftovers(work);
        }
        for work in
            works.iter_mut().filter(|work| matches!(work.verdict, Verdict::Create | Verdict::Replace(_)))
        {
            if !self.is_created_late(work.spec) {
                self.plan_creation(work);
            }
        }
        self.plan_tied_stops(&mut works);
        for work in &mut works {
            self.plan_switch(work);
        }
        self.plan_removals(&works);
        Ok(())
    }

    fn judge(
        &mut self,
        spec: &'a ContainerSpec,
        is_selected: bool,
        goal: Goal,
    ) -> Result<Option<Work<'a>>, PlanError> {
        let leftovers = Leftovers::of(spec, self.state);
        let verdict = if is_selected {
            self.check_owner(spec)?;
            self.verdict(spec, leftovers.found, goal)
        } else {
            match self.verdict_of_bystander(spec, leftovers.found) {
                Some(verdict) => {
                    self.check_owner(spec)?;
                    verdict
                }
                None => return Ok(None),
            }
        };
        match verdict {
            Verdict::Create | Verdict::Replace(_) => drop(self.renewed.insert(spec.name.clone())),
            Verdict::Start(_) | Verdict::Restart(_) => drop(self.restarted.insert(spec.name.clone())),
            Verdict::Keep => {}
        }
        Ok(Some(Work { spec, verdict, leftovers, replacement: None, last: None }))
    }

    fn check_owner(&mut self, spec: &ContainerSpec) -> Result<(), PlanError> {
        let Some(found) = self.state.containers.get(&spec.name) else { return Ok(()) };
        if refuse_foreign(&spec.item(), &found.labels, &spec.id.map_name)? == Owner::Unknown {
            self.builder.notice(Notice::Adopted { item: spec.item() });
        }
        Ok(())
    }

    fn verdict(&self, spec: &ContainerSpec, found: Option<Found<'_>>, goal: Goal) -> Verdict {
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
        if status.is_active() {
            let causes = self.network_causes(spec, found.container);
            return if causes.is_empty() { Verdict::Keep } else { Verdict::Restart(causes) };
        }
        let may_rest = spec.persistent && status != ContainerStatus::Created && !found.was_interrupted;
        if may_rest { Verdict::Keep } else { Verdict::Start(status) }
    }

    /// Of containers that nobody selected, only those that run.
    fn verdict_of_bystander(&self, spec: &ContainerSpec, found: Option<Found<'_>>) -> Option<Verdict> {
        let found = found.filter(|found| found.container.status.is_active())?;
        let causes = self.dependency_causes(spec);
        if !causes.is_empty() {
            return Some(Verdict::Replace(causes));
        }
        let causes = self.network_causes(spec, found.container);
        (!causes.is_empty()).then_some(Verdict::Restart(causes))
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
        let replaced =
            ties(&spec.settings).filter(|name| self.renewed.contains(*name)).map(ItemId::container);
        let volumes = spec.dependencies.iter().filter(|item| item.kind == ItemKind::Volume);
        let renewed_volumes = volumes.filter(|item| self.new_volumes.contains_key(&item.name)).cloned();
        replaced.chain(renewed_volumes).map(|item| Cause::DependencyReplaced { item }).collect()
    }

    /// Who shares another container's network has none after that one is started again.
    fn network_causes(&self, spec: &ContainerSpec, found: &ObservedContainer) -> Vec<Cause> {
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

    /// Gives replaced containers that are tied to one another, as they are or as they are wanted,
    /// one replacement.
    fn tie_replacements(&mut self, works: &mut [Work<'_>]) {
        for index in 0..works.len() {
            if !works[index].is_replaced() {
                continue;
            }
            let own = self.builder.new_replacement();
            let (earlier, rest) = works.split_at_mut(index);
            let work = &mut rest[0];
            work.replacement = Some(own);
            let tied = earlier.iter().filter(|other| work.is_tied_to(other) || other.is_tied_to(work));
            let joined: BTreeSet<ReplacementId> = tied.filter_map(|other| other.replacement).collect();
            for other in earlier {
                if other.replacement.is_some_and(|replacement| joined.contains(&replacement)) {
                    other.replacement = Some(own);
                }
            }
        }
    }

    /// What the Engine looks up at creation must be the new one by then.
    fn is_created_late(&self, spec: &ContainerSpec) -> bool {
        ties(&spec.settings).any(|name| self.renewed.contains(name))
    }

    fn clear_leftovers(&mut self, work: &mut Work<'_>) {
        let settled = work.leftovers.settled.filter(|_| work.is_replaced());
        let stale: Vec<_> = work.leftovers.stale.iter().copied().chain(settled).collect();
        let mut chain = Chain::new(self.builder, work.spec.item());
        for leftover in stale {
            chain.because(vec![Cause::Leftover]);
            if leftover.status.is_active() {
                chain.then(stop(work.spec, &leftover.name), Vec::new());
            }
            chain.then(remove(&leftover.name), Vec::new());
        }
        if let Some(old) = work.leftovers.returning {
            chain.because(vec![Cause::Leftover]).then(rename(&old.name, &work.spec.name), Vec::new());
        }
        work.last = chain.last();
    }

    fn plan_creation(&mut self, work: &mut Work<'_>) {
        let spec = work.spec;
        let waits = self.creation_waits(spec);
        let name = match work.verdict {
            Verdict::Replace(_) => format!("{}{SUCCESSOR_SUFFIX}", spec.name),
            _ => spec.name.clone(),
        };
        let causes = work.take_causes();
        let mut chain = Chain::resume(self.builder, spec.item(), work.last, work.replacement);
        chain.because(causes);
        match work.replacement {
            Some(_) => chain.then_undoable(create(spec, &name), waits, remove(&name)),
            None => chain.then(create(spec, &name), waits),
        };
        for endpoint in spec.settings.endpoints.iter().skip(1) {
            // The first network is joined at creation.
            chain.then(connect(&name, endpoint), Vec::new());
        }
        for action in prepare_again(spec, &self.new_volumes) {
            chain.then(action, Vec::new());
        }
        work.last = chain.last();
    }

    /// Stops of containers that are replaced as one: all new ones that can be are made by then.
    /// Undoing starts them again the other way round, and the Engine starts nothing whose links
    /// lead to a container that stands still.
    fn plan_tied_stops(&mut self, works: &mut [Work<'_>]) {
        let replacements: BTreeSet<ReplacementId> =
            works.iter().filter_map(|work| work.replacement).collect();
        for replacement in replacements {
            let created: Vec<StepId> = members(works, replacement).filter_map(|work| work.last).collect();
            let order = stop_order(works, replacement);
            if order.len() < 2 {
                continue;
            }
            for index in order {
                let is_stopped_before = |work: &&Work<'_>| work.serves_tied_to(&works[index]);
                let mut waits: Vec<StepId> = members(works, replacement)
                    .filter(is_stopped_before)
                    .filter_map(|work| work.last)
                    .collect();
                waits.extend(&created);
                if works[index].stops() {
                    self.plan_tied_stop(&mut works[index], waits);
                }
            }
        }
    }

    fn plan_tied_stop(&mut self, work: &mut Work<'_>, waits: Vec<StepId>) {
        let causes = if self.is_created_late(work.spec) { work.take_causes() } else { Vec::new() };
        let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, work.replacement);
        chain.because(causes).then_undoable(stop(work.spec, &work.spec.name), waits, start(work.spec));
        work.last = chain.last();
    }

    fn plan_switch(&mut self, work: &mut Work<'_>) {
        let spec = work.spec;
        let is_new = matches!(work.verdict, Verdict::Create | Verdict::Replace(_));
        if matches!(work.verdict, Verdict::Keep) {
            if work.last.is_none() {
                self.builder.unchanged(spec.item());
            }
            return;
        }
        let is_stopped = self.builder.has_stop(work.last);
        if is_new && self.is_created_late(spec) {
            self.plan_creation(work);
        }
        let waits = self.builder.waits_for(&spec.dependencies);
        let causes = if is_new { Vec::new() } else { work.take_causes() };
        let mut chain = Chain::resume(self.builder, spec.item(), work.last, work.replacement);
        chain.because(causes);
        match &work.verdict {
            Verdict::Replace(_) => {
                if work.stops() && !is_stopped {
                    chain.then_undoable(stop(spec, &spec.name), waits.clone(), start(spec));
                }
                switch_names(&mut chain, &spec.name);
                chain.then_undoable(start(spec), waits, stop(spec, &spec.name));
            }
            Verdict::Restart(_) => {
                chain.then(stop(spec, &spec.name), waits).then(start(spec), Vec::new());
            }
            Verdict::Create | Verdict::Start(_) | Verdict::Keep => drop(chain.then(start(spec), waits)),
        }
        let runs_all = is_new || matches!(work.verdict, Verdict::Start(ContainerStatus::Created));
        for action in run_commands(spec, runs_all) {
            chain.then(action, Vec::new());
        }
        chain.usable();
        work.last = chain.last();
    }

    /// Old containers go when everything that they were replaced with runs.
    fn plan_removals(&mut self, works: &[Work<'_>]) {
        for work in works {
            let mut waits: Vec<StepId> = work.last.into_iter().collect();
            let (name, causes) = match (&work.replacement, work.leftovers.settled) {
                (Some(replacement), _) => {
                    waits.extend(members(works, *replacement).filter_map(|member| member.last));
                    (format!("{}{PREDECESSOR_SUFFIX}", work.spec.name), Vec::new())
                }
                (None, Some(settled)) => (settled.name.clone(), vec![Cause::Leftover]),
                (None, None) => continue,
            };
            let mut chain = Chain::new(self.builder, work.spec.item());
            chain.because(causes);
            let settled = work.leftovers.settled.filter(|_| work.replacement.is_none());
            if settled.is_some_and(|settled| settled.status.is_active()) {
                chain.then(stop(work.spec, &name), waits.clone());
            }
            chain.then(remove(&name), waits);
        }
    }

    /// What must be there before a container can be created: its image, networks and volumes, and
    /// the containers that the Engine looks up at creation.
    fn creation_waits(&mut self, spec: &ContainerSpec) -> Vec<StepId> {
        let tied: BTreeSet<&str> = ties(&spec.settings).collect();
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
        let causes = vec![Cause::Absent { place: spec.places.nearest("image").cloned() }];
        let mut chain = Chain::new(self.builder, ItemId::image(&reference));
        chain.because(causes).then(Action::PullImage { reference: spec.image.clone() }, Vec::new());
        let step = chain.last()?;
        self.pulls.insert(reference, step);
        Some(step)
    }

    /// Dependents first; containers that have nothing to do with one another at the same time.
    pub(super) fn take_down(
        &mut self,
        containers: &Containers<'a>,
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
            let cause = if *name == spec.name { Cause::Requested } else { Cause::Leftover };
            let mut chain = Chain::new(self.builder, spec.item());
            chain.because(vec![cause]);
            if found.status.is_active() {
                chain.then(stop(spec, name), waits.clone());
            }
            chain.then(remove(name), waits.clone());
            gone.extend(chain.last());
        }
        if gone.is_empty() {
            self.builder.unchanged(spec.item());
            return waits;
        }
        gone
    }
}

fn members<'w, 'a>(works: &'w [Work<'a>], replacement: ReplacementId) -> impl Iterator<Item = &'w Work<'a>> {
    works.iter().filter(move |work| work.replacement == Some(replacement))
}

/// Members of a replacement, those before the ones they refer to now.
fn stop_order(works: &[Work<'_>], replacement: ReplacementId) -> Vec<usize> {
    fn visit(works: &[Work<'_>], index: usize, order: &mut Vec<usize>, visited: &mut BTreeSet<usize>) {
        if !visited.insert(index) {
            return;
        }
        for (other, work) in works.iter().enumerate() {
            if work.replacement == works[index].replacement && work.serves_tied_to(&works[index]) {
                visit(works, other, order, visited);
            }
        }
        order.push(index);
    }
    let (mut order, mut visited) = (Vec::new(), BTreeSet::new());
    for index in (0..works.len()).rev().filter(|index| works[*index].replacement == Some(replacement)) {
        visit(works, index, &mut order, &mut visited);
    }
    order
}

fn switch_names(chain: &mut Chain<'_>, name: &str) {
    let successor = format!("{name}{SUCCESSOR_SUFFIX}");
    let predecessor = format!("{name}{PREDECESSOR_SUFFIX}");
    chain.then_undoable(rename(name, &predecessor), Vec::new(), rename(&predecessor, name));
    chain.then_undoable(rename(&successor, name), Vec::new(), rename(name, &successor));
}

/// Creating a container on an empty volume gives the volume the owner and mode that the path has
/// in the image. New volumes are therefore prepared once more before the container starts.
fn prepare_again(spec: &ContainerSpec, new_volumes: &BTreeMap<String, Preparation>) -> Vec<Action> {
    let mounted = spec.settings.mounts.values().filter_map(|mount| match &mount.source {
        MountSource::Volume(volume_name) => Some(volume_name),
        MountSource::HostPath(_) => None,
    });
    let prepared = mounted.filter_map(|volume_name| Some((volume_name, new_volumes.get(volume_name)?)));
    prepared
        .filter(|(_, preparation)| !preparation.is_empty())
        .map(|(volume_name, preparation)| Action::PrepareVolume {
            volume_name: volume_name.clone(),
            preparation: preparation.clone(),
        })
        .collect()
}

/// Containers that this one is tied to by id or by the process behind it.
fn ties(settings: &ContainerSettings) -> impl Iterator<Item = &str> {
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
