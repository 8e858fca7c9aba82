//! Maps in, plan text out; the planner holds every plan to the rules of `check`.

mod actions;
mod paths;
mod scripts;

use std::collections::BTreeMap;

use crate::model::container::ContainerSettings;
use crate::model::effective::effective_settings;
use crate::model::network::NetworkSpec;
use crate::model::observed::{
    Attachment, ContainerStatus, HostState, ObservedContainer, ObservedImage, ObservedNetwork,
    ObservedVolume, VolumeRoot,
};
use crate::model::spec::{ContainerSpec, HostSpec};

use crate::testing::host;

mod in_place;
mod networks;

use super::{Action, Goal, Notice, Options, Plan, PlanError, Request, plan_host, text};

const RUNNING: ContainerStatus = ContainerStatus::Running { health: None };

/// A host on which everything is as it should be.
pub(super) fn deployed(host: &HostSpec) -> HostState {
    let image = |spec: &ContainerSpec| format!("id-of-{}", spec.image);
    let containers = host.containers.iter().map(|spec| ObservedContainer {
        id: format!("id-of-{}", spec.name),
        name: spec.name.clone(),
        image_id: image(spec),
        image_name: spec.image.to_string(),
        status: RUNNING,
        started_at: Some("1".to_owned()),
        process_id: Some(1),
        labels: spec.settings.labels.clone(),
        volume_names: host.volumes.iter().map(|volume| volume.name.clone()).collect(),
        settings: Some(effective_settings(&spec.settings, &ContainerSettings::default())),
        attachment: Some(attachment(spec)),
    });
    HostState {
        containers: containers.map(|found| (found.name.clone(), found)).collect(),
        image_ids: host.containers.iter().map(|spec| (spec.image.to_string(), image(spec))).collect(),
        images: host
            .containers
            .iter()
            .map(|spec| (image(spec), ObservedImage { id: image(spec), ..ObservedImage::default() }))
            .collect(),
        volumes: host
            .volumes
            .iter()
            .map(|volume| {
                let found = ObservedVolume {
                    name: volume.name.clone(),
                    driver: volume.driver.clone(),
                    driver_options: volume.driver_options.clone(),
                    labels: volume.labels.clone(),
                    ..ObservedVolume::default()
                };
                (volume.name.clone(), found)
            })
            .collect(),
        networks: host
            .networks
            .iter()
            .map(|network| {
                let NetworkSpec { name, driver, driver_options, internal, attachable, .. } = network.clone();
                let NetworkSpec { enable_ipv6, labels, ingress, ipam, .. } = network.clone();
                let (id, scope) = (format!("id-of-{name}"), "local".to_owned());
                let found = ObservedNetwork {
                    id,
                    name,
                    driver,
                    driver_options,
                    internal,
                    attachable,
                    enable_ipv6,
                    ingress,
                    scope,
                    ipam,
                    labels,
                };
                (network.name.clone(), found)
            })
            .collect(),
        ..HostState::default()
    }
}

/// In the networks that are wanted, as they are now.
fn attachment(spec: &ContainerSpec) -> Attachment {
    let names = spec.settings.endpoints.iter().map(|endpoint| endpoint.network_name.clone());
    let names: Vec<String> =
        if spec.settings.endpoints.is_empty() { vec!["bridge".to_owned()] } else { names.collect() };
    Attachment {
        main_network: names[0].clone(),
        network_ids: names.into_iter().map(|name| (name.clone(), format!("id-of-{name}"))).collect(),
    }
}

fn with_images(host: &HostSpec) -> HostState {
    HostState { image_ids: deployed(host).image_ids, images: deployed(host).images, ..HostState::default() }
}

pub(super) fn try_plan(
    host: &HostSpec,
    state: &HostState,
    goal: Goal,
    items: &[&str],
) -> Result<Plan, PlanError> {
    try_plan_with(host, state, goal, items, Options::default())
}

fn try_plan_with(
    host: &HostSpec,
    state: &HostState,
    goal: Goal,
    items: &[&str],
    options: Options,
) -> Result<Plan, PlanError> {
    let is_chosen = |name: &str| items.is_empty() || items.contains(&name);
    let names = host.containers.iter().map(|spec| spec.name.clone()).filter(|name| is_chosen(name));
    plan_host(host, state, &Request { goal, container_names: names.collect(), options })
}

fn planned(host: &HostSpec, state: &HostState, goal: Goal, items: &[&str]) -> String {
    let plan = try_plan(host, state, goal, items).expect("a plan");
    text::lines(&plan).join("\n")
}

fn deploy(host: &HostSpec, state: &HostState) -> String {
    planned(host, state, Goal::Deploy, &[])
}

const SHOP: &str = "\
web:
  image: nginx
  uses: socket
  exposes: {80: 80}
app:
  attaches: socket
  user: 2000
  permissions: u=rwX
volumes: {socket: /socket}
";

// features: UPD-25
#[test]
fn a_fresh_host_gets_volumes_then_containers_in_the_order_of_their_needs() {
    let host = host(SHOP);
    insta::assert_snapshot!(deploy(&host, &HostState::default()), @"
    #1 create volume m.socket  <- not there (inventory.yaml:9)
    #2 prepare volume m.socket: chown 2000:2000 chmod u=rwX  after #1
    #3 pull image app:latest  <- not there (inventory.yaml:8)
    #4 create container m.app  <- not there (inventory.yaml:8)  after #2 #3
    #5 prepare volume m.socket: chown 2000:2000 chmod u=rwX  after #4
    #6 pull image nginx:latest  <- not there (inventory.yaml:5)
    #7 create container m.web  <- not there (inventory.yaml:4)  after #2 #6
    #8 prepare volume m.socket: chown 2000:2000 chmod u=rwX  after #5 #7
    #9 start container m.app  after #2 #5 #8
    #10 verify container m.app  after #9
    #11 start container m.web  after #2 #5 #8 #9
    #12 verify container m.web  after #11
    ");
}

// features: UPD-27
#[test]
fn nothing_is_done_to_a_host_that_is_as_wanted() {
    let host = host(SHOP);
    assert_eq!(deploy(&host, &deployed(&host)), "");
}

/// features: ACT-11
#[test]
fn one_changed_value_replaces_one_container_and_keeps_the_old_one_until_the_new_one_runs() {
    let before = host("web: {create_options: {environment: {A: 1}}}\nother: {image: web}");
    let after = host("web: {create_options: {environment: {A: 2}}}\nother: {image: web}");
    insta::assert_snapshot!(deploy(&after, &deployed(&before)), @"
    #1 create container m.web.dmfab-new  <- create_options.environment.A 1 -> 2 (inventory.yaml:4)
    #2 stop container m.web  after #1  interrupts
    #3 start container m.web.dmfab-new  after #2
    #4 verify container m.web.dmfab-new  after #3
    #5 rename container m.web to m.web.dmfab-old  after #4
    #6 rename container m.web.dmfab-new to m.web  after #5
    #7 remove container m.web.dmfab-old  after #6
    ");
}

#[test]
fn settings_that_are_taken_out_of_the_map_are_differences_too() {
    let before = host("web: {create_options: {environment: {A: 1, B: 1}}, exposes: {80: 8080}}");
    let after = host("web: {create_options: {environment: {A: 1}}}");
    let text = deploy(&after, &deployed(&before));
    assert!(text.contains("create_options.environment.B 1 -> (not set)"), "{text}");
    assert!(text.contains("exposes.8080->80/tcp 8080->80/tcp -> (not set)"), "{text}");
}

#[test]
fn secrets_do_not_show_in_plans() {
    let before = host("web: {create_options: {environment: {DB_PASSWORD: old-one}}}");
    let after = host("web: {create_options: {environment: {DB_PASSWORD: new-one}}}");
    let text = deploy(&after, &deployed(&before));
    assert!(text.contains("environment.DB_PASSWORD [redacted] -> [redacted]"), "{text}");
    assert!(!text.contains("-one"), "{text}");
}

#[test]
fn values_from_outside_the_files_do_not_show_either() {
    let mut host = host(
        "web: {image: i, exec_commands: ['login --token=hunter2'], create_options: {labels: {tok: hunter2}}}",
    );
    host.secrets.insert("hunter2");
    let mut state = deployed(&host);
    let found = state.containers.get_mut("m.web").expect("it");
    found.settings.as_mut().expect("some").labels.insert("tok".to_owned(), "hunter1".to_owned());
    let text = deploy(&host, &state);
    assert!(text.contains("labels.tok [redacted] -> [redacted]"), "{text}");
    assert!(
        text.contains("login '--token=[redacted]'") || text.contains("login --token=[redacted]"),
        "{text}"
    );
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn containers_that_link_to_a_replaced_one_are_replaced_after_it_although_nobody_selected_them() {
    let before = host("app: {user: 1}\nweb: {image: app, links: app}\nloner: {image: app}");
    let after = host("app: {user: 2}\nweb: {image: app, links: app}\nloner: {image: app}");
    insta::assert_snapshot!(planned(&after, &deployed(&before), Goal::Deploy, &["m.app"]), @"
    #1 create container m.app.dmfab-new  <- user 1 -> 2 (inventory.yaml:4)
    #2 stop container m.web  <- depends on container m.app, which is made anew  after #1  interrupts
    #3 stop container m.app  after #1 #2  interrupts
    #4 start container m.app.dmfab-new  after #3
    #5 verify container m.app.dmfab-new  after #4
    #6 rename container m.app to m.app.dmfab-old  after #5
    #7 rename container m.app.dmfab-new to m.app  after #6
    #8 create container m.web.dmfab-new  after #2 #7
    #9 start container m.web.dmfab-new  after #7 #8
    #10 verify container m.web.dmfab-new  after #9
    #11 rename container m.web to m.web.dmfab-old  after #10
    #12 rename container m.web.dmfab-new to m.web  after #11
    #13 remove container m.app.dmfab-old  after #7 #12
    #14 remove container m.web.dmfab-old  after #7 #12
    ");
}

#[test]
fn startup_starts_what_stands_still_and_changes_nothing_else() {
    let before = host("web: {user: 1}\nkept: {image: web, persistent: true}\nlost: {image: web}");
    let after = host("web: {user: 2}\nkept: {image: web, persistent: true}\nlost: {image: web}");
    let mut state = deployed(&before);
    for (name, exit_code) in [("m.web", 0), ("m.kept", 0), ("m.lost", -127)] {
        let found = state.containers.get_mut(name).expect("a container");
        found.status = ContainerStatus::Exited { exit_code };
    }
    insta::assert_snapshot!(planned(&after, &state, Goal::Startup, &[]), @"
    #1 create container m.lost.dmfab-new  <- not running: exited with -127
    #2 start container m.web  <- not running: exited with 0
    #3 verify container m.web  after #2
    #4 start container m.lost.dmfab-new  after #1
    #5 verify container m.lost.dmfab-new  after #4
    #6 rename container m.lost to m.lost.dmfab-old  after #5
    #7 rename container m.lost.dmfab-new to m.lost  after #6
    #8 remove container m.lost.dmfab-old  after #7
    ");
}

#[test]
fn shutdown_takes_dependents_first_and_independent_containers_at_the_same_time() {
    let host = host("a: {image: i}\nb: {image: i, links: a}\nc: {image: i, stop_timeout: 3}");
    insta::assert_snapshot!(planned(&host, &deployed(&host), Goal::Shutdown, &[]), @"
    #1 stop container m.c  <- asked for  interrupts
    #2 remove container m.c  after #1
    #3 stop container m.b  <- asked for  interrupts
    #4 remove container m.b  after #3
    #5 stop container m.a  <- asked for  after #4  interrupts
    #6 remove container m.a  after #4 #5
    ");
    assert_eq!(planned(&host, &with_images(&host), Goal::Shutdown, &[]), "");
}

#[test]
fn networks_are_joined_at_creation_and_the_further_ones_before_the_start() {
    let host = host("web: {image: i, networks: [one, {two: {aliases: w}}]}\nnetworks: {one: , two: }");
    insta::assert_snapshot!(deploy(&host, &with_images(&host)), @"
    #1 create network m.one  <- not there (inventory.yaml:5)
    #2 create network m.two  <- not there (inventory.yaml:5)
    #3 create container m.web  <- not there (inventory.yaml:4)  after #1 #2
    #4 connect container m.web to network m.two  after #3
    #5 start container m.web  after #1 #2 #4
    #6 verify container m.web  after #5
    ");
}

#[test]
fn a_container_gets_its_name_when_its_commands_have_run_and_initial_ones_run_only_once() {
    let host = host("web: {image: i, exec_commands: [[init, root, initial], 'echo \"a b\"']}");
    insta::assert_snapshot!(deploy(&host, &with_images(&host)), @"
    #1 create container m.web.dmfab-new  <- not there (inventory.yaml:4)
    #2 start container m.web.dmfab-new  after #1
    #3 run in container m.web.dmfab-new: init  after #2
    #4 run in container m.web.dmfab-new: echo 'a b'  after #3
    #5 rename container m.web.dmfab-new to m.web  after #4
    #6 verify container m.web  after #5
    ");
    let mut state = deployed(&host);
    state.containers.get_mut("m.web").expect("it").status = ContainerStatus::Exited { exit_code: 1 };
    insta::assert_snapshot!(deploy(&host, &state), @"
    #1 start container m.web  <- not running: exited with 1
    #2 run in container m.web: echo 'a b'  after #1
    #3 verify container m.web  after #2
    ");
}

/// A run that died between two of its steps, seen by the next one.
fn interrupted(host: &HostSpec, names: &[(&str, &str, ContainerStatus)]) -> HostState {
    let mut state = deployed(host);
    let original = state.containers.clone();
    state.containers = BTreeMap::new();
    for (name, of, status) in names {
        let mut found = original[*of].clone();
        found.name = (*name).to_owned();
        found.status = *status;
        state.containers.insert((*name).to_owned(), found);
    }
    state
}

#[test]
fn a_successor_that_was_never_used_goes() {
    let host = host("web: {image: i}");
    let state = interrupted(
        &host,
        &[("m.web", "m.web", RUNNING), ("m.web.dmfab-new", "m.web", ContainerStatus::Created)],
    );
    insta::assert_snapshot!(deploy(&host, &state), @"#1 remove container m.web.dmfab-new  <- left by an interrupted run");
}

#[test]
fn a_successor_that_has_proved_itself_gets_the_name() {
    let host = host("web: {image: i}");
    let exited = ContainerStatus::Exited { exit_code: 0 };
    let names = [("m.web.dmfab-new", "m.web", RUNNING), ("m.web.dmfab-old", "m.web", exited)];
    insta::assert_snapshot!(deploy(&host, &interrupted(&host, &names)), @"
    #1 rename container m.web.dmfab-new to m.web  <- left by an interrupted run
    #2 remove container m.web.dmfab-old  <- left by an interrupted run  after #1
    ");
}

#[test]
fn what_an_interrupted_run_stopped_serves_again() {
    let host = host("web: {image: i, persistent: true}");
    let exited = ContainerStatus::Exited { exit_code: 0 };
    let names = [("m.web", "m.web", exited), ("m.web.dmfab-new", "m.web", RUNNING)];
    insta::assert_snapshot!(deploy(&host, &interrupted(&host, &names)), @"
    #1 stop container m.web.dmfab-new  <- left by an interrupted run  interrupts
    #2 remove container m.web.dmfab-new  after #1
    #3 start container m.web  <- not running: exited with 0  after #2
    #4 verify container m.web  after #3
    ");
    insta::assert_snapshot!(deploy(&host, &interrupted(&host, &[("m.web.dmfab-old", "m.web", exited)])), @"
    #1 rename container m.web.dmfab-old to m.web  <- left by an interrupted run
    #2 start container m.web  <- not running: exited with 0  after #1
    #3 verify container m.web  after #2
    ");
}

#[test]
fn a_leftover_goes_before_a_replacement_needs_its_name() {
    let before = host("web: {image: i, user: 1}");
    let after = host("web: {image: i, user: 2}");
    let exited = ContainerStatus::Exited { exit_code: 0 };
    let names = [("m.web", "m.web", RUNNING), ("m.web.dmfab-old", "m.web", exited)];
    let text = deploy(&after, &interrupted(&before, &names));
    assert!(
        text.starts_with("#1 remove container m.web.dmfab-old  <- left by an interrupted run\n"),
        "{text}"
    );
    assert!(text.ends_with("#8 remove container m.web.dmfab-old  after #7"), "{text}");
}

#[test]
fn who_shares_a_network_is_started_again_after_its_owner() {
    let host = host("app: {image: i}\nweb: {image: i, network_mode: app}");
    let mut state = deployed(&host);
    state.containers.get_mut("m.app").expect("it").status = ContainerStatus::Exited { exit_code: 0 };
    insta::assert_snapshot!(deploy(&host, &state), @"
    #1 start container m.app  <- not running: exited with 0
    #2 verify container m.app  after #1
    #3 stop container m.web  <- shares the network of container m.app, which started later  after #1  interrupts
    #4 start container m.web  after #1 #3
    #5 verify container m.web  after #4
    ");
    let mut state = deployed(&host);
    state.containers.get_mut("m.app").expect("it").started_at = Some("2".to_owned());
    assert!(deploy(&host, &state).starts_with("#1 stop container m.web"));
}

#[test]
fn a_container_that_is_tied_to_one_that_is_gone_is_replaced_also_by_startup() {
    let host = host("app: {image: i}\nweb: {image: i, network_mode: app}");
    let mut state = deployed(&host);
    let web = state.containers.get_mut("m.web").expect("it");
    web.status = ContainerStatus::Exited { exit_code: 0 };
    web.settings.as_mut().expect("some").network_mode =
        crate::model::container::NetworkMode::Container("0123".to_owned());
    let text = planned(&host, &state, Goal::Startup, &[]);
    assert!(text.starts_with("#1 create container m.web.dmfab-new  <- depends on container 0123"), "{text}");
}

#[test]
fn a_predecessor_goes_where_its_successor_runs() {
    let host = host("web: {image: i}");
    let exited = ContainerStatus::Exited { exit_code: 0 };
    let state = interrupted(&host, &[("m.web", "m.web", RUNNING), ("m.web.dmfab-old", "m.web", exited)]);
    insta::assert_snapshot!(deploy(&host, &state), @"#1 remove container m.web.dmfab-old  <- left by an interrupted run");
}

#[test]
fn an_image_for_other_machines_is_pulled_again() {
    let wanted = host("web: {create_options: {platform: linux/arm64}}");
    let mut state = deployed(&wanted);
    let of_platform = |state: &mut HostState, platform: &str| {
        state.images.values_mut().for_each(|image| image.platform = Some(platform.to_owned()));
        deploy(&wanted, state)
    };
    assert_eq!(of_platform(&mut state, "linux/arm64/v8"), "");
    let plan = of_platform(&mut state, "linux/amd64");
    assert!(plan.contains("pull image web:latest for linux/arm64"), "{plan}");
    assert!(plan.contains("create_options.platform linux/amd64 -> linux/arm64"), "{plan}");
}

#[test]
fn volumes_are_prepared_again_only_while_they_are_empty_and_nobody_mounts_them() {
    let host = host(SHOP);
    let mut state = deployed(&host);
    state.containers.clear();
    let is_prepared =
        |text: &str| text.lines().any(|line| line.contains("prepare") && !line.contains("if it is empty"));
    assert!(!is_prepared(&deploy(&host, &state)));
    state.volumes.get_mut("m.socket").expect("it").root = Some(VolumeRoot { is_untouched: false });
    assert!(!is_prepared(&deploy(&host, &state)));
    state.volumes.get_mut("m.socket").expect("it").root = Some(VolumeRoot { is_untouched: true });
    let text = deploy(&host, &state);
    assert!(
        text.contains("#1 prepare volume m.socket: chown 2000:2000 chmod u=rwX  <- not prepared yet"),
        "{text}"
    );
}

#[test]
fn what_bears_another_map_s_label_is_refused() {
    let host = host("web: {image: i}");
    let mut state = deployed(&host);
    let labels = &mut state.containers.get_mut("m.web").expect("it").labels;
    labels.insert("dmfab.map".to_owned(), "theirs".to_owned());
    let error = try_plan(&host, &state, Goal::Deploy, &[]).expect_err("a refusal");
    assert_eq!(error.to_string(), "container m.web belongs to map `theirs`, not to map `m`");
}

#[test]
fn unlabelled_containers_are_adopted_and_orphans_are_only_told() {
    let host = host("web: {image: i}");
    let mut state = deployed(&host);
    state.containers.get_mut("m.web").expect("it").labels.clear();
    let found = state.containers["m.web"].clone();
    let settings = found.settings.clone().map(|mut settings| {
        settings.labels.clear();
        settings
    });
    state.containers.get_mut("m.web").expect("it").settings = settings;
    let mut orphan = found;
    orphan.name = "m.gone".to_owned();
    orphan.labels = BTreeMap::from([
        ("dmfab.map".to_owned(), "m".to_owned()),
        ("dmfab.config".to_owned(), "gone".to_owned()),
    ]);
    state.containers.insert("m.gone".to_owned(), orphan);
    let plan = try_plan(&host, &state, Goal::Deploy, &[]).expect("a plan");
    assert!(plan.is_empty());
    let notices: Vec<String> = plan.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        notices.join("\n"),
        "\
container m.gone is in no map any more; it is left alone
container m.web bears no label of dmfab and is adopted by its name"
    );
}

#[test]
fn equal_input_gives_an_equal_plan() {
    let host = host(SHOP);
    let state = HostState::default();
    let plan = |()| try_plan(&host, &state, Goal::Deploy, &[]).expect("a plan");
    assert_eq!(plan(()), plan(()));
}
