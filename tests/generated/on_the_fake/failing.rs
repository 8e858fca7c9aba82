//! A call that fails, or whose answer is lost, anywhere in a deployment.

use std::collections::BTreeSet;
use std::time::Duration;

use dmfab::event::HostOutcome;
use dmfab::host::engine_error::{EngineError, EngineErrorKind};
use dmfab::plan::Goal;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::host::FakeHost;
use super::{for_each_seed, map};

const FAILED: &str = " (failed)";

/// The host as it is after the first deployment, with further changes of the map to come.
fn deployed(seed: u64) -> (FakeHost, BTreeSet<String>) {
    let (map, mut random) = map(seed);
    let mut host = FakeHost::new(&map);
    host.reach(Goal::Deploy);
    let mut changed = map.changed(&mut random).map;
    for _ in 0..3 {
        changed = changed.changed(&mut random).map;
    }
    host.set_map(&changed);
    host.engine.clear_journal();
    (host, map.all_names())
}

/// Follows what the Engine was told, and fails where a container is there under none of its names.
/// Of calls that failed, only the first can have done its work.
fn nobody_is_lost(host: &FakeHost, names: &BTreeSet<String>, has_its_effect: bool) {
    let mut present: BTreeSet<String> = names.iter().map(|name| format!("m.{name}")).collect();
    let journal = host.engine.journal();
    let mut is_first = true;
    for call in &journal {
        let failed = call.strip_suffix(FAILED);
        if failed.is_some() && !(std::mem::take(&mut is_first) && has_its_effect) {
            continue;
        }
        let words: Vec<&str> = failed.unwrap_or(call).split(' ').collect();
        match words[..] {
            ["create_container", name, ..] => drop(present.insert(name.to_owned())),
            ["remove_container", name, ..] => drop(present.remove(name)),
            ["rename_container", name, new_name, ..] => {
                present.remove(name);
                present.insert(new_name.to_owned());
            }
            _ => {}
        }
        for name in names {
            let is_there = ["", ".dmfab-old", ".dmfab-new"]
                .iter()
                .any(|suffix| present.contains(&format!("m.{name}{suffix}")));
            assert!(is_there, "{name} is lost with `{call}`\n{}\n{}", journal.join("\n"), host.text());
        }
    }
}

#[test]
fn a_call_that_fails_anywhere_loses_no_container_and_the_next_run_ends_well() {
    for_each_seed(400, |seed| {
        let (mut rehearsal, _) = deployed(seed);
        rehearsal.reach(Goal::Deploy);
        let calls = rehearsal.engine.journal();
        let (_, mut random) = map(seed.wrapping_add(1));
        let Some(call) = calls.choose(&mut random) else { return };

        let (mut host, names) = deployed(seed);
        let has_its_effect = random.random_ratio(1, 2);
        if has_its_effect {
            let late = EngineErrorKind::Timeout { after: Duration::from_secs(1) };
            host.engine.lose_next_answer(call, EngineError::new("POST /test", late));
        } else {
            host.engine.fail_next(call, EngineError::from_status("POST /test", 500, "out of luck"));
        }
        let outcome = host.execute(&host.plan(Goal::Deploy));
        let told = || format!("`{call}`, {outcome:?}\n{}\n{}", host.engine.journal().join("\n"), host.text());
        assert!(matches!(outcome, HostOutcome::Failed { .. }), "{}", told());
        nobody_is_lost(&host, &names, has_its_effect);
        assert!(host.running().is_superset(&names), "{:?} after {}", host.running(), told());
        host.engine.heal();
        host.reach(Goal::Deploy);
        host.is_settled();
        assert_eq!(host.running(), names, "{}", host.text());
        assert_eq!(host.ids().into_keys().collect::<BTreeSet<_>>(), names, "{}", host.text());
    });
}
