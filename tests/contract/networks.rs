//! Networks, links, and shared networks.

use dmfab::host::engine::Engine;
use dmfab::model::container::{ContainerSettings, Endpoint, NetworkMode};

use super::subject::{Subject, endpoint, link, network_spec, sleeping};

pub(super) async fn a_network_is_created_once<E: Engine>(subject: &Subject<'_, E>) {
    let name = subject.network("once", 1).await;
    let again = subject.engine.create_network(&network_spec(&name, 2)).await;
    assert!(again.expect_err("taken").is_conflict());
    let networks = subject.engine.list_networks().await.expect("networks");
    let found: Vec<_> = networks.iter().filter(|network| network.name == name).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].driver.as_str(), found[0].internal), ("bridge", false));
    assert_eq!(found[0].labels.get("dmfab.map").map(String::as_str), Some("contract"));
    subject.engine.remove_network(&name).await.expect("removed");
}

pub(super) async fn a_container_joins_further_networks<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let (first, second) = (subject.network("z", 3).await, subject.network("a", 4).await);
    let further = Endpoint {
        aliases: ["db".to_owned(), "store".to_owned()].into(),
        ipv4_address: Some("10.231.4.77".to_owned()),
        ..endpoint(&second)
    };
    let endpoints = vec![endpoint(&first), further.clone()];
    subject
        .create("joined", &ContainerSettings { endpoints: endpoints.clone(), ..sleeping() })
        .await
        .expect("created");
    let name = subject.name("joined");
    engine.connect_network(&name, &further).await.expect("joined, or there already");
    assert_eq!(subject.settings("joined").await.endpoints, endpoints);
    engine.start_container(&name).await.expect("started");
    assert_eq!(subject.settings("joined").await.endpoints, endpoints);
    engine.connect_network(&name, &further).await.expect("there already");
    let elsewhere =
        engine.connect_network(&name, &Endpoint { aliases: ["x".to_owned()].into(), ..further }).await;
    assert_eq!(elsewhere.expect_err("it is there, but differently").status(), Some(403));
    assert_eq!(engine.remove_network(&second).await.expect_err("in use").status(), Some(403));
    subject.remove(&["joined"]).await;
    for network_name in [first, second] {
        engine.remove_network(&network_name).await.expect("nobody is in it");
    }
}

pub(super) async fn a_link_follows_a_renamed_container<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let (target, renamed) = (subject.name("target"), subject.name("renamed"));
    subject.run("target", &sleeping()).await;
    let settings = ContainerSettings { links: [link(&target, "db")].into(), ..sleeping() };
    subject.run("linking", &settings).await;
    assert_eq!(subject.settings("linking").await.links, [link(&target, "db")].into());
    let containers = engine.list_containers().await.expect("containers");
    assert!(containers.iter().any(|container| container.name == target), "under its own name");
    engine.rename_container(&target, &renamed).await.expect("renamed");
    assert_eq!(subject.settings("linking").await.links, [link(&renamed, "db")].into());
    subject.remove(&["renamed"]).await;
    assert_eq!(subject.settings("linking").await.links, [link(&renamed, "db")].into());
    subject.remove(&["linking"]).await;
}

pub(super) async fn ties_to_a_stopped_container_forbid_a_start<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let target = subject.name("target");
    subject.run("target", &sleeping()).await;
    let linked = ContainerSettings { links: [link(&target, "db")].into(), ..sleeping() };
    let sharing = ContainerSettings { network_mode: NetworkMode::Container(target.clone()), ..sleeping() };
    for (name, settings) in [("linking", linked), ("sharing", sharing)] {
        subject.create(name, &settings).await.expect("created");
        engine.stop_container(&target, Some(1)).await.expect("stopped");
        let refused = engine.start_container(&subject.name(name)).await;
        assert!(refused.expect_err("it must run").status().is_some_and(|status| status >= 400), "{name}");
        engine.start_container(&target).await.expect("started");
        engine.start_container(&subject.name(name)).await.expect("started now");
        subject.remove(&[name]).await;
    }
    subject.remove(&["target"]).await;
}

pub(super) async fn a_later_start_is_told_by_its_time<E: Engine>(subject: &Subject<'_, E>) {
    subject.run("first", &sleeping()).await;
    subject.run("second", &sleeping()).await;
    subject.create("never", &sleeping()).await.expect("created");
    assert!(subject.inspect("first").await.started_at < subject.inspect("second").await.started_at);
    assert_eq!(subject.inspect("never").await.started_at, None);
    subject.remove(&["first", "second", "never"]).await;
}

pub(super) async fn what_is_missing_for_a_container_is_named<E: Engine>(subject: &Subject<'_, E>) {
    let missing = subject.name("missing");
    let settings = ContainerSettings { links: [link(&missing, "db")].into(), ..sleeping() };
    assert_eq!(subject.create("x", &settings).await.expect_err("no link").status(), Some(400));
    let settings = ContainerSettings { volumes_from: [(missing.clone(), true)].into(), ..sleeping() };
    let status = subject.create("x", &settings).await.expect_err("no volumes").status();
    assert!(matches!(status, Some(400 | 404)), "{status:?}");

    for (name, settings) in [
        ("x", ContainerSettings { endpoints: vec![endpoint(&missing)], ..sleeping() }),
        ("y", ContainerSettings { network_mode: NetworkMode::Container(missing.clone()), ..sleeping() }),
    ] {
        // Some Engines look when the container is created, others when it is started.
        let answer = match subject.create(name, &settings).await {
            Ok(()) => subject.engine.start_container(&subject.name(name)).await,
            refused => refused,
        };
        let error = answer.expect_err("something is missing");
        // Engines since 28 answer 500 to a missing container.
        assert!(matches!(error.status(), Some(404 | 500)), "{error}");
        assert!(error.to_string().contains(&missing), "{error}");
        if subject.engine.inspect_container(&subject.name(name)).await.expect("an answer").is_some() {
            subject.remove(&[name]).await;
        }
    }
}
