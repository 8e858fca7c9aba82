//! Containers that bear the label of one of our maps and that no map asks for any more. They are
//! always told; they are removed only where the operator asks for that.

use std::collections::BTreeMap;

use crate::model::item::ItemId;
use crate::model::observed::{HostState, ObservedContainer};
use crate::model::ownership::{CONFIG_LABEL, INSTANCE_LABEL, MAP_LABEL};
use crate::model::spec::HostSpec;

use super::actions;
use super::builder::{Chain, PlanBuilder};
use super::judge::ties;
use super::order::Containers;
use super::{Action, Cause, Notice, Request, StepId};

/// Tells or removes orphans. The steps after which they are gone are what others may wait for.
pub(super) fn plan(
    host: &HostSpec,
    state: &HostState,
    request: &Request,
    containers: &Containers<'_>,
    builder: &mut PlanBuilder,
) -> Vec<StepId> {
    let orphans = orphans(host, state, containers);
    if !request.options.remove_orphans {
        for name in orphans.keys() {
            builder.notice(Notice::Orphaned { item: ItemId::container(*name) });
        }
        return Vec::new();
    }
    let mut removal = Removal { orphans, gone: BTreeMap::new(), builder };
    let names: Vec<&str> = removal.orphans.keys().copied().collect();
    names.into_iter().filter_map(|name| removal.remove(name)).collect()
}

/// By name.
fn orphans<'a>(
    host: &HostSpec,
    state: &'a HostState,
    containers: &Containers<'_>,
) -> BTreeMap<&'a str, &'a ObservedContainer> {
    let is_orphan = |found: &&ObservedContainer| {
        let map_name = found.labels.get(MAP_LABEL).map(String::as_str);
        map_name.is_some_and(|name| host.has_map(name)) && !containers.contains(&wanted_name(found))
    };
    let found = state.containers.values().filter(is_orphan);
    found.map(|found| (found.name.as_str(), found)).collect()
}

/// The name of the container that its labels say it is.
fn wanted_name(found: &ObservedContainer) -> String {
    let labels = [MAP_LABEL, CONFIG_LABEL, INSTANCE_LABEL].into_iter();
    labels.filter_map(|label| found.labels.get(label).map(String::as_str)).collect::<Vec<_>>().join(".")
}

struct Removal<'a, 'b> {
    orphans: BTreeMap<&'a str, &'a ObservedContainer>,
    gone: BTreeMap<&'a str, Option<StepId>>,
    builder: &'b mut PlanBuilder,
}

impl<'a> Removal<'a, '_> {
    /// What is tied to an orphan goes before it.
    fn remove(&mut self, name: &'a str) -> Option<StepId> {
        if let Some(step) = self.gone.get(name) {
            return *step;
        }
        // Ties that form a circle end here.
        self.gone.insert(name, None);
        let found = *self.orphans.get(name)?;
        let waits: Vec<StepId> =
            self.tied_to(name).into_iter().filter_map(|dependent| self.remove(dependent)).collect();
        let mut chain = Chain::new(self.builder, ItemId::container(name));
        chain.because(vec![Cause::Orphaned]);
        if found.status.is_active() {
            chain.then(stop(found), waits.clone());
        }
        let step = chain.then(actions::remove(name), waits).last();
        self.gone.insert(name, step);
        step
    }

    fn tied_to(&self, name: &str) -> Vec<&'a str> {
        let is_tied = |found: &ObservedContainer| {
            found.settings.as_ref().is_some_and(|settings| ties(settings).any(|tie| tie == name))
        };
        self.orphans.iter().filter(|(_, found)| is_tied(found)).map(|(dependent, _)| *dependent).collect()
    }
}

fn stop(found: &ObservedContainer) -> Action {
    let timeout_seconds = found.settings.as_ref().and_then(|settings| settings.stop_timeout_seconds);
    Action::StopContainer { container_name: found.name.clone(), timeout_seconds }
}
