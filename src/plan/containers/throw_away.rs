//! Containers that are there for a script and go with it:
//!
//! ```text
//! what it needs, as `startup` brings it up
//! create X -> connect, prepare -> upload files -> start X -> run it to its end -> download files
//!          -> take X away, whatever became of the steps before
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::observed::{ObservedContainer, PathKind};
use crate::model::ownership::{PREDECESSOR_SUFFIX, SCRIPT_LABEL, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;

use super::super::actions::{connect, create, remove, start, stop};
use super::super::builder::Chain;
use super::super::diff;
use super::super::order::Containers;
use super::super::planner::{PlanError, claim};
use super::super::script::{Script, ScriptFiles};
use super::super::{Action, Cause, Finally, StepId};
use super::{ContainerPlanner, prepared_mounts};

/// How long a container that is taken away may take to end.
const LAST_SECONDS: u32 = 3;
/// The end of a script is waited for this long where nobody says how long it may take.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a container is there for a script only.
pub(in crate::plan) fn is_for_script(found: &ObservedContainer) -> bool {
    found.labels.contains_key(SCRIPT_LABEL)
}

/// A script's container is never taken for the one whose name it has: one that runs is in the way.
pub(in crate::plan) fn refuse_running_script(found: &ObservedContainer) -> Result<(), PlanError> {
    if is_for_script(found) && found.status.is_active() {
        return Err(PlanError::ScriptRuns { container_name: found.name.clone() });
    }
    Ok(())
}

/// Ends a container, if it has not ended, and removes it with its anonymous volumes.
pub(in crate::plan) fn take_away(container_name: &str) -> Action {
    Action::TakeAwayContainer { container_name: container_name.to_owned(), timeout_seconds: LAST_SECONDS }
}

impl<'a> ContainerPlanner<'a> {
    /// Brings up what the selected containers need, and runs the script in each of them.
    pub(in crate::plan) fn run_scripts(
        &mut self,
        containers: &Containers<'a>,
        needed: &BTreeSet<&str>,
    ) -> Result<(), PlanError> {
        let script = self.request.options.script.clone().unwrap_or_default();
        let selected = &self.request.container_names;
        self.set_aside = selected.clone();
        let specs: Vec<&ContainerSpec> =
            containers.in_order().filter(|spec| selected.contains(&spec.name)).collect();
        for spec in &specs {
            self.refuse_existing(spec, &script)?;
            let needs_other = containers.with_dependencies(&BTreeSet::from([spec.name.clone()]));
            if let Some(other) = specs
                .iter()
                .find(|other| other.name != spec.name && needs_other.contains(other.name.as_str()))
            {
                return Err(PlanError::NeededByScript {
                    container_name: other.name.clone(),
                    dependent: spec.name.clone(),
                });
            }
        }
        let kind = self.kind_on_host(&script)?;
        let others = needed.iter().copied().filter(|name| !selected.contains(*name)).collect();
        self.bring_up(containers, &others)?;
        for spec in specs {
            self.plan_script(spec, &script, kind);
        }
        Ok(())
    }

    fn found_names(&self, spec: &ContainerSpec) -> Vec<&'a ObservedContainer> {
        let names = ["", SUCCESSOR_SUFFIX, PREDECESSOR_SUFFIX].map(|suffix| format!("{}{suffix}", spec.name));
        names.iter().filter_map(|name| self.state.containers.get(name)).collect()
    }

    fn refuse_existing(&mut self, spec: &ContainerSpec, script: &Script) -> Result<(), PlanError> {
        let found = self.found_names(spec);
        if let Some(current) = found.iter().find(|found| found.name == spec.name) {
            claim(spec, current, self.builder)?;
        }
        match found.first() {
            Some(found) if !script.remove_existing => Err(PlanError::ExistedBefore {
                container_name: found.name.clone(),
                is_of_script: is_for_script(found),
            }),
            _ => Ok(()),
        }
    }

    /// What is at the script's path on the host; of no meaning where there is none.
    fn kind_on_host(&self, script: &Script) -> Result<PathKind, PlanError> {
        let Some(path) = script.path_on_host() else { return Ok(PathKind::File) };
        match self.state.paths.get(path) {
            None | Some(PathKind::Absent) => Err(PlanError::PathAbsent { path: path.to_owned() }),
            Some(kind) => Ok(*kind),
        }
    }

    fn plan_script(&mut self, spec: &'a ContainerSpec, script: &Script, kind: PathKind) {
        let made = script.container(spec, kind);
        let gone = self.remove_existing(spec);
        let mut waits = self.creation_waits(spec);
        waits.extend(&self.orphans);
        let mut start_waits = self.builder.waits_for(&spec.dependencies);
        let mounts = prepared_mounts(spec, self.host);
        start_waits.extend(mounts.filter_map(|volume| self.preparations.get(&volume.name)).flatten());
        let preparations = self.preparations_after_creation(spec, false);
        let name = &spec.name;

        let mut chain = Chain::resume(self.builder, spec.item(), gone, None);
        chain.because(vec![Cause::Requested]).then(create(&made, name), waits);
        let created = chain.last();
        for endpoint in made.settings.endpoints.iter().skip(1) {
            chain.then(connect(name, endpoint), Vec::new());
        }
        for (_, preparation, waits) in preparations {
            chain.then(preparation, waits);
        }
        if script.fills_folder() {
            chain.then(upload(&made, script), Vec::new());
        }
        chain.then(start(&made, name), start_waits);
        chain.then(run(&made, script, self.host.engine.wait_timeout), Vec::new());
        let run = chain.last();
        if let Some(into) = script.download_folder(&self.host.name) {
            let (container_name, folder) = (name.clone(), script.folder.clone());
            chain.then(Action::DownloadFiles { container_name, folder, into }, Vec::new());
        }
        if let Some(takes_away) = created.filter(|_| script.remove_created) {
            let unless_timed_out = run.filter(|_| !script.remove_on_timeout);
            chain.finally(take_away(name), Finally { takes_away, unless_timed_out });
        }
    }

    /// Takes away all that has the name, or is on its way to it or from it.
    fn remove_existing(&mut self, spec: &ContainerSpec) -> Option<StepId> {
        let found = self.found_names(spec);
        let mut chain = Chain::new(self.builder, spec.item());
        for found in found {
            chain.because(vec![Cause::Requested]);
            if is_for_script(found) {
                chain.then(take_away(&found.name), Vec::new());
                continue;
            }
            if found.status.is_active() {
                chain.then(stop(spec, &found.name), Vec::new());
            }
            chain.then(remove(&found.name), Vec::new());
        }
        chain.last()
    }
}

/// Files belong to the user of the container, as far as numbers tell who that is.
fn upload(made: &ContainerSpec, script: &Script) -> Action {
    let path = match &script.files {
        ScriptFiles::Upload { path, .. } => Some(path.clone()),
        ScriptFiles::Nothing | ScriptFiles::OnHost { .. } => None,
    };
    let user = made.settings.user.as_deref().unwrap_or_default();
    let mut numbers = user.split(':').map(|part| part.parse::<u32>().ok().map(u64::from));
    let user_id = numbers.next().flatten().unwrap_or(0);
    let group_id = numbers.next().flatten().unwrap_or(0);
    // The root of such a container takes nothing, not even the mode of a folder.
    let is_read_only = made.settings.host_options.get("ReadonlyRootfs") == Some(&true.into());
    Action::UploadFiles {
        container_name: made.name.clone(),
        folder: script.folder.clone(),
        path,
        owner: (user_id, group_id),
        sets_mode: !is_read_only,
    }
}

fn run(made: &ContainerSpec, script: &Script, of_host: Option<Duration>) -> Action {
    let settings = &made.settings;
    let stop_seconds =
        made.stop_timeout_seconds.or(settings.stop_timeout_seconds).filter(|seconds| *seconds > 0);
    let of_container = stop_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let words: Vec<String> = settings.entrypoint.iter().chain(&settings.command).flatten().cloned().collect();
    Action::RunScript {
        container_name: made.name.clone(),
        shown: diff::shown_words(&words),
        deadline: script.wait_timeout.or(of_container).or(of_host).unwrap_or(DEFAULT_DEADLINE),
        timestamps: script.timestamps,
        tail: script.tail,
        is_kept_on_timeout: !(script.remove_created && script.remove_on_timeout),
    }
}
