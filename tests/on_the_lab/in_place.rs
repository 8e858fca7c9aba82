//! Changes that leave a container running: limits, restart policy, networks.

use serde_json::Value;

use crate::support::deployment::Deployment;
use crate::support::engine;

/// What a container is, and since when it runs.
fn life(deployment: &Deployment, container: &str) -> (String, String) {
    let found = inspected(deployment, container);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&found["Id"]), text(&found["State"]["StartedAt"]))
}

fn inspected(deployment: &Deployment, container: &str) -> Value {
    let name = format!("{}{container}", deployment.prefix());
    engine::get(&deployment.hosts()[0].docker_sock, &format!("/containers/{name}/json"))
}

/// Deploys another map, sees every one of the containers live on, and nothing left to do.
fn changes_in_place(deployment: &Deployment, map: &str, containers: &[&str]) {
    let before: Vec<_> = containers.iter().map(|container| life(deployment, container)).collect();
    deployment.set_map(map);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(3);
    deployment.deploy();
    let after: Vec<_> = containers.iter().map(|container| life(deployment, container)).collect();
    assert_eq!(after, before, "{map}");
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

fn app(settings: &str) -> String {
    format!("app:\n  image: dmfab-lab/app:1\n  stop_timeout: 1\n{settings}")
}

// features: UPD-17, UPD-19, UPD-21
#[test]
fn limits_and_restart_policy_change_while_a_container_runs() {
    let deployment = Deployment::new(["web1"], &app(""));
    deployment.deploy();
    for (settings, field, value) in [
        ("{mem_limit: 64m, restart_policy: always}", "MemorySwap", Value::from(128 << 20)),
        (
            "{mem_limit: 96m, pids_limit: 50, restart_policy: {Name: on-failure, MaximumRetryCount: 2}}",
            "PidsLimit",
            50.into(),
        ),
        (
            "{mem_limit: 96m, memswap_limit: 96m, cpu_shares: 512, cpu_quota: 50000}",
            "CpuQuota",
            50_000.into(),
        ),
        (
            "{mem_limit: 64m, cpu_shares: 256, cpuset_cpus: '0', mem_reservation: 32m}",
            "CpuQuota",
            Value::from(-1),
        ),
    ] {
        changes_in_place(&deployment, &app(&format!("  host_config: {settings}\n")), &["app"]);
        assert_eq!(inspected(&deployment, "app")["HostConfig"][field], value, "{settings}");
    }
    assert_eq!(inspected(&deployment, "app")["HostConfig"]["RestartPolicy"]["Name"], "no");
}

/// Engines do not forget most limits.
// features: UPD-18, OPT-08
#[test]
fn a_limit_that_is_taken_out_makes_a_new_container() {
    let deployment = Deployment::new(["apps1"], &app("  host_config: {mem_limit: 64m, cpu_shares: 512}\n"));
    deployment.deploy();
    let id = deployment.id("apps1", "app");
    deployment.set_map(&app(""));
    deployment
        .dmfab("plan", &["--exit-code"])
        .run()
        .exits_with(3)
        .says("host_config.Memory 67108864 -> (not set)");
    deployment.deploy();
    assert_ne!(deployment.id("apps1", "app"), id);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

const NETWORKS: &str =
    "networks:\n  front:\n  back:\n    create_options: {ipam: {Config: [{Subnet: 10.232.9.0/24}]}}\n";

// features: UPD-11, UPD-12, UPD-13
#[test]
fn places_in_networks_change_while_a_container_runs() {
    let map = |networks: &str| app(&format!("  networks: {networks}\n  exposes: {{80: 18984}}\n")) + NETWORKS;
    let deployment = Deployment::new(["apps2"], &map("[front]"));
    deployment.deploy();
    for networks in [
        "[front, [back, [api]]]",
        "{front: {aliases: [www]}, back: {aliases: [api, other], ipv4_address: 10.232.9.9}}",
        "{back: {ipv4_address: 10.232.9.8}}",
        "[bridge]",
        "[front]",
    ] {
        changes_in_place(&deployment, &map(networks), &["app"]);
    }
    let found = inspected(&deployment, "app")["NetworkSettings"]["Networks"].clone();
    assert_eq!(
        found.as_object().expect("networks").keys().collect::<Vec<_>>(),
        [&format!("{}front", deployment.prefix())]
    );
}

/// What stands still is changed too, and started then.
// features: UPD-11, UPD-24
#[test]
fn a_stopped_container_is_changed_before_it_starts() {
    let map = |networks: &str, pids: u32| {
        app(&format!("  networks: {networks}\n  host_config: {{pids_limit: {pids}}}\n")) + NETWORKS
    };
    let deployment = Deployment::new(["apps3"], &map("[front]", 50));
    deployment.deploy();
    let (host, prefix, id) = (&deployment.hosts()[0], deployment.prefix(), deployment.id("apps3", "app"));
    host.exec(["docker", "stop", "-t", "1", &format!("{prefix}app")]);
    // The network that the container knows is gone, although there is one of the name again.
    host.exec(["docker", "network", "rm", &format!("{prefix}front")]);
    deployment.set_map(&map("[front, back]", 60));
    deployment.deploy();
    deployment.runs_exactly(["app"]);
    assert_eq!(deployment.id("apps3", "app"), id);
    assert_eq!(inspected(&deployment, "app")["HostConfig"]["PidsLimit"], 60);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

/// Also a container that somebody else has put into the network is in the new one.
// features: UPD-15
#[test]
fn a_network_is_made_anew_while_its_containers_run() {
    let map = |network: &str| {
        format!(
            "{}other:\n  image: dmfab-lab/app:1\n  stop_timeout: 1\n  networks: [front]\nnetworks:\n  front: {network}\n",
            app("  networks: {front: {aliases: [www]}}\n")
        )
    };
    let deployment = Deployment::new(["web1"], &map("{}"));
    deployment.deploy();
    let (host, prefix) = (&deployment.hosts()[0], deployment.prefix());
    let (network, foreign) = (format!("{prefix}front"), format!("{prefix}foreign"));
    host.exec([
        "docker",
        "run",
        "-d",
        "--name",
        &foreign,
        "--network",
        &network,
        "--network-alias",
        "theirs",
        "dmfab-lab/app:1",
    ]);
    for options in [
        "{driver_options: {com.docker.network.driver.mtu: 1400}}",
        "{internal: true}",
        "{create_options: {labels: {team: x}}}",
        "{}",
    ] {
        changes_in_place(&deployment, &map(options), &["app", "other", "foreign"]);
        for (container, alias) in [("app", "www"), ("foreign", "theirs")] {
            let place = &inspected(&deployment, container)["NetworkSettings"]["Networks"][&network];
            assert!(place["Aliases"].as_array().expect("aliases").contains(&Value::from(alias)), "{place}");
        }
    }
}
