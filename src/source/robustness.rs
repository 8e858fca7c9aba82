//! Whatever is in a file, reading and showing it ends, soon, without a panic.

use std::path::Path;

use proptest::prelude::*;

use super::diagnostic::Diagnostics;
use super::document::read_document;
use super::file::SourceMap;
use super::read_inventory::read_inventory;
use super::read_map::read_map;
use super::render::{RenderOptions, records, render};

/// Valid documents to spoil.
const DOCUMENTS: [&str; 3] = [
    "\
name: main
repository: !env REGISTRY
base: &base {abstract: true, image: i, exposes: {80: 80, 81/udp: [81, private, true]}}
web:
  <<: *base
  extends: base
  binds: [a: ro, /b: [c, rw], {path: /d, host_path: e, readonly: true}]
  attaches: {x: /x}
  uses: [y, [z, /z, ro]]
  links: [[db, d], {container: app.one}]
  user: [2000, web]
  healthcheck: [[curl, x], 10s, 1m30s, 3]
  exec_commands: [[[/bin/sh, -c, x], root, initial]]
  networks: [{n: {aliases: [a, b], links: {db: }, ipv4: 10.0.0.5}}]
  create_options:
    environment: {A: 0750, B: \"caf\u{e9}\", C: 'x'}
host: {root: /srv, a: !path {one: $HOME/a}}
groups: {all: [web, app.one]}
",
    "\
maps: [a.yaml, {name: b, web: }]
defaults: {user: deploy, proxy_jump: 'a,b'}
hosts:
  apps1-3: {fabric_host: 'apps{number}.example.com', interfaces: {private: '10.0.0.1{number}'}}
  web1:
    auth_configs: {registry: {username: u, password: p}}
    port: 2222
    timeout: 60
groups: {front: [web1], all: '*'}
",
    "apps1: {base_url: x, tls: true, features: {}}\nweb1:\n  version: 1.30\n  ssh_config: no\n",
];

/// Pieces that mean something to a YAML parser or to the readers.
const PIECES: [&str; 40] = [
    "a",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&x ",
    "*x",
    "<<: ",
    "!path ",
    "!env ",
    "!!str ",
    "! ",
    "? ",
    "'",
    "\"",
    "|",
    ">",
    "#",
    "\t",
    "---\n",
    "...\n",
    "%TAG ",
    "\u{e9}",
    "\u{1f600}",
    "web:",
    "binds: ",
    "exposes: ",
    "healthcheck: ",
    "auth_configs: ",
    "~",
    "0750",
    "\r\n",
    "\\",
];

fn read_and_show(bytes: &[u8]) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let path = Path::new("file.yaml");
    if let Some(node) = read_document(path, bytes.to_vec(), &mut sources, &mut diagnostics) {
        let _ = read_map(&node, None, &mut diagnostics);
        let _ = read_inventory(&node, &mut diagnostics);
    } else {
        assert!(diagnostics.has_errors(), "nothing was read and nothing was said");
    }
    diagnostics.sort();
    let screen = render(&diagnostics, &sources, RenderOptions::default());
    assert_eq!(screen.is_empty(), diagnostics.is_empty());
    assert_eq!(records(&diagnostics, &sources).len(), diagnostics.iter().count());
}

/// One place of a document replaced by something else.
#[derive(Debug, Clone)]
pub(crate) struct Spoiling {
    at: prop::sample::Index,
    removed: usize,
    inserted: Vec<u8>,
}

pub(crate) fn spoiling() -> impl Strategy<Value = Spoiling> {
    let piece = prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec());
    let inserted = prop_oneof![4 => piece, 1 => prop::collection::vec(any::<u8>(), 0..4)];
    (any::<prop::sample::Index>(), 0_usize..12, inserted).prop_map(|(at, removed, inserted)| Spoiling {
        at,
        removed,
        inserted,
    })
}

pub(crate) fn spoilt(document: &str, spoilings: &[Spoiling]) -> Vec<u8> {
    let mut bytes = document.as_bytes().to_vec();
    for Spoiling { at, removed, inserted } in spoilings {
        let start = at.index(bytes.len() + 1);
        let end = (start + removed).min(bytes.len());
        bytes.splice(start..end, inserted.iter().copied());
    }
    bytes
}

#[test]
fn the_documents_to_spoil_are_valid() {
    for document in DOCUMENTS {
        let mut sources = SourceMap::new();
        let mut diagnostics = Diagnostics::new();
        let path = Path::new("file.yaml");
        assert!(read_document(path, document.into(), &mut sources, &mut diagnostics).is_some());
        assert!(diagnostics.is_empty(), "{}", render(&diagnostics, &sources, RenderOptions::default()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_and_show(&bytes);
    }

    #[test]
    fn arbitrary_text_does_no_harm(text in "\\PC{0,200}") {
        read_and_show(text.as_bytes());
    }

    #[test]
    fn arbitrary_pieces_do_no_harm(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        read_and_show(pieces.concat().as_bytes());
    }

    #[test]
    fn spoilt_documents_do_no_harm(
        document in prop::sample::select(&DOCUMENTS[..]),
        spoilings in prop::collection::vec(spoiling(), 1..6),
    ) {
        read_and_show(&spoilt(document, &spoilings));
    }
}
