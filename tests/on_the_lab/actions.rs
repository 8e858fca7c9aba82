//! Docker-Map's actions, one after the other and with their options.

use std::time::Duration;

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::engine;
use crate::support::http;

const MAP: &str = "
web:
  image: dmfab-lab/app:1
  networks: front
  uses: socket
  stop_timeout: 1
app:
  image: dmfab-lab/app:1
  attaches: socket
  user: 2000
  stop_timeout: 1
job:
  image: dmfab-lab/app:1
  networks: front
  persistent: true
  stop_timeout: 1
networks: {front: }
volumes: {socket: /socket}
";

/// Runs an action that must succeed.
#[track_caller]
fn act(deployment: &Deployment, action: &str, arguments: &[&str]) -> Ended {
    deployment.dmfab(action, &[arguments, &["--yes"]].concat()).run().exits_with(0)
}

/// What each container does, `app running job exited web created`.
fn states(deployment: &Deployment) -> String {
    let found = deployment.hosts()[0].containers(&deployment.prefix());
    let states: Vec<String> =
        found.iter().map(|(name, container)| format!("{name} {}", container.state)).collect();
    states.join(" ")
}

/// features: ACT-01, ACT-02, ACT-03, ACT-04, ACT-05
#[test]
fn a_container_goes_from_created_to_removed_and_each_state_is_reached_once() {
    let deployment = Deployment::new(["apps1"], MAP);
    let again = |action: &str| {
        act(&deployment, action, &[]).says("nothing to do").says("nothing changed");
    };
    act(&deployment, "create", &[]).says("5 created");
    assert_eq!(states(&deployment), "app created job created web created");
    let owner = deployment.hosts()[0].exec([
        "sh",
        "-c",
        &format!(
            "stat -c %u $(docker volume inspect -f '{{{{.Mountpoint}}}}' {}socket)",
            deployment.prefix()
        ),
    ]);
    assert_eq!(owner, "2000\n", "volumes are prepared");
    again("create");
    act(&deployment, "restart", &[]).says("web is left alone: created").says("nothing changed");
    act(&deployment, "start", &["web"]).says("2 started");
    assert_eq!(states(&deployment), "app running job created web running");
    act(&deployment, "start", &[]).says("1 started, 2 unchanged");
    again("start");
    let ids = deployment.containers();
    act(&deployment, "restart", &["app"]).says("1 restarted");
    assert_eq!(deployment.containers(), ids);
    act(&deployment, "remove", &[]).says("web runs and is left alone").says("nothing changed");
    act(&deployment, "stop", &["app"]).says("2 stopped");
    assert_eq!(states(&deployment), "app exited job running web exited");
    act(&deployment, "stop", &[]).says("1 stopped, 2 unchanged");
    again("stop");
    // Persistent ones that have run rest.
    act(&deployment, "start", &[]).says("2 started, 1 unchanged");
    assert_eq!(states(&deployment), "app running job exited web running");
    act(&deployment, "stop", &[]);
    act(&deployment, "remove", &["--keep-persistent"])
        .says("2 removed")
        .says("job is persistent and is kept");
    assert_eq!(states(&deployment), "job exited");
    act(&deployment, "remove", &[]).says("1 removed");
    again("remove");
    act(&deployment, "start", &[]).says("web is not there").says("nothing changed");
}

/// features: ACT-04
#[test]
fn stops_that_do_not_depend_on_one_another_take_as_long_as_the_slowest() {
    // The first process of a container ignores what it does not handle.
    let one = |number: usize| {
        format!(
            "deaf{number}:\n  image: dmfab-lab/app:1\n  create_options: {{entrypoint: /bin/sleep, command: '9999'}}\n"
        )
    };
    let map: String = (0..10).map(one).collect();
    let deployment = Deployment::new(["apps2"], &map);
    deployment.deploy();
    let ended = act(&deployment, "stop", &["--timeout", "6"]).says("10 stopped").took;
    assert!(states(&deployment).split(' ').skip(1).step_by(2).all(|state| state == "exited"));
    assert!(ended >= Duration::from_secs(6) && ended < Duration::from_secs(12), "{ended:?}");
}

/// features: ACT-10, ACT-22, OPT-01, OPT-02
#[test]
fn shutdown_takes_volumes_and_networks_with_it_where_that_is_asked_for() {
    let deployment = Deployment::new(["apps3"], MAP);
    let host = &deployment.hosts()[0];
    deployment.deploy();
    act(&deployment, "shutdown", &["--keep-persistent", "--networks"])
        .says("job is persistent and is kept")
        .says("front is kept: ")
        .says("job uses it");
    assert_eq!(states(&deployment), "job exited");
    assert_eq!(host.volumes(&deployment.prefix()), ["socket"]);

    deployment.deploy();
    let (stranger, network) =
        (format!("{}stranger", deployment.prefix()), format!("{}front", deployment.prefix()));
    let volume = format!("{}socket:/s", deployment.prefix());
    host.exec([
        "docker",
        "run",
        "-d",
        "--name",
        &stranger,
        "--network",
        &network,
        "-v",
        &volume,
        "dmfab-lab/app:1",
    ]);
    let kept = act(&deployment, "shutdown", &["--remove-attached", "--networks"]);
    kept.says(&format!("socket is kept: {stranger} uses it"))
        .says(&format!("front is kept: {stranger} uses it"));
    assert_eq!(states(&deployment), "stranger running");

    host.exec(["docker", "rm", "-f", &stranger]);
    deployment.deploy();
    act(&deployment, "shutdown", &["--remove-attached", "--networks"]).says("5 changed");
    assert_eq!(host.volumes(&deployment.prefix()), [""; 0]);
    assert_eq!(host.networks(&deployment.prefix()), [""; 0]);
    act(&deployment, "shutdown", &["--remove-attached", "--networks"]).says("nothing to do");
}

/// features: ACT-12, API-21
#[test]
fn a_signal_reaches_the_first_process() {
    let deployment = Deployment::new(["apps1"], MAP);
    deployment.deploy();
    let events = engine::container_events(&deployment.hosts()[0].docker_sock);
    let own = deployment.prefix();
    // Other tests work on the host, too.
    let next = || loop {
        let (action, name) = events.recv_timeout(http::DEADLINE).expect("an event");
        if let Some(name) = name.strip_prefix(&own) {
            return format!("{action} {name}");
        }
    };
    let refused = deployment.dmfab("signal", &["web", "--signal", "HUP"]).run().exits_with(2);
    refused.says("the plan sends signals to containers on 1 host, and there is no terminal to ask");
    act(&deployment, "signal", &["web", "--signal", "HUP"]).says("1 signalled");
    assert_eq!(states(&deployment), "app running job running web running");
    assert_eq!(next(), "kill web");
    act(&deployment, "kill", &["web"]);
    assert_eq!([next(), next()], ["kill web", "die web"]);
    act(&deployment, "signal", &["web"]).says("web is left alone: exited with 137").says("nothing changed");
}

/// features: ACT-13, OPT-03
#[test]
fn pull_takes_all_images_or_missing_ones() {
    let image = format!("{}/dmfab-lab/app:1", crate::support::lab::Lab::shared().registries().0);
    let deployment = Deployment::new(["web1"], &format!("app: {{image: '{image}'}}\n"));
    act(&deployment, "pull", &[]).says("1 pulled");
    act(&deployment, "pull", &[]).says("1 pulled");
    act(&deployment, "pull", &["--missing"]).says("nothing to do");
}

#[test]
fn orphans_are_removed_where_that_is_asked_for_and_free_their_ports_first() {
    let exposed = |name: &str| {
        format!("{name}:\n  image: dmfab-lab/app:1\n  exposes: {{80: 28976}}\n  stop_timeout: 1\n")
    };
    let deployment = Deployment::new(["apps1"], &exposed("old"));
    deployment.deploy();
    deployment.set_map(&exposed("new").replace("28976", "28977"));
    deployment.dmfab("plan", &[]).run().exits_with(0).says("old is in no map any more; it is left alone");
    deployment.set_map(&exposed("new"));
    let taken = deployment.dmfab("plan", &[]).run().exits_with(4);
    taken.says("old` holds").says("help: remove it with `--remove-orphans`: no map asks for it any more");
    let refused = deployment.dmfab("deploy", &["--remove-orphans"]).run().exits_with(2);
    refused.says("the plan stops or removes containers on 1 host");
    act(&deployment, "deploy", &["--remove-orphans"]);
    deployment.runs_exactly(["new"]);
    act(&deployment, "deploy", &["--remove-orphans"]).says("nothing to do");
}
