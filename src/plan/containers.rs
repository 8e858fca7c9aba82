//! Plans containers: made, started, replaced, put back.
//!
//! A replacement keeps the old container until the new one runs:
//!
//! ```text
//! create X.dmfab-new -> stop X -> start X.dmfab-new -> verify it -> its commands
//!                    -> X becomes X.dmfab-old -> X.dmfab-new becomes X -> remove X.dmfab-old
//! ```
//!
//! So whatever bears the name has proved itself, also after a run that died in the middle (see
//! `leftovers`). If a step fails, the finished ones are undone from the last to the first. Containers that are
//! tied to one another (a link, a shared network, volumes of a container) are replaced as one:
//! a container that links to X could not be put back beside a new X. They stop dependents first
//! and start dependencies first, so that undoing starts them in the right order, too.
//!
//! Planning goes over the containers several times, dependencies first: judge all; then steps for
//! leftovers, creations, stops of tied containers, the switches, and removals at last.

mod existing;
mod in_place;
pub(super) mod throw_away;
mod together;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::image::ImageReference;
use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{ContainerStatus, Health, HostState};
use crate::model::ownership::PREDECESSOR_SUFFIX;
use crate::model::spec::{ContainerSpec, HostSpec};
use crate::model::volume::VolumeSpec;

use super::actions::{connect, create, remove, rename, run_command, run_commands, start, stop, verify};
use super::builder::{Chain, PlanBuilder};
use super::changes::Changes;
use super::commands;
use super::judge::{Judge, Verdict, moved_tag, ties};
use super::leftovers::Leftovers;
use super::order::Containers;
use super::planner::{PlanError, claim};
use super::volumes::VolumePlanner;
use super::{Action, Cause, Goal, Notice, ReplacementId, Request, StepId};
use throw_away::{refuse_running_script, take_away};
use together::{members, stop_order};
use work::Work;

pub(super) struct ContainerPlanner<'a> {
    host: &'a HostSpec,
    state: &'a HostState,
    request: &'a Request,
    builder: &'a mut PlanBuilder,
    volumes: VolumePlanner<'a>,
    judge: Judge<'a>,
    /// Containers that are not what they are called, but run a script: the planner of those sees to them.
    set_aside: BTreeSet<String>,
    /// Steps after which orphans hold no ports any more.
    orphans: Vec<StepId>,
    /// Images that this plan pulls, by reference.
    pulls: BTreeMap<ImageReference, StepId>,
    /// Steps that prepare a volume once more, by volume.
    preparations: BTreeMap<String, Vec<StepId>>,
}

/// What the plan does before it comes to containers.
#[derive(Default)]
pub(super) struct Before {
    /// Volumes that it makes.
    pub(super) new_volumes: BTreeSet<String>,
    /// Networks that it makes anew.
    pub(super) resets: BTreeSet<String>,
    /// Steps after which orphans hold no ports any more.
    pub(super) orphans: Vec<StepId>,
}

impl<'a> ContainerPlanner<'a> {
    pub(super) fn new(
        host: &'a HostSpec,
        state: &'a HostState,
        request: &'a Request,
        builder: &'a mut PlanBuilder,
        volumes: VolumePlanner<'a>,
        before: Before,
    ) -> Self {
        let Before { new_volumes, resets, orphans } = before;
        let judge = Judge::new(host, state, request, new_volumes, resets);
        let (pulls, preparations) = (BTreeMap::new(), BTreeMap::new());
        let set_aside = BTreeSet::new();
        Self { host, state, request, builder, volumes, judge, set_aside, orphans, pulls, preparations }
    }

    /// Containers that were not selected are touched only where they run and are tied to
    /// something that is made anew: they would stay tied to what is gone.
    pub(super) fn bring_up(
        &mut self,
        containers: &Containers<'a>,
        selected: &BTreeSet<&str>,
    ) -> Result<(), PlanError> {
        let mut works = Vec::new();
        let set_aside = self.set_aside.clone();
        for spec in containers.in_order().filter(|spec| !set_aside.contains(&spec.name)) {
            let is_selected = selected.contains(spec.name.as_str());
            works.extend(match self.request.goal {
                Goal::Create => self.judge_creation(spec, is_selected)?,
                Goal::Start => self.judge_start(spec, is_selected)?,
                _ => self.judge(spec, is_selected)?,
            });
        }
        if self.request.goal == Goal::Create {
            self.create_all(works);
            return Ok(());
        }
        self.tie_replacements(&mut works);
        for work in &mut works {
            self.clear_leftovers(work);
        }
        self.plan_changes(&mut works);
        for work in &mut works {
            if work.is_new() && !self.is_created_late(work.spec) {
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

    fn judge(&mut self, spec: &'a ContainerSpec, is_selected: bool) -> Result<Option<Work<'a>>, PlanError> {
        let leftovers = Leftovers::of(spec, self.state);
        let found = leftovers.found;
        let mut comparison = self.judge.compare(spec, found);
        let verdict = if is_selected {
            self.judge.verdict(spec, found, &mut comparison)
        } else {
            let Some(verdict) = self.judge.verdict_of_bystander(spec, found) else { return Ok(None) };
            comparison.in_place = Changes::default();
            verdict
        };
        self.check_owner(spec)?;
        self.judge.remember(spec, &verdict);
        let changes = comparison.in_place;
        let work = Work { spec, verdict, leftovers, changes, replacement: None, last: None };
        if !work.is_replaced() {
            for difference in comparison.told {
                self.builder.notice(Notice::Deviates { item: spec.item(), difference });
            }
        }
        Ok(Some(work))
    }

    fn check_owner(&mut self, spec: &ContainerSpec) -> Result<(), PlanError> {
        match self.state.containers.get(&spec.name) {
            Some(found) => refuse_running_script(found).and_then(|()| claim(spec, found, self.builder)),
            None => Ok(()),
        }
    }

    /// Gives replaced containers that are tied to one another, as they are or as they are wanted,
    /// one replacement.
    fn tie_replacements(&mut self, works: &mut [Work<'_>]) {
        for index in 0..works.len() {
            let must_prove_itself = matches!(works[index].verdict, Verdict::Create if !works[index].spec.exec_commands.is_empty());
            if !works[index].is_replaced() && !must_prove_itself {
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
        ties(&spec.settings).any(|name| self.judge.renews(name))
    }

    fn clear_leftovers(&mut self, work: &mut Work<'_>) {
        let settled = work.leftovers.settled.filter(|_| work.is_replaced());
        let stale: Vec<_> = work.leftovers.stale.into_iter().chain(settled).collect();
        let mut chain = Chain::new(self.builder, work.spec.item());
        if let Some(left) = work.leftovers.of_script {
            chain.because(vec![Cause::Leftover]).then(take_away(&left.name), Vec::new());
        }
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
        let mut waits = self.creation_waits(spec);
        waits.extend(self.builder.waits_for([&spec.item()]));
        let name = work.first_name();
        let is_late = self.is_created_late(spec);
        let preparations = self.preparations_after_creation(spec, is_late);
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
        for (volume, action, mut waits) in preparations {
            // A volume is prepared by one at a time: the container that does it bears the volume's name.
            let of_volume = self.preparations.entry(volume.name.clone()).or_default();
            waits.extend(of_volume.iter().copied());
            chain.then(action, waits);
            of_volume.extend(chain.last());
        }
        work.last = chain.last();
    }

    fn preparations_after_creation(
        &mut self,
        spec: &ContainerSpec,
        is_late: bool,
    ) -> Vec<(&'a VolumeSpec, Action, Vec<StepId>)> {
        let mut preparations = Vec::new();
        for volume in prepared_mounts(spec, self.host) {
            let only_if_empty = is_late || !self.judge.makes_volume(&volume.name) || !volume.is_on_the_host();
            let prepared = self.volumes.preparation(self.builder, volume, only_if_empty);
            preparations.extend(prepared.map(|(action, waits)| (volume, action, waits)));
        }
        preparations
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
        let name = &work.spec.name;
        chain.because(causes).then_undoable(stop(work.spec, name), waits, start(work.spec, name));
        work.last = chain.last();
    }

    fn plan_switch(&mut self, work: &mut Work<'_>) {
        let spec = work.spec;
        let is_new = work.is_new();
        if work.is_kept() {
            self.note_unhealthy(work);
            self.plan_missing_commands(work);
            if work.last.is_none() && work.leftovers.settled.is_none() {
                self.builder.unchanged(spec.item());
            }
            return;
        }
        let is_stopped = self.builder.has_stop(work.last);
        if is_new && self.is_created_late(spec) {
            self.plan_creation(work);
        }
        let mut waits = self.builder.waits_for(&spec.dependencies);
        // Nobody's files are prepared under their hands: all preparations come before the first start.
        let mounted =
            prepared_mounts(spec, self.host).filter_map(|volume| self.preparations.get(&volume.name));
        waits.extend(mounted.flatten());
        if is_new {
            waits.extend(&self.orphans);
        }
        let name = if is_new { work.first_name() } else { spec.name.clone() };
        let causes = if is_new { Vec::new() } else { work.take_causes() };
        let mut chain = Chain::resume(self.builder, spec.item(), work.last, work.replacement);
        chain.because(causes);
        let stops_now = match work.verdict {
            Verdict::Replace(_) => work.stops() && !is_stopped,
            Verdict::Restart(_) => true,
            Verdict::Create | Verdict::Start(_) | Verdict::Keep => false,
        };
        if stops_now {
            chain.then_undoable(stop(spec, &spec.name), waits.clone(), start(spec, &spec.name));
        }
        chain.then_undoable(start(spec, &name), waits, stop(spec, &name));
        if work.is_replaced() {
            chain.then(verify(spec, &name, self.request.options.settle), Vec::new());
        }
        let runs_all = is_new || matches!(work.verdict, Verdict::Start(ContainerStatus::Created));
        for action in run_commands(spec, &name, runs_all) {
            chain.then(action, Vec::new());
        }
        if work.is_replaced() {
            let predecessor = format!("{}{PREDECESSOR_SUFFIX}", spec.name);
            chain.then_undoable(
                rename(&spec.name, &predecessor),
                Vec::new(),
                rename(&predecessor, &spec.name),
            );
        }
        if name != spec.name {
            chain.then_undoable(rename(&name, &spec.name), Vec::new(), rename(&spec.name, &name));
        }
        chain.usable();
        work.last = chain.last();
        if !work.is_replaced() && self.request.goal.verifies_starts() {
            self.plan_verification(work);
        }
    }

    /// A health check is no difference, and nothing that would be done here is sure to help.
    fn note_unhealthy(&mut self, work: &Work<'_>) {
        let found = work.leftovers.found.map(|found| found.container.status);
        let is_unhealthy = found == Some(ContainerStatus::Running { health: Some(Health::Unhealthy) });
        if is_unhealthy && matches!(self.request.goal, Goal::Deploy | Goal::Update) {
            self.builder.notice(Notice::Unhealthy { item: work.spec.item() });
        }
    }

    /// Runs commands again that have ended in a container that goes on.
    fn plan_missing_commands(&mut self, work: &mut Work<'_>) {
        let Some(found) = work.leftovers.found else { return };
        let check = self.request.options.check_exec_commands;
        match commands::missing(work.spec, found.container, self.state, check) {
            Ok(missing) => {
                let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, None);
                for command in missing {
                    let action = run_command(&work.spec.name, command);
                    chain.because(vec![Cause::CommandNotRunning]).then(action, Vec::new());
                }
                work.last = chain.last();
            }
            Err(notice) => self.builder.notice(*notice),
        }
    }

    /// Watches a container that took nobody's place. Nothing waits for that, and it stays whatever
    /// is seen: the operator may want to look at it.
    fn plan_verification(&mut self, work: &Work<'_>) {
        let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, None);
        chain.then(verify(work.spec, &work.spec.name, self.request.options.settle), Vec::new());
    }

    /// Old containers go when everything that they were replaced with runs.
    fn plan_removals(&mut self, works: &[Work<'_>]) {
        for work in works {
            let mut waits: Vec<StepId> = work.last.into_iter().collect();
            let (name, causes) = match (&work.replacement, work.leftovers.settled) {
                (Some(replacement), _) if work.is_replaced() => {
                    waits.extend(members(works, *replacement).filter_map(|member| member.last));
                    (format!("{}{PREDECESSOR_SUFFIX}", work.spec.name), Vec::new())
                }
                (_, Some(settled)) => (settled.name.clone(), vec![Cause::Leftover]),
                (_, None) => continue,
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

    /// One pull for all containers of an image that the host lacks, or that the registry has anew.
    fn plan_pull(&mut self, spec: &ContainerSpec) -> Option<StepId> {
        let found = self.state.image_id(&spec.image);
        let moved = found.and_then(|_| moved_tag(self.state, spec));
        if moved.is_none() && found.is_some_and(|id| self.state.is_for_wanted_platform(&spec.image, id)) {
            return None;
        }
        let reference = spec.image.to_string();
        let item = ItemId::image(&reference);
        // For another machine the same name is another image.
        let pulled = self.builder.waits_for(spec.image.platform.is_none().then_some(&item));
        if let Some(step) = self.pulls.get(&spec.image).or(pulled.first()) {
            return Some(*step);
        }
        let wish = if found.is_some() { "create_options.platform" } else { "image" };
        let absent = || Cause::Absent { place: spec.places.nearest(wish).cloned() };
        let causes = vec![moved.map_or_else(absent, Cause::Changed)];
        let mut chain = Chain::new(self.builder, item);
        chain.because(causes).then(Action::PullImage { reference: spec.image.clone() }, Vec::new());
        let step = chain.last()?;
        self.pulls.insert(spec.image.clone(), step);
        Some(step)
    }
}

/// Creating a container on an empty volume gives the volume the owner and mode that the path has
/// in the image, and the files in it. Volumes are therefore prepared once more before the container
/// starts: new ones with all their files, others as long as nobody has put files there.
fn prepared_mounts<'h>(spec: &ContainerSpec, host: &'h HostSpec) -> impl Iterator<Item = &'h VolumeSpec> {
    let is_mounted = |volume: &&VolumeSpec| spec.settings.volume_names().any(|name| name == volume.name);
    let prepared = host.volumes.iter().filter(|volume| !volume.preparation.is_empty());
    prepared.filter(is_mounted)
}
