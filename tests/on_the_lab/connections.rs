//! One SSH connection a host and run, and nothing that anybody could connect to.

use crate::support::client_key::ClientKey;
use crate::support::deployment::{APP_WITH_VOLUME, Deployment};
use crate::support::inventory::Inventory;
use crate::support::lab::Lab;
use crate::support::sockets;

fn deployment(key: &ClientKey) -> Deployment {
    let inventory = Inventory::of(Lab::shared().hosts()).ssh_config(&key.ssh_config());
    Deployment::with_inventory(&inventory, APP_WITH_VOLUME)
}

#[test]
fn every_command_logs_in_once_a_host() {
    let key = ClientKey::for_hosts(Lab::shared().hosts());
    let deployment = deployment(&key);
    let commands: [(&str, &[&str]); 10] = [
        ("check", &[]),
        ("hosts", &[]),
        ("config", &[]),
        ("plan", &[]),
        ("deploy", &["--yes"]),
        ("deploy", &["--yes"]),
        ("ps", &[]),
        ("version", &[]),
        ("run", &["--", "true"]),
        ("shutdown", &["--yes"]),
    ];
    let mut expected = 0;
    for (command, arguments) in commands {
        deployment.dmfab(command, arguments).run().exits_with(0);
        if !["check", "hosts", "config"].contains(&command) {
            expected += 1;
        }
        for (host_name, logins) in key.logins() {
            assert_eq!(logins, expected, "logins of {host_name} after `dmfab {command}`");
        }
    }
}

#[test]
fn hosts_that_are_not_chosen_are_not_logged_in_to() {
    let key = ClientKey::for_hosts(Lab::shared().hosts());
    let deployment = deployment(&key);
    deployment.dmfab("deploy", &["--hosts", "apps1-2", "--yes"]).run().exits_with(0);
    let logins: Vec<usize> = key.logins().into_iter().map(|(_, logins)| logins).collect();
    assert_eq!(logins, [0, 1, 1, 0]);
}

#[test]
fn a_run_listens_nowhere_on_the_operators_machine() {
    let deployment = Deployment::new(["web1", "apps1"], APP_WITH_VOLUME);
    let mut running = deployment.dmfab("deploy", &["--yes"]).start();
    let mut looks = 0;
    while !running.has_ended() {
        assert_eq!(sockets::listening(running.process_id()), Vec::<String>::new());
        looks += 1;
    }
    running.wait().exits_with(0);
    assert!(looks > 10, "looked only {looks} times");
    deployment.runs_exactly(["app"]);
}
