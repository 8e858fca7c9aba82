//! One test's own map on hosts of the lab.
//!
//! Tests share the hosts, and are kept apart by the name of their map, which begins the name of
//! everything that dmfab makes. Dropping the deployment takes all of that away.

use std::collections::BTreeMap;
use std::path::Path;

use super::dmfab::{Dmfab, dmfab};
use super::host::{Container, Host};
use super::inventory::Inventory;
use super::lab::Lab;
use super::text::unique_name;

/// A container of another user than root, and a volume that is prepared for it.
pub(crate) const APP_WITH_VOLUME: &str = "
app:
  image: dmfab-lab/app:1
  attaches: data
  user: 2000
  permissions: u=rwX,g=rX,o=
  stop_timeout: 1
volumes:
  data: /data
";

/// A folder with `inventory.yaml` and `map.yaml`.
pub(crate) struct Deployment {
    pub(crate) map_name: String,
    hosts: Vec<Host>,
    folder: tempfile::TempDir,
}

impl Deployment {
    /// A map on shared hosts. `map` is given after the map's own name and hosts.
    pub(crate) fn new<const N: usize>(host_names: [&str; N], map: &str) -> Self {
        let lab = Lab::shared();
        Self::with_inventory(&Inventory::of(host_names.map(|name| lab.host(name))), map)
    }

    /// The same with an inventory of the test's choice.
    pub(crate) fn with_inventory(inventory: &Inventory, map: &str) -> Self {
        let deployment = Self {
            map_name: unique_name(),
            hosts: inventory.hosts().cloned().collect(),
            folder: tempfile::tempdir().expect("a folder"),
        };
        deployment.write("inventory.yaml", &inventory.text());
        deployment.set_map(map);
        deployment
    }

    /// Replaces the map's text, keeping its name and hosts.
    pub(crate) fn set_map(&self, map: &str) {
        let names: Vec<&str> = self.hosts.iter().map(|host| host.name.as_str()).collect();
        let name = &self.map_name;
        let head = format!("name: {name}\nhost_root: /var/lib/{name}\nclients: [{}]\n", names.join(", "));
        self.write("map.yaml", &format!("{head}{map}"));
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).expect("a file");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `dmfab COMMAND inventory.yaml ARGUMENTS`, in the deployment's folder.
    pub(crate) fn dmfab(&self, command: &str, arguments: &[&str]) -> Dmfab {
        let line = [command, "inventory.yaml"].into_iter().chain(arguments.iter().copied());
        dmfab(line).in_folder(self.folder())
    }

    /// Deploys, which must succeed.
    #[track_caller]
    pub(crate) fn deploy(&self) -> super::dmfab::Ended {
        self.dmfab("deploy", &["--yes"]).run().exits_with(0)
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        self.hosts.iter().find(|host| host.name == name).expect("a host of the deployment")
    }

    /// What every name of this map begins with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}.", self.map_name)
    }

    /// The map's containers on each host.
    pub(crate) fn containers(&self) -> BTreeMap<String, BTreeMap<String, Container>> {
        self.hosts.iter().map(|host| (host.name.clone(), host.containers(&self.prefix()))).collect()
    }

    /// The id of one container.
    #[track_caller]
    pub(crate) fn id(&self, host_name: &str, container: &str) -> String {
        let found = self.host(host_name).containers(&self.prefix());
        found.get(container).unwrap_or_else(|| panic!("no {container} on {host_name}: {found:?}")).id.clone()
    }

    /// Fails unless these containers run on every host, and no other container of the map is there.
    #[track_caller]
    pub(crate) fn runs_exactly<const N: usize>(&self, expected: [&str; N]) {
        for (host_name, found) in self.containers() {
            let found: Vec<_> =
                found.iter().map(|(name, container)| format!("{name} {}", container.state)).collect();
            let expected = expected.map(|name| format!("{name} running"));
            assert_eq!(found, expected, "on {host_name}");
        }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let (prefix, root) = (self.prefix(), format!("/var/lib/{}", self.map_name));
        std::thread::scope(|scope| {
            for host in &self.hosts {
                scope.spawn(|| {
                    host.clean_up(&prefix);
                    host.try_exec(["rm", "-rf", &root]);
                });
            }
        });
    }
}
