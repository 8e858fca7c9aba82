//! The Engine under test, and what the cases need of it again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use dmfab::host::engine::{Engine, ExecOutcome};
use dmfab::host::engine_error::EngineError;
use dmfab::host::fake::{FakeEngine, FakeProgram};
use dmfab::model::container::{ContainerSettings, Endpoint, Healthcheck, Link, Port, PublishedPort};
use dmfab::model::image::ImageReference;
use dmfab::model::network::NetworkSpec;
use dmfab::model::observed::{ContainerStatus, EngineVersion, ObservedContainer, ObservedImage};
use dmfab::model::place::Places;
use dmfab::model::secret::SensitiveText;
use dmfab::model::volume::{Preparation, VolumeSpec};

/// Its program serves, sleeps, crashes, or runs what it is told.
pub(super) const APP: &str = "dmfab-lab/app:1";
/// The same with a health check.
pub(super) const HEALTH: &str = "dmfab-lab/health:1";

/// How long a container may take to do what it is expected to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// An Engine under test.
pub(super) struct Subject<'a, E> {
    /// The Engine.
    pub(super) engine: &'a E,
    /// Begins the names of everything that is made.
    pub(super) prefix: &'a str,
}

impl<E: Engine> Subject<'_, E> {
    /// A name of this run.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Creates a container of the app that has the settings.
    pub(super) async fn create(&self, name: &str, settings: &ContainerSettings) -> Result<(), EngineError> {
        self.engine.create_container(&self.name(name), &image(APP), settings).await
    }

    /// Creates and starts a container.
    pub(super) async fn run(&self, name: &str, settings: &ContainerSettings) {
        self.create(name, settings).await.expect("created");
        self.engine.start_container(&self.name(name)).await.expect("started");
    }

    /// A container that is known to exist.
    pub(super) async fn inspect(&self, name: &str) -> ObservedContainer {
        let found = self.engine.inspect_container(&self.name(name)).await.expect("an answer");
        found.unwrap_or_else(|| panic!("no container `{name}`"))
    }

    /// Settings of a container that is known to exist.
    pub(super) async fn settings(&self, name: &str) -> ContainerSettings {
        self.inspect(name).await.settings.expect("settings")
    }

    /// Waits until a container is as expected.
    pub(super) async fn await_status(&self, name: &str, expected: impl Fn(ContainerStatus) -> bool) {
        let reached = async {
            while !expected(self.inspect(name).await.status) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "`{name}` stays as it is");
    }

    /// Stops and removes containers.
    pub(super) async fn remove(&self, names: &[&str]) {
        for name in names {
            let name = self.name(name);
            self.engine.stop_container(&name, Some(0)).await.expect("stopped");
            self.engine.remove_container(&name).await.expect("removed");
        }
    }

    /// Creates a network with addresses of its own, `10.231.THIRD.0/24`.
    pub(super) async fn network(&self, name: &str, third: u8) -> String {
        let spec = network_spec(&self.name(name), third);
        self.engine.create_network(&spec).await.expect("a network");
        spec.name
    }

    /// Creates a volume.
    pub(super) async fn volume(&self, name: &str) -> String {
        let spec = volume_spec(&self.name(name));
        self.engine.create_volume(&spec).await.expect("a volume");
        spec.name
    }

    /// Takes everything away that bears the prefix.
    pub(super) async fn clean_up(&self) {
        let is_ours = |name: &str| name.starts_with(self.prefix);
        for container in self.engine.list_containers().await.expect("containers") {
            if is_ours(&container.name) {
                self.engine.stop_container(&container.name, Some(0)).await.expect("stopped");
                self.engine.remove_container(&container.name).await.expect("removed");
            }
        }
        for network in self.engine.list_networks().await.expect("networks") {
            if is_ours(&network.name) {
                self.engine.remove_network(&network.name).await.expect("removed");
            }
        }
        for volume in self.engine.list_volumes().await.expect("volumes") {
            if is_ours(&volume.name) {
                self.engine.remove_volume(&volume.name).await.expect("removed");
            }
        }
    }
}

/// A reference.
pub(super) fn image(text: &str) -> ImageReference {
    ImageReference::parse(text, "latest")
}

/// Words of a command line.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Settings of a container that runs until it is stopped.
pub(super) fn sleeping() -> ContainerSettings {
    ContainerSettings { command: Some(words("sleep")), ..ContainerSettings::default() }
}

/// A place in a network.
pub(super) fn endpoint(network_name: &str) -> Endpoint {
    Endpoint { network_name: network_name.to_owned(), ..Endpoint::default() }
}

/// A link.
pub(super) fn link(container_name: &str, alias: &str) -> Link {
    Link { container_name: container_name.to_owned(), alias: alias.to_owned() }
}

/// A published port, `53/udp` on an address or on all of them.
pub(super) fn published(port: &str, host_address: Option<&str>, host_port: u16) -> PublishedPort {
    PublishedPort {
        container_port: Port::parse(port).expect("a port"),
        host_address: host_address.map(|address| address.parse().expect("an address")),
        host_port,
    }
}

/// A network that does not exist yet.
pub(super) fn network_spec(name: &str, third: u8) -> NetworkSpec {
    NetworkSpec {
        name: name.to_owned(),
        map_name: "contract".to_owned(),
        driver: "bridge".to_owned(),
        driver_options: BTreeMap::new(),
        internal: false,
        attachable: true,
        enable_ipv6: false,
        labels: BTreeMap::from([("dmfab.map".to_owned(), "contract".to_owned())]),
        ingress: false,
        scope: None,
        ipam: Some(serde_json::json!({"Config": [{"Subnet": format!("10.231.{third}.0/24")}]})),
        places: Places::default(),
    }
}

/// A volume that does not exist yet.
pub(super) fn volume_spec(name: &str) -> VolumeSpec {
    VolumeSpec {
        name: name.to_owned(),
        map_name: "contract".to_owned(),
        config_name: "subject".to_owned(),
        driver: "local".to_owned(),
        driver_options: BTreeMap::new(),
        labels: BTreeMap::from([("dmfab.map".to_owned(), "contract".to_owned())]),
        preparation: Preparation::default(),
        places: Places::default(),
    }
}

/// A fake Engine that holds the lab's images and knows what their program does.
pub(super) fn fake_engine(api_version: &str) -> FakeEngine {
    let engine = FakeEngine::new()
        .with_version(EngineVersion { api_version: api_version.to_owned(), ..EngineVersion::default() });
    let defaults = ContainerSettings {
        command: Some(words("serve")),
        entrypoint: Some(words("/bin/app")),
        environment: BTreeMap::from([
            ("PATH".to_owned(), Some(SensitiveText::open("/bin"))),
            ("VERSION".to_owned(), Some(SensitiveText::open("1"))),
        ]),
        working_dir: Some("/".to_owned()),
        exposed_ports: Port::parse("80").into_iter().collect(),
        ..ContainerSettings::default()
    };
    let healthcheck = Some(Healthcheck {
        test: vec!["CMD".to_owned(), "/bin/app".to_owned(), "health".to_owned()],
        interval_nanoseconds: 1_000_000_000,
        timeout_nanoseconds: 2_000_000_000,
        retries: 2,
        start_period_nanoseconds: 0,
    });
    let platform = Some("linux/amd64".to_owned());
    engine.add_image(
        HEALTH,
        ObservedImage {
            defaults: ContainerSettings { healthcheck, ..defaults.clone() },
            platform: platform.clone(),
            ..ObservedImage::default()
        },
    );
    engine.add_image(APP, ObservedImage { defaults, platform, ..ObservedImage::default() });
    let log = "crashing in 0 seconds\n".to_owned();
    engine.set_program("crash", FakeProgram { exit_code: Some(1), log, ..FakeProgram::default() });
    engine.set_program("99", FakeProgram { ignores_signals: true, ..FakeProgram::default() });
    engine.set_program("-c", super::streams::fake_program());
    engine.set_exec_outcome("echo hello", ExecOutcome { exit_code: Some(0), output: "hello\n".to_owned() });
    for service in ["sleep 77", "sleep 78"] {
        engine.set_exec_outcome(service, ExecOutcome { exit_code: None, output: String::new() });
    }
    let writes = ExecOutcome { exit_code: None, output: "written\n".to_owned() };
    engine.set_exec_outcome(super::life::WRITER, writes);
    engine.set_exec_outcome("sh -c exit 3", ExecOutcome { exit_code: Some(3), output: String::new() });
    engine
}
