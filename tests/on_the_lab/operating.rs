//! The commands that look: `run`, `ps`, `version`, `hosts`, `config`.

use std::path::Path;

use dmfab::source::diagnostic::Diagnostics;
use dmfab::source::document::read_document;
use dmfab::source::file::SourceMap;
use serde_json::Value;

use crate::support::deployment::Deployment;
use crate::support::inventory::Inventory;
use crate::support::lab::Lab;

const MAP: &str = "
app:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options:
    environment:
      DB_PASSWORD: correct-horse
db:
  image: dmfab-lab/app:1
  stop_timeout: 1
";

#[test]
fn equal_output_of_a_command_is_shown_once() {
    let deployment = Deployment::new(["web1", "apps1", "apps2", "apps3"], MAP);
    let ended = deployment.dmfab("run", &["--", "echo hello; echo oops >&2"]).run().exits_with(0);
    assert_eq!(ended.stdout, "hello\n");
    assert_eq!(ended.stderr, "web1,apps[1-3]:\noops\n");

    let ended = deployment.dmfab("run", &["--hosts", "web1,apps1", "--", "hostname"]).run().exits_with(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("web1\napps1\n", "web1:\napps1:\n"));
}

#[test]
fn arguments_of_a_command_arrive_as_they_are() {
    let deployment = Deployment::new(["web1"], MAP);
    let ended = deployment.dmfab("run", &["--", "printf", "%s|", "a b", "$HOME", "'", ""]).run();
    assert_eq!(ended.exits_with(0).stdout.trim_end(), "a b|$HOME|'||");
}

#[test]
fn a_command_that_fails_somewhere_ends_with_4() {
    let deployment = Deployment::new(["web1", "apps1", "apps2"], MAP);
    let line = "test $(hostname) != apps1 || exit 3";
    let ended = deployment.dmfab("run", &["--", line]).run().exits_with(4);
    assert_eq!(ended.stderr, "web1,apps2:\napps1 (exit status 3):\n");
}

#[test]
fn a_command_runs_while_dockerd_is_down_and_not_where_sshd_is() {
    let lab = Lab::shared();
    let faulty = lab.own_host("fault3");
    let inventory = Inventory::of([lab.host("web1"), faulty.host.clone()]);
    let deployment = Deployment::with_inventory(&inventory, MAP);
    faulty.stop("dockerd");
    let run = || deployment.dmfab("run", &["--connect-timeout", "3", "--", "echo up"]).run();
    assert_eq!(run().exits_with(0).stdout, "up\n");
    faulty.stop("sshd");
    let ended = run().exits_with(5);
    assert_eq!(ended.stdout, "up\n");
    ended
        .says("web1:\n")
        .says("connection to host `fault3` failed (TCP connection)")
        .says("help: check that");
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let deployment = Deployment::new(["web1"], MAP);
    let ended = deployment.dmfab("run", &["--timeout", "1", "--", "sleep 60"]).run().exits_with(4);
    assert!(ended.took < std::time::Duration::from_secs(10), "{ended}");
    ended.says("command `sh -c sleep 60` failed on host `web1`").says("no result within 1 s");
}

#[test]
fn ps_shows_what_runs_and_what_is_absent() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    deployment.dmfab("deploy", &["app", "--hosts", "apps1"]).run().exits_with(0);
    let ended = deployment.dmfab("ps", &[]).run().exits_with(0);
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let (app, db) = (format!("{}app", deployment.prefix()), format!("{}db", deployment.prefix()));
    assert_eq!(rows[0], ["HOST", "CONTAINER", "IMAGE", "STATUS", "PORTS"]);
    assert_eq!(rows[1], ["web1", &app, "dmfab-lab/app:1", "not", "there"]);
    assert_eq!(rows[2], ["web1", &db, "dmfab-lab/app:1", "not", "there"]);
    assert_eq!(rows[3][..4], ["apps1", &app, "dmfab-lab/app:1", "Up"]);
    assert_eq!(rows[4], ["apps1", &db, "dmfab-lab/app:1", "not", "there"]);
    let json = deployment.dmfab("ps", &["--json"]).run().exits_with(0).json();
    let states: Vec<&Value> =
        json["containers"].as_array().expect("a list").iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["absent", "absent", "running", "absent"]);
}

#[test]
fn versions_are_a_table_of_engines() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let ended = deployment.dmfab("version", &[]).run().exits_with(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], format!("dmfab {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["HOST", "ENGINE", "API", "PLATFORM"]);
    let engine = deployment.host("web1").exec([
        "docker",
        "version",
        "-f",
        "{{.Server.Version}} {{.Server.APIVersion}}",
    ]);
    for (line, host_name) in lines[2..].iter().zip(["web1", "apps1"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..3].join(" "), format!("{host_name} {}", engine.trim()));
    }
}

#[test]
fn hosts_are_listed_with_their_maps() {
    let deployment = Deployment::new(["web1", "apps1", "apps2"], MAP);
    let ended = deployment.dmfab("hosts", &["--hosts", "apps1-2"]).run().exits_with(0);
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let name = deployment.map_name.as_str();
    assert_eq!(rows[0], ["HOST", "ENGINE", "GROUPS", "MAPS", "CONTAINERS"]);
    assert_eq!(rows[1], ["apps1", "ssh://apps1", name, "2"]);
    assert_eq!(rows[2], ["apps2", "ssh://apps2", name, "2"]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_configuration_reads_as_yaml_and_shows_no_secret() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let ended = deployment.dmfab("config", &["--hosts", "web1"]).run().exits_with(0);
    ended.says("DB_PASSWORD: \"[redacted]\"");
    assert!(!ended.stdout.contains("correct-horse"), "{ended}");
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::default());
    let bytes = ended.stdout.clone().into_bytes();
    let read = read_document(Path::new("config.yaml"), bytes, &mut sources, &mut diagnostics);
    assert!(read.is_some_and(|root| root.as_mapping().is_some()) && diagnostics.is_empty(), "{ended}");
    let json = deployment.dmfab("config", &["--hosts", "web1", "--json"]).run().exits_with(0).json();
    let container = &json["hosts"]["web1"]["containers"][0];
    assert_eq!(container["name"], format!("{}app", deployment.prefix()));
    assert_eq!(container["settings"]["environment"]["DB_PASSWORD"], "[redacted]");
}

#[test]
fn a_changed_secret_is_a_change_whose_values_are_not_shown() {
    let deployment = Deployment::new(["web1"], MAP);
    deployment.deploy();
    deployment.set_map(&MAP.replace("correct-horse", "battery-staple"));
    for arguments in [&["--exit-code"][..], &["--exit-code", "--json"], &["--exit-code", "--format", "steps"]]
    {
        let ended = deployment.dmfab("plan", arguments).run().exits_with(3);
        ended.says("DB_PASSWORD");
        assert!(
            !ended.stdout.contains("correct-horse") && !ended.stdout.contains("battery-staple"),
            "{ended}"
        );
    }
}
