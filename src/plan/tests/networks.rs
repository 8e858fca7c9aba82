//! Networks that are made anew, and everybody in them.

use crate::model::container::{ContainerSettings, Endpoint};
use crate::model::item::ItemId;
use crate::model::observed::{Attachment, ContainerStatus, HostState, ObservedContainer};
use crate::plan::{Goal, Notice, Options, check, text};
use crate::testing::host;

use super::{RUNNING, deploy, deployed, try_plan, try_plan_with};

const NET: &str = "m.net";

fn map(network: &str) -> crate::model::spec::HostSpec {
    host(&format!(
        "web: {{image: i, networks: {{net: {{aliases: [w]}}}}}}\ndb: {{image: i, networks: net}}\nnetworks: {{net: {{{network}}}}}"
    ))
}

/// Somebody else's container in our network.
fn add_foreign(state: &mut HostState, address: Option<&str>) {
    let endpoint = Endpoint {
        network_name: NET.to_owned(),
        aliases: ["theirs".to_owned()].into(),
        ipv4_address: address.map(str::to_owned),
        ..Endpoint::default()
    };
    let foreign = ObservedContainer {
        id: "id-of-foreign".to_owned(),
        name: "foreign".to_owned(),
        image_id: "id".to_owned(),
        image_name: "theirs".to_owned(),
        status: ContainerStatus::Exited { exit_code: 0 },
        started_at: None,
        labels: [].into(),
        volume_names: [].into(),
        settings: Some(ContainerSettings { endpoints: vec![endpoint], ..ContainerSettings::default() }),
        process_id: None,
        attachment: Some(Attachment {
            main_network: NET.to_owned(),
            network_ids: [(NET.to_owned(), "id-of-m.net".to_owned())].into(),
        }),
    };
    state.containers.insert(foreign.name.clone(), foreign);
}

/// In one go, undone as one.
// features: UPD-15
#[test]
fn a_network_that_differs_is_made_anew_around_its_containers() {
    let after = map("driver_options: {a: b}");
    let mut state = deployed(&map(""));
    add_foreign(&mut state, None);
    insta::assert_snapshot!(deploy(&after, &state), @"
    #1 disconnect container foreign from network m.net  <- driver_options.a (not set) -> b (inventory.yaml:6)
    #2 disconnect container m.db from network m.net  after #1  interrupts
    #3 disconnect container m.web from network m.net  after #2  interrupts
    #4 remove network m.net  after #3
    #5 create network m.net  after #4
    #6 connect container foreign to network m.net  after #5
    #7 connect container m.db to network m.net  after #6
    #8 connect container m.web to network m.net  after #7
    ");
    let plan = try_plan(&after, &state, Goal::Deploy, &[]).expect("a plan");
    let undone: Vec<_> = plan
        .steps
        .iter()
        .map(|step| step.undo.as_ref().map(ToString::to_string).unwrap_or_default())
        .collect();
    insta::assert_snapshot!(undone.join("\n"), @"
    connect container foreign to network m.net
    connect container m.db to network m.net
    connect container m.web to network m.net
    create network m.net
    remove network m.net
    disconnect container foreign from network m.net
    disconnect container m.db from network m.net
    disconnect container m.web from network m.net
    ");
    assert!(plan.steps.iter().all(|step| step.replacement == plan.steps[0].replacement));
    let interrupts: Vec<_> = plan.steps.iter().map(|step| step.interrupts_service).collect();
    assert_eq!(interrupts[..4], [false, true, true, false], "the foreign one stands still");
}

/// Containers are replaced once the network is there, and get their new places with it.
// features: UPD-15
#[test]
fn places_change_with_their_network_and_containers_after_it() {
    let before = map("");
    let after = host(
        "web: {image: i, networks: {net: {aliases: [v]}}}\ndb: {image: i, user: 1, networks: net}\nnetworks: {net: {internal: true}}",
    );
    insta::assert_snapshot!(deploy(&after, &deployed(&before)), @r#"
    #1 disconnect container m.db from network m.net  <- internal false -> true (inventory.yaml:6)  interrupts
    #2 disconnect container m.web from network m.net  after #1  interrupts
    #3 remove network m.net  after #2
    #4 create network m.net  after #3
    #5 connect container m.db to network m.net  after #4
    #6 connect container m.web to network m.net  <- networks.m.net "m.net, alias w" -> "m.net, alias v" (inventory.yaml:4)  after #5
    #7 create container m.db.dmfab-new  <- user (not set) -> 1 (inventory.yaml:5)  after #6
    #8 stop container m.db  after #6 #7  interrupts
    #9 start container m.db.dmfab-new  after #6 #8
    #10 verify container m.db.dmfab-new  after #9
    #11 rename container m.db to m.db.dmfab-old  after #10
    #12 rename container m.db.dmfab-new to m.db  after #11
    #13 remove container m.db.dmfab-old  after #6 #12
    "#);
}

/// In both directions, and never for what nobody asked for.
// features: UPD-15
#[test]
fn every_setting_of_a_network_is_compared_in_both_directions() {
    let ipam = "create_options: {ipam: {Config: [{Subnet: 10.9.0.0/24}]}}";
    for (field, setting) in [
        ("driver", "driver: macvlan"),
        ("internal", "internal: true"),
        ("driver_options.a", "driver_options: {a: b}"),
        ("attachable", "create_options: {attachable: true}"),
        ("enable_ipv6", "create_options: {enable_ipv6: true}"),
        ("create_options.labels.a", "create_options: {labels: {a: b}}"),
        ("ipam", ipam),
    ] {
        for (before, after) in [("", setting), (setting, "")] {
            let text = deploy(&map(after), &deployed(&map(before)));
            let first = text.lines().next().expect("a step");
            assert!(first.contains(&format!("<- {field} ")), "{before} -> {after}: {text}");
            assert!(!first.contains(';'), "{before} -> {after}: {text}");
        }
    }
    let mut state = deployed(&map(""));
    let network = state.networks.get_mut(NET).expect("it");
    network.ipam = Some(
        serde_json::json!({"Driver": "default", "Options": {}, "Config": [{"Subnet": "172.20.0.0/16", "Gateway": "172.20.0.1"}]}),
    );
    network.driver_options.insert("com.docker.network.driver.mtu".to_owned(), "1400".to_owned());
    network.labels.clear();
    assert_eq!(deploy(&map(""), &state), "");
}

/// A network on the way; not by goals that leave everything as it is.
// features: OPT-07
#[test]
fn a_network_is_made_anew_because_the_operator_says_so() {
    let host = map("");
    let options = Options { force_update: [ItemId::network(NET)].into(), ..Options::default() };
    let plan = try_plan_with(&host, &deployed(&host), Goal::Deploy, &[], options.clone()).expect("a plan");
    assert!(
        text::lines(&plan)[0].starts_with("#1 disconnect container m.db from network m.net  <- asked for")
    );
    assert!(try_plan_with(&host, &deployed(&host), Goal::Startup, &[], options).expect("a plan").is_empty());
}

/// Who has an address that the new network cannot give could not be put back.
// features: UPD-15
#[test]
fn a_network_stays_while_somebody_in_it_could_not_come_back() {
    let after = map("create_options: {ipam: {Config: [{Subnet: 10.9.0.0/24}]}}");
    let mut state = deployed(&map("create_options: {ipam: {Config: [{Subnet: 10.8.0.0/24}]}}"));
    add_foreign(&mut state, Some("10.8.0.7"));
    let plan = try_plan(&after, &state, Goal::Deploy, &[]).expect("a plan");
    assert!(plan.is_empty(), "{:?}", text::lines(&plan));
    let [notice] = plan.notices.as_slice() else { panic!("{:?}", plan.notices) };
    assert!(matches!(notice, Notice::Deviates { difference, .. } if difference.field == "ipam"));
    add_foreign(&mut state, Some("10.9.0.7"));
    assert!(!try_plan(&after, &state, Goal::Deploy, &[]).expect("a plan").is_empty());
}

/// A hardware address is given at creation only.
#[test]
fn a_container_with_a_hardware_address_is_made_anew_with_its_network() {
    let map = |network: &str| {
        host(&format!(
            "web: {{image: i, networks: net, create_options: {{mac_address: '02:42:ac:11:00:02'}}}}\nnetworks: {{net: {{{network}}}}}"
        ))
    };
    let text = deploy(&map("internal: true"), &deployed(&map("")));
    assert!(
        text.contains("create container m.web.dmfab-new  <- depends on network m.net, which is made anew"),
        "{text}"
    );
}

#[test]
fn plans_that_leave_somebody_out_of_a_network_are_found() {
    let after = map("internal: true");
    let mut state = deployed(&map(""));
    state.containers.get_mut("m.db").expect("it").status = RUNNING;
    let mut plan = try_plan(&after, &state, Goal::Deploy, &[]).expect("a plan");
    let mut without_undo = plan.clone();
    without_undo.steps[0].undo = None;
    assert!(check::violations(&after, &state, &without_undo)[0].contains("cannot be undone"));
    plan.steps.pop();
    assert!(check::violations(&after, &state, &plan)[0].contains("out of m.net for good"));
    plan.steps.remove(0);
    let found = check::violations(&after, &state, &plan);
    assert!(found.iter().any(|line| line.contains("removes m.net while m.db is in it")), "{found:?}");
}

/// A volume holds what cannot be made again.
// features: UPD-16
#[test]
fn a_volume_that_differs_is_told_and_stays() {
    let map = |settings: &str| {
        host(&format!(
            "web: {{image: i, attaches: data}}\nvolumes: {{data: {{default_path: /data, {settings}}}}}"
        ))
    };
    for (field, setting) in [
        ("driver", "driver: nfs"),
        ("driver_options.type", "driver_options: {type: tmpfs}"),
        ("create_options.labels.a", "create_options: {labels: {a: b}}"),
    ] {
        for (before, after) in [("", setting), (setting, "")] {
            let plan = try_plan(&map(after), &deployed(&map(before)), Goal::Deploy, &[]).expect("a plan");
            assert!(plan.is_empty(), "{:?}", text::lines(&plan));
            let [Notice::Deviates { difference, .. }] = plan.notices.as_slice() else {
                panic!("{:?}", plan.notices)
            };
            assert_eq!(difference.field, field);
        }
    }
}
