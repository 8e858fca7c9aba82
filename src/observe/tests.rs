//! One look at a fake Engine.

use std::sync::Mutex;

use super::*;
use crate::host::engine::Engine;
use crate::host::fake::FakeEngine;
use crate::model::connection::Connection;
use crate::model::container::{ContainerSettings, Mount, MountSource};
use crate::model::item::ContainerId;
use crate::model::place::Places;
use crate::model::spec::{ContainerSpec, EngineSettings, Interfaces};
use crate::model::volume::{Preparation, VolumeSpec};

/// Answers `true` for every path, or with the given trouble, and remembers the questions.
#[derive(Default)]
struct Roots {
    trouble: Option<String>,
    asked: Mutex<Vec<String>>,
}

impl VolumeRoots for Roots {
    async fn are_untouched(&self, mountpoints: &[String]) -> Result<Vec<bool>, String> {
        self.asked.lock().expect("no panic").extend_from_slice(mountpoints);
        self.trouble.clone().map_or_else(|| Ok(vec![true; mountpoints.len()]), Err)
    }
}

fn wanted_container(config_name: &str) -> ContainerSpec {
    ContainerSpec {
        id: ContainerId {
            map_name: "m".to_owned(),
            config_name: config_name.to_owned(),
            instance_name: None,
        },
        name: format!("m.{config_name}"),
        image: image(),
        settings: ContainerSettings::default(),
        exec_commands: Vec::new(),
        start_delay: std::time::Duration::ZERO,
        stop_timeout_seconds: None,
        persistent: false,
        dependencies: Vec::new(),
        places: Places::default(),
    }
}

fn wanted_volume(alias: &str, owner: Option<&str>) -> VolumeSpec {
    VolumeSpec {
        name: format!("m.{alias}"),
        map_name: "m".to_owned(),
        config_name: "web".to_owned(),
        driver: "local".to_owned(),
        driver_options: BTreeMap::new(),
        labels: BTreeMap::new(),
        preparation: Preparation { owner: owner.map(str::to_owned), mode: None },
        places: Places::default(),
    }
}

fn host(config_names: &[&str], volumes: Vec<VolumeSpec>) -> HostSpec {
    HostSpec {
        name: "web1".to_owned(),
        connection: Connection::Unix { socket_path: "/var/run/docker.sock".into() },
        engine: EngineSettings::default(),
        interfaces: Interfaces::default(),
        registry_logins: BTreeMap::new(),
        secrets: crate::model::secret::Secrets::default(),
        withholds_secrets: false,
        networks: Vec::new(),
        volumes,
        containers: config_names.iter().map(|name| wanted_container(name)).collect(),
        map_names: std::sync::Arc::default(),
        places: Places::default(),
    }
}

fn image() -> ImageReference {
    ImageReference::parse("app:1", "latest")
}

/// An Engine with an image, and a running container of each name.
async fn engine(names: &[&str]) -> FakeEngine {
    let engine = FakeEngine::new();
    engine.add_image("app:1", ObservedImage::default());
    for name in names {
        run(&engine, name, &ContainerSettings::default()).await;
    }
    engine
}

async fn run(engine: &FakeEngine, name: &str, settings: &ContainerSettings) {
    engine.create_container(name, &image(), settings).await.expect("created");
    engine.start_container(name).await.expect("started");
}

async fn look(engine: &FakeEngine, host: &HostSpec, roots: &Roots) -> HostState {
    engine.clear_journal();
    let state = observe(engine, host, roots, &Questions::default()).await.expect("a state");
    assert_eq!(engine.journal(), Vec::<String>::new(), "a look changes nothing");
    state
}

fn mounting(volume_name: &str) -> ContainerSettings {
    let mount = Mount::new(MountSource::Volume(volume_name.to_owned()), false);
    ContainerSettings {
        mounts: BTreeMap::from([("/data".to_owned(), mount)]),
        ..ContainerSettings::default()
    }
}

#[tokio::test]
async fn calls_are_six_and_one_for_each_container_and_image() {
    let engine = engine(&["m.a", "m.b", "m.c"]).await;
    let state = look(&engine, &host(&["a", "b", "c"], Vec::new()), &Roots::default()).await;
    assert_eq!(engine.reads().len(), 6 + 3 + 1, "{:?}", engine.reads());
    assert!(state.containers.values().all(|container| container.settings.is_some()));
    assert_eq!(state.images.len(), 1);
    assert_eq!(state.engine.version, "20.10.24");
}

#[tokio::test]
async fn what_is_wanted_or_on_its_way_or_ours_is_inspected() {
    let engine = engine(&["m.a", "m.a.dmfab-new", "m.a.dmfab-old", "m.other", "foreign"]).await;
    let labels = |map_name: &str| ContainerSettings {
        labels: BTreeMap::from([(MAP_LABEL.to_owned(), map_name.to_owned())]),
        ..ContainerSettings::default()
    };
    run(&engine, "m.orphan", &labels("m")).await;
    run(&engine, "n.elsewhere", &labels("n")).await;
    let state = look(&engine, &host(&["a"], Vec::new()), &Roots::default()).await;
    let inspected = |name: &str| state.containers[name].settings.is_some();
    for name in ["m.a", "m.a.dmfab-new", "m.a.dmfab-old", "m.orphan"] {
        assert!(inspected(name), "{name}");
    }
    for name in ["m.other", "foreign", "n.elsewhere"] {
        assert!(!inspected(name), "{name}");
        assert_eq!(state.containers[name].status, ContainerStatus::Running { health: None }, "{name}");
    }
}

#[tokio::test]
async fn the_container_whose_network_is_shared_is_known_by_name() {
    let engine = engine(&["m.a"]).await;
    let id = engine.inspect_container("m.a").await.expect("an answer").expect("a container").id;
    let settings = ContainerSettings {
        network_mode: NetworkMode::Container(id.clone()),
        host_options: BTreeMap::from([("PidMode".to_owned(), format!("container:{id}").into())]),
        ..ContainerSettings::default()
    };
    run(&engine, "m.b", &settings).await;
    let state = look(&engine, &host(&["a", "b"], Vec::new()), &Roots::default()).await;
    let settings = state.containers["m.b"].settings.as_ref().expect("settings");
    assert_eq!(settings.network_mode, NetworkMode::Container("m.a".to_owned()));
    assert_eq!(settings.host_options["PidMode"], "container:m.a");
}

#[tokio::test]
async fn roots_are_asked_where_a_volume_waits_to_be_prepared() {
    let engine = engine(&[]).await;
    let owner = Some("33:33");
    let volumes = ["fresh", "used", "absent"].map(|alias| wanted_volume(alias, owner));
    let volumes = [volumes.to_vec(), vec![wanted_volume("plain", None)]].concat();
    for volume in volumes.iter().filter(|volume| volume.name != "m.absent") {
        engine.create_volume(volume).await.expect("created");
    }
    run(&engine, "anybody", &mounting("m.used")).await;
    engine.stop_container("anybody", None).await.expect("stopped");
    let host = host(&[], volumes);
    let roots = Roots::default();
    let state = look(&engine, &host, &roots).await;
    assert_eq!(*roots.asked.lock().expect("no panic"), ["/var/lib/docker/volumes/m.fresh/_data"]);
    assert_eq!(state.volumes["m.fresh"].root, Some(VolumeRoot { is_untouched: true }));
    assert_eq!(state.volumes["m.used"].root, None);

    let roots = Roots { trouble: Some("no such host".to_owned()), ..Roots::default() };
    assert_eq!(look(&engine, &host, &roots).await.volumes["m.fresh"].root, None);
}

#[tokio::test]
async fn a_call_that_fails_fails_the_look() {
    let engine = engine(&["m.a"]).await;
    engine.fail_next("list_volumes", EngineError::from_status("GET /volumes", 500, "no"));
    let error = observe(&engine, &host(&["a"], Vec::new()), &Roots::default(), &Questions::default()).await;
    assert_eq!(error.expect_err("a fault").call, "GET /volumes");
}

#[test]
fn the_list_says_in_words_what_a_container_does() {
    for (state, shown, expected) in [
        ("created", "Created", ContainerStatus::Created),
        ("running", "Up 3 hours", ContainerStatus::Running { health: None }),
        ("running", "Up 3 hours (healthy)", ContainerStatus::Running { health: Some(Health::Healthy) }),
        (
            "running",
            "Up 1 second (health: starting)",
            ContainerStatus::Running { health: Some(Health::Starting) },
        ),
        ("paused", "Up 3 hours (Paused)", ContainerStatus::Paused),
        ("exited", "Exited (137) 2 days ago", ContainerStatus::Exited { exit_code: 137 }),
        ("restarting", "Restarting (1) 2 seconds ago", ContainerStatus::Restarting),
        ("dead", "Dead", ContainerStatus::Dead),
    ] {
        assert_eq!(listed_status(state, shown), expected, "{shown}");
    }
}

#[tokio::test]
async fn registries_are_asked_where_a_plan_needs_it_and_silence_is_an_answer() {
    let engine = FakeEngine::new();
    engine.add_registry_image("app:1", ObservedImage::default());
    let images = ["app:1", "lost:1"].map(|name| ImageReference::parse(name, "latest"));
    let questions = Questions { images: images.clone().into(), ..Questions::default() };
    let state = observe(&engine, &host(&["a"], Vec::new()), &Roots::default(), &questions).await;
    let state = state.expect("a state");
    assert!(matches!(&state.registry_answers[&images[0]], RegistryAnswer::Digest(_)));
    let silence = &state.registry_answers[&images[1]];
    assert!(matches!(silence, RegistryAnswer::None(reason) if reason.contains("manifest unknown")));
    assert_eq!(state.moved_to(&images[0]), engine.registry_digest(&images[0], None).await.ok().as_deref());

    engine.pull_image(&images[0], None).await.expect("pulled");
    let questions = Questions { images: images[..1].iter().cloned().collect(), ..Questions::default() };
    let state = observe(&engine, &host(&["a"], Vec::new()), &Roots::default(), &questions).await;
    assert_eq!(state.expect("a state").moved_to(&images[0]), None, "the host has what the registry has");
}
