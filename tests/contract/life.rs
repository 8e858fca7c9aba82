//! From created to removed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dmfab::host::engine::Engine;
use dmfab::model::container::{ContainerSettings, Mount, MountSource};
use dmfab::model::image::ImageReference;
use dmfab::model::observed::{ContainerStatus, Health, ObservedProcess};

use super::subject::{APP, HEALTH, Subject, image, published, sleeping, volume_spec, words};

const DEADLINE: Duration = Duration::from_secs(20);
/// A command that goes on and writes.
pub(super) const WRITER: &str = "sh -c while sleep 0.1; do echo written; done";

pub(super) async fn a_container_is_created_started_stopped_renamed_and_removed<E: Engine>(
    subject: &Subject<'_, E>,
) {
    let engine = subject.engine;
    let (name, new_name) = (subject.name("web"), subject.name("web.dmfab-old"));
    subject.create("web", &sleeping()).await.expect("created");
    let created = subject.inspect("web").await;
    assert_eq!((created.status, created.name.as_str()), (ContainerStatus::Created, name.as_str()));
    assert_eq!(created.image_name, APP);
    let image = engine.inspect_image(APP).await.expect("an answer").expect("an image");
    assert_eq!(created.image_id, image.id);
    for _ in 0..2 {
        engine.start_container(&name).await.expect("started, or running already");
        assert_eq!(subject.inspect("web").await.status, ContainerStatus::Running { health: None });
    }
    engine.rename_container(&name, &new_name).await.expect("renamed while running");
    assert_eq!(engine.inspect_container(&name).await.expect("an answer"), None);
    assert_eq!(subject.inspect("web.dmfab-old").await.id, created.id);
    for _ in 0..2 {
        engine.stop_container(&new_name, Some(10)).await.expect("stopped, or stopped already");
        assert_eq!(subject.inspect("web.dmfab-old").await.status, ContainerStatus::Exited { exit_code: 0 });
    }
    engine.remove_container(&new_name).await.expect("removed");
    assert_eq!(engine.inspect_container(&created.id).await.expect("an answer"), None);
}

pub(super) async fn what_ends_by_itself_has_an_exit_code_and_a_log<E: Engine>(subject: &Subject<'_, E>) {
    let settings = ContainerSettings { command: Some(words("crash")), ..ContainerSettings::default() };
    subject.run("crash", &settings).await;
    subject.await_status("crash", |status| status == ContainerStatus::Exited { exit_code: 1 }).await;
    let log = subject.engine.container_log_tail(&subject.name("crash"), 20).await.expect("a log");
    assert_eq!(log, "crashing in 0 seconds\n");
    subject.remove(&["crash"]).await;

    subject.run("terminal", &ContainerSettings { tty: true, ..settings }).await;
    subject.await_status("terminal", |status| status == ContainerStatus::Exited { exit_code: 1 }).await;
    let log = subject.engine.container_log_tail(&subject.name("terminal"), 20).await.expect("a log");
    assert_eq!(log.trim_end(), "crashing in 0 seconds");
    subject.remove(&["terminal"]).await;

    let name = subject.name("health");
    let serving = ContainerSettings::default();
    subject.engine.create_container(&name, &image(HEALTH), &serving).await.expect("created");
    subject.engine.start_container(&name).await.expect("started");
    let healthy = ContainerStatus::Running { health: Some(Health::Healthy) };
    subject.await_status("health", |status| status == healthy).await;
    subject.remove(&["health"]).await;
}

pub(super) async fn commands_run_in_running_containers<E: Engine>(subject: &Subject<'_, E>) {
    let name = subject.name("exec");
    let run = async |line: &[&str]| {
        let words: Vec<_> = line.iter().map(|&word| word.to_owned()).collect();
        subject.engine.exec(&name, &words, None, DEADLINE).await
    };
    assert!(run(&["echo", "hello"]).await.expect_err("no container").is_not_found());
    subject.create("exec", &sleeping()).await.expect("created");
    assert!(run(&["echo", "hello"]).await.expect_err("not running").is_conflict());
    subject.engine.start_container(&name).await.expect("started");
    let outcome = run(&["echo", "hello"]).await.expect("run");
    assert_eq!((outcome.exit_code, outcome.output.as_str()), (Some(0), "hello\n"));
    assert_eq!(run(&["sh", "-c", "exit 3"]).await.expect("run").exit_code, Some(3));
    subject.remove(&["exec"]).await;
}

/// features: API-24
pub(super) async fn commands_that_go_on_are_left_running_and_found<E: Engine>(subject: &Subject<'_, E>) {
    let (engine, name) = (subject.engine, subject.name("service"));
    assert!(engine.container_processes(&name).await.expect_err("no container").is_not_found());
    let settings = ContainerSettings { user: Some("2000".to_owned()), ..sleeping() };
    subject.create("service", &settings).await.expect("created");
    assert!(engine.container_processes(&name).await.expect_err("not running").is_conflict());
    engine.start_container(&name).await.expect("started");
    let patience = Duration::from_millis(500);
    for (line, user, uid) in
        [("sleep 77", None, 2000), (WRITER, Some("0"), 0), ("sleep 78", Some("33:44"), 33)]
    {
        let arguments: Vec<_> = line.splitn(3, ' ').map(str::to_owned).collect();
        let outcome = engine.exec(&name, &arguments, user, patience).await.expect("run");
        assert_eq!(outcome.exit_code, None, "{line}");
        assert_eq!(outcome.output.starts_with("written\n"), line == WRITER, "{line}: {}", outcome.output);
        // A program that writes to nobody would have ended by its second line.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let found = engine.container_processes(&name).await.expect("processes");
        let is_it = |process: &ObservedProcess| process.uid == Some(uid) && process.command == line;
        assert!(found.iter().any(is_it), "{line}: {found:?}");
    }
    subject.remove(&["service"]).await;
}

pub(super) async fn names_are_taken_once<E: Engine>(subject: &Subject<'_, E>) {
    let (one, other) = (subject.name("one"), subject.name("other"));
    subject.create("one", &sleeping()).await.expect("created");
    assert!(subject.create("one", &sleeping()).await.expect_err("taken").is_conflict());
    subject.create("other", &sleeping()).await.expect("created");
    let renamed = subject.engine.rename_container(&one, &other).await;
    assert!(renamed.expect_err("taken").is_conflict());
    assert_eq!(subject.engine.rename_container(&one, &one).await.expect_err("the same").status(), Some(400));
    subject.remove(&["one", "other"]).await;
}

pub(super) async fn what_is_missing_is_not_found<E: Engine>(subject: &Subject<'_, E>) {
    let (engine, name) = (subject.engine, subject.name("missing"));
    assert_eq!(engine.inspect_container(&name).await.expect("an answer"), None);
    assert_eq!(engine.inspect_image("dmfab-lab/missing:1").await.expect("an answer"), None);
    assert_eq!(engine.inspect_volume(&name).await.expect("an answer"), None);
    let missing_image = image("dmfab-lab/missing:1");
    let created = engine.create_container(&name, &missing_image, &sleeping()).await;
    for (call, answer) in [
        ("create", created),
        ("start", engine.start_container(&name).await),
        ("stop", engine.stop_container(&name, None).await),
        ("kill", engine.kill_container(&name, "SIGTERM").await),
        ("rename", engine.rename_container(&name, &subject.name("x")).await),
        ("remove", engine.remove_container(&name).await),
        ("log", engine.container_log_tail(&name, 1).await.map(drop)),
        ("remove network", engine.remove_network(&name).await),
        ("remove volume", engine.remove_volume(&name).await),
    ] {
        let error = answer.expect_err(call);
        assert!(error.is_not_found(), "{call}: {error}");
    }
}

pub(super) async fn an_image_is_taken_for_the_wanted_machines_only<E: Engine>(subject: &Subject<'_, E>) {
    let (engine, name) = (subject.engine, subject.name("machine"));
    let platform = engine.inspect_image(APP).await.expect("an answer").expect("an image").platform;
    let platform = platform.expect("the Engine says it");
    for wanted in [platform.as_str(), "linux"] {
        let reference = ImageReference { platform: Some(wanted.to_owned()), ..image(APP) };
        engine.create_container(&name, &reference, &sleeping()).await.expect("created");
        subject.remove(&["machine"]).await;
    }
    let reference = ImageReference { platform: Some("linux/s390x".to_owned()), ..image(APP) };
    let refused = engine.create_container(&name, &reference, &sleeping()).await.expect_err("for others");
    assert!(refused.is_not_found(), "{refused}");
}

pub(super) async fn what_is_in_use_is_kept<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let volume_name = subject.volume("data").await;
    let source = MountSource::Volume(volume_name.clone());
    let mounts = BTreeMap::from([("/data".to_owned(), Mount::new(source, false))]);
    subject.run("user", &ContainerSettings { mounts, ..sleeping() }).await;
    assert_eq!(subject.inspect("user").await.volume_names, BTreeSet::from([volume_name.clone()]));
    let removed = engine.remove_container(&subject.name("user")).await;
    assert!(removed.expect_err("it runs").is_conflict());
    engine.stop_container(&subject.name("user"), Some(0)).await.expect("stopped");
    let removed = engine.remove_volume(&volume_name).await;
    assert!(removed.expect_err("a stopped container uses it").is_conflict());
    let again = engine.create_volume(&volume_spec(&volume_name)).await.expect("it is there");
    assert!(again.mountpoint.starts_with('/') && again.mountpoint.contains(&volume_name), "{again:?}");
    assert_eq!(engine.inspect_volume(&volume_name).await.expect("an answer"), Some(again));
    subject.remove(&["user"]).await;
    engine.remove_volume(&volume_name).await.expect("removed");
}

pub(super) async fn a_port_is_given_once<E: Engine>(subject: &Subject<'_, E>) {
    let settings =
        ContainerSettings { published_ports: [published("80", None, 28_931)].into(), ..sleeping() };
    subject.run("first", &settings).await;
    subject.create("second", &settings).await.expect("created");
    let started = subject.engine.start_container(&subject.name("second")).await;
    assert_eq!(started.expect_err("the port is taken").status(), Some(500));
    assert_eq!(subject.inspect("second").await.status, ContainerStatus::Created);
    subject.remove(&["first"]).await;
    subject.engine.start_container(&subject.name("second")).await.expect("the port is free");
    subject.remove(&["second"]).await;
}

pub(super) async fn lists_show_what_is_there<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let labels = BTreeMap::from([("dmfab.map".to_owned(), "contract".to_owned())]);
    subject
        .create("listed", &ContainerSettings { labels: labels.clone(), ..sleeping() })
        .await
        .expect("created");
    let name = subject.name("listed");
    let containers = engine.list_containers().await.expect("containers");
    let listed = containers.iter().find(|container| container.name == name).expect("listed");
    let found = subject.inspect("listed").await;
    assert_eq!((&listed.id, &listed.image_id), (&found.id, &found.image_id));
    assert_eq!((listed.image_name.as_str(), listed.state.as_str()), (APP, "created"));
    assert_eq!(listed.labels, labels);
    let images = engine.list_images().await.expect("images");
    assert_eq!(images.get(APP), Some(&found.image_id));
    let volume_name = subject.volume("listed").await;
    let volumes = engine.list_volumes().await.expect("volumes");
    let volume = volumes.iter().find(|volume| volume.name == volume_name).expect("listed");
    assert_eq!((volume.driver.as_str(), &volume.labels), ("local", &labels));
    let networks = engine.list_networks().await.expect("networks");
    for preset in ["bridge", "host", "none"] {
        assert!(networks.iter().any(|network| network.name == preset), "{preset}");
    }
    subject.remove(&["listed"]).await;
    engine.remove_volume(&volume_name).await.expect("removed");
}

pub(super) async fn what_does_not_listen_is_killed<E: Engine>(subject: &Subject<'_, E>) {
    // The first process of a container is not ended by signals it does not handle.
    let settings = ContainerSettings {
        entrypoint: Some(words("/bin/sleep")),
        command: Some(words("99")),
        ..ContainerSettings::default()
    };
    subject.run("deaf", &settings).await;
    subject.engine.stop_container(&subject.name("deaf"), Some(1)).await.expect("killed");
    assert_eq!(subject.inspect("deaf").await.status, ContainerStatus::Exited { exit_code: 137 });
    subject.remove(&["deaf"]).await;
}

/// features: API-21
pub(super) async fn signals_arrive<E: Engine>(subject: &Subject<'_, E>) {
    let (engine, name) = (subject.engine, subject.name("signalled"));
    subject.run("signalled", &sleeping()).await;
    let unknown = engine.kill_container(&name, "SIGHPU").await.expect_err("no such signal");
    assert_eq!(unknown.status(), Some(400));
    engine.kill_container(&name, "SIGHUP").await.expect("sent");
    assert!(subject.inspect("signalled").await.status.is_active());
    engine.kill_container(&name, "SIGTERM").await.expect("sent");
    subject.await_status("signalled", |status| status == ContainerStatus::Exited { exit_code: 0 }).await;
    let again = engine.kill_container(&name, "SIGTERM").await;
    assert!(again.expect_err("it does not run").is_conflict());
    engine.start_container(&name).await.expect("started");
    engine.kill_container(&name, "SIGKILL").await.expect("sent");
    subject.await_status("signalled", |status| status == ContainerStatus::Exited { exit_code: 137 }).await;
    subject.remove(&["signalled"]).await;
}
