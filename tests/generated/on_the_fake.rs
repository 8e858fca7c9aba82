//! What holds for every map, on the Engine in memory.

mod failing;
mod host;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dmfab::plan::Goal;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{GeneratedMap, seeds};
use host::FakeHost;

const SIZES: std::ops::Range<usize> = 1..7;

/// Holds the property to each seed. Failures tell what they have seen when they happen; at the end there
/// are their seeds.
fn for_each_seed(usual: u64, property: impl Fn(u64)) {
    let fails = |seed: &u64| catch_unwind(AssertUnwindSafe(|| property(*seed))).is_err();
    let failing: Vec<u64> = seeds(usual).filter(fails).take(8).collect();
    assert!(failing.is_empty(), "again one of them with DMFAB_TEST_SEED: {failing:?}");
}

fn map(seed: u64) -> (GeneratedMap, StdRng) {
    (GeneratedMap::of(seed, SIZES), StdRng::seed_from_u64(!seed))
}

// features: UPD-27
#[test]
fn a_second_deployment_changes_nothing_whatever_the_map() {
    for_each_seed(400, |seed| {
        let (map, _) = map(seed);
        let mut host = FakeHost::new(&map);
        host.reach(Goal::Deploy);
        assert_eq!(host.running(), map.all_names());
        host.is_settled();
    });
}

#[test]
fn one_changed_key_changes_its_containers_and_those_tied_to_them() {
    for_each_seed(400, |seed| {
        let (mut map, mut random) = map(seed);
        let mut host = FakeHost::new(&map);
        host.reach(Goal::Deploy);
        for _ in 0..4 {
            let change = map.changed(&mut random);
            let before = host.ids();
            host.set_map(&change.map);
            let told = || format!("{}\n{}\nbecomes\n{}", change.what, map.text("m."), change.map.text("m."));
            let planned = host.planned_containers(Goal::Deploy);
            assert_eq!(planned, change.touched(), "{}", told());
            host.reach(Goal::Deploy);
            let after = host.ids();
            let renewed: BTreeSet<String> = after
                .iter()
                .filter(|(name, id)| before.get(*name) != Some(*id))
                .map(|(name, _)| name.clone())
                .collect();
            assert_eq!(renewed, change.renewed(), "{}", told());
            assert_eq!(host.running(), change.map.all_names(), "{}", told());
            host.is_settled();
            map = change.map.clone();
        }
    });
}

#[test]
fn what_is_shut_down_is_restored_whatever_the_map() {
    for_each_seed(400, |seed| {
        let (map, _) = map(seed);
        let mut host = FakeHost::new(&map);
        host.reach(Goal::Deploy);
        host.reach(Goal::Shutdown);
        assert_eq!(host.ids().len(), 0);
        assert!(host.plan(Goal::Shutdown).is_empty());
        host.reach(Goal::Startup);
        assert_eq!(host.running(), map.all_names());
        assert!(host.plan(Goal::Startup).is_empty());
        host.is_settled();
    });
}

/// But for persistent containers, which stay as they are left, and commands, which an update may run again.
#[test]
fn every_state_is_reached_once_whatever_the_map() {
    for_each_seed(400, |seed| {
        let map = map(seed).0.without("persistent").without("exec_commands");
        let mut host = FakeHost::new(&map);
        let nothing = BTreeSet::new();
        let all = map.all_names();
        for (goal, running) in [
            (Goal::Create, &nothing),
            (Goal::Start, &all),
            (Goal::Stop, &nothing),
            (Goal::Start, &all),
            (Goal::Remove, &all),
            (Goal::Stop, &nothing),
            (Goal::Startup, &all),
            (Goal::Update, &all),
            (Goal::Stop, &nothing),
            (Goal::Remove, &nothing),
            (Goal::Deploy, &all),
        ] {
            host.reach(goal);
            assert_eq!(host.running(), *running, "{goal:?}\n{}", map.text("m."));
            assert!(host.plan(goal).is_empty(), "{goal:?}\n{}", map.text("m."));
        }
        let ids = host.ids();
        host.reach(Goal::Restart);
        assert_eq!(host.ids(), ids);
        assert_eq!(host.running(), all);
        host.is_settled();
    });
}
