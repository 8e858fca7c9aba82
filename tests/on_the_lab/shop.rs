//! The shop of `examples/`, as a user deploys it.

use std::path::Path;

use crate::support::deployment::Deployment;
use crate::support::inventory::Inventory;
use crate::support::lab::Lab;
use crate::support::port::Port;
use crate::support::{eventually, http};

/// The example itself under another name and port, so that other tests can run beside it.
struct Shop {
    deployment: Deployment,
    port: Port,
}

impl Shop {
    fn new() -> Self {
        let lab = Lab::shared();
        let inventory = Inventory::of(lab.hosts());
        let deployment = Deployment::with_inventory(&inventory, "");
        let shop = Self { deployment, port: Port::take() };
        shop.write_map("good day");
        shop
    }

    fn write_map(&self, greeting: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/shop.yaml");
        let mut text = std::fs::read_to_string(file).expect("the example");
        for (from, to) in [
            ("name: shop\n", format!("name: {}\n", self.deployment.map_name)),
            ("host_root: /var/lib/shop\n", format!("host_root: /var/lib/{}\n", self.deployment.map_name)),
            ("host_port: 80\n", format!("host_port: {}\n", self.port.number)),
            ("GREETING: hello\n", format!("GREETING: {greeting}\n")),
        ] {
            assert_eq!(text.matches(from).count(), 1, "the example has changed: {from}");
            text = text.replace(from, &to);
        }
        self.deployment.write("map.yaml", &text);
    }
}

const CONTAINERS: [&str; 3] = ["app_server.instance1", "app_server.instance2", "web_server"];

#[test]
fn the_shop_is_served_by_every_host_that_was_chosen() {
    let shop = Shop::new();
    let ended = shop.deployment.dmfab("deploy", &["--hosts", "web1,apps1-3", "--yes"]).run().exits_with(0);
    assert_eq!(
        ended.screen(),
        "web1,apps[1-3]  done  6 changed  T s\n\n4 hosts: 4 done · 24 items changed · T s\n"
    );
    shop.deployment.runs_exactly(CONTAINERS);
    for host in shop.deployment.hosts() {
        let get = |path: &str| http::get(&host.private, shop.port.number, path).ok();
        let page = eventually(http::DEADLINE, "the front page", || get("/"));
        assert_eq!((page.status, page.body.trim()), (200, "app version 1"), "{}", host.name);
        let greeting = || get("/app/greeting").filter(|answer| answer.status == 200);
        let greeting = eventually(http::DEADLINE, "the greeting", greeting);
        assert_eq!(greeting.body, "good day\n", "{}", host.name);
        assert!(http::get(&host.public, shop.port.number, "/").is_err(), "published on the private address");
    }
}

#[test]
fn the_plan_beside_the_example_is_what_a_fresh_host_gets() {
    let shop = Shop::new();
    let steps = shop.deployment.dmfab("plan", &["--hosts", "web1", "--format", "steps"]).run().exits_with(0);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/plan.txt");
    let expected = std::fs::read_to_string(file).expect("the plan");
    let expected =
        expected.replace("examples/shop/shop.yaml", "map.yaml").replace("shop.", &shop.deployment.prefix());
    assert_eq!(steps.stdout, expected);
}

#[test]
fn volumes_get_the_owner_and_mode_that_their_user_needs() {
    let shop = Shop::new();
    shop.deployment.deploy();
    for host in shop.deployment.hosts() {
        let path = |name: &str| format!("/var/lib/docker/volumes/{}{name}/_data", shop.deployment.prefix());
        let stat = |path: &str| host.exec(["stat", "-c", "%u:%g %a", path]).trim().to_owned();
        assert_eq!(stat(&path("app_server_socket")), "2000:2000 750", "{}", host.name);
        assert_eq!(stat(&path("app_log")), "2000:2000 750", "{}", host.name);
        assert_eq!(stat(&path("web_log")), "0:0 755", "nobody asked for another owner");
    }
}

#[test]
fn instances_have_host_paths_of_their_own() {
    let shop = Shop::new();
    shop.deployment.dmfab("deploy", &["--hosts", "apps1", "--yes"]).run().exits_with(0);
    let host = shop.deployment.host("apps1");
    let root = format!("/var/lib/{}", shop.deployment.map_name);
    assert_eq!(host.exec(["ls", &format!("{root}/data")]), "app1\napp2\n");
    host.exec(["sh", "-c", &format!("echo first > {root}/data/app1/file")]);
    let read = |instance: &str| {
        let container = format!("{}app_server.{instance}", shop.deployment.prefix());
        host.try_exec(["docker", "exec", &container, "cat", "/var/lib/app/data/file"])
    };
    assert_eq!(read("instance1"), (true, "first\n".to_owned()));
    assert!(!read("instance2").0, "the second instance sees the first one's file");
}

#[test]
fn a_second_deploy_changes_nothing_and_says_so() {
    let shop = Shop::new();
    shop.deployment.deploy();
    let before = shop.deployment.containers();
    let ended = shop.deployment.deploy();
    assert_eq!(
        ended.screen(),
        "web1,apps[1-3]  done  nothing to do, 6 unchanged  T s\n\n4 hosts: 4 done · nothing changed · T s\n"
    );
    assert_eq!(shop.deployment.containers(), before);
}

#[test]
fn one_changed_value_replaces_the_containers_that_have_it_on_the_hosts_that_were_chosen() {
    let shop = Shop::new();
    shop.deployment.deploy();
    let before = shop.deployment.containers();
    shop.write_map("good night");
    let ended = shop.deployment.dmfab("deploy", &["--hosts", "web1,apps2", "--yes"]).run().exits_with(0);
    ended.says("environment.GREETING good day -> good night");
    let after = shop.deployment.containers();
    for (host_name, containers) in &before {
        for (name, container) in containers {
            let is_same = after[host_name].get(name).is_some_and(|now| now.id == container.id);
            let is_meant = ["web1", "apps2"].contains(&host_name.as_str()) && name.starts_with("app_server");
            assert_eq!(is_same, !is_meant, "{host_name} {name}: {:?}", after[host_name]);
        }
    }
    shop.deployment.runs_exactly(CONTAINERS);
}
