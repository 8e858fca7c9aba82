//! Ways to a host: as a user who is not root, through another host, and to the machine's own Engine.

use crate::support::client_key::ClientKey;
use crate::support::deployment::{APP_WITH_VOLUME, Deployment};
use crate::support::inventory::Inventory;
use crate::support::lab::Lab;

#[test]
fn a_user_with_sudo_prepares_volumes() {
    let inventory = Inventory::of([Lab::shared().host("apps1")]).host_line("apps1", "user: deploy");
    let deployment = Deployment::with_inventory(&inventory, APP_WITH_VOLUME);
    assert_eq!(deployment.dmfab("run", &["--", "id -un"]).run().exits_with(0).stdout, "deploy\n");
    deployment.deploy();
    deployment.runs_exactly(["app"]);
    let path = format!("/var/lib/docker/volumes/{}data/_data", deployment.prefix());
    let found = deployment.host("apps1").exec(["stat", "-c", "%u:%g %a", &path]);
    assert_eq!(found, "2000:2000 750\n");
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

#[test]
fn a_user_who_may_not_use_docker_is_told_what_to_do() {
    let own = Lab::shared().own_host("nogroup1");
    own.host.exec(["sed", "-i", "s/^\\(docker:x:[0-9]*:\\).*/\\1/", "/etc/group"]);
    let inventory = Inventory::of([own.host.clone()]).host_line("nogroup1", "user: deploy");
    let deployment = Deployment::with_inventory(&inventory, APP_WITH_VOLUME);
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(5);
    assert_eq!(
        ended.screen(),
        "nogroup1  UNREACHABLE  nothing was changed  T s
        GET /version: connection to the Engine failed
        cause: connection to host `nogroup1` failed (channel)
        cause: user `deploy` may not use socket `/var/run/docker.sock`
        help: add `deploy` to the docker group on the host, then connect anew: `sudo usermod -aG docker deploy`

1 host: 1 unreachable · nothing changed · T s
"
    );
}

#[test]
fn without_sudo_a_container_prepares_volumes() {
    let own = Lab::shared().own_host("nosudo1");
    own.host.exec(["rm", "-f", "/etc/sudoers.d/deploy"]);
    let inventory = Inventory::of([own.host.clone()]).host_line("nosudo1", "user: deploy");
    let deployment = Deployment::with_inventory(&inventory, APP_WITH_VOLUME);
    let local = ["--yes", "--prepare", "local"];
    let ended = deployment.dmfab("deploy", &local).run().exits_with(7);
    ended.says(&format!("prepare volume {}data", deployment.prefix())).says("sudo");
    ended.says(
        "help: log in as root, let the user run `sudo -n` for chown and chmod, or use `--prepare container`",
    );
    deployment.runs_exactly([]);
    assert_eq!(own.host.volumes(&deployment.prefix()), Vec::<String>::new());

    let steps = deployment.dmfab("plan", &["--format", "steps"]).run().exits_with(0).stdout;
    assert!(steps.contains("in a container of busybox:latest"), "{steps}");
    deployment.deploy();
    let path = format!("/var/lib/docker/volumes/{}data/_data", deployment.prefix());
    assert_eq!(own.host.exec(["stat", "-c", "%u:%g %a", &path]), "2000:2000 750\n");
    deployment.runs_exactly(["app"]);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

#[test]
fn a_host_is_reached_through_another_one() {
    let lab = Lab::shared();
    let key = ClientKey::for_hosts(vec![lab.host("web1"), lab.host("apps3")]);
    let inventory = Inventory::of([lab.host("apps3")])
        .ssh_config(&key.ssh_config())
        .host_line("apps3", "proxy_jump: web1");
    let deployment = Deployment::with_inventory(&inventory, APP_WITH_VOLUME);
    deployment.deploy();
    deployment.runs_exactly(["app"]);
    let logins: Vec<usize> = key.logins().into_iter().map(|(_, logins)| logins).collect();
    assert_eq!(logins, [1, 1]);
    let accepted = key.accepted_lines(&lab.host("apps3"));
    let from_web1 = format!(" from {} ", lab.host("web1").private);
    assert!(accepted.iter().all(|line| line.contains(&from_web1)), "{accepted:?}");
}

#[test]
fn an_engine_is_reached_by_its_socket_without_ssh() {
    let host = Lab::shared().host("apps2");
    let deployment = Deployment::new(["apps2"], "app:\n  image: dmfab-lab/app:1\n  stop_timeout: 1\n");
    let inventory =
        format!("hosts:\n  apps2:\n    base_url: unix://{}\nmaps: map.yaml\n", host.docker_sock.display());
    deployment.write("inventory.yaml", &inventory);
    deployment.deploy();
    deployment.runs_exactly(["app"]);
    deployment.deploy().says("nothing to do");
    deployment.dmfab("shutdown", &["--yes"]).run().exits_with(0);
    deployment.runs_exactly([]);

    // The Engine's files are not where this machine's shell looks for them.
    deployment.set_map(APP_WITH_VOLUME);
    let ended = deployment.dmfab("deploy", &["--yes"]).run().exits_with(7);
    ended.says("the volume is not on the host").says("help: let a container do it: `--prepare container`");
    deployment.dmfab("deploy", &["--yes", "--prepare", "container"]).run().exits_with(0);
    let path = format!("/var/lib/docker/volumes/{}data/_data", deployment.prefix());
    assert_eq!(host.exec(["stat", "-c", "%u:%g %a", &path]), "2000:2000 750\n");
}
