//! One host of four has a fault: the others go on, and the operator learns which one, why, and what to do.
//!
//! The faulty host is the test's own; the three others are shared.

use std::path::Path;
use std::time::Duration;

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::inventory::Inventory;
use crate::support::lab::{Lab, OwnHost};

const MAP: &str = "
app:
  image: dmfab-lab/app:1
  stop_timeout: 1
";

fn deployment(faulty: &OwnHost, ssh_config: &Path) -> Deployment {
    let lab = Lab::shared();
    let hosts = [lab.host("web1"), lab.host("apps1"), faulty.host.clone(), lab.host("apps2")];
    Deployment::with_inventory(&Inventory::of(hosts).ssh_config(ssh_config), MAP)
}

/// Deploys to all four, and sees the three that are well served.
fn three_are_done(deployment: &Deployment) -> Ended {
    let ended = deployment.dmfab("deploy", &["--connect-timeout", "3", "--yes"]).run().exits_with(5);
    for host in ["web1", "apps1", "apps2"] {
        let found = deployment.host(host).containers(&deployment.prefix());
        assert_eq!(found.get("app").map(|app| app.state.as_str()), Some("running"), "{host}\n{ended}");
    }
    assert!(ended.took < Duration::from_secs(15), "{ended}");
    ended
}

#[test]
fn a_host_without_sshd_is_told_and_the_others_are_deployed() {
    let faulty = Lab::shared().own_host("fault2");
    faulty.stop("sshd");
    let ended = three_are_done(&deployment(&faulty, &Lab::shared().ssh_config()));
    assert_eq!(
        ended.screen(),
        format!(
            "fault2          UNREACHABLE  nothing was changed  T s
        connection to host `fault2` failed (TCP connection)
        cause: `{}:22` does not accept a connection
        cause: Connection refused (os error 111)
        help: check that the host is up, that sshd listens on this port, and the firewall
web1,apps[1-2]  done         1 changed            T s

4 hosts: 1 unreachable, 3 done · 3 items changed · T s
",
            faulty.host.private
        )
    );
}

#[test]
fn a_host_without_dockerd_is_told_and_the_others_are_deployed() {
    let faulty = Lab::shared().own_host("fault1");
    faulty.stop("dockerd");
    let ended = three_are_done(&deployment(&faulty, &Lab::shared().ssh_config()));
    let screen = ended.screen();
    let (told, others) = screen.split_once("web1,apps[1-2]  done").expect("the others in one row");
    assert!(told.starts_with("fault1          UNREACHABLE  nothing was changed  T s\n"), "{ended}");
    assert!(told.contains("Engine") && told.contains("/var/run/docker.sock"), "{ended}");
    assert!(told.contains("\n        help: "), "no remedy is named\n{ended}");
    assert!(others.ends_with("\n\n4 hosts: 1 unreachable, 3 done · 3 items changed · T s\n"), "{ended}");
}

#[test]
fn a_host_whose_dockerd_hangs_is_told_and_the_others_are_deployed() {
    let faulty = Lab::shared().own_host("fault1");
    faulty.freeze_dockerd();
    let deployment = deployment(&faulty, &Lab::shared().ssh_config());
    let ended = three_are_done(&deployment);
    faulty.unfreeze_dockerd();
    assert_eq!(
        ended.screen(),
        "fault1          UNREACHABLE  nothing was changed  T s
        the Docker Engine did not answer within T s
        help: look at the Engine's log on the host: `journalctl -u docker`
web1,apps[1-2]  done         1 changed            T s

4 hosts: 1 unreachable, 3 done · 3 items changed · T s
"
    );
}

#[test]
fn a_host_with_another_key_than_known_is_told_and_the_others_are_deployed() {
    let faulty = Lab::shared().own_host("fault2");
    let folder = tempfile::tempdir().expect("a folder");
    let lab = Lab::shared();
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
    let known = read(&lab.known_hosts());
    let line_of = |name: &str| known.lines().find(|line| line.starts_with(name)).expect("a line").to_owned();
    let other_key = line_of("web1,").split_once(' ').expect("a key").1.to_owned();
    let names = line_of("fault2,").split_once(' ').expect("names").0.to_owned();
    let mixed: Vec<String> = known
        .lines()
        .map(
            |line| if line.starts_with("fault2,") { format!("{names} {other_key}") } else { line.to_owned() },
        )
        .collect();
    let known_hosts = folder.path().join("known_hosts");
    std::fs::write(&known_hosts, mixed.join("\n") + "\n").expect("known_hosts");
    let ssh_config = folder.path().join("ssh_config");
    let settings = read(&lab.ssh_config())
        .replace(lab.known_hosts().to_str().expect("text"), known_hosts.to_str().expect("text"));
    std::fs::write(&ssh_config, settings).expect("ssh_config");
    let ended = three_are_done(&deployment(&faulty, &ssh_config));
    let address = &faulty.host.private;
    for expected in [
        "fault2          UNREACHABLE  nothing was changed  T s
        connection to host `fault2` failed (host key check)
        cause: ssh-ed25519 key SHA256:",
        &format!("of `{address}` is not the known SHA256:"),
        &format!("(`{}`, line ", known_hosts.display()),
        "        help: find out why the key changed before anything else: someone may be in between.\n",
        &format!("remove the old key with `ssh-keygen -R '{address}' -f {}`", known_hosts.display()),
        "\nweb1,apps[1-2]  done         1 changed            T s\n",
    ] {
        assert!(ended.screen().contains(expected), "no `{expected}` in\n{}", ended.screen());
    }
    assert_eq!(ended.stdout.matches("fault2 ").count(), 1, "named once\n{ended}");
}
