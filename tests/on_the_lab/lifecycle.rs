//! `shutdown` and `startup`: down in one order, up in the other.

use crate::support::deployment::Deployment;
use crate::support::engine;
use crate::support::http;

const MAP: &str = "
web:
  image: dmfab-lab/app:1
  links: app
  stop_timeout: 1
app:
  image: dmfab-lab/app:1
  links: db
  attaches: data
  user: 2000
  stop_timeout: 1
db:
  image: dmfab-lab/app:1
  stop_timeout: 1
volumes:
  data: /data
";

/// The names in the order in which the Engine told this of them.
fn order(events: &std::sync::mpsc::Receiver<(String, String)>, prefix: &str, action: &str) -> Vec<String> {
    let mut names = Vec::new();
    while names.len() < 3 {
        let (told, name) = events.recv_timeout(http::DEADLINE).expect("three events");
        if let Some(name) = name.strip_prefix(prefix).filter(|_| told == action) {
            names.push(name.to_owned());
        }
    }
    names
}

#[test]
fn dependents_stop_first_and_start_last() {
    let deployment = Deployment::new(["web1", "apps2"], MAP);
    deployment.deploy();
    let events = engine::container_events(&deployment.host("web1").docker_sock);
    let ended = deployment.dmfab("shutdown", &["--yes"]).run().exits_with(0);
    assert_eq!(
        ended.screen(),
        "web1,apps2  done  3 changed  T s\n\n2 hosts: 2 done · 6 items changed · T s\n"
    );
    assert_eq!(order(&events, &deployment.prefix(), "destroy"), ["web", "app", "db"]);
    deployment.runs_exactly([]);
    let volumes = deployment.host("web1").volumes(&deployment.prefix());
    assert_eq!(volumes, ["data"], "data outlives the containers");

    deployment.dmfab("startup", &[]).run().exits_with(0);
    assert_eq!(order(&events, &deployment.prefix(), "start"), ["db", "app", "web"]);
    deployment.runs_exactly(["app", "db", "web"]);
}

#[test]
fn data_in_a_volume_outlives_shutdown_and_startup() {
    let deployment = Deployment::new(["apps3"], MAP);
    deployment.deploy();
    let container = format!("{}app", deployment.prefix());
    let host = deployment.host("apps3");
    host.exec(["docker", "exec", &container, "sh", "-c", "echo kept > /data/file"]);
    deployment.dmfab("shutdown", &["--yes"]).run().exits_with(0);
    deployment.dmfab("startup", &[]).run().exits_with(0);
    assert_eq!(host.exec(["docker", "exec", &container, "cat", "/data/file"]), "kept\n");
}

#[test]
fn startup_leaves_running_containers_as_they_are_although_the_map_has_changed() {
    let deployment = Deployment::new(["apps1"], MAP);
    deployment.deploy();
    let before = deployment.containers();
    deployment.set_map(&MAP.replace("app:1", "app:2"));
    deployment.dmfab("startup", &["--yes"]).run().exits_with(0).says("nothing changed");
    assert_eq!(deployment.containers(), before);
}

#[test]
fn a_container_that_stopped_is_started_by_deploy_and_keeps_its_id() {
    let deployment = Deployment::new(["apps1"], MAP);
    deployment.deploy();
    let before = deployment.containers();
    deployment.host("apps1").exec(["docker", "stop", "-t", "1", &format!("{}web", deployment.prefix())]);
    deployment.dmfab("deploy", &[]).run().exits_with(0).says("apps1  done  1 changed, 3 unchanged");
    assert_eq!(deployment.containers(), before);
}

#[test]
fn only_chosen_items_and_what_depends_on_them_are_shut_down() {
    let deployment = Deployment::new(["apps2"], MAP);
    deployment.deploy();
    deployment.dmfab("shutdown", &["app", "--yes"]).run().exits_with(0);
    deployment.runs_exactly(["db"]);
    deployment.dmfab("startup", &["app"]).run().exits_with(0);
    deployment.runs_exactly(["app", "db"]);
}

#[test]
fn without_a_terminal_nothing_is_destroyed_unless_yes_is_said() {
    let deployment = Deployment::new(["web1"], MAP);
    deployment.deploy();
    let before = deployment.containers();
    let ended = deployment.dmfab("shutdown", &[]).run().exits_with(2);
    ended.says("3 to remove (interrupts service)");
    let refusal = "error: the plan stops or removes containers on 1 host, and there is no terminal to ask\n\
                   help: look at the plan above, then add `--yes`\n";
    assert!(ended.stderr.ends_with(refusal), "{ended}");
    assert_eq!(deployment.containers(), before);
}
