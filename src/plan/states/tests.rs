//! What is said of containers in each state.

use crate::model::container::ContainerSettings;
use crate::model::effective::effective_settings;
use crate::plan::{Goal, Request, plan_host};
use crate::testing::host;

use super::*;

/// The state of `m.web` in words, as it was found.
fn told(map: &str, status: Option<ContainerStatus>, options: &Options) -> String {
    let host = host(map);
    let spec = &host.containers[0];
    let found = |status| ObservedContainer {
        id: "c1".to_owned(),
        name: spec.name.clone(),
        image_id: "i1".to_owned(),
        image_name: spec.image.to_string(),
        status,
        started_at: None,
        process_id: Some(7),
        labels: spec.settings.labels.clone(),
        volume_names: BTreeSet::new(),
        attachment: None,
        settings: Some(effective_settings(&spec.settings, &ContainerSettings::default())),
    };
    let containers = status.map(|status| (spec.name.clone(), found(status))).into_iter().collect();
    let state = HostState {
        containers,
        image_ids: [(spec.image.to_string(), "i1".to_owned())].into(),
        ..HostState::default()
    };
    let container_names = [spec.name.clone()].into();
    let request = Request { goal: Goal::Deploy, container_names, options: options.clone() };
    let plan = plan_host(&host, &state, &request).expect("a plan");
    let states = states(&host, &state, &plan, options);
    let web = states.iter().find(|found| found.item == spec.item()).expect("the container");
    let ItemState { item: _, state, flags, process_id } = web;
    format!("{state:?} {flags:?} {process_id:?}")
}

/// features: ACT-20, ACT-26
#[test]
fn base_states_flags_and_processes_of_containers() {
    let web = "web: {image: i}";
    let kept = "web: {image: i, persistent: true}";
    let default = Options::default();
    let exited = |exit_code| Some(ContainerStatus::Exited { exit_code });
    let running = |health| Some(ContainerStatus::Running { health });
    for (map, status, expected) in [
        (web, None, "Absent [Wanted] None"),
        (web, Some(ContainerStatus::Created), "Present [Initial, Wanted] None"),
        (web, running(None), "Running [Wanted] Some(7)"),
        (web, running(Some(Health::Unhealthy)), "Running [Unhealthy, Wanted] Some(7)"),
        (web, Some(ContainerStatus::Restarting), "Running [Restarting, Wanted] Some(7)"),
        (web, exited(0), "Present [Wanted] None"),
        (web, exited(-127), "Present [Nonrecoverable, Wanted] None"),
        (web, Some(ContainerStatus::Dead), "Present [Nonrecoverable, Wanted] None"),
        (kept, exited(0), "Present [Persistent, Wanted] None"),
    ] {
        assert_eq!(told(map, status, &default), expected, "{status:?}");
    }
    let forced = Options { force_update: [ItemId::container("m.web")].into(), ..Options::default() };
    assert_eq!(told(web, running(None), &forced), "Running [Forced, Wanted] Some(7)");
}
