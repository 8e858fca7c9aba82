//! A host that breaks in the middle of a deploy: the run ends, the other host is done, and the next run
//! brings the broken one to the wanted state.

use std::time::Duration;

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::engine;
use crate::support::inventory::Inventory;
use crate::support::lab::{Lab, OwnHost};

/// What the inventory gives each call to the Engine of the host that breaks.
const CALL_TIMEOUT: &str = "timeout: 5";

/// A host that says nothing more must not hold up the operator for longer: one call for the step,
/// one for the first step to be taken back, and what the rest of the run needs.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);

fn map(release: usize) -> String {
    let settings = format!(
        "  image: dmfab-lab/app:1\n  stop_timeout: 1\n  create_options:\n    environment: {{RELEASE: {release}}}\n"
    );
    format!("back:\n{settings}front:\n  links: back\n{settings}")
}

/// Deploys a change to a shared host and to one that breaks after some events.
fn deploy_while_it_breaks(own: &OwnHost, break_it: impl FnOnce()) -> (Deployment, Ended) {
    let inventory = Inventory::of([Lab::shared().host("apps3"), own.host.clone()]);
    let inventory = inventory.host_line(&own.host.name, CALL_TIMEOUT);
    let deployment = Deployment::with_inventory(&inventory, &map(1));
    deployment.deploy();
    deployment.set_map(&map(2));
    let events = engine::container_events(&own.host.docker_sock);
    let running = deployment.dmfab("deploy", &["--yes"]).start();
    let mut seen = 0;
    while seen < 4 {
        let (_, name) = events.recv_timeout(LONGEST_SILENCE).expect("four events");
        seen += usize::from(name.starts_with(&deployment.prefix()));
    }
    break_it();
    let ended = running.wait();
    (deployment, ended)
}

fn the_other_host_is_done(deployment: &Deployment, ended: &Ended) {
    assert!(ended.took < LONGEST_SILENCE, "{ended}");
    ended.says("\napps3    done");
    let found = deployment.host("apps3").containers(&deployment.prefix());
    assert_eq!(found.keys().collect::<Vec<_>>(), ["back", "front"], "{ended}");
}

fn the_next_run_mends_it(deployment: &Deployment) {
    deployment.deploy();
    deployment.runs_exactly(["back", "front"]);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

#[test]
fn a_host_whose_cable_is_pulled_is_given_up() {
    let own = Lab::shared().own_host("broken1");
    let (deployment, ended) = deploy_while_it_breaks(&own, || own.link("down"));
    own.link("up");
    let ended = ended.exits_with(4);
    the_other_host_is_done(&deployment, &ended);
    ended.says("broken1  FAILED").says("no answer within 5 s");
    the_next_run_mends_it(&deployment);
}

#[test]
fn a_host_whose_dockerd_freezes_is_given_up() {
    let own = Lab::shared().own_host("broken2");
    let (deployment, ended) = deploy_while_it_breaks(&own, || own.freeze_dockerd());
    own.unfreeze_dockerd();
    let ended = ended.exits_with(4);
    the_other_host_is_done(&deployment, &ended);
    ended.says("broken2  FAILED");
    the_next_run_mends_it(&deployment);
}

#[test]
fn a_host_whose_dockerd_dies_is_told() {
    let own = Lab::shared().own_host("broken2");
    let (deployment, ended) = deploy_while_it_breaks(&own, || own.stop("dockerd"));
    let ended = ended.exits_with(4);
    the_other_host_is_done(&deployment, &ended);
    ended.says("broken2  FAILED");
    own.start("dockerd");
    the_next_run_mends_it(&deployment);
}

#[test]
fn a_host_that_ends_all_ssh_sessions_is_told() {
    let own = Lab::shared().own_host("broken1");
    // The listening daemon stays: only the session of the run goes.
    let end_sessions = || drop(own.host.exec(["sh", "-c", "kill -9 $(pgrep -P $(cat /run/sshd.pid))"]));
    let (deployment, ended) = deploy_while_it_breaks(&own, end_sessions);
    let ended = ended.exits_with(4);
    the_other_host_is_done(&deployment, &ended);
    ended.says("broken1  FAILED").says("connection");
    the_next_run_mends_it(&deployment);
}

#[test]
fn a_host_whose_cable_is_pulled_before_the_run_costs_only_the_connect_timeout() {
    let own = Lab::shared().own_host("broken2");
    let inventory = Inventory::of([Lab::shared().host("apps3"), own.host.clone()]);
    let deployment = Deployment::with_inventory(&inventory, &map(1));
    own.link("down");
    let ended = deployment.dmfab("deploy", &["--connect-timeout", "3", "--yes"]).run().exits_with(5);
    own.link("up");
    assert!(ended.took < Duration::from_secs(10), "{ended}");
    ended.says("broken2  UNREACHABLE").says("connection to host `broken2` failed (TCP connection)");
    ended.says("help: check that the host is up").says("apps3    done");
}
