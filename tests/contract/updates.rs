//! What is changed of a container without making it anew.

use std::collections::BTreeMap;

use dmfab::host::engine::Engine;
use dmfab::model::container::{ContainerSettings, Endpoint};
use dmfab::model::update::ContainerUpdate;
use serde_json::{Value, json};

use super::subject::{Subject, endpoint, network_spec, sleeping};

const GIB: u64 = 1 << 30;

fn options(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).expect("an object")
}

fn with_options(value: Value) -> ContainerSettings {
    ContainerSettings { host_options: options(value), ..sleeping() }
}

/// Each with the options before, the update, and the options after; `None` where it is refused.
fn cases() -> Vec<(Value, Value, Option<Value>)> {
    let memory = |gib: u64| json!({"Memory": gib * GIB, "MemorySwap": 2 * gib * GIB});
    vec![
        (json!({}), memory(1), Some(memory(1))),
        (memory(1), memory(2), Some(memory(2))),
        (memory(2), memory(1), Some(memory(1))),
        (memory(1), json!({"Memory": 4 * GIB}), None),
        (memory(1), json!({"Memory": 0, "MemorySwap": 0}), Some(memory(1))),
        (
            json!({"MemoryReservation": GIB}),
            json!({"MemoryReservation": 0}),
            Some(json!({"MemoryReservation": GIB})),
        ),
        (json!({"PidsLimit": 100}), json!({"PidsLimit": 50}), Some(json!({"PidsLimit": 50}))),
        (json!({"PidsLimit": 100}), json!({"PidsLimit": 0}), Some(json!({}))),
        (json!({"CpuShares": 512}), json!({"CpuShares": 256}), Some(json!({"CpuShares": 256}))),
        (json!({"CpuShares": 512}), json!({"CpuShares": 0}), Some(json!({"CpuShares": 512}))),
        (json!({"CpuQuota": 50_000}), json!({"CpuQuota": -1}), Some(json!({}))),
        (json!({"CpuPeriod": 50_000}), json!({"CpuPeriod": 0}), Some(json!({"CpuPeriod": 50_000}))),
        (
            json!({"NanoCpus": 500_000_000}),
            json!({"NanoCpus": 800_000_000}),
            Some(json!({"NanoCpus": 800_000_000})),
        ),
        (json!({"NanoCpus": 500_000_000}), json!({"CpuQuota": 50_000}), None),
        (json!({"CpuPeriod": 50_000}), json!({"NanoCpus": 500_000_000}), None),
        (json!({"CpusetCpus": "0"}), json!({"CpusetCpus": ""}), Some(json!({"CpusetCpus": "0"}))),
        (
            json!({}),
            json!({"CpusetCpus": "0", "CpusetMems": "0"}),
            Some(json!({"CpusetCpus": "0", "CpusetMems": "0"})),
        ),
        (
            json!({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
            json!({"RestartPolicy": {"Name": "always"}}),
            Some(json!({"RestartPolicy": {"Name": "always"}})),
        ),
        (
            json!({"RestartPolicy": {"Name": "always"}}),
            json!({"RestartPolicy": {"Name": "no"}}),
            Some(json!({})),
        ),
    ]
}

pub(super) async fn limits_and_restart_policy_change_in_place<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let name = subject.name("updated");
    for (before, change, after) in cases() {
        for starts in [false, true] {
            subject.create("updated", &with_options(before.clone())).await.expect("created");
            if starts {
                engine.start_container(&name).await.expect("started");
            }
            let found = subject.inspect("updated").await;
            let update = ContainerUpdate { options: options(change.clone()) };
            let answer = engine.update_container(&name, &update).await;
            let updated = subject.inspect("updated").await;
            assert_eq!((&updated.id, &updated.started_at), (&found.id, &found.started_at));
            let options_now = updated.settings.expect("settings").host_options;
            match &after {
                Some(after) => {
                    answer.unwrap_or_else(|error| panic!("{before} {change}: {error}"));
                    assert_eq!(json!(options_now), *after, "{before} {change}, running: {starts}");
                }
                None => {
                    assert!(answer.expect_err("refused").is_conflict(), "{before} {change}");
                    assert_eq!(json!(options_now), before, "{change}");
                }
            }
            subject.remove(&["updated"]).await;
        }
    }
    let missing = engine.update_container(&subject.name("missing"), &ContainerUpdate::default()).await;
    assert!(missing.expect_err("no such container").is_not_found());
}

pub(super) async fn places_in_networks_change_in_place<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let (main, other) = (subject.network("main", 7).await, subject.network("other", 8).await);
    let name = subject.name("moving");
    for starts in [true, false] {
        subject
            .create("moving", &ContainerSettings { endpoints: vec![endpoint(&main)], ..sleeping() })
            .await
            .expect("created");
        if starts {
            engine.start_container(&name).await.expect("started");
        }
        let started_at = subject.inspect("moving").await.started_at;
        let networks = async || {
            let found = subject.inspect("moving").await;
            let names: Vec<_> = found.attachment.expect("networks").network_ids.into_keys().collect();
            (names, found.settings.expect("settings").endpoints)
        };
        engine.connect_network(&name, &endpoint(&other)).await.expect("joined");
        assert_eq!(networks().await.1, [endpoint(&main), endpoint(&other)]);
        for _ in 0..2 {
            engine.disconnect_network(&name, &main).await.expect("left, or not in it");
            assert_eq!(networks().await.1, [endpoint(&other)]);
        }
        engine.disconnect_network(&name, &other).await.expect("left");
        assert_eq!(networks().await, (Vec::new(), Vec::new()));
        engine.connect_network(&name, &endpoint("bridge")).await.expect("joined");
        assert_eq!(networks().await, (vec!["bridge".to_owned()], Vec::new()));
        engine.disconnect_network(&name, "bridge").await.expect("left");
        let again = Endpoint {
            aliases: ["api".to_owned()].into(),
            ipv4_address: Some("10.231.7.77".to_owned()),
            ..endpoint(&main)
        };
        engine.connect_network(&name, &again).await.expect("joined");
        assert_eq!(networks().await.1, [again]);
        let found = subject.inspect("moving").await;
        assert_eq!(found.started_at, started_at);
        assert_eq!(found.attachment.expect("networks").main_network, main);
        if starts {
            // Of one that stands still, Engines say no more than that it is not in it.
            let missing = engine.disconnect_network(&name, &subject.name("missing")).await;
            assert!(missing.expect_err("no such network").is_not_found());
        }
        subject.remove(&["moving"]).await;
    }
    for network_name in [main, other] {
        engine.remove_network(&network_name).await.expect("removed");
    }
}

pub(super) async fn a_network_that_was_made_anew_wants_its_stopped_members_again<E: Engine>(
    subject: &Subject<'_, E>,
) {
    let engine = subject.engine;
    let network_name = subject.network("again", 9).await;
    let name = subject.name("member");
    subject
        .run("member", &ContainerSettings { endpoints: vec![endpoint(&network_name)], ..sleeping() })
        .await;
    let id = async || {
        let networks = engine.list_networks().await.expect("networks");
        networks.into_iter().find(|network| network.name == network_name).expect("it").id
    };
    let known_id = async || {
        subject.inspect("member").await.attachment.expect("networks").network_ids[&network_name].clone()
    };
    assert_eq!(known_id().await, id().await);
    engine.stop_container(&name, Some(0)).await.expect("stopped");
    let old_id = id().await;
    engine.remove_network(&network_name).await.expect("a stopped container does not hold it");
    engine.create_network(&network_spec(&network_name, 10)).await.expect("created");
    assert_eq!(known_id().await, old_id);
    assert!(engine.start_container(&name).await.expect_err("the old network is gone").is_not_found());
    engine.disconnect_network(&name, &network_name).await.expect("left");
    engine.connect_network(&name, &endpoint(&network_name)).await.expect("joined");
    assert_eq!(known_id().await, "");
    engine.start_container(&name).await.expect("started");
    assert_eq!(known_id().await, id().await);
    subject.remove(&["member"]).await;
    engine.remove_network(&network_name).await.expect("removed");
}
