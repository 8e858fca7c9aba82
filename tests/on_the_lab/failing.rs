//! What an operator sees and gets when a deployment fails: the old container serves, and one screen says
//! which host, which item, why, and what was written last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::http;
use crate::support::lab::Lab;
use crate::support::port::Port;

/// Lines of standard output and progress together.
const ONE_SCREEN: usize = 25;
/// Seconds that the old container has to end, in the maps of these tests.
const STOP_TIME: Duration = Duration::from_secs(1);
/// What is waited for without `--settle`.
const SETTLE_TIME: Duration = Duration::from_secs(3);

const HEALTH: &str =
    "    healthcheck: {test: [CMD, /bin/app, health], interval: 1s, timeout: 1s, retries: 2}\n";

fn map(port: u16, options: &str) -> String {
    format!(
        "app:\n  image: dmfab-lab/app:1\n  stop_timeout: 1\n  exposes: {{80: [{port}, private]}}\n{options}"
    )
}

fn with_command(port: u16, command: &str, more: &str) -> String {
    map(port, &format!("  create_options:\n    command: {command}\n{more}"))
}

/// The container is there as before, and one screen names host, item and cause.
#[track_caller]
fn fails(deployment: &Deployment, exit: i32, words: &[&str]) -> Ended {
    let before = deployment.containers();
    let ended = deployment.dmfab("deploy", &["--yes", "--progress", "plain"]).run().exits_with(exit);
    assert_eq!(deployment.containers(), before, "{ended}");
    let lines = ended.stdout.lines().count() + ended.stderr.lines().count();
    assert!(lines <= ONE_SCREEN, "{lines} lines\n{ended}");
    for host in deployment.hosts() {
        assert!(ended.stdout.contains(&host.name), "{ended}");
    }
    for word in words {
        ended.says(word);
    }
    ended
}

/// What cannot replace a container is put back, told on one screen.
#[track_caller]
fn is_put_back(deployment: &Deployment, words: &[&str]) {
    let ended = fails(deployment, 7, words);
    ended.says(&format!("{}app.dmfab-new: ", deployment.prefix()));
    ended.says("FAILED  put back: every container is the old one").says("1 host: 1 failed · all put back");
    deployment.runs_exactly(["app"]);
}

fn deployed(host_name: &str, port: &Port) -> Deployment {
    let deployment = Deployment::new([host_name], &map(port.number, ""));
    deployment.deploy();
    deployment
}

#[test]
fn a_program_that_is_missing_is_told_on_one_screen() {
    let port = Port::take();
    let deployment = deployed("web1", &port);
    deployment.set_map(&map(port.number, "  create_options: {entrypoint: /bin/no-such-program}\n"));
    is_put_back(&deployment, &["exec: \"/bin/no-such-program\"", "no such file or directory"]);
}

/// Counts how long nobody answers at a time while something is done.
fn longest_silence<T>(address: &str, port: u16, work: impl FnOnce() -> T) -> (Duration, T) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut longest, mut answered) = (Duration::ZERO, Instant::now());
            while !is_done.load(Ordering::SeqCst) {
                if http::get(address, port, "/").is_ok() {
                    longest = longest.max(answered.elapsed());
                    answered = Instant::now();
                }
                thread::sleep(Duration::from_millis(20));
            }
            longest.max(answered.elapsed())
        });
        let outcome = work();
        is_done.store(true, Ordering::SeqCst);
        (watch.join().expect("no panic"), outcome)
    })
}

#[test]
fn a_container_that_ends_after_two_seconds_is_told_and_the_old_one_serves_in_time() {
    let port = Port::take();
    let deployment = deployed("apps1", &port);
    deployment.set_map(&with_command(port.number, "[crash, '2']", ""));
    let address = deployment.host("apps1").private.clone();
    let (silence, ()) = longest_silence(&address, port.number, || {
        let words =
            ["verify container", "the container ended with exit code 1 after", "| crashing in 2 seconds"];
        is_put_back(&deployment, &words);
    });
    // It is silent while the new one is watched, at least; starts and calls take their time beside.
    let most = STOP_TIME + SETTLE_TIME + Duration::from_secs(4);
    assert!(silence > Duration::from_secs(1) && silence < most, "{silence:?}");
}

#[test]
fn a_container_that_never_becomes_healthy_is_told_on_one_screen() {
    let port = Port::take();
    let deployment = deployed("apps2", &port);
    deployment.set_map(&with_command(port.number, "unhealthy", HEALTH));
    is_put_back(&deployment, &["verify container", "the container is unhealthy"]);
}

#[test]
fn a_long_log_does_not_fill_the_screen() {
    let port = Port::take();
    let deployment = deployed("apps3", &port);
    deployment.set_map(&with_command(port.number, "[sh, -c, 'seq 1 500; exit 3']", ""));
    is_put_back(&deployment, &["the container ended with exit code 3", "| 500\n", "| 496\n"]);
}

#[test]
fn a_command_that_fails_is_told_on_one_screen() {
    let port = Port::take();
    let deployment = deployed("web1", &port);
    let command = "  exec_commands: [[[sh, -c, 'echo no schema; exit 9'], root, initial]]\n";
    deployment
        .set_map(&map(port.number, &format!("{command}  create_options: {{environment: {{NEW: 1}}}}\n")));
    is_put_back(&deployment, &["the command ended with exit code 9", "| no schema"]);
}

#[test]
fn a_first_creation_that_fails_leaves_nothing_and_says_so() {
    let port = Port::take();
    let command = "  exec_commands: [[[sh, -c, 'echo no schema; exit 9'], root, initial]]\n";
    let deployment = Deployment::new(["apps1"], &map(port.number, command));
    let ended = fails(&deployment, 7, &["put back: what was made is removed again", "| no schema"]);
    ended.says("failed, removed again; there was none before");
    assert!(!ended.stdout.contains("old one"), "{ended}");
    deployment.runs_exactly([]);
}

#[test]
fn an_image_that_is_not_there_touches_nothing() {
    let port = Port::take();
    let deployment = deployed("apps2", &port);
    let image = format!("{}/dmfab-lab/none:1", Lab::shared().registries().0);
    deployment.set_map(&map(port.number, "").replace("dmfab-lab/app:1", &image));
    let pull = format!("pull image {image}: failed");
    fails(&deployment, 4, &[&pull, &format!("check that `{image}` exists in registry")]);
    deployment.runs_exactly(["app"]);
}

#[test]
fn a_registry_that_does_not_answer_is_told_apart_from_an_image_that_is_not_there() {
    let port = Port::take();
    let deployment = deployed("apps3", &port);
    // Nobody listens there.
    let image = "127.0.0.1:9/dmfab-lab/app:1";
    deployment.set_map(&map(port.number, "").replace("dmfab-lab/app:1", image));
    let ended = fails(&deployment, 4, &["connection refused", "is up and can be reached"]);
    assert!(!ended.stdout.contains("exists in registry"), "{ended}");
    deployment.runs_exactly(["app"]);
}

#[test]
fn a_port_of_a_foreign_container_is_known_before_anything_is_stopped() {
    let (port, taken) = (Port::take(), Port::take());
    let deployment = deployed("web1", &port);
    let host = deployment.host("web1");
    let (name, published) = (format!("{}theirs", deployment.prefix()), format!("{}:80", taken.number));
    host.exec(["docker", "run", "--detach", "--name", &name, "--publish", &published, "dmfab-lab/app:1"]);
    deployment.set_map(&map(taken.number, ""));
    let what = format!(
        "container `{}app` is to publish port {}/tcp, which container `{name}` holds",
        deployment.prefix(),
        taken.number
    );
    let help = format!("help: stop container `{name}` on the host, or publish another port");
    fails(&deployment, 4, &["REFUSED", "nothing was changed", &what, &help]);

    host.exec(["docker", "stop", "--time", "1", &name]);
    deployment.deploy();
    deployment.dmfab("deploy", &["--yes"]).run().exits_with(0).says("nothing to do");
}

#[test]
fn a_port_that_a_program_of_the_host_has_taken_is_told_on_one_screen() {
    let (port, taken) = (Port::take(), Port::take());
    let deployment = deployed("apps1", &port);
    deployment.host("apps1").occupy(&format!("{}theirs", deployment.prefix()), &taken);
    deployment.set_map(&map(taken.number, ""));
    let ended =
        fails(&deployment, 7, &["address already in use", "put back: every container is the old one"]);
    ended.says(&format!("{}app.dmfab-new: failed, put back as it was", deployment.prefix()));
}

#[test]
fn a_volume_that_cannot_be_prepared_touches_no_container() {
    let port = Port::take();
    let deployment = deployed("apps2", &port);
    let volume = "  attaches: data\n  user: no-such-user\nvolumes: {data: /data}\n";
    deployment.set_map(&map(port.number, volume));
    let name = format!("prepare volume {}data", deployment.prefix());
    fails(&deployment, 7, &[&name, "no-such-user"]);
    deployment.runs_exactly(["app"]);
    assert!(deployment.host("apps2").volumes(&deployment.prefix()).is_empty());
}

#[test]
fn an_unhealthy_container_is_told_although_nothing_is_to_be_done() {
    let port = Port::take();
    let deployment = Deployment::new(["apps3"], &with_command(port.number, "serve", HEALTH));
    deployment.deploy();
    let name = format!("{}app", deployment.prefix());
    let host = deployment.host("apps3");
    host.exec(["docker", "exec", &name, "touch", "/tmp/unhealthy"]);
    crate::support::eventually(Duration::from_secs(20), "it is unhealthy", || {
        let status = host.exec(["docker", "inspect", "--format", "{{.State.Health.Status}}", &name]);
        (status.trim() == "unhealthy").then_some(())
    });
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(0);
    ended.says(&format!("container {name} is unhealthy; it is left as it is")).says("nothing to do");
}
