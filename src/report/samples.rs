//! Plans, events and outcomes that several tests show.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, EventKind, HostOutcome, HostSummary, Problem, RunSummary, StepFailure, Undo};
use crate::model::container::ContainerSettings;
use crate::model::image::ImageReference;
use crate::model::item::{ContainerId, ItemId};
use crate::model::observed::ContainerStatus;
use crate::model::place::{Place, Places};
use crate::model::spec::ContainerSpec;
use crate::model::volume::{Preparation, VolumeSpec};
use crate::plan::{Action, Cause, Difference, Goal, Plan, Preparer, Step, StepId};

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(str::to_owned).collect()
}

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(super) fn place(line: u32) -> Place {
    Place { file: Path::new("shop.yaml").into(), line, column: 5 }
}

pub(super) fn changed(field: &str, found: &str, wanted: &str, line: u32) -> Cause {
    Cause::Changed(difference(field, found, wanted, line))
}

pub(super) fn difference(field: &str, found: &str, wanted: &str, line: u32) -> Difference {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Difference { field: field.to_owned(), found: some(found), wanted: some(wanted), place: Some(place(line)) }
}

pub(super) fn plan(host_name: &str, steps: Vec<Step>, unchanged: &[&str]) -> Plan {
    let unchanged = unchanged.iter().map(|name| ItemId::container(*name)).collect();
    Plan { steps, unchanged, ..Plan::empty(host_name, Goal::Deploy) }
}

pub(super) fn step(item: ItemId, action: Action, causes: Vec<Cause>) -> Step {
    let interrupts_service = matches!(action, Action::StopContainer { .. });
    Step {
        item,
        action,
        causes,
        after: Vec::new(),
        interrupts_service,
        replacement: None,
        undo: None,
        finally: None,
    }
}

/// Steps on one container, each after the one before; causes go to the first.
pub(super) fn container_steps(name: &str, causes: Vec<Cause>, actions: Vec<Action>) -> Vec<Step> {
    let mut causes = Some(causes);
    let steps = actions
        .into_iter()
        .map(|action| step(ItemId::container(name), action, causes.take().unwrap_or_default()));
    steps.collect()
}

pub(super) fn create(container_name: &str) -> Action {
    let spec = ContainerSpec {
        id: ContainerId { map_name: "shop".into(), config_name: "app".into(), instance_name: None },
        name: container_name.to_owned(),
        image: ImageReference::parse("app:42", "latest"),
        settings: ContainerSettings::default(),
        exec_commands: Vec::new(),
        start_delay: Duration::ZERO,
        stop_timeout_seconds: None,
        persistent: false,
        dependencies: Vec::new(),
        places: Places::default(),
    };
    Action::CreateContainer { container_name: container_name.to_owned(), spec: Arc::new(spec) }
}

pub(super) fn start(name: &str) -> Action {
    Action::StartContainer { container_name: name.to_owned(), delay: Duration::ZERO }
}

pub(super) fn stop(name: &str) -> Action {
    Action::StopContainer { container_name: name.to_owned(), timeout_seconds: None }
}

pub(super) fn rename(name: &str, new_name: &str) -> Action {
    Action::RenameContainer { container_name: name.to_owned(), new_name: new_name.to_owned() }
}

pub(super) fn remove(name: &str) -> Action {
    Action::RemoveContainer { container_name: name.to_owned() }
}

/// `shop.app` made anew.
pub(super) fn replacement() -> Vec<Step> {
    let causes = vec![
        changed("image", "app:41", "app:42", 37),
        changed("environment.CACHE_TTL", "\"60\"", "\"120\"", 44),
    ];
    let actions = vec![
        create("shop.app.dmfab-new"),
        stop("shop.app"),
        rename("shop.app", "shop.app.dmfab-old"),
        rename("shop.app.dmfab-new", "shop.app"),
        start("shop.app"),
        remove("shop.app.dmfab-old"),
    ];
    container_steps("shop.app", causes, actions)
}

/// `shop.worker` made for the first time.
pub(super) fn creation() -> Vec<Step> {
    let actions = vec![create("shop.worker"), start("shop.worker")];
    container_steps("shop.worker", vec![Cause::Absent { place: Some(place(52)) }], actions)
}

/// `shop.cron` started again.
pub(super) fn restart() -> Vec<Step> {
    let status = ContainerStatus::Exited { exit_code: 1 };
    container_steps("shop.cron", vec![Cause::NotRunning { status }], vec![start("shop.cron")])
}

/// A volume made and prepared; its driver's options hold a password.
pub(super) fn new_volume() -> Vec<Step> {
    let preparation = Preparation { owner: Some("1000:1000".into()), mode: Some("0750".into()) };
    let volume = VolumeSpec {
        name: "shop.data".into(),
        map_name: "shop".into(),
        config_name: "app".into(),
        driver: "local".into(),
        driver_options: [("o".to_owned(), "password=hunter2".to_owned())].into(),
        labels: [].into(),
        preparation: preparation.clone(),
        places: Places::default(),
    };
    let item = ItemId::volume("shop.data");
    let causes = vec![Cause::Absent { place: Some(place(12)) }];
    let prepare = Action::PrepareVolume {
        volume_name: "shop.data".into(),
        preparation,
        only_if_empty: false,
        by: Preparer::HostShell,
    };
    let mut prepared = step(item.clone(), prepare, Vec::new());
    prepared.after.push(StepId(0));
    vec![step(item, Action::CreateVolume { volume: Box::new(volume) }, causes), prepared]
}

pub(super) fn event(host_name: &str, kind: EventKind) -> Event {
    Event { host_name: host_name.to_owned(), kind }
}

pub(super) fn started(host_name: &str, step: usize, text: &str) -> Event {
    event(host_name, EventKind::StepStarted { step: StepId(step), text: text.to_owned() })
}

pub(super) fn finished(host_name: &str, step: usize, text: &str, took: f64) -> Event {
    let (step, text, took) = (StepId(step), text.to_owned(), seconds(took));
    event(host_name, EventKind::StepFinished { step, text, took })
}

pub(super) fn unhealthy() -> Problem {
    Problem {
        chain: names(&["container `shop.app` is unhealthy after 30 s", "health check ended with 1"]),
        help: Some("look at its log with `docker logs shop.app` on the host".to_owned()),
        output: Some("\u{1b}[31mError\u{1b}[0m: missing CACHE_URL\n".to_owned()),
    }
}

pub(super) fn unreachable() -> Problem {
    Problem {
        chain: names(&["could not connect to 10.0.0.9:22", "no answer within 10 s"]),
        help: Some("check that the host is up and that its address is right".to_owned()),
        output: None,
    }
}

pub(super) fn failed(problem: Problem, rolled_back: bool) -> HostOutcome {
    let failure = StepFailure { text: "start container shop.app".to_owned(), problem, undo: Undo::Done };
    let changed = if rolled_back { 0 } else { 2 };
    HostOutcome::Failed { changed, unchanged: 3, failures: vec![failure], skipped: 1, rolled_back }
}

pub(super) fn done(changed: usize) -> HostOutcome {
    HostOutcome::Done { changed, unchanged: 2 }
}

pub(super) fn summary(hosts: Vec<(&str, HostOutcome, f64)>) -> RunSummary {
    let took = seconds(hosts.iter().map(|(_, _, took)| *took).fold(0.0, f64::max));
    let hosts = hosts.into_iter().map(|(name, outcome, took)| HostSummary {
        host_name: name.to_owned(),
        outcome,
        took: seconds(took),
    });
    RunSummary { goal: Goal::Deploy, hosts: hosts.collect(), took }
}
