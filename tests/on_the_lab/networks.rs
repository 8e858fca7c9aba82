//! Networks of a map.

use crate::support::deployment::Deployment;
use crate::support::{eventually, http};

const MAP: &str = "
app:
  image: dmfab-lab/app:1
  stop_timeout: 1
  networks:
    - [front, [application]]
    - [back, [backend]]
db:
  image: dmfab-lab/app:2
  stop_timeout: 1
  networks:
    - [back, [database]]
networks:
  front:
  back:
";

/// What a container reads from another one by this name, if it can. Not with wget, which crashes in
/// a statically linked busybox when it looks up a name.
fn reaches(deployment: &Deployment, container: &str, name: &str) -> Option<String> {
    let container = format!("{}{container}", deployment.prefix());
    let line = format!("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {name} 80");
    let (_, answer) = deployment.hosts()[0].try_exec(["docker", "exec", &container, "sh", "-c", &line]);
    answer.split_once("\r\n\r\n").map(|(_, page)| page.to_owned())
}

#[test]
fn containers_reach_each_other_by_the_aliases_of_the_networks_they_share() {
    let deployment = Deployment::new(["web1"], MAP);
    deployment.deploy();
    let host = deployment.host("web1");
    assert_eq!(host.networks(&deployment.prefix()), ["back", "front"]);
    let page = |container: &str, name: &str| {
        eventually(http::DEADLINE, name, || reaches(&deployment, container, name))
    };
    assert_eq!(page("app", "database"), "app version 2\n");
    assert_eq!(page("db", "backend"), "app version 1\n");
    assert_eq!(reaches(&deployment, "db", "application"), None, "`front` is not a network of `db`");
    deployment.deploy().says("nothing to do");
}

#[test]
fn a_replaced_container_is_in_its_networks_again() {
    let deployment = Deployment::new(["apps1"], MAP);
    deployment.deploy();
    deployment.set_map(&MAP.replace("app:1", "app:2"));
    deployment.deploy();
    let page = eventually(http::DEADLINE, "backend", || reaches(&deployment, "db", "backend"));
    assert_eq!(page, "app version 2\n");
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

#[test]
fn an_alias_that_is_added_to_a_container_gets_to_the_engine() {
    let deployment = Deployment::new(["apps2"], MAP);
    deployment.deploy();
    let db = deployment.id("apps2", "db");
    deployment.set_map(&MAP.replace("[backend]", "[backend, other]"));
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(3);
    deployment.deploy();
    let page = eventually(http::DEADLINE, "other", || reaches(&deployment, "db", "other"));
    assert_eq!(page, "app version 1\n");
    assert_eq!(deployment.id("apps2", "db"), db, "nothing of `db` was changed");
}
