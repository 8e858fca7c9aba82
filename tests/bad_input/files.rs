//! Mistakes in inventories and maps, each shown where it stands.

use super::Files;
use crate::support::dmfab::dmfab;

#[test]
fn a_misspelt_key_is_pointed_at_with_the_nearest_one() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: [web1-2]\nweb:\n  imgae: x\n");
    files.deploy_is_refused(
        &[],
        "error: unknown key `imgae` in container `web`
 --> map.yaml:4:3
  |
4 |   imgae: x
  |   ^^^^^ unknown key
  |
  = help: did you mean `image`?

1 error in 1 file
",
    );
}

#[test]
fn a_value_of_a_wrong_type_is_pointed_at() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: [web1-2]\nweb:\n  image: x\n  stop_timeout: soon\n");
    files.deploy_is_refused(
        &[],
        "error: `stop_timeout` of container `web` needs a whole number of seconds, found `soon`
 --> map.yaml:5:17
  |
5 |   stop_timeout: soon
  |                 ^^^^ not expected here

1 error in 1 file
",
    );
}

#[test]
fn mistakes_in_two_files_are_told_at_once() {
    let files = Files::new();
    files.write("inventory.yaml", files.inventory("    prot: 22\nmaps: map.yaml\n"));
    files.write("map.yaml", "name: m\nclients: [web1-2]\nweb:\n  image: x\n  bnids: /a\n");
    files.deploy_is_refused(
        &[],
        "error: unknown key `prot` in host `web1-2`
 --> inventory.yaml:4:5
  |
4 |     prot: 22
  |     ^^^^ unknown key
  |
  = help: did you mean `port`?

error: unknown key `bnids` in container `web`
 --> map.yaml:5:3
  |
5 |   bnids: /a
  |   ^^^^^ unknown key
  |
  = help: did you mean `binds`?

2 errors in 2 files
",
    );
}

#[test]
fn a_missing_map_is_told_where_it_is_named() {
    let files = Files::new();
    files.write("inventory.yaml", files.inventory("maps: none.yaml\n"));
    files.deploy_is_refused(
        &[],
        "error: map `none.yaml` does not exist
 --> inventory.yaml:4:7
  |
4 | maps: none.yaml
  |       ^^^^^^^^^ named here

1 error in 1 file
",
    );
}

#[test]
fn a_circle_of_configurations_is_shown() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: web1\na:\n  extends: b\nb:\n  extends: a\n");
    files.deploy_is_refused(
        &[],
        "error: circular `extends`: `a` -> `b` -> `a`
 --> map.yaml:6:12
  |
6 |   extends: a
  |            ^ closes the circle
  |
  = help: move what they share into an abstract configuration that both extend

1 error in 1 file
",
    );
}

#[test]
fn an_alias_that_is_not_defined_is_pointed_at() {
    let files = Files::new();
    files.write(
        "map.yaml",
        "name: m\nclients: web1\nweb:\n  image: x\n  attaches: log\nvolumes:\n  logs: /log\n",
    );
    files.deploy_is_refused(
        &[],
        "error: volume `log` has no path inside containers
 --> map.yaml:5:13
  |
5 |   attaches: log
  |             ^^^ not defined under `volumes`
  |
  = help: write `logs`

1 error in 1 file
",
    );
}

#[test]
fn tabs_are_told_as_such() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nweb:\n\timage: x\n");
    files.deploy_is_refused(
        &[],
        "error: line is indented with a tab
 --> map.yaml:3:1
  |
3 |     image: x
  | ^^^^ this is a tab
  |
  = help: indent with spaces

1 error in 1 file
",
    );
}

#[test]
fn empty_files_are_told() {
    let files = Files::new();
    files.write("map.yaml", "# nothing yet\n");
    files.deploy_is_refused(&[], "error: `map.yaml` is empty\n\n1 error\n");
    files.write("inventory.yaml", "");
    files.deploy_is_refused(&[], "error: `inventory.yaml` is empty\n\n1 error\n");
}

#[test]
fn binary_files_are_told() {
    let files = Files::new();
    files.write("map.yaml", b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe");
    files.deploy_is_refused(
        &[],
        "error: `map.yaml` is not a text file: line 1 holds bytes that are not UTF-8
 |
 = help: save the file as UTF-8

1 error
",
    );
}

#[test]
fn keys_that_stand_twice_are_both_shown() {
    let files = Files::new();
    files.write("map.yaml", "clients: web1\nweb:\n  image: x\nweb:\n  image: y\n");
    files.deploy_is_refused(
        &[],
        "error: key `web` is defined twice
 --> map.yaml:4:1
  |
2 | web:
  | --- first defined here
3 |   image: x
4 | web:
  | ^^^ defined again here
  |
  = help: remove or rename one of them

1 error in 1 file
",
    );
}

#[test]
fn a_map_that_runs_nowhere_is_told() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nweb:\n  image: x\n");
    files.deploy_is_refused(
        &[],
        "error: map `m` runs on no host
 --> map.yaml:2:1
  |
2 | web:
  | ^^^ nothing says where this runs
  |
  = help: add `clients: [HOST, ...]` to the map, or `default_host: HOST` beside the `hosts` of an inventory

1 error in 1 file
",
    );
}

#[test]
fn a_map_for_an_unknown_host_is_told() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: [web1, web9]\nweb:\n  image: x\n");
    files.deploy_is_refused(
        &[],
        "error: no host is called `web9`
 --> map.yaml:2:17
  |
2 | clients: [web1, web9]
  |                 ^^^^ asked for here
  |
  = help: write `web1` if that is meant

1 error in 1 file
",
    );
}

#[test]
fn a_password_beside_a_mistake_is_not_shown() {
    let files = Files::new();
    let logins = "    auth_configs: {registry.lab: {username: alice, pasword: s3cret, password: s3cret}}\n";
    files.write("inventory.yaml", files.inventory(&format!("{logins}maps: map.yaml\n")));
    for arguments in [["check", "inventory.yaml"], ["deploy", "inventory.yaml"]] {
        let ended = files.refuses(&arguments);
        ended.says("unknown key `pasword`").says("help: did you mean `password`?");
        assert!(!ended.stderr.contains("s3cret"), "{ended}");
    }
}

#[test]
fn several_files_are_checked_at_once() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: [nowhere]\nweb:\n  links: db\n");
    files.write("good.yaml", "web: {image: x}\n");
    files.write("inventory.yaml", files.inventory("maps: good.yaml\ndefault_host: web1\n"));
    let ended = dmfab(["check", "inventory.yaml", "map.yaml", "good.yaml", "none.yaml"])
        .in_folder(files.folder.path())
        .run()
        .exits_with(2);
    assert_eq!(
        ended.stdout,
        "inventory.yaml: ok: 1 map, 2 hosts, 1 container\n\
         good.yaml: ok: a map of 1 configuration, hosts and interfaces not looked at\n"
    );
    ended.says("container `web` links to `db`, which is not defined").says("`none.yaml` does not exist");
    let json =
        dmfab(["check", "map.yaml", "good.yaml", "--json"]).in_folder(files.folder.path()).run().json();
    assert_eq!(json["errors"], 1);
    assert_eq!(
        json["files"][0],
        serde_json::json!({"file": "map.yaml", "kind": "map", "errors": 1, "configurations": 1})
    );
}

#[test]
fn the_same_mistakes_are_records_for_programs() {
    let files = Files::new();
    files.write("map.yaml", "name: m\nclients: [web1-2]\nweb:\n  imgae: x\n");
    let ended =
        dmfab(["check", "inventory.yaml", "--json"]).in_folder(files.folder.path()).run().exits_with(2);
    let document = ended.json();
    let found = &document["diagnostics"][0];
    assert_eq!((&document["version"], &document["errors"]), (&1.into(), &1.into()));
    assert_eq!(
        (&found["file"], &found["line"], &found["column"]),
        (&"map.yaml".into(), &4.into(), &3.into())
    );
    assert_eq!(found["message"], "unknown key `imgae` in container `web`");
}
