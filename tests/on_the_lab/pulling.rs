//! Images that a host lacks come from a registry, with a login where one is needed.

use std::fs::{self, File};

use crate::support::deployment::Deployment;
use crate::support::inventory::Inventory;
use crate::support::lab::{self, Lab};

const PASSWORD: &str = "s3cret";

fn map(image: &str) -> String {
    format!("app:\n  image: {image}\n  stop_timeout: 1\n")
}

/// Removes an image's name from a host, and keeps other tests from doing the same with it.
#[must_use]
fn forget(deployment: &Deployment, host_name: &str, image: &str) -> File {
    let lock = lab::lock(&format!("image-{host_name}-{}.lock", image.replace('/', "-")));
    deployment.host(host_name).try_exec(["docker", "image", "rm", "--force", image]);
    lock
}

fn has(deployment: &Deployment, host_name: &str, image: &str) -> bool {
    deployment.host(host_name).try_exec(["docker", "image", "inspect", image]).0
}

#[test]
fn a_missing_image_is_pulled_from_an_open_registry() {
    let image = format!("{}/dmfab-lab/app:1", Lab::shared().registries().0);
    let deployment = Deployment::new(["apps1", "apps2"], &map(&image));
    let _locks = [forget(&deployment, "apps1", &image), forget(&deployment, "apps2", &image)];
    let ended = deployment.deploy();
    ended.says(&format!("+ image {image}"));
    deployment.runs_exactly(["app"]);
    assert!(has(&deployment, "apps1", &image) && has(&deployment, "apps2", &image));
    deployment.dmfab("deploy", &["--yes"]).run().exits_with(0).says("nothing to do");
}

#[test]
fn one_host_that_has_the_image_pulls_nothing() {
    let image = format!("{}/dmfab-lab/app:2", Lab::shared().registries().0);
    let deployment = Deployment::new(["apps1", "apps2"], &map(&image));
    let _lock = forget(&deployment, "apps1", &image);
    deployment.host("apps2").exec(["docker", "pull", "--quiet", &image]);
    let steps = deployment.dmfab("plan", &["--format", "steps"]).run().exits_with(0).stdout;
    let pulls: Vec<&str> = steps.lines().filter(|line| line.contains("pull image")).collect();
    assert!(matches!(pulls[..], [pull] if pull.starts_with("apps1 ")), "{steps}");
    deployment.deploy();
    deployment.runs_exactly(["app"]);
}

fn with_login(host_name: &str, password: &str, tag: usize) -> (Deployment, String, File) {
    let lab = Lab::shared();
    let registry = lab.registries().1;
    let image = format!("{registry}/dmfab-lab/app:{tag}");
    let login = format!("auth_configs: {{'{registry}': {{username: alice, password: {password}}}}}");
    let inventory = Inventory::of([lab.host(host_name)]).host_line(host_name, &login);
    let deployment = Deployment::with_inventory(&inventory, &map(&image));
    let lock = forget(&deployment, host_name, &image);
    (deployment, image, lock)
}

/// Every command line of this machine that shows a text, those of the hosts included. The lab's
/// own `curl` fills the registry with the same login.
fn command_lines_with(text: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(|entry| Some(entry.ok()?.path()));
    let lines = processes.filter_map(|path| fs::read(path.join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    lines.filter(|line| line.contains(text) && !line.starts_with("curl\0")).collect()
}

// features: API-26
#[test]
fn a_login_is_used_and_its_password_shown_nowhere() {
    let (deployment, image, _lock) = with_login("apps3", PASSWORD, 1);
    let run = deployment.dmfab("deploy", &["--yes"]).env("DMFAB_LOG", "trace");
    let mut running = run.start();
    while !running.has_ended() {
        assert_eq!(command_lines_with(PASSWORD), Vec::<String>::new());
    }
    let deployed = running.wait().exits_with(0);
    assert!(has(&deployment, "apps3", &image));
    deployment.runs_exactly(["app"]);
    let dmfab = |command: &str, arguments: &[&str]| deployment.dmfab(command, arguments).run().exits_with(0);
    for ended in [
        deployed,
        dmfab("config", &[]),
        dmfab("config", &["--json"]),
        dmfab("plan", &["--json"]),
        dmfab("deploy", &["--json", "--yes", "--progress", "json"]),
    ] {
        assert!(!ended.stdout.contains(PASSWORD) && !ended.stderr.contains(PASSWORD), "{ended}");
    }
}

#[test]
fn a_wrong_password_is_told_with_the_registry_and_where_to_look() {
    let (deployment, image, _lock) = with_login("apps3", "hunter2", 2);
    let ended = deployment.dmfab("deploy", &["--yes"]).env("DMFAB_LOG", "trace").run().exits_with(4);
    ended.says("apps3  FAILED");
    ended.says(&format!("pull image {image}: failed"));
    ended.says("unauthorized");
    ended.says("and its entry in `auth_configs`");
    assert!(!ended.stdout.contains("hunter2") && !ended.stderr.contains("hunter2"), "{ended}");
    assert!(deployment.containers()["apps3"].is_empty());
}

#[test]
fn an_image_that_exists_nowhere_is_told() {
    let image = format!("{}/dmfab-lab/none:7", Lab::shared().registries().0);
    let deployment = Deployment::new(["web1"], &map(&image));
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(4);
    ended.says(&format!("pull image {image}: failed"));
    ended.says(&format!("check that `{image}` exists in registry"));
}

/// Gives a tag of the open registry to another image.
fn push(deployment: &Deployment, host_name: &str, source: &str, image: &str) {
    let host = deployment.host(host_name);
    host.exec(["docker", "tag", source, image]);
    host.exec(["docker", "push", "--quiet", image]);
    host.exec(["docker", "image", "rm", image]);
}

// features: OPT-04, API-25, UPD-01
#[test]
fn a_tag_that_was_moved_in_the_registry_is_noticed_where_it_is_asked() {
    let registry = Lab::shared().registries().0;
    let image = format!("{registry}/moving:{}", crate::support::text::unique_name());
    let deployment = Deployment::new(["apps1"], &map(&image));
    push(&deployment, "apps1", "dmfab-lab/app:1", &image);
    let asked = ["--pull", "always"];
    deployment.dmfab("deploy", &["--yes", "--pull", "never"]).run().exits_with(4).says("is not on the host");
    deployment.dmfab("deploy", &["--yes", "--pull", "always"]).run().exits_with(0);
    let first = deployment.id("apps1", "app");
    deployment.dmfab("plan", &["--exit-code", "--pull", "always"]).run().exits_with(0);

    // Somebody else moves the tag.
    let other = Deployment::new(["apps2"], &map(&image));
    push(&other, "apps2", "dmfab-lab/app:2", &image);
    let unasked = deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
    assert!(unasked.stderr.contains("registries were not asked whether tags have moved"), "{unasked}");
    let planned = deployment.dmfab("plan", &[&asked[..], &["--exit-code"]].concat()).run().exits_with(3);
    planned.says("in the registry");
    assert_eq!(deployment.id("apps1", "app"), first);
    deployment.dmfab("deploy", &["--yes", "--pull", "always"]).run().exits_with(0);
    assert_ne!(deployment.id("apps1", "app"), first);
    deployment.dmfab("plan", &["--exit-code", "--pull", "always"]).run().exits_with(0);

    let lost = format!("{registry}/moving:none");
    deployment.set_map(&map(&lost));
    let refused = deployment.dmfab("deploy", &["--yes", "--pull", "always"]).run().exits_with(4);
    refused.says("does not say what the tag points to").says("help: plan without `--pull always`");
}
