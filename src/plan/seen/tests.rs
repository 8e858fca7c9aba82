//! What is noticed when host or files change between two plans, and what is not.

use crate::model::effective::effective_settings;
use crate::model::observed::Health;
use crate::plan::{Goal, Options, Request, plan_host};
use crate::testing::host;

use super::*;

/// The container of a map with one, as it was deployed.
fn deployed(host: &HostSpec) -> HostState {
    let spec = &host.containers[0];
    let found = ObservedContainer {
        id: "c1".to_owned(),
        name: spec.name.clone(),
        image_id: "i1".to_owned(),
        image_name: spec.image.to_string(),
        status: ContainerStatus::Running { health: None },
        started_at: Some("1".to_owned()),
        process_id: Some(1),
        labels: spec.settings.labels.clone(),
        volume_names: BTreeSet::new(),
        attachment: None,
        settings: Some(effective_settings(&spec.settings, &ContainerSettings::default())),
    };
    HostState {
        containers: [(found.name.clone(), found)].into(),
        image_ids: [(spec.image.to_string(), "i1".to_owned())].into(),
        ..HostState::default()
    }
}

fn see(host: &HostSpec, state: &HostState) -> Vec<SeenItem> {
    let container_names = host.containers.iter().map(|spec| spec.name.clone()).collect();
    let request = Request { goal: Goal::Deploy, container_names, options: Options::default() };
    seen(host, state, &plan_host(host, state, &request).expect("a plan"))
}

fn told(then: &[SeenItem], now: &[SeenItem]) -> Vec<String> {
    let side = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let lines = changes(then, now).into_iter().map(|change| {
        let Change { item, side: of, field, then, now } = change;
        format!("{item} {of:?} {field}: {} -> {}", side(then), side(now))
    });
    lines.collect()
}

/// What is told when the state changes after the plan.
fn after(map: &str, change: impl FnOnce(&mut HostState)) -> Vec<String> {
    let host = host(map);
    let mut state = deployed(&host);
    let then = see(&host, &state);
    change(&mut state);
    told(&then, &see(&host, &state))
}

fn container(state: &mut HostState) -> &mut ObservedContainer {
    state.containers.get_mut("m.web").expect("it")
}

const WEB: &str = "web: {image: i, create_options: {environment: {A: 1}}}";

#[test]
fn what_comes_and_goes_by_itself_is_no_change() {
    let found = after(WEB, |state| {
        let found = container(state);
        found.status = ContainerStatus::Running { health: Some(Health::Starting) };
        found.started_at = Some("2".to_owned());
    });
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(after(WEB, |state| container(state).status = ContainerStatus::Restarting), found);
}

#[test]
fn a_container_that_was_made_anew_stopped_or_taken_away_is_a_change() {
    assert_eq!(
        after(WEB, |state| container(state).id = "c2".to_owned()),
        ["container m.web Found id: c1 -> c2"]
    );
    let stopped = |state: &mut HostState| container(state).status = ContainerStatus::Exited { exit_code: 0 };
    assert_eq!(after(WEB, stopped), ["container m.web Found status: running -> exited with 0"]);
    assert_eq!(
        after(WEB, |state| state.containers.clear()),
        ["container m.web Found status: running -> absent"]
    );
}

#[test]
fn a_tag_that_points_to_another_image_is_a_change() {
    let moved = |state: &mut HostState| drop(state.image_ids.insert("i:latest".to_owned(), "i2".to_owned()));
    assert_eq!(after(WEB, moved), ["image i:latest Found id: i1 -> i2"]);
    assert_eq!(
        after(WEB, |state| state.image_ids.clear()),
        ["image i:latest Found status: present -> absent"]
    );
}

#[test]
fn a_setting_that_somebody_changed_on_the_host_is_told_with_the_value_of_before() {
    let limited = "web: {image: i, host_config: {mem_limit: 64m}}";
    let found = after(limited, |state| {
        let settings = container(state).settings.as_mut().expect("settings");
        settings.host_options.insert("Memory".to_owned(), 128_000_000.into());
    });
    assert_eq!(found, ["container m.web Found host_config.Memory: 67108864 -> 128000000"]);
}

#[test]
fn a_change_of_the_map_is_told_once() {
    let (before, after) = (host(WEB), host(&WEB.replace("A: 1", "A: 2, B: 1")));
    let state = deployed(&before);
    assert_eq!(
        told(&see(&before, &state), &see(&after, &state)),
        [
            "container m.web Wanted create_options.environment.A: 1 -> 2",
            "container m.web Wanted create_options.environment.B: - -> 1",
        ]
    );
    let volume = |options: &str| {
        host(&format!("web: {{image: i, attaches: data}}\nvolumes: {{data: {{default_path: /d{options}}}}}"))
    };
    let (before, after) = (volume(""), volume(", driver: nfs"));
    let empty = HostState::default();
    assert_eq!(
        told(&see(&before, &empty), &see(&after, &empty)),
        ["volume m.data Wanted driver: local -> nfs"]
    );
}

#[test]
fn secrets_and_options_of_volume_drivers_are_not_kept() {
    let map = "\
web:
  image: i
  attaches: data
  exec_commands: ['login hunter2']
  create_options: {environment: {DB_PASSWORD: hunter1, PLAIN: hunter2}}
volumes: {data: {default_path: /d, driver: nfs, driver_options: {o: hunter3}}}
";
    let mut host = host(map);
    host.secrets.insert("hunter2");
    for state in [HostState::default(), deployed(&host)] {
        let kept = serde_json::to_string(&see(&host, &state)).expect("JSON");
        assert!(kept.contains("create_options.environment.DB_PASSWORD"), "{kept}");
        assert!(!kept.contains("hunter"), "{kept}");
    }
}

#[test]
fn what_is_kept_is_read_again() {
    let seen = see(&host(WEB), &HostState::default());
    let text = serde_json::to_string(&seen).expect("JSON");
    assert_eq!(serde_json::from_str::<Vec<SeenItem>>(&text).expect("items"), seen);
}
