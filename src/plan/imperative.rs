//! The goals that are no states: `restart`, `signal`, `pull`. Each run does them again.

use std::collections::BTreeSet;

use crate::model::container::NetworkMode;
use crate::model::image::ImageReference;
use crate::model::item::ItemId;
use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::spec::ContainerSpec;

use super::actions::{run_commands, start, stop};
use super::builder::{Chain, PlanBuilder};
use super::containers::throw_away::{is_for_script, refuse_running_script};
use super::options::PullPolicy;
use super::order::Containers;
use super::planner::{PlanError, claim};
use super::{Action, Cause, Notice, Request, SkipReason};

/// What is sent where nobody names a signal, as Docker does.
const DEFAULT_SIGNAL: &str = "SIGKILL";

/// Plans what is done again each time.
pub(super) struct Imperative<'a> {
    pub(super) state: &'a HostState,
    pub(super) request: &'a Request,
    pub(super) builder: &'a mut PlanBuilder,
}

impl<'a> Imperative<'a> {
    /// Selected containers that have been started, and running ones that share their network: they
    /// would have none afterwards.
    pub(super) fn restart(&mut self, containers: &Containers<'a>) -> Result<(), PlanError> {
        let mut restarted: BTreeSet<&str> = BTreeSet::new();
        for spec in containers.in_order() {
            let owner = network_owner(spec).filter(|owner| restarted.contains(owner));
            let (found, cause) = if self.is_selected(spec) {
                let Some(found) = self.found(spec)? else { continue };
                (found, Cause::Requested)
            } else {
                let found = self.state.containers.get(&spec.name).filter(|found| found.status.is_active());
                let (Some(owner), Some(found)) = (owner, found) else { continue };
                (found, Cause::SharedNetworkRestarted { item: ItemId::container(owner) })
            };
            if matches!(found.status, ContainerStatus::Created | ContainerStatus::Dead) {
                self.skip(spec, SkipReason::NotRunning { status: found.status });
                continue;
            }
            self.plan_restart(spec, found, cause);
            restarted.insert(&spec.name);
        }
        Ok(())
    }

    fn plan_restart(&mut self, spec: &ContainerSpec, found: &ObservedContainer, cause: Cause) {
        let waits = self.builder.waits_for(&spec.dependencies);
        let mut chain = Chain::new(self.builder, spec.item());
        chain.because(vec![cause]);
        if found.status.is_active() {
            chain.then(stop(spec, &spec.name), waits.clone());
        }
        chain.then(start(spec, &spec.name), waits);
        if self.request.options.restart_exec_commands {
            for command in run_commands(spec, &spec.name, false) {
                chain.then(command, Vec::new());
            }
        }
        chain.usable();
    }

    /// Selected containers that run. What one makes of a signal is not known, so it counts as ended.
    pub(super) fn signal(&mut self, containers: &Containers<'a>) -> Result<(), PlanError> {
        let signal = self.request.options.signal.as_deref().unwrap_or(DEFAULT_SIGNAL);
        for spec in containers.in_order().filter(|spec| self.request.container_names.contains(&spec.name)) {
            let Some(found) = self.found(spec)? else { continue };
            if !found.status.is_active() {
                self.skip(spec, SkipReason::NotRunning { status: found.status });
                continue;
            }
            let action =
                Action::SignalContainer { container_name: spec.name.clone(), signal: signal.to_owned() };
            Chain::new(self.builder, spec.item()).because(vec![Cause::Requested]).then(action, Vec::new());
        }
        Ok(())
    }

    /// Images of the selected containers and of all that they need: each once.
    pub(super) fn pull(&mut self, containers: &Containers<'a>) {
        let selected = containers.with_dependencies(&self.request.container_names);
        let mut seen: BTreeSet<&ImageReference> = BTreeSet::new();
        for spec in containers.in_order().filter(|spec| selected.contains(spec.name.as_str())) {
            if seen.insert(&spec.image) {
                self.plan_pull(spec);
            }
        }
    }

    fn plan_pull(&mut self, spec: &ContainerSpec) {
        let item = ItemId::image(spec.image.to_string());
        let found = self.state.image_id(&spec.image);
        let is_there = found.is_some_and(|id| self.state.is_for_wanted_platform(&spec.image, id));
        let cause = match (is_there, self.request.options.pull) {
            (_, PullPolicy::Never) | (true, PullPolicy::Missing) => return self.builder.unchanged(item),
            (true, PullPolicy::Always) => Cause::Requested,
            (false, _) => Cause::Absent { place: spec.places.nearest("image").cloned() },
        };
        let action = Action::PullImage { reference: spec.image.clone() };
        Chain::new(self.builder, item).because(vec![cause]).then(action, Vec::new());
    }

    fn is_selected(&self, spec: &ContainerSpec) -> bool {
        self.request.container_names.contains(&spec.name)
    }

    /// The container that was selected; it may be another's, or not there.
    fn found(&mut self, spec: &ContainerSpec) -> Result<Option<&'a ObservedContainer>, PlanError> {
        let found = self.state.containers.get(&spec.name);
        found.map_or(Ok(()), refuse_running_script)?;
        let Some(found) = found.filter(|found| !is_for_script(found)) else {
            self.skip(spec, SkipReason::Absent);
            return Ok(None);
        };
        claim(spec, found, self.builder)?;
        Ok(Some(found))
    }

    fn skip(&mut self, spec: &ContainerSpec, reason: SkipReason) {
        self.builder.notice(Notice::Skipped { item: spec.item(), reason });
    }
}

/// The container whose network a container shares.
fn network_owner(spec: &ContainerSpec) -> Option<&str> {
    match &spec.settings.network_mode {
        NetworkMode::Container(owner) => Some(owner),
        NetworkMode::Default | NetworkMode::None | NetworkMode::Host => None,
    }
}
