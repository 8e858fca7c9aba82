//! Inventories of lab hosts.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::host::Host;
use super::lab::Lab;

/// An inventory in the making.
#[derive(Debug, Clone)]
pub(crate) struct Inventory {
    ssh_config: PathBuf,
    hosts: Vec<(Host, Vec<String>)>,
}

impl Inventory {
    /// These hosts, with the addresses of their interfaces and the lab's `ssh_config`.
    pub(crate) fn of(hosts: impl IntoIterator<Item = Host>) -> Self {
        Self {
            ssh_config: Lab::shared().ssh_config(),
            hosts: hosts.into_iter().map(|host| (host, Vec::new())).collect(),
        }
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().map(|(host, _)| host)
    }

    /// Other settings of the SSH client.
    pub(crate) fn ssh_config(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.ssh_config);
        self
    }

    /// One more line among the settings of a host.
    pub(crate) fn host_line(mut self, name: &str, line: &str) -> Self {
        let (_, lines) = self.hosts.iter_mut().find(|(host, _)| host.name == name).expect("a host");
        lines.push(line.to_owned());
        self
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("defaults:\n  ssh_config: {}\nhosts:\n", self.ssh_config.display());
        for (host, lines) in &self.hosts {
            let Host { name, private, public, .. } = host;
            let _ = writeln!(text, "  {name}:\n    interfaces: {{private: {private}, public: {public}}}");
            for line in lines {
                let _ = writeln!(text, "    {line}");
            }
        }
        text + "maps: map.yaml\n"
    }
}
