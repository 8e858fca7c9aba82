//! How commands are quoted, with a real `sh` as the judge, and how they are shown.

use std::process::Command;

use proptest::prelude::*;

use super::super::{RemoteCommand, quote};

/// What `sh` makes of a line: its words, each ended by NUL.
fn words(line: &str) -> Vec<u8> {
    let script = format!("set -- {line}\nfor word do printf '%s\\0' \"$word\"; done");
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn quoting_by_example() {
    let cases = [
        ("", "''"),
        ("/var/run/docker.sock", "/var/run/docker.sock"),
        ("a b", "'a b'"),
        ("it's", "'it'\\''s'"),
        ("$HOME", "'$HOME'"),
        ("~", "'~'"),
        ("A=b", "'A=b'"),
        ("*", "'*'"),
        ("a\nb", "'a\nb'"),
        ("ä", "'ä'"),
    ];
    for (argument, wanted) in cases {
        assert_eq!(quote(argument).unwrap(), wanted);
    }
    assert_eq!(quote("a\0b"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sh_reads_every_word_as_it_was(arguments in prop::collection::vec("[^\0]{0,12}", 1..5)) {
        let line = arguments.iter().map(|argument| quote(argument).unwrap()).collect::<Vec<_>>().join(" ");
        let wanted: Vec<u8> = arguments.iter().flat_map(|argument| [argument.as_bytes(), b"\0"].concat()).collect();
        prop_assert_eq!(words(&line), wanted);
    }
}

#[test]
fn a_command_is_shown_short_and_without_its_input() {
    let command = RemoteCommand::script("echo secret");
    assert_eq!(command.shown(), "sh -s");
    assert!(!format!("{command:?}").contains("secret"));
    let long = RemoteCommand::new(["echo", "a\nb", &"ü".repeat(500)]);
    assert!(long.shown().starts_with("echo a b ü") && long.shown().ends_with("..."));
    assert!(long.shown().chars().count() < 130);
}
