//! `plan -o` and `apply`: what was planned is done, or nothing.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::deployment::Deployment;
use crate::support::dmfab::{Ended, dmfab};
use crate::support::engine;

const MAP: &str = "
app:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options: {environment: {GREETING: hello, DB_PASSWORD: hunter2}}
";

/// The same with another image.
fn newer() -> String {
    MAP.replace("app:1", "app:2")
}

fn save(deployment: &Deployment) -> Ended {
    deployment.dmfab("plan", &["-o", "shop.plan"]).run().exits_with(0)
}

fn apply(deployment: &Deployment, arguments: &[&str]) -> Ended {
    let line = [&["apply", "shop.plan", "--yes"], arguments].concat();
    dmfab(line).in_folder(deployment.folder()).run()
}

fn text(deployment: &Deployment) -> String {
    std::fs::read_to_string(deployment.folder().join("shop.plan")).expect("a plan")
}

/// An apply that is refused with these lines, and changes nothing.
#[track_caller]
fn is_refused(deployment: &Deployment, expected: &[String]) {
    let before = deployment.containers();
    let ended = apply(deployment, &["--progress", "quiet"]).exits_with(2);
    assert_eq!(deployment.containers(), before, "{ended}");
    let lines = expected.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
    let told =
        format!("error: the plan in `shop.plan` does not hold any more; nothing was changed\n{lines}help: ");
    assert!(ended.stderr.contains(&told), "{ended}");
}

#[test]
fn a_saved_plan_is_carried_out_once() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    deployment.deploy();
    deployment.set_map(&newer());
    let saved = save(&deployment);
    saved.says("saved in `shop.plan`; carry it out with `dmfab apply shop.plan`");
    let file = deployment.folder().join("shop.plan");
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!text(&deployment).contains("hunter2"));
    assert_eq!(
        std::fs::read_dir(deployment.folder()).expect("a folder").count(),
        3,
        "nothing is left beside"
    );

    apply(&deployment, &[]).exits_with(0).says("done");
    deployment.runs_exactly(["app"]);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
    let ended = apply(&deployment, &[]).exits_with(2);
    ended.says("does not hold any more").says("help: look at what is to be done now");
    // A plan may take the place of a plan.
    save(&deployment);
}

#[test]
fn a_container_that_was_changed_in_between_is_named() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    deployment.deploy();
    deployment.set_map(&newer());
    save(&deployment);
    let host = deployment.host("web1");
    let name = format!("{}.app", deployment.map_name);
    let id = deployment.id("web1", "app");
    engine::request(&host.docker_sock, "POST", &format!("/containers/{name}/stop?t=1")).expect("an answer");
    is_refused(&deployment, &[format!("web1: container {name}: status was running, is exited with 0")]);
    engine::request(&host.docker_sock, "DELETE", &format!("/containers/{name}")).expect("an answer");
    is_refused(&deployment, &[format!("web1: container {name}: status was running, is absent")]);

    // Made anew as it was before: it is another container.
    deployment.set_map(MAP);
    deployment.deploy();
    let new_id = deployment.id("web1", "app");
    deployment.set_map(&newer());
    is_refused(&deployment, &[format!("web1: container {name}: id was {}, is {}", &id[..12], &new_id[..12])]);
}

#[test]
fn a_map_that_was_changed_in_between_is_named() {
    let deployment = Deployment::new(["web1"], MAP);
    deployment.deploy();
    deployment.set_map(&newer());
    save(&deployment);
    deployment.set_map(&newer().replace("hello", "servus"));
    let name = format!("{}.app", deployment.map_name);
    let field = "create_options.environment.GREETING was to be hello, is to be servus";
    is_refused(&deployment, &[format!("web1: container {name}: {field}")]);
    let document = apply(&deployment, &["--json"]).exits_with(2).json();
    let change = &document["changes"][0];
    let facts =
        ["host_name", "field", "side", "then", "now"].map(|field| change[field].as_str().expect("text"));
    assert_eq!(facts, ["web1", "create_options.environment.GREETING", "wanted", "hello", "servus"]);
    // A line that has moved is no change.
    deployment.set_map(&format!("\n# moved\n{}", newer()));
    apply(&deployment, &[]).exits_with(0);
}

#[test]
fn a_tag_that_was_moved_in_between_is_named() {
    let deployment = Deployment::new(["web1"], MAP);
    let host = deployment.host("web1");
    let tag = |of: &str| {
        let path = format!("/images/dmfab-lab/app:{of}/tag?repo=dmfab-lab/{}&tag=1", deployment.map_name);
        engine::request(&host.docker_sock, "POST", &path).expect("an answer");
    };
    tag("1");
    deployment.set_map(&MAP.replace("dmfab-lab/app", &format!("dmfab-lab/{}", deployment.map_name)));
    save(&deployment);
    tag("2");
    let before = deployment.containers();
    let ended = apply(&deployment, &[]).exits_with(2);
    ended.says(&format!("  web1: image dmfab-lab/{}:1: id was ", deployment.map_name));
    assert_eq!(deployment.containers(), before);
    let path = format!("/images/dmfab-lab/{}:1", deployment.map_name);
    engine::request(&host.docker_sock, "DELETE", &path).expect("an answer");
}

#[test]
fn an_edited_plan_is_refused() {
    let deployment = Deployment::new(["web1"], MAP);
    save(&deployment);
    let mut file: Value = serde_json::from_str(&text(&deployment)).expect("JSON");
    let last = file["hosts"][0]["plan"]["steps"].as_array_mut().expect("steps").pop().expect("a step");
    deployment.write("shop.plan", &file.to_string());
    let name = format!("{}.app", deployment.map_name);
    let last = last["text"].as_str().expect("words");
    let line = format!("web1: container {name}: planned was `no further step`, planned now is `{last}`");
    is_refused(&deployment, &[line]);
}

#[test]
fn a_plan_is_for_all_of_its_hosts() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let inventory =
        std::fs::read_to_string(deployment.folder().join("inventory.yaml")).expect("an inventory");
    save(&deployment);
    let dead = "  apps1:\n    fabric_host: root@127.0.0.1:1\n";
    deployment.write("inventory.yaml", &inventory.replace("  apps1:\n", dead));
    let unreachable = apply(&deployment, &[]).exits_with(5);
    unreachable.says("nothing was changed: a saved plan is for all of its hosts (2 hosts: web1,apps1)");
    unreachable.says("UNREACHABLE");
    assert!(deployment.containers().values().all(std::collections::BTreeMap::is_empty));

    std::fs::remove_file(deployment.folder().join("shop.plan")).expect("a plan");
    let ended = deployment.dmfab("plan", &["-o", "shop.plan"]).run().exits_with(5);
    ended.says("the plan was not saved: there is none for apps1");
    assert!(!deployment.folder().join("shop.plan").exists());
}
