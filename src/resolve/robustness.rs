//! Whatever is wrong with files, resolving ends, soon, without a panic, and says something.

use std::path::Path;

use proptest::prelude::*;

use crate::model::spec::FleetSpec;
use crate::model::variables::Variables;
use crate::source::load::load;
use crate::source::render::{RenderOptions, render};
use crate::source::robustness::{Spoiling, spoiling, spoilt};

use super::selection::{HostNames, select_items};
use super::{Commands, Limits, resolve_within};

/// Everything that is looked up, and most that can go wrong with it. One line is one word too much or
/// too little away from a circle, an unknown name or a second owner.
const INVENTORY: &str = "\
defaults: {interfaces: {private: 10.0.0.1}, interfaces_ipv6: {six: '2001:db8::1'}}
hosts:
  web1: {fabric_host: me@web1.example.com:2222, base_url: 'unix:///run/docker.sock'}
  apps1-3: {fabric_host: 'apps{number}.example.com', stop_timeout: 7}
groups: {front: [web1], back: ['apps1-3', '!@front'], all: '*'}
default_host: web1
maps:
  m:
    repository: r.example.com
    host_root: /srv
    clients: ['@front', 'apps1-2']
    networks: {n: {driver: bridge, create_options: {ipam: {Driver: x}}}, o: }
    volumes: {v: /v, c: {default_path: /c, user: 1, permissions: '0750'}, d: /d}
    host: {c: {one: conf/one, two: conf/two, default: conf}, d: !path $HOME/d}
    groups: {g: [web, app.one]}
    base: {abstract: true, image: b, exposes: {80: [80, private]}, create_options: {environment: {A: 1}}}
    more: {abstract: true, extends: base, user: [1, 2], binds: [d: ro]}
    app: {extends: [base, more], exposes: [80], instances: [one, two], attaches: v, binds: c, networks: n}
    web: {extends: more, exposes: {80: [8080, six, true]}, uses: [v: ro], links: [[app.one, a]], clients: web1}
    job: {links: db, network_mode: web, clients: ['web1,!@back'], exec_commands: [[a b, root, initial]]}
    db: {shares: /data, healthcheck: [curl, 10s], stop_signal: TERM, host_config: {links: [[m.app.two, x]]}}
    log: {uses: db, host_config: {pid_mode: 'container:m.db', volumes_from: [m.db], port_bindings: {90: 90}}}
";

/// Words to put in the place of others.
const WORDS: [&str; 34] = [
    "app",
    "app.one",
    "app.two",
    "web",
    "db",
    "job",
    "log",
    "base",
    "more",
    "v",
    "c",
    "d",
    "n",
    "o",
    "all",
    "web1",
    "apps1-3",
    "apps1-9999",
    "@front",
    "!@all",
    "{",
    "}",
    "[",
    "]",
    ",",
    "80",
    "8080",
    "/d",
    "!env A",
    "!path $A",
    "abstract: true",
    "extends: app",
    "instances: [one, one]",
    "~",
];

/// A word of a document replaced by one of [`WORDS`].
#[derive(Debug, Clone)]
struct Replacement {
    at: prop::sample::Index,
    word: &'static str,
}

fn replacement() -> impl Strategy<Value = Replacement> {
    let word = prop::sample::select(&WORDS[..]);
    (any::<prop::sample::Index>(), word).prop_map(|(at, word)| Replacement { at, word })
}

fn replaced(document: &str, replacements: &[Replacement]) -> String {
    let mut document = document.to_owned();
    for Replacement { at, word } in replacements {
        let is_part = |letter: char| letter.is_alphanumeric() || "._/@!-".contains(letter);
        let words: Vec<(usize, &str)> = document
            .split(|letter: char| !is_part(letter))
            .filter(|part| !part.is_empty())
            .map(|part| (part.as_ptr().addr() - document.as_ptr().addr(), part))
            .collect();
        if words.is_empty() {
            break;
        }
        let (start, part) = *at.get(&words);
        document.replace_range(start..start + part.len(), word);
    }
    document
}

/// The fleet, and what is said about it.
fn resolved(inventory: &[u8]) -> (FleetSpec, String) {
    let mut read = |_: &Path| Ok(inventory.to_vec());
    let variables = Variables::new([("A".to_owned(), "a".to_owned())], Some("/home/me".to_owned()));
    let mut loaded = load(Path::new("i.yaml"), &[], &variables, &mut read);
    let mut fleet = FleetSpec::default();
    if let Some(raw) = &loaded.inventory {
        let limits = Limits { values: 100_000, compared_names: 10_000 };
        let (resolved, found) = resolve_within(
            raw,
            &loaded.maps,
            &loaded.sources,
            &variables,
            Path::new(""),
            Commands::Withhold,
            limits,
        );
        fleet = resolved;
        loaded.diagnostics.extend(found);
        loaded.diagnostics.sort();
    } else {
        assert!(loaded.diagnostics.has_errors(), "nothing was read and nothing was said");
    }
    (fleet, render(&loaded.diagnostics, &loaded.sources, RenderOptions::default()))
}

fn resolve_and_choose(inventory: &[u8]) {
    let (fleet, _) = resolved(inventory);
    let host_names = HostNames::of(&fleet);
    for text in ["all,!web1", "@back&apps*", "apps1-3", "@all"] {
        if let Ok(chosen) = host_names.select(text) {
            assert!(chosen.iter().all(|name| fleet.hosts.contains_key(name)));
        }
    }
    let _ = select_items(&fleet.maps, &["app".to_owned(), "m.g".to_owned()]);
    for map in &fleet.maps {
        assert!(map.host_names.iter().all(|name| fleet.hosts.contains_key(name)));
    }
}

#[test]
fn the_inventory_to_spoil_is_right() {
    let (fleet, screen) = resolved(INVENTORY.as_bytes());
    assert_eq!(screen, "");
    let containers: usize = fleet.hosts.values().map(|host| host.containers.len()).sum();
    assert_eq!(containers, 14);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_inventories_do_no_harm(spoilings in prop::collection::vec(spoiling(), 1..4)) {
        let spoilings: Vec<Spoiling> = spoilings;
        resolve_and_choose(&spoilt(INVENTORY, &spoilings));
    }

    #[test]
    fn wrong_words_do_no_harm(replacements in prop::collection::vec(replacement(), 1..6)) {
        resolve_and_choose(replaced(INVENTORY, &replacements).as_bytes());
    }
}
