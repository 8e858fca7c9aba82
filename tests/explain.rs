//! `dmfab explain` on the command line. What it says of which key is tested beside its source, and
//! that it knows every key in `docs.rs`. Needs no host.

use serde_json::Value;

use crate::support::dmfab::dmfab;

#[test]
fn a_key_is_explained_wherever_it_stands() {
    let shown = dmfab(["explain", "groups"]).run().exits_with(0).stdout;
    let headings: Vec<&str> =
        shown.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert_eq!(headings, ["inventory.groups", "map.groups"]);
    assert!(shown.contains("    groups:\n      apps: [apps1-3]\n"), "{shown}");
    assert!(!shown.contains("]("), "a link of the guide is left: {shown}");
}

#[test]
fn without_a_key_all_are_listed() {
    let shown = dmfab(["explain"]).run().exits_with(0).stdout;
    for line in ["A container configuration  (container)", "  exposes  ", "  mem_limit  ", "  !env  "] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
}

#[test]
fn unknown_keys_are_told_at_once_with_their_neighbours() {
    let ended = dmfab(["explain", "imgae", "exposes", "mem_limti"]).run().exits_with(2);
    assert_eq!(
        ended.stderr,
        "error: no key is called `imgae` or `mem_limti`\nhelp: try `image` or `mem_limit`\n"
    );
    assert_eq!(ended.stdout, "");
    let ended = dmfab(["explain", "banana"]).run().exits_with(2);
    let expected =
        "error: no key is called `banana`\nhelp: run `dmfab explain` without a key for a list of all\n";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn the_document_has_what_the_text_has() {
    let shown = dmfab(["explain", "host_config.mem_limit", "exposes", "--json"]).run().exits_with(0).stdout;
    let document: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(document["version"], 1);
    assert_eq!(document["document"], "explain");
    let keys = document["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["path"], "container.host_config.mem_limit");
    assert_eq!(keys[0]["key"], "mem_limit");
    assert_eq!(keys[0]["api_name"], "Memory");
    assert_eq!(keys[0]["example"], serde_json::json!(["mem_limit: 512m"]));
    assert_eq!(keys[0]["page"], "docs/guide/container-maps.md");
    assert_eq!(keys[1]["section"], "exposes");
    let forms = keys[1]["forms"].as_array().expect("forms");
    let table = forms.iter().find(|form| form["headers"].is_array()).expect("a table");
    let rows = table["rows"].as_array().expect("rows");
    assert!(rows.len() >= 6 && rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 2)));
    assert!(forms.iter().any(|form| form["text"].is_string()));
}

#[test]
fn a_place_is_explained_by_its_keys() {
    let shown = dmfab(["explain", "volume"]).run().exits_with(0).stdout;
    assert!(shown.starts_with("A volume of a map  (volume)\n  default_path "), "{shown}");
    let shown = dmfab(["explain", "healthcheck."]).run().exits_with(2);
    assert!(shown.stderr.contains("no key is called `healthcheck.`"), "{shown}");
    // A key that does nothing somewhere is told last.
    let shown = dmfab(["explain", "stop_signal"]).run().exits_with(0).stdout;
    assert!(shown.starts_with("container.stop_signal\n"), "{shown}");
}
