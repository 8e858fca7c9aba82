//! Every action, once with each kind of mistake: a file, a host, an item, an option.

use super::Files;
use crate::support::dmfab::dmfab;

const ACTIONS: [&str; 12] = [
    "create", "start", "stop", "restart", "remove", "startup", "shutdown", "update", "deploy", "pull",
    "signal", "kill",
];

#[test]
fn a_missing_file_an_unknown_host_item_or_option_is_refused_by_every_action() {
    let files = Files::new();
    for action in ACTIONS {
        for (arguments, expected) in [
            (&["none.yaml"][..], "error: inventory `none.yaml` does not exist\n"),
            (&["inventory.yaml", "--hosts", "wbe1"], "error: no host is called `wbe1`\nhelp: write `web1`"),
            (&["inventory.yaml", "wbe"], "is called `wbe`\nhelp: write `web`"),
            (&["inventory.yaml", "--no-such-option"], "error: unexpected argument '--no-such-option' found"),
        ] {
            let line = [&[action], arguments].concat();
            files.refuses(&line).says(expected);
        }
    }
}

/// Each option is taken by the actions that it matters to, and by no other.
///
/// features: API-13
#[test]
fn options_without_effect_are_refused() {
    let files = Files::new();
    for (option, taken_by) in [
        (&["--timeout", "3"][..], &["stop", "restart", "startup", "shutdown", "update", "deploy"][..]),
        (&["--keep-persistent"], &["remove", "shutdown"]),
        (&["--remove-attached"], &["remove", "shutdown"]),
        (&["--networks"], &["shutdown"]),
        (&["--remove-orphans"], &["startup", "shutdown", "update", "deploy"]),
        (&["--restart-exec-commands"], &["restart"]),
        (&["--signal", "HUP"], &["signal", "kill"]),
        (&["--missing"], &["pull"]),
        (&["--pull", "always"], &["create", "startup", "update", "deploy"]),
        (&["--settle", "0"], &["startup", "update", "deploy"]),
        (&["--nonrecoverable-exit-codes", "126,127"], &["startup", "update", "deploy"]),
        (&["--force-update", "web"], &["update", "deploy"]),
        (&["--update-persistent"], &["update", "deploy"]),
        (&["--check-exec-commands", "partial"], &["update", "deploy"]),
        (&["--skip-limit-reset"], &["update", "deploy"]),
    ] {
        for action in ACTIONS {
            let line = [&[action, "inventory.yaml", "wbe"], option].concat();
            let ended = files.refuses(&line);
            let name = option[0];
            if taken_by.contains(&action) {
                ended.says("is called `wbe`");
            } else {
                ended.says(&format!("error: unexpected argument '{name}' found"));
            }
            // `kill` is another word for `signal`.
            if action != "kill" {
                let planned = [&["plan", "inventory.yaml", "wbe", "--for", action], option].concat();
                let refusal = format!("error: the argument '{name}' has no effect on '--for {action}'");
                let ended = files.refuses(&planned);
                ended.says(if taken_by.contains(&action) { "is called `wbe`" } else { &refusal });
            }
        }
    }
}

#[test]
fn values_of_options_must_be_sensible() {
    let files = Files::new();
    for (line, expected) in [
        (
            &["signal", "inventory.yaml", "--signal", "HPU"][..],
            "invalid value 'HPU' for '--signal <SIGNAL>': expected a signal, such as HUP, SIGTERM or 10",
        ),
        (&["stop", "inventory.yaml", "--timeout", "soon"], "invalid value 'soon' for '--timeout <SECONDS>'"),
        (&["stop", "inventory.yaml", "--timeout", "-1"], "unexpected argument '-1' found"),
        (&["deploy", "inventory.yaml", "--pull", "often"], "invalid value 'often' for '--pull <WHEN>'"),
        (
            &["update", "inventory.yaml", "--force-update", "wbe"],
            "no configuration, instance, group, network or volume is called `wbe`\nhelp: write `web`",
        ),
        (
            &["startup", "inventory.yaml", "--nonrecoverable-exit-codes", "many"],
            "invalid value 'many' for '--nonrecoverable-exit-codes <CODES>'",
        ),
        (&["plan", "inventory.yaml", "--for", "destroy"], "invalid value 'destroy' for '--for <ACTION>'"),
    ] {
        files.refuses(line).says(expected);
    }
}

#[test]
fn the_help_of_each_action_lists_its_own_options() {
    let help = |action: &str| dmfab([action, "--help"]).run().exits_with(0).stdout;
    for action in ACTIONS {
        let text = help(action);
        for option in ["--plan", "--yes", "--json", "--hosts"] {
            assert!(text.contains(option), "{action}: {option}\n{text}");
        }
        assert_eq!(text.contains("--remove-attached"), ["remove", "shutdown"].contains(&action), "{action}");
    }
    let text = help("plan");
    assert!(text.contains("--remove-attached") && text.contains("--signal"), "{text}");
}
