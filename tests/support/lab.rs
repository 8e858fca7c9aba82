//! The lab of this checkout: started once, used by every test, never stopped by one.
//!
//! Several processes may run tests at once. The first one starts the lab under a lock; the others
//! find it well and leave it alone. Tests that stop daemons do so on hosts of their own
//! ([`Lab::own_host`]), so nobody mends what somebody else has broken on purpose.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::engine;
use super::host::Host;

/// The hosts that are shared by all tests.
pub(crate) const SHARED_HOSTS: [&str; 4] = ["web1", "apps1", "apps2", "apps3"];

/// A lab that is up.
#[derive(Debug)]
pub(crate) struct Lab {
    description: Value,
}

/// The lab's program.
pub(crate) fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab")
}

/// Where tests keep locks. Not the lab's own folder, which `lab down` removes.
pub(crate) fn state_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab-tests");
    fs::create_dir_all(&folder).expect("a folder below target");
    folder
}

/// Waits for a lock that other processes and threads take too.
pub(crate) fn lock(name: &str) -> File {
    let file = File::create(state_folder().join(name)).expect("a lock file");
    file.lock().expect("a lock");
    file
}

fn describe() -> Option<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab/lab.json");
    serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
}

/// Runs the lab's program, and fails with what it says. One command at a time.
fn lab<const N: usize>(arguments: [&str; N]) {
    let _lock = lock("command.lock");
    let output = Command::new(program()).args(arguments).output().expect("the lab's program");
    assert!(
        output.status.success(),
        "`tests/lab/lab {}` failed:\n{}\nThe tests in `on_the_lab` need root on Linux; to leave them out: \
         cargo test --test integration -- --skip on_the_lab",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Lab {
    /// The lab, with its four hosts.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Lab> = OnceLock::new();
        SHARED.get_or_init(|| {
            let _lock = lock("up.lock");
            if let Some(found) = describe().map(|description| Self { description })
                && SHARED_HOSTS.iter().all(|name| found.find(name).is_some_and(|host| is_well(&host)))
            {
                return found;
            }
            lab(["up", "4"]);
            Self { description: describe().expect("`lab up` writes lab.json") }
        })
    }

    /// A host by name.
    pub(crate) fn host(&self, name: &str) -> Host {
        self.find(name).unwrap_or_else(|| panic!("the lab has no host `{name}`"))
    }

    fn find(&self, name: &str) -> Option<Host> {
        let hosts = self.description["hosts"].as_array()?;
        hosts.iter().find(|host| host["name"] == name).map(Host::from_json)
    }

    /// The four shared hosts.
    pub(crate) fn hosts(&self) -> Vec<Host> {
        SHARED_HOSTS.iter().map(|name| self.host(name)).collect()
    }

    /// The path of the lab's `ssh_config`, which knows every host.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.text("/ssh_config").into()
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.text("/known_hosts").into()
    }

    /// Address of the registry that wants no login, and of the one that does.
    pub(crate) fn registries(&self) -> (String, String) {
        (self.text("/registries/open/address"), self.text("/registries/auth/address"))
    }

    fn text(&self, pointer: &str) -> String {
        let found = self.description.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("lab.json has no {pointer}")).to_owned()
    }

    /// A host beside the shared ones that this test alone may break. It stays for the next test
    /// that asks for it, which gets it mended.
    #[expect(clippy::unused_self, reason = "the lab must be up")]
    pub(crate) fn own_host(&self, name: &str) -> OwnHost {
        let lock = lock(&format!("host-{name}.lock"));
        if describe().is_some_and(|description| Self { description }.find(name).is_some()) {
            signal_dockerd(name, "CONT");
        }
        lab(["host", "add", name]);
        let lab = Self { description: describe().expect("`lab host add` writes lab.json") };
        OwnHost { host: lab.host(name), _lock: lock }
    }
}

fn is_well(host: &Host) -> bool {
    let address: SocketAddr = format!("{}:22", host.private).parse().expect("an address");
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok() && engine::is_well(&host.docker_sock)
}

fn signal_dockerd(name: &str, signal: &str) {
    let line = format!("kill -{signal} $(cat /run/docker.pid)");
    // A daemon that is not there needs no signal.
    let _ = Command::new(program()).args(["exec", name, "sh", "-c", &line]).output();
}

/// A host of one test alone.
pub(crate) struct OwnHost {
    pub(crate) host: Host,
    _lock: File,
}

impl OwnHost {
    /// Kills a daemon as a crash would.
    pub(crate) fn stop(&self, daemon: &str) {
        lab(["stop", &self.host.name, daemon]);
    }

    pub(crate) fn start(&self, daemon: &str) {
        lab(["start", &self.host.name, daemon]);
    }

    /// Pulls the network cable (`down`), or plugs it in again (`up`).
    pub(crate) fn link(&self, state: &str) {
        lab(["link", &self.host.name, state]);
    }

    /// Lets dockerd hang: connections are accepted and nothing is answered.
    pub(crate) fn freeze_dockerd(&self) {
        signal_dockerd(&self.host.name, "STOP");
    }

    pub(crate) fn unfreeze_dockerd(&self) {
        signal_dockerd(&self.host.name, "CONT");
    }
}

impl Drop for OwnHost {
    /// The next test gets the host mended anyway; a frozen daemon would hold up the lab's own
    /// commands until then.
    fn drop(&mut self) {
        self.unfreeze_dockerd();
    }
}
