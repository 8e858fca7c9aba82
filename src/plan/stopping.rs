//! The goals that end containers: `stop`, `remove`, `shutdown`. Dependents go first; containers
//! that have nothing to do with one another go at the same time.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::observed::{HostState, ObservedContainer};
use crate::model::ownership::{PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;

use super::actions;
use super::builder::{Chain, PlanBuilder};
use super::containers::throw_away::{is_for_script, take_away};
use super::order::{Containers, container_dependencies};
use super::planner::{PlanError, claim};
use super::{Cause, Goal, Notice, Request, SkipReason, StepId};

/// What becomes of one container that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ending {
    is_stopped: bool,
    is_removed: bool,
}

/// Plans the ends of containers.
pub(super) struct Stopping<'a> {
    state: &'a HostState,
    request: &'a Request,
    builder: &'a mut PlanBuilder,
    /// Steps after which orphans, which may depend on anything, are gone.
    orphans: Vec<StepId>,
    ended: Ended,
}

/// What has become of the containers.
#[derive(Default)]
pub(super) struct Ended {
    /// The step that removes a container, by its name as it is.
    pub(super) removals: BTreeMap<String, StepId>,
    /// Configured names of containers of which something stays.
    pub(super) kept: BTreeSet<String>,
}

impl<'a> Stopping<'a> {
    pub(super) fn new(
        state: &'a HostState,
        request: &'a Request,
        builder: &'a mut PlanBuilder,
        orphans: Vec<StepId>,
    ) -> Self {
        Self { state, request, builder, orphans, ended: Ended::default() }
    }

    pub(super) fn end(
        mut self,
        containers: &Containers<'a>,
        selected: &BTreeSet<&str>,
    ) -> Result<Ended, PlanError> {
        let mut waits_of: BTreeMap<String, Vec<StepId>> = BTreeMap::new();
        for spec in containers.in_order().rev().filter(|spec| selected.contains(spec.name.as_str())) {
            if let Some(found) = self.state.containers.get(&spec.name) {
                claim(spec, found, self.builder)?;
            }
            let waits = waits_of.remove(&spec.name).unwrap_or_else(|| self.orphans.clone());
            let ended = self.end_one(spec, waits);
            for dependency in container_dependencies(spec) {
                waits_of.entry(dependency.to_owned()).or_default().extend(&ended);
            }
        }
        Ok(self.ended)
    }

    /// Ends a container with all leftovers; the last steps are what its dependencies wait for.
    fn end_one(&mut self, spec: &ContainerSpec, waits: Vec<StepId>) -> Vec<StepId> {
        let names = ["", SUCCESSOR_SUFFIX, PREDECESSOR_SUFFIX].map(|suffix| format!("{}{suffix}", spec.name));
        let found: Vec<&ObservedContainer> =
            names.iter().filter_map(|name| self.state.containers.get(name)).collect();
        self.note_absence(spec, found.is_empty());
        let last: Vec<StepId> =
            found.into_iter().filter_map(|found| self.end_found(spec, found, &waits)).collect();
        if last.is_empty() {
            self.builder.unchanged(spec.item());
            return waits;
        }
        last
    }

    /// That nothing was there to be stopped is worth a word where it was named.
    fn note_absence(&mut self, spec: &ContainerSpec, is_absent: bool) {
        let is_named = self.request.container_names.contains(&spec.name);
        if is_absent && is_named && self.request.goal == Goal::Stop {
            self.builder.notice(Notice::Skipped { item: spec.item(), reason: SkipReason::Absent });
        }
    }

    fn end_found(
        &mut self,
        spec: &ContainerSpec,
        found: &ObservedContainer,
        waits: &[StepId],
    ) -> Option<StepId> {
        let Ending { is_stopped, is_removed } = self.ending(spec, found);
        let cause = if found.name == spec.name { Cause::Requested } else { Cause::Leftover };
        let mut chain = Chain::new(self.builder, spec.item());
        chain.because(vec![cause]);
        if is_removed && is_for_script(found) {
            chain.then(take_away(&found.name), waits.to_vec());
        } else if is_stopped {
            chain.then(actions::stop(spec, &found.name), waits.to_vec());
        }
        if is_removed && !is_for_script(found) {
            chain.then(actions::remove(&found.name), waits.to_vec());
        }
        let last = chain.last();
        match last.filter(|_| is_removed) {
            Some(step) => drop(self.ended.removals.insert(found.name.clone(), step)),
            None => drop(self.ended.kept.insert(spec.name.clone())),
        }
        last
    }

    fn ending(&mut self, spec: &ContainerSpec, found: &ObservedContainer) -> Ending {
        let runs = found.status.is_active();
        let is_kept = spec.persistent && !self.request.options.remove_persistent && found.name == spec.name;
        match self.request.goal {
            Goal::Remove if runs => {
                self.builder.notice(Notice::Skipped { item: spec.item(), reason: SkipReason::Running });
                Ending { is_stopped: false, is_removed: false }
            }
            Goal::Remove | Goal::Shutdown if is_kept => {
                self.builder.notice(Notice::Skipped { item: spec.item(), reason: SkipReason::Persistent });
                Ending { is_stopped: runs, is_removed: false }
            }
            Goal::Remove | Goal::Shutdown => Ending { is_stopped: runs, is_removed: true },
            _ => Ending { is_stopped: runs, is_removed: false },
        }
    }
}
