//! Runs that end too early: the next one finishes or undoes what they left.
//!
//! The moments are counted in events of an Engine, not in time: the run is stopped when the Engine
//! tells the n-th thing that happened to a container of the map.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::support::deployment::Deployment;
use crate::support::dmfab::{Ended, Running};
use crate::support::engine;

/// Replacing all three gives twenty-one events on each host.
fn map(release: usize) -> String {
    let settings = format!(
        "  image: dmfab-lab/app:1\n  stop_timeout: 1\n  create_options:\n    environment: {{RELEASE: {release}}}\n"
    );
    format!("back:\n  instances: [a, b]\n{settings}front:\n  links: back.a\n{settings}")
}

const CONTAINERS: [&str; 3] = ["back.a", "back.b", "front"];

/// Waits until an Engine has told `count` events of the map; `false` if the run ends before.
fn await_events(
    running: &mut Running,
    events: &Receiver<(String, String)>,
    prefix: &str,
    count: usize,
) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut seen = 0;
    while seen < count {
        assert!(Instant::now() < deadline, "only {seen} events of {count}");
        match events.recv_timeout(Duration::from_millis(20)) {
            Ok((_, name)) if name.starts_with(prefix) => seen += 1,
            Ok(_) => {}
            Err(_) if running.has_ended() => return false,
            Err(_) => {}
        }
    }
    true
}

/// Every container is there under some name: the old one, the new one, or both.
fn none_is_lost(deployment: &Deployment, moment: &str) {
    for (host_name, found) in deployment.containers() {
        for name in CONTAINERS {
            let is_there = found.keys().any(|key| key == name || key.starts_with(&format!("{name}.dmfab-")));
            assert!(is_there, "{moment}: {name} is lost on {host_name}: {found:?}");
        }
    }
}

fn a_deploy_killed_after(event_count: usize) {
    let deployment = Deployment::new(["web1", "apps1"], &map(1));
    deployment.deploy();
    deployment.set_map(&map(2));
    let events = engine::container_events(&deployment.host("web1").docker_sock);
    let mut running = deployment.dmfab("deploy", &["--yes"]).start();
    let was_running = await_events(&mut running, &events, &deployment.prefix(), event_count);
    assert!(was_running, "the deploy ended before {event_count} events");
    running.kill();
    none_is_lost(&deployment, &format!("killed after {event_count} events"));

    deployment.deploy();
    deployment.runs_exactly(CONTAINERS);
    is_release(&deployment, 2);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

fn is_release(deployment: &Deployment, release: usize) {
    for host in deployment.hosts() {
        for name in CONTAINERS {
            let format = "{{range .Config.Env}}{{println .}}{{end}}";
            let container = format!("{}{name}", deployment.prefix());
            let environment = host.exec(["docker", "inspect", "-f", format, &container]);
            let expected = format!("RELEASE={release}");
            assert!(environment.lines().any(|line| line == expected), "{} {name}", host.name);
        }
    }
}

#[test]
fn a_deploy_killed_when_the_first_container_is_created_is_finished_by_the_next() {
    a_deploy_killed_after(1);
}

#[test]
fn a_deploy_killed_while_old_containers_stop_is_finished_by_the_next() {
    a_deploy_killed_after(4);
}

#[test]
fn a_deploy_killed_while_containers_are_renamed_is_finished_by_the_next() {
    a_deploy_killed_after(7);
}

#[test]
fn a_deploy_killed_while_new_containers_start_is_finished_by_the_next() {
    a_deploy_killed_after(11);
}

#[test]
fn a_deploy_killed_while_old_containers_are_removed_is_finished_by_the_next() {
    a_deploy_killed_after(14);
}

#[test]
fn a_deploy_killed_shortly_before_its_end_is_finished_by_the_next() {
    a_deploy_killed_after(18);
}

fn a_deploy_interrupted_after(event_count: usize) -> (Deployment, Ended) {
    let deployment = Deployment::new(["web1", "apps1"], &map(1));
    deployment.deploy();
    deployment.set_map(&map(2));
    let events = engine::container_events(&deployment.host("web1").docker_sock);
    let mut running = deployment.dmfab("deploy", &["--yes"]).start();
    assert!(await_events(&mut running, &events, &deployment.prefix(), event_count), "ended too early");
    running.interrupt();
    let ended = running.wait();
    (deployment, ended)
}

#[test]
fn an_interrupted_deploy_says_where_every_host_stands() {
    let (deployment, ended) = a_deploy_interrupted_after(2);
    let ended = ended.exits_with(130);
    ended.says("interrupted: finishing the steps that run; interrupt again to stop at once");
    for host_name in ["web1", "apps1"] {
        assert!(ended.stdout.contains(host_name), "{ended}");
    }
    ended.says("INTERRUPTED");
    ended.says("not begun").says(" put back");
    // What was begun is complete or taken back: nothing half-done is left, and everything runs.
    deployment.runs_exactly(CONTAINERS);

    deployment.deploy();
    deployment.runs_exactly(CONTAINERS);
    is_release(&deployment, 2);
}

#[test]
fn a_deploy_interrupted_twice_stops_at_once_and_is_finished_by_the_next() {
    let deployment = Deployment::new(["web1", "apps1"], &map(1));
    deployment.deploy();
    deployment.set_map(&map(2).replace("stop_timeout: 1", "stop_timeout: 20"));
    let events = engine::container_events(&deployment.host("web1").docker_sock);
    let mut running = deployment.dmfab("deploy", &["--yes"]).start();
    assert!(await_events(&mut running, &events, &deployment.prefix(), 3), "ended too early");
    running.interrupt();
    running.interrupt();
    let ended = running.wait().exits_with(130);
    assert!(ended.took < Duration::from_secs(10), "{ended}");
    none_is_lost(&deployment, "interrupted twice");

    deployment.deploy();
    deployment.runs_exactly(CONTAINERS);
    is_release(&deployment, 2);
}
