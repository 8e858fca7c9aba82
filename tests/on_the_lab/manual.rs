//! Files as Docker-Map's and Docker-Fabric's manuals show them.
//!
//! `manual/example_map.yaml` is the manual's text, letter by letter. Of the map, only the
//! published ports are changed, since 80 and 443 of all addresses can be given only once on a
//! host, and the line is added that the manual's section on clients puts into code: which clients
//! the map is for. Of the clients files, the addresses are changed, which the manual leaves open,
//! and the lab's `ssh_config` is added, which a user has in the home folder.

use std::fmt::Write;

use crate::support::deployment::Deployment;
use crate::support::dmfab::Ended;
use crate::support::inventory::Inventory;
use crate::support::lab::Lab;
use crate::support::port::Port;
use crate::support::{eventually, http};

const EXAMPLE_MAP: &str = include_str!("manual/example_map.yaml");

/// The example under a name of its own, which the manual gives it by the name of the file.
struct Example {
    deployment: Deployment,
    file: String,
    ports: [Port; 2],
}

impl Example {
    fn new(clients: &str) -> Self {
        const CLIENTS: &str = "web1, apps1, apps2, apps3";
        let deployment = Deployment::with_inventory(&Inventory::of(Lab::shared().hosts()), "");
        let file = format!("{}.yaml", deployment.map_name);
        let ports = [Port::take(), Port::take()];
        let map = format!("clients: [{CLIENTS}]\n{EXAMPLE_MAP}")
            .replace("80: 80\n", &format!("80: {}\n", ports[0].number))
            .replace("443: 443\n", &format!("443: {}\n", ports[1].number));
        deployment.write(&file, &map);
        deployment.write("inventory.yaml", clients);
        Self { deployment, file, ports }
    }

    fn dmfab(&self, command: &str, arguments: &[&str]) -> Ended {
        let map = ["--map", self.file.as_str()];
        self.deployment.dmfab(command, &[&map, arguments].concat()).run()
    }

    /// Deploys it, looks at what came of it, and deploys it once more.
    fn deploys(&self) {
        self.dmfab("deploy", &["--yes"]).exits_with(0);
        self.deployment.runs_exactly(["app_server.instance1", "app_server.instance2", "web_server"]);
        for host in self.deployment.hosts() {
            let get = || http::get(&host.private, self.ports[0].number, "/").ok();
            assert_eq!(eventually(http::DEADLINE, "the front page", get).status, 200, "{}", host.name);
            let web = format!("{}web_server", self.deployment.prefix());
            let bindings = "{{json .HostConfig.PortBindings}}";
            let published = host.exec(["docker", "inspect", "-f", bindings, &web]);
            let second =
                format!("\"443/tcp\":[{{\"HostIp\":\"\",\"HostPort\":\"{}\"}}]", self.ports[1].number);
            assert!(published.contains(&second), "{published}");
            let app = format!("{}app_server.instance2", self.deployment.prefix());
            let mounts = "{{range .Mounts}}{{.Source}} {{.Destination}} {{.RW}}\n{{end}}";
            let mounts = host.exec(["docker", "inspect", "-f", mounts, &app]);
            for expected in [
                "/var/lib/site/config/app2 /var/lib/app/config false",
                "/var/lib/site/data/app2 /var/lib/app/data true",
            ] {
                assert!(mounts.contains(expected), "no `{expected}` in\n{mounts}");
            }
        }
        let ended = self.dmfab("deploy", &["--yes"]).exits_with(0);
        ended.says("4 hosts: 4 done · nothing changed");
    }
}

#[test]
fn the_manuals_map_has_no_mistakes() {
    let example = Example::new("web1:\napps1:\napps2:\napps3:\n");
    let ended = example.dmfab("check", &[]).exits_with(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("ok: 1 map, 4 hosts, 12 containers\n", ""));
}

#[test]
fn the_manuals_example_runs_with_a_clients_file_of_docker_map() {
    let mut clients = String::new();
    for host in Lab::shared().hosts() {
        let _ = write!(
            clients,
            "{name}:\n  base_url: {name}\n  interfaces:\n    private: {private}\n  ssh_config: {ssh_config}\n",
            name = host.name,
            private = host.private,
            ssh_config = Lab::shared().ssh_config().display(),
        );
    }
    Example::new(&clients).deploys();
}

#[test]
fn the_manuals_example_runs_with_a_clients_file_of_docker_fabric() {
    let mut clients = String::new();
    for host in Lab::shared().hosts() {
        let _ = writeln!(
            clients,
            "{name}: {{ fabric_host: root@{name}, interfaces: {{ private: {private} }}, ssh_config: {ssh_config} }}",
            name = host.name,
            private = host.private,
            ssh_config = Lab::shared().ssh_config().display(),
        );
    }
    Example::new(&clients).deploys();
}
