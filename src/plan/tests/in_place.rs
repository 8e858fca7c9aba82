//! What a container keeps its life through: limits, restart policy, places in networks.

use crate::model::observed::{ContainerStatus, EngineFacts, Health, HostState};
use crate::model::spec::HostSpec;
use crate::plan::{Goal, Notice, Options, Plan, text};
use crate::testing::host;

use super::{deploy, deployed, try_plan, try_plan_with};

fn web(setting: &str) -> HostSpec {
    host(&format!("web: {{image: i, {setting}}}\nnetworks: {{one: , two: , three: }}"))
}

/// The plan that leads from one to the other.
fn change(before: &str, after: &str) -> String {
    deploy(&web(after), &deployed(&web(before)))
}

fn stopped(host: &HostSpec, exit_code: i64) -> HostState {
    let mut state = deployed(host);
    for container in state.containers.values_mut() {
        container.status = ContainerStatus::Exited { exit_code };
    }
    state
}

fn with_options(host: &HostSpec, state: &HostState, options: Options) -> Plan {
    try_plan_with(host, state, Goal::Deploy, &[], options).expect("a plan")
}

fn notices(plan: &Plan) -> Vec<String> {
    plan.notices.iter().map(Notice::to_string).collect()
}

fn replaces(plan: &Plan) -> bool {
    text::lines(plan).iter().any(|line| line.contains("create container m.web.dmfab-new"))
}

/// Without a new container, swap as much again as memory.
// features: UPD-17, UPD-19, UPD-21
#[test]
fn limits_and_restart_policy_are_changed_in_place() {
    insta::assert_snapshot!(change("host_config: {mem_limit: 1g}", "host_config: {mem_limit: 2g, restart_policy: always}"), @r#"#1 "update container m.web: Memory=2147483648 MemorySwap=4294967296 RestartPolicy={\"Name\":\"always\"}"  <- host_config.Memory 1073741824 -> 2147483648 (inventory.yaml:4); host_config.MemorySwap 2147483648 -> 4294967296 (inventory.yaml:4); host_config.RestartPolicy (not set) -> "{\"Name\":\"always\"}" (inventory.yaml:4)"#);
    insta::assert_snapshot!(change("host_config: {restart_policy: always, pids_limit: 9}", "user: null"), @r#"#1 "update container m.web: PidsLimit=0 RestartPolicy={\"Name\":\"no\"}"  <- host_config.PidsLimit 9 -> (not set) (inventory.yaml:4); host_config.RestartPolicy "{\"Name\":\"always\"}" -> (not set) (inventory.yaml:4)"#);
}

/// A container that stands still is changed first, and started then.
// features: UPD-17, UPD-24
#[test]
fn a_stopped_container_is_changed_and_then_started() {
    let after = web("host_config: {cpu_shares: 3}, networks: two");
    insta::assert_snapshot!(deploy(&after, &stopped(&web("networks: one"), 1)), @"
    #1 update container m.web: CpuShares=3  <- host_config.CpuShares (not set) -> 3 (inventory.yaml:4)
    #2 disconnect container m.web from network m.one  <- networks.m.one m.one -> (not set) (inventory.yaml:4)  after #1
    #3 connect container m.web to network m.two  <- networks.m.two (not set) -> m.two (inventory.yaml:4)  after #2
    #4 start container m.web  <- not running: exited with 1  after #3
    #5 verify container m.web  after #4
    ");
}

// features: UPD-18, OPT-08
#[test]
fn a_limit_that_is_taken_out_of_the_map_makes_a_new_container_unless_it_is_to_be_skipped() {
    let (before, after) = (web("host_config: {cpu_shares: 3, mem_limit: 1g}"), web("user: null"));
    let state = deployed(&before);
    assert!(replaces(&with_options(&after, &state, Options::default())));
    let kept = with_options(&after, &state, Options { skip_limit_reset: true, ..Options::default() });
    assert!(kept.is_empty(), "{:?}", text::lines(&kept));
    let told = notices(&kept);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with(
            "container m.web differs and is left as it is: host_config.CpuShares 3 -> (not set)"
        )
    );
}

/// What goes only with a new container takes everything else along.
// features: UPD-17
#[test]
fn a_new_container_gets_what_could_have_been_changed_in_place() {
    let text = change("networks: one", "user: 1, networks: two, host_config: {pids_limit: 9}");
    assert!(!text.contains("update container") && !text.contains("disconnect"), "{text}");
    for cause in [
        "user (not set) -> 1",
        "host_config.PidsLimit (not set) -> 9",
        "networks.m.two (not set) -> m.two",
        "networks.m.one m.one -> (not set)",
    ] {
        assert!(text.lines().next().expect("a step").contains(cause), "{cause}: {text}");
    }
}

// features: UPD-20
#[test]
fn a_limit_that_the_machine_cannot_keep_is_told_and_changes_nothing() {
    let after = web("host_config: {pids_limit: 9, mem_limit: 1g}");
    let unsupported_limits = ["Memory", "MemorySwap", "PidsLimit"].map(str::to_owned).into();
    let facts = EngineFacts { unsupported_limits, ..EngineFacts::default() };
    let plan = try_plan(&after, &HostState { facts, ..deployed(&web("user: null")) }, Goal::Deploy, &[])
        .expect("a plan");
    assert!(plan.is_empty(), "{:?}", text::lines(&plan));
    assert_eq!(notices(&plan).len(), 3);
}

/// Everything about places goes without a restart.
// features: UPD-11, UPD-12, UPD-13
#[test]
fn networks_are_joined_left_and_joined_again() {
    insta::assert_snapshot!(change("networks: one", "networks: [one, {two: {aliases: [w]}}]"), @r#"#1 connect container m.web to network m.two  <- networks.m.two (not set) -> "m.two, alias w" (inventory.yaml:4)"#);
    insta::assert_snapshot!(change("networks: one", "networks: {one: {aliases: [w], ipv4_address: 10.1.0.9}}"), @r#"
    #1 disconnect container m.web from network m.one  <- networks.m.one m.one -> "m.one, alias w, 10.1.0.9" (inventory.yaml:4)  interrupts
    #2 connect container m.web to network m.one  after #1
    "#);
    insta::assert_snapshot!(change("networks: [one, two]", "networks: one"), @"#1 disconnect container m.web from network m.two  <- networks.m.two m.two -> (not set) (inventory.yaml:4)  interrupts");
    insta::assert_snapshot!(change("user: null", "networks: one"), @"
    #1 disconnect container m.web from network bridge  <- networks.bridge bridge -> (not set) (inventory.yaml:4)  interrupts
    #2 connect container m.web to network m.one  <- networks.m.one (not set) -> m.one (inventory.yaml:4)  after #1
    ");
}

/// A start needs the network of the mode, so nobody leaves one that is about to go.
// features: UPD-13, UPD-14
#[test]
fn who_leaves_the_network_it_was_made_in_is_made_anew_once_no_map_asks_for_that() {
    let before = host("web: {image: i, networks: [old, one]}\nnetworks: {one: , old: }");
    let text = deploy(&web("networks: one"), &deployed(&before));
    assert!(
        text.starts_with("#1 create container m.web.dmfab-new  <- networks.m.old m.old -> (not set)"),
        "{text}"
    );
    assert!(
        change("networks: [one, two]", "networks: two")
            .contains("disconnect container m.web from network m.one")
    );
    assert!(change("networks: one", "network_mode: host").contains("network_mode default -> host"));
}

/// A stopped container does not start when the network it knows is gone.
// features: UPD-11
#[test]
fn a_network_that_was_made_anew_by_others_is_joined_again() {
    let host = web("networks: one");
    let mut state = stopped(&host, 0);
    state.networks.get_mut("m.one").expect("it").id = "another".to_owned();
    insta::assert_snapshot!(deploy(&host, &state), @r#"
    #1 disconnect container m.web from network m.one  <- networks.m.one "m.one, in a network that is gone" -> m.one (inventory.yaml:4)
    #2 connect container m.web to network m.one  after #1
    #3 start container m.web  <- not running: exited with 0  after #2
    #4 verify container m.web  after #3
    "#);
}

/// Nobody gets an address before the other one has given it up.
// features: UPD-12
#[test]
fn addresses_are_traded() {
    let map = |a: u8, b: u8| {
        host(&format!(
            "a: {{image: i, networks: {{one: {{ipv4_address: 10.1.0.{a}}}}}}}\nb: {{image: i, networks: {{one: {{ipv4_address: 10.1.0.{b}}}}}}}\n\
             networks: {{one: {{create_options: {{ipam: {{Config: [{{Subnet: 10.1.0.0/24}}]}}}}}}}}"
        ))
    };
    insta::assert_snapshot!(deploy(&map(3, 2), &deployed(&map(2, 3))), @r#"
    #1 disconnect container m.a from network m.one  <- networks.m.one "m.one, 10.1.0.2" -> "m.one, 10.1.0.3" (inventory.yaml:4)  interrupts
    #2 disconnect container m.b from network m.one  <- networks.m.one "m.one, 10.1.0.3" -> "m.one, 10.1.0.2" (inventory.yaml:5)  interrupts
    #3 connect container m.a to network m.one  after #1 #2
    #4 connect container m.b to network m.one  after #1 #2
    "#);
}

/// A hardware address is given at creation only.
#[test]
fn a_place_with_a_hardware_address_makes_a_new_container() {
    let address = "create_options: {mac_address: '02:42:ac:11:00:02'}";
    let text = change(
        &format!("{address}, networks: one"),
        &format!("{address}, networks: {{one: {{aliases: [a]}}}}"),
    );
    assert!(
        text.starts_with(
            "#1 create container m.web.dmfab-new  <- networks.m.one m.one -> \"m.one, alias a\""
        ),
        "{text}"
    );
}

// features: UPD-23, OPT-06
#[test]
fn exit_codes_that_nothing_can_be_started_after_are_the_operators_to_say() {
    let host = web("user: null");
    let codes = |codes: &[i64]| Options {
        nonrecoverable_exit_codes: codes.iter().copied().collect(),
        ..Options::default()
    };
    assert!(replaces(&with_options(&host, &stopped(&host, -127), Options::default())));
    assert!(!replaces(&with_options(&host, &stopped(&host, 126), Options::default())));
    assert!(replaces(&with_options(&host, &stopped(&host, 126), codes(&[126, 127]))));
    assert!(!replaces(&with_options(&host, &stopped(&host, -127), codes(&[]))));
}

/// Only on the way, though.
// features: UPD-23, OPT-07
#[test]
fn a_container_is_made_anew_because_the_operator_says_so() {
    let host = host("app: {image: i, shares: /a}\nweb: {image: i, uses: app}\napart: {image: i}");
    let plan = |items: &[&str], forced: &str| {
        let force_update = [crate::model::item::ItemId::container(forced)].into();
        let options = Options { force_update, ..Options::default() };
        let plan = try_plan_with(&host, &deployed(&host), Goal::Deploy, items, options).expect("a plan");
        text::lines(&plan).first().cloned().unwrap_or_default()
    };
    assert_eq!(plan(&["m.apart"], "m.apart"), "#1 create container m.apart.dmfab-new  <- asked for");
    assert_eq!(plan(&["m.apart"], "m.app"), "");
}

// features: UPD-01, UPD-26, OPT-09
#[test]
fn persistent_containers_keep_their_image_unless_the_operator_says_otherwise() {
    let (before, after) =
        (host("web: {image: 'i:1', persistent: true}"), host("web: {image: 'i:2', persistent: true}"));
    let mut state = deployed(&before);
    state.image_ids.extend(deployed(&after).image_ids);
    assert!(with_options(&after, &state, Options::default()).is_empty());
    assert!(replaces(&with_options(
        &after,
        &state,
        Options { update_persistent: true, ..Options::default() }
    )));
}

/// What is persistent and stands still is changed and stays so.
// features: UPD-17
#[test]
fn a_persistent_container_at_rest_is_changed_and_not_started() {
    let text =
        deploy(&web("persistent: true, host_config: {pids_limit: 9}"), &stopped(&web("persistent: true"), 0));
    insta::assert_snapshot!(text, @"#1 update container m.web: PidsLimit=9  <- host_config.PidsLimit (not set) -> 9 (inventory.yaml:4)");
}

#[test]
fn a_limit_that_the_host_may_not_have_is_told_and_no_reason_to_replace() {
    let before = host("web: {image: i}");
    let after = host("web: {image: i, host_config: {blkio_weight: 300}}");
    let plan = try_plan(&after, &deployed(&before), Goal::Deploy, &[]).expect("a plan");
    assert!(plan.is_empty(), "{:?}", text::lines(&plan));
    let notices: Vec<String> = plan.notices.iter().map(ToString::to_string).collect();
    let expected = "container m.web differs and is left as it is: host_config.BlkioWeight (not set) -> 300 (inventory.yaml:4)";
    assert_eq!(notices, [expected]);
}

/// A container that stands still has no hardware address, and one that runs has some, whoever chose it.
#[test]
fn a_hardware_address_is_compared_where_both_are_known() {
    let wanted = host("web: {create_options: {mac_address: 02:42:ac:11:00:02}}");
    let with = |wanted: &HostSpec, address: Option<&str>| {
        let mut state = deployed(wanted);
        for container in state.containers.values_mut() {
            container.settings.as_mut().expect("settings").mac_address = address.map(str::to_owned);
        }
        deploy(wanted, &state)
    };
    assert_eq!(with(&wanted, Some("02:42:ac:11:00:02")), "");
    assert_eq!(with(&wanted, None), "");
    assert_eq!(with(&host("web:"), Some("02:42:ac:11:00:09")), "");
    let plan = with(&wanted, Some("02:42:ac:11:00:09"));
    assert!(plan.contains("mac_address 02:42:ac:11:00:09 -> 02:42:ac:11:00:02"), "{plan}");
}

#[test]
fn a_container_that_is_unhealthy_and_otherwise_as_wanted_is_told() {
    let host = host("web: {image: i}");
    let mut state = deployed(&host);
    let found = state.containers.get_mut("m.web").expect("web");
    found.status = ContainerStatus::Running { health: Some(Health::Unhealthy) };
    for (goal, is_told) in [(Goal::Deploy, true), (Goal::Update, true), (Goal::Start, false)] {
        let plan = try_plan(&host, &state, goal, &[]).expect("a plan");
        assert!(plan.is_empty(), "{goal:?}");
        let told: Vec<String> = plan.notices.iter().map(ToString::to_string).collect();
        let expected: &[&str] =
            if is_told { &["container m.web is unhealthy; it is left as it is"] } else { &[] };
        assert_eq!(told, expected, "{goal:?}");
    }
}
