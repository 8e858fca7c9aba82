//! Selections, items, paths and numbers that cannot be meant.

use super::Files;
use crate::support::dmfab::dmfab;

#[test]
fn an_unknown_host_is_told_with_the_nearest_one() {
    Files::new().deploy_is_refused(
        &["--hosts", "wbe1"],
        "error: no host is called `wbe1`\nhelp: write `web1` if that is meant\n",
    );
}

#[test]
fn a_range_that_reaches_beyond_the_hosts_is_told() {
    Files::new().deploy_is_refused(
        &["--hosts", "web1-3"],
        "error: `web1-3` names web3 that the inventory does not have\nhelp: choose from web[1-2]\n",
    );
}

#[test]
fn a_range_that_matches_nothing_is_told() {
    Files::new().deploy_is_refused(
        &["--hosts", "db1-3"],
        "error: no host matches the range `db1-3`\nhelp: choose from web[1-2]\n",
    );
}

#[test]
fn a_pattern_that_matches_nothing_is_told() {
    Files::new().deploy_is_refused(
        &["--hosts", "db*"],
        "error: no host matches the pattern `db*`\nhelp: choose from web[1-2]\n",
    );
}

#[test]
fn a_missing_map_of_the_command_line_is_told() {
    Files::new()
        .deploy_is_refused(&["--map", "none.yaml"], "error: map `none.yaml` does not exist\n\n1 error\n");
}

#[test]
fn numbers_of_the_command_line_must_be_sensible() {
    for (arguments, expected) in [
        (["--parallel", "0"], "invalid value '0' for '--parallel <N>': expected a whole number from 1"),
        (["--parallel", "many"], "invalid value 'many' for '--parallel <N>': expected a whole number from 1"),
        (
            ["--connect-timeout", "0"],
            "invalid value '0' for '--connect-timeout <SECONDS>': expected whole seconds from 1 to 86400",
        ),
        (
            ["--settle", "soon"],
            "invalid value 'soon' for '--settle <SECONDS>': expected whole seconds from 0 to 86400",
        ),
        (["--var", "NAME"], "invalid value 'NAME' for '--var <NAME=VALUE>': expected NAME=VALUE"),
    ] {
        let expected = format!("error: {expected}\n\nFor more information, try '--help'.\n");
        Files::new().deploy_is_refused(&arguments, &expected);
    }
}

#[test]
fn a_plan_has_one_form() {
    let ended = dmfab(["plan", "inventory.yaml", "--format", "steps", "--json"]).run().exits_with(2);
    ended.says("error: the argument '--format <FORMAT>' cannot be used with '--json'");
}

/// features: MAP-22
#[test]
fn options_take_defaults_from_the_environment() {
    let files = Files::new();
    let plan = |arguments: &[&str]| {
        let arguments = ["plan", "inventory.yaml", "wbe"].iter().chain(arguments);
        dmfab(arguments).in_folder(files.folder.path()).env("DMFAB_PARALLEL", "none").run().exits_with(2)
    };
    plan(&[]).says("invalid value 'none' for '--parallel <N>': expected a whole number from 1");
    // What is typed counts.
    plan(&["--parallel", "3"]).says("no map, configuration, instance or group is called `wbe`");
    let help = dmfab(["deploy", "--help"]).run().exits_with(0);
    for name in ["DMFAB_PARALLEL", "DMFAB_CONNECT_TIMEOUT", "DMFAB_PROGRESS", "DMFAB_COLOR", "DMFAB_SETTLE"] {
        assert!(help.stdout.contains(&format!("[env: {name}=]")), "{help}");
    }
}

#[test]
fn an_unknown_item_is_told_with_the_nearest_one() {
    Files::new().deploy_is_refused(
        &["wbe"],
        "error: no map, configuration, instance or group is called `wbe`\n\
         help: write `web`, or a full name such as `map.config.instance`\n",
    );
}

#[test]
fn a_missing_inventory_is_told() {
    let ended = Files::new().refuses(&["deploy", "none.yaml", "--yes"]);
    let expected = "error: inventory `none.yaml` does not exist\n |\n = help: check the path of the inventory\n\n1 error\n";
    assert_eq!(ended.stderr, expected);
}
