//! A container that cannot be replaced: the old one serves again.

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::port::Port;

/// Lines that an operator can take in at a glance.
const ONE_SCREEN: usize = 25;

fn app(port: &Port, settings: &str) -> String {
    format!(
        "app:\n  image: dmfab-lab/app:1\n  stop_timeout: 1\n  exposes:\n    80: [{}, private]\n{settings}",
        port.number
    )
}

const MISSING_PROGRAM: &str = "  create_options:\n    entrypoint: /bin/no-such-program\n";

/// Deploys what cannot start and sees every container as it was before.
fn fails_and_puts_back(deployment: &Deployment, exit: i32) -> Ended {
    let before = deployment.containers();
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(exit);
    assert_eq!(deployment.containers(), before, "{ended}");
    assert!(ended.stdout.lines().count() < ONE_SCREEN, "{ended}");
    ended
}

#[test]
fn a_container_whose_program_is_missing_is_put_back_on_every_host() {
    let port = Port::take();
    let deployment = Deployment::new(["web1", "apps1"], &app(&port, ""));
    deployment.deploy();
    deployment.set_map(&app(&port, MISSING_PROGRAM));
    let ended = fails_and_puts_back(&deployment, 7);
    let name = format!("{}app", deployment.prefix());
    let expected = format!(
        "web1,apps1  FAILED  put back: every container is the old one  T s
    start container {name}.dmfab-new: failed, put back as it was
        POST /containers/{name}.dmfab-new/start: "
    );
    assert!(ended.screen().starts_with(&expected), "{}", ended.screen());
    ended.says("exec: \"/bin/no-such-program\": stat /bin/no-such-program: no such file or directory");
    assert!(ended.screen().ends_with("\n\n2 hosts: 2 failed · all put back · T s\n"), "{}", ended.screen());

    deployment.set_map(&app(&port, "  create_options:\n    environment: {FIXED: 1}\n"));
    deployment.deploy();
    deployment.runs_exactly(["app"]);
}

#[test]
fn one_host_that_is_changed_keeps_the_others_from_counting_as_rolled_back() {
    let (port, taken) = (Port::take(), Port::take());
    let deployment = Deployment::new(["apps2", "apps3"], &app(&port, ""));
    deployment.deploy();
    deployment.host("apps2").occupy(&format!("{}theirs", deployment.prefix()), &taken);
    let before = deployment.containers();
    deployment.set_map(&app(&taken, ""));
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(4);
    ended.says("apps2  FAILED  put back: every container is the old one");
    ended.says("apps3  done    1 changed");
    ended.says("2 hosts: 1 failed, 1 done · 1 item changed");
    assert_eq!(deployment.containers()["apps2"], before["apps2"]);
    assert_ne!(deployment.containers()["apps3"], before["apps3"]);
}

#[test]
fn what_waits_for_a_failed_container_is_not_begun_and_stays() {
    let port = Port::take();
    let map = |settings: &str| {
        let web = "web:\n  image: dmfab-lab/app:1\n  links: app\n  stop_timeout: 1\n";
        format!("{}{web}", app(&port, settings))
    };
    let deployment = Deployment::new(["apps1"], &map(""));
    deployment.deploy();
    deployment.set_map(&map(MISSING_PROGRAM));
    fails_and_puts_back(&deployment, 7);
    deployment.runs_exactly(["app", "web"]);
}

#[test]
fn a_new_container_that_cannot_start_fails_without_being_put_back() {
    let port = Port::take();
    let deployment = Deployment::new(["apps3"], &app(&port, MISSING_PROGRAM));
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(4);
    ended.says(&format!("start container {}app: failed\n", deployment.prefix()));
    deployment.set_map(&app(&port, ""));
    deployment.deploy();
    deployment.runs_exactly(["app"]);
}

#[test]
fn a_replacement_that_ends_at_once_is_put_back() {
    let port = Port::take();
    let deployment = Deployment::new(["web1"], &app(&port, ""));
    deployment.deploy();
    deployment.set_map(&app(&port, "  create_options:\n    command: crash\n"));
    let ended = fails_and_puts_back(&deployment, 7);
    ended.says("| crashing in 0 seconds");
    deployment.runs_exactly(["app"]);
}

#[test]
fn a_dependent_that_cannot_start_is_put_back_with_the_container_it_is_linked_to() {
    let port = Port::take();
    let map = |release: usize, settings: &str| {
        let web = format!("web:\n  image: dmfab-lab/app:1\n  links: app\n  stop_timeout: 1\n{settings}");
        let release = format!("  create_options:\n    environment: {{RELEASE: {release}}}\n");
        format!("{}{web}", app(&port, &release))
    };
    let deployment = Deployment::new(["apps3"], &map(1, ""));
    deployment.deploy();
    deployment.set_map(&map(2, MISSING_PROGRAM));
    fails_and_puts_back(&deployment, 7);
    deployment.runs_exactly(["app", "web"]);
}

#[test]
fn a_command_that_fails_in_the_new_container_puts_back_the_old_one() {
    let port = Port::take();
    let deployment = Deployment::new(["web1"], &app(&port, ""));
    deployment.deploy();
    deployment.set_map(&app(&port, "  exec_commands:\n    - [[sh, -c, 'echo no schema; exit 9'], root]\n  create_options:\n    environment: {NEW: 1}\n"));
    let ended = fails_and_puts_back(&deployment, 7);
    ended.says("the command ended with exit code 9").says("| no schema");
    deployment.runs_exactly(["app"]);
}
