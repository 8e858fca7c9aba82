//! The same on real Engines, through the program: a few maps on each host of the lab.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::change::Change;
use super::{GeneratedMap, keys, seeds};
use crate::support::deployment::Deployment;

const HOSTS: [&str; 4] = ["web1", "apps1", "apps2", "apps3"];
const SIZES: std::ops::Range<usize> = 1..5;

/// Without what few hosts have.
fn usual(map: GeneratedMap) -> GeneratedMap {
    keys::rare().into_iter().fold(map, GeneratedMap::without)
}

fn usual_change(map: &GeneratedMap, random: &mut StdRng) -> Change {
    loop {
        let change = map.changed(random);
        if usual(change.map.clone()) == change.map {
            return change;
        }
    }
}

fn ids(deployment: &Deployment) -> BTreeMap<String, String> {
    let found = deployment.containers().into_values().flatten();
    found.map(|(name, container)| (name, container.id)).collect()
}

#[track_caller]
fn act(deployment: &Deployment, action: &str, told: &str) {
    let flags: &[&str] = if action == "shutdown" { &["--yes"] } else { &["--yes", "--settle", "0"] };
    let ended = deployment.dmfab(action, flags).run();
    assert_eq!(ended.exit, 0, "{told}\n{ended}");
}

#[track_caller]
fn is_settled(deployment: &Deployment, told: &str) {
    let ended = deployment.dmfab("plan", &["--exit-code"]).run();
    assert_eq!(ended.exit, 0, "something is still to do\n{told}\n{ended}");
}

fn hold(host_name: &'static str, seed: u64) {
    let map = usual(GeneratedMap::of(seed, SIZES));
    let deployment = Deployment::new([host_name], "");
    let text = |map: &GeneratedMap| map.text(&deployment.prefix());
    let told = format!("seed {seed}\n{}", text(&map));
    deployment.set_map(&text(&map));
    act(&deployment, "deploy", &told);
    is_settled(&deployment, &told);
    act(&deployment, "shutdown", &told);
    assert_eq!(ids(&deployment), BTreeMap::new(), "{told}");
    act(&deployment, "startup", &told);
    is_settled(&deployment, &told);

    let before = ids(&deployment);
    let change = usual_change(&map, &mut StdRng::seed_from_u64(!seed));
    let told = format!("{told}becomes by {}\n{}", change.what, text(&change.map));
    deployment.set_map(&text(&change.map));
    act(&deployment, "deploy", &told);
    is_settled(&deployment, &told);
    let after = ids(&deployment);
    let renewed = after.iter().filter(|(name, id)| before.get(*name) != Some(*id));
    let renewed: BTreeSet<String> = renewed.map(|(name, _)| name.clone()).collect();
    assert_eq!(renewed, change.renewed(), "{told}");
}

// features: UPD-27
#[test]
fn generated_maps_are_deployed_once_restored_and_changed_where_they_were_changed() {
    let seeds: Vec<u64> = seeds(12).collect();
    thread::scope(|scope| {
        for (number, host_name) in HOSTS.into_iter().enumerate() {
            let own: Vec<u64> = seeds.iter().copied().skip(number).step_by(HOSTS.len()).collect();
            scope.spawn(move || own.into_iter().for_each(|seed| hold(host_name, seed)));
        }
    });
}
