//! Networks that are made anew, and places that change, where a call fails.

use super::*;

fn map(network: &str, place: &str) -> HostSpec {
    host(&format!(
        "web: {{image: i, networks: {{net: {place}}}}}\ndb: {{image: i, networks: net}}\nnetworks: {{net: {network}, other: }}"
    ))
}

/// Places of a container by network, and what the network is like.
fn found(bench: &Bench, host: &HostSpec) -> (Vec<crate::model::container::Endpoint>, bool) {
    let state = bench.state(host);
    let settings = state.containers["m.web"].settings.clone().expect("settings");
    (settings.endpoints, state.networks["m.net"].internal)
}

/// Whatever fails, everything is as it was; and the next run brings it about.
#[track_caller]
fn is_put_back(before: &HostSpec, after: &HostSpec, calls: &[&str]) {
    for call in calls {
        let bench = Bench::new();
        bench.deploy(before);
        let (id, was) = (bench.id("m.web"), found(&bench, before));
        bench.engine.fail_next(call, error());
        let outcome = bench.deploy(after);
        let HostOutcome::Failed { failures, .. } = &outcome else { panic!("{call}: {outcome:?}") };
        assert!(failures.iter().all(|failure| failure.undo == Undo::Done), "{call}: {failures:?}");
        assert_eq!(found(&bench, before), was, "{call}");
        assert!(bench.plan(before, Goal::Deploy).is_empty(), "{call}");
        assert!(matches!(bench.deploy(after), HostOutcome::Done { .. }), "{call}");
        assert_ne!(found(&bench, after), was, "{call}");
        assert_eq!(bench.id("m.web"), id, "{call}");
        assert!(bench.plan(after, Goal::Deploy).is_empty(), "{call}");
    }
}

// features: UPD-15
#[test]
fn a_network_that_cannot_be_made_anew_is_put_back_with_everybody_in_it() {
    let calls = [
        "disconnect_network m.db m.net",
        "disconnect_network m.web m.net",
        "remove_network",
        "create_network",
        "connect_network m.db m.net",
        "connect_network m.web m.net",
    ];
    is_put_back(&map("{internal: false}", "{aliases: a}"), &map("{internal: true}", "{aliases: b}"), &calls);
}

// features: UPD-12
#[test]
fn a_container_that_cannot_join_is_put_back_where_it_was() {
    let calls = ["disconnect_network", "connect_network"];
    is_put_back(&map("", "{aliases: a}"), &map("", "{aliases: b}"), &calls);
}
