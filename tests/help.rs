//! Every command explains itself, and what it shows as an example is a command line that is taken.

use std::path::Path;

use crate::support::dmfab::dmfab;

/// Commands that contact no host.
const OF_FILES_ONLY: [&str; 6] = ["check", "hosts", "config", "explain", "schema", "completions"];

/// Takes what another command has saved.
const OF_A_SAVED_PLAN: &str = "apply";

/// The names of all commands, from the program's own help.
fn commands() -> Vec<String> {
    let help = dmfab(["--help"]).run().exits_with(0).stdout;
    let (_, listed) = help.split_once("Commands:\n").expect("a list of commands");
    let (listed, _) = listed.split_once("\n\n").expect("an end of the list");
    // Descriptions that take several lines are indented further.
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

/// The examples in the help of a command.
fn examples(command: &str) -> Vec<String> {
    let help = dmfab([command, "--help"]).run().exits_with(0).stdout;
    let lines = help.lines().filter_map(|line| line.strip_prefix("  dmfab "));
    lines.map(str::to_owned).collect()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_command_has_an_example_of_itself() {
    let commands = commands();
    assert!(commands.len() >= 11, "{commands:?}");
    for command in commands {
        let examples = examples(&command);
        let is_own = |line: &String| line.split(' ').next() == Some(&command);
        assert!(!examples.is_empty() && examples.iter().all(is_own), "{command}: {examples:?}");
    }
}

#[test]
fn examples_that_contact_no_host_succeed() {
    let mut count = 0;
    for command in OF_FILES_ONLY {
        for example in examples(command) {
            let line = example.split(" > ").next().expect("a command");
            let words = shlex::split(line).expect("words");
            let ended = dmfab(words).in_folder(repository()).run().exits_with(0);
            assert!(!ended.stdout.is_empty(), "{ended}");
            count += 1;
        }
    }
    assert!(count >= 4);
}

/// Every file of the examples exists, and every host, item and option of them is known: with a
/// selection that cannot be met added, that is the only thing that is wrong.
#[test]
fn examples_that_contact_hosts_are_taken() {
    let mut count = 0;
    for command in commands() {
        if OF_FILES_ONLY.contains(&command.as_str()) || command == OF_A_SAVED_PLAN {
            continue;
        }
        for example in examples(&command) {
            let (line, rest) = example.split_once(" -- ").unwrap_or((&example, ""));
            let mut words = shlex::split(line).expect("words");
            if let Some(option) = words.iter().position(|word| word == "--hosts") {
                let check = ["hosts", &words[1], "--hosts", &words[option + 1]];
                dmfab(check).in_folder(repository()).run().exits_with(0);
                words.drain(option..=option + 1);
            }
            words.extend(["--hosts".to_owned(), "no-such-host".to_owned()]);
            if !rest.is_empty() {
                words.push("--".to_owned());
                words.extend(shlex::split(rest).expect("words"));
            }
            let ended = dmfab(&words).in_folder(repository()).run().exits_with(2);
            assert!(ended.stderr.starts_with("error: no host is called `no-such-host`\n"), "{ended}");
            count += 1;
        }
    }
    assert!(count >= 7);
}

#[test]
fn the_example_of_a_saved_plan_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    for example in examples(OF_A_SAVED_PLAN) {
        let ended = dmfab(example.split(' ')).in_folder(folder.path()).run().exits_with(2);
        assert!(ended.stderr.starts_with("error: `shop.plan` cannot be read: "), "{ended}");
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let script = dmfab(["completions", shell]).run().exits_with(0).stdout;
        assert!(script.contains("dmfab") && script.contains("deploy"), "{shell}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dmfab.bash");
    std::fs::write(&file, dmfab(["completions", "bash"]).run().stdout).expect("a file");
    let output = std::process::Command::new("bash").arg("-n").arg(&file).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_unknown_command_is_a_usage_error_with_the_nearest_one() {
    let ended = dmfab(["delpoy"]).run().exits_with(2);
    ended.says("unrecognized subcommand 'delpoy'").says("'deploy'");
}

#[test]
fn the_version_is_the_packages() {
    let expected = format!("dmfab {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(dmfab(["--version"]).run().exits_with(0).stdout, expected);
    assert_eq!(dmfab(["version"]).run().exits_with(0).stdout, expected);
}
