//! One host of the lab, looked at from beside: without SSH and without what is tested.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::port::Port;
use super::{engine, eventually, http, lab};

/// A host of the lab.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) private: String,
    pub(crate) public: String,
    pub(crate) sshd_log: PathBuf,
    pub(crate) docker_sock: PathBuf,
}

/// A container as its Engine lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) state: String,
}

impl Host {
    pub(super) fn from_json(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().expect("a text").to_owned();
        Self {
            name: text("name"),
            private: text("private"),
            public: text("public"),
            sshd_log: text("sshd_log").into(),
            docker_sock: text("docker_sock").into(),
        }
    }

    /// Runs a command inside and gives its standard output; it must succeed.
    pub(crate) fn exec<const N: usize>(&self, command: [&str; N]) -> String {
        let (succeeded, output) = self.try_exec(command);
        assert!(succeeded, "{}: {command:?}: {output}", self.name);
        output
    }

    /// Runs a command inside; whether it succeeded, and what it wrote.
    pub(crate) fn try_exec<const N: usize>(&self, command: [&str; N]) -> (bool, String) {
        let output = Command::new(lab::program()).arg("exec").arg(&self.name).args(command).output();
        let output = output.expect("the lab's program");
        let written = if output.status.success() { &output.stdout } else { &output.stderr };
        (output.status.success(), String::from_utf8_lossy(written).into_owned())
    }

    /// Lets a program listen on a port of the host. It is in a container, by whose name it is cleaned up,
    /// but in the network of the host: the Engine knows nothing of its port.
    pub(crate) fn occupy(&self, container: &str, port: &Port) {
        let number = port.number.to_string();
        let image = "dmfab-lab/app:1";
        self.exec(["docker", "run", "-d", "--network", "host", "--name", container, image, "serve", &number]);
        eventually(Duration::from_secs(10), "somebody listens", || {
            http::get(&self.private, port.number, "/").ok()
        });
    }

    /// Containers whose names begin with `prefix`, by the rest of their names.
    pub(crate) fn containers(&self, prefix: &str) -> BTreeMap<String, Container> {
        let listed = engine::get(&self.docker_sock, "/containers/json?all=1");
        let listed = listed.as_array().expect("a list");
        let named = listed.iter().filter_map(|found| {
            let name = own_name(found)?.strip_prefix(prefix)?.to_owned();
            let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
            Some((name, Container { id: text("Id"), state: text("State") }))
        });
        named.collect()
    }

    /// Names of volumes that begin with `prefix`, without it.
    pub(crate) fn volumes(&self, prefix: &str) -> Vec<String> {
        let listed = engine::get(&self.docker_sock, "/volumes");
        names(listed["Volumes"].as_array(), prefix)
    }

    /// Names of networks that begin with `prefix`, without it.
    pub(crate) fn networks(&self, prefix: &str) -> Vec<String> {
        let listed = engine::get(&self.docker_sock, "/networks");
        names(listed.as_array(), prefix)
    }

    /// Logins with the key of this fingerprint that sshd has accepted until now.
    pub(crate) fn accepted_logins(&self, fingerprint: &str) -> usize {
        let log = std::fs::read_to_string(&self.sshd_log).expect("sshd's log");
        let is_accepted = |line: &&str| line.contains("Accepted publickey") && line.contains(fingerprint);
        log.lines().filter(is_accepted).count()
    }

    /// Takes away every container, volume and network with this prefix. Used after tests, also
    /// failed ones, hence it does not fail.
    pub(crate) fn clean_up(&self, prefix: &str) {
        if !engine::is_well(&self.docker_sock) {
            return;
        }
        let listed = |path: &str| -> Value {
            let answer = engine::request(&self.docker_sock, "GET", path);
            answer.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default()
        };
        let delete = |path: &str| drop(engine::request(&self.docker_sock, "DELETE", path));
        for found in listed("/containers/json?all=1").as_array().into_iter().flatten() {
            if let Some(name) = own_name(found).filter(|name| name.starts_with(prefix)) {
                delete(&format!("/containers/{name}?force=1&v=1"));
            }
        }
        for name in names(listed("/volumes")["Volumes"].as_array(), prefix) {
            delete(&format!("/volumes/{prefix}{name}"));
        }
        for name in names(listed("/networks").as_array(), prefix) {
            delete(&format!("/networks/{prefix}{name}"));
        }
    }
}

/// A linked container is listed under the names of its links as well: `/app/db`.
fn own_name(listed: &Value) -> Option<&str> {
    let names = listed["Names"].as_array()?.iter().filter_map(|name| name.as_str()?.strip_prefix('/'));
    names.into_iter().find(|name| !name.contains('/'))
}

fn names(listed: Option<&Vec<Value>>, prefix: &str) -> Vec<String> {
    let names = listed.into_iter().flatten().filter_map(|found| found["Name"].as_str()?.strip_prefix(prefix));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}
