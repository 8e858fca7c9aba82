//! `!path`, `!env`, `!file`, `!secret` and functions: what they give, when, and what is said where
//! they give nothing.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::model::secret::{REDACTED, SensitiveText};
use crate::model::spec::FleetSpec;
use crate::model::variables::{Outside, Variables};
use crate::resolve::{Commands, resolve};
use crate::source::load::load;
use crate::source::raw::{RawText, Setting};
use crate::source::render::{RenderOptions, render};
use crate::source::span::{Span, Spanned};
use crate::source::tag::{Computed, Tag};

/// Files and commands that say what was asked of them.
#[derive(Default)]
struct Recorded {
    asked: Mutex<Vec<String>>,
}

impl Outside for Recorded {
    fn read_file(&self, path: &Path) -> Result<String, String> {
        let path = path.display().to_string();
        self.asked.lock().expect("a lock").push(path.clone());
        match path.as_str() {
            "fleet/motd.txt" => Ok("hello\n".to_owned()),
            "/run/password" => Ok("f1le-secret\r\n".to_owned()),
            _ => Err("does not exist".to_owned()),
        }
    }

    fn run_command(&self, words: &[String]) -> Result<String, String> {
        self.asked.lock().expect("a lock").push(words.join("|"));
        match words.first().map(String::as_str) {
            Some("pass") => Ok("c0mmand-secret\n".to_owned()),
            _ => Err("ended with exit code 1: no such entry".to_owned()),
        }
    }
}

struct Resolved {
    fleet: FleetSpec,
    screen: String,
    asked: Vec<String>,
}

fn resolved_with(inventory: &str, commands: Commands<'_>) -> Resolved {
    let outside = Arc::new(Recorded::default());
    let values = [("DB", "v4riable-secret"), ("PORT", "8080"), ("BAD", "v4riable")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = Variables::new(values, Some("/home/me".into())).with_outside(outside.clone());
    let mut read = |_: &Path| Ok(inventory.as_bytes().to_vec());
    let mut loaded = load(Path::new("fleet/i.yaml"), &[], &variables, &mut read);
    let raw = loaded.inventory.expect("an inventory");
    let folder = Path::new("fleet");
    let (fleet, found) = resolve(&raw, &loaded.maps, &loaded.sources, &variables, folder, commands);
    loaded.diagnostics.extend(found);
    let screen = render(&loaded.diagnostics, &loaded.sources, RenderOptions::default());
    let asked = outside.asked.lock().expect("a lock").clone();
    Resolved { fleet, screen, asked }
}

fn resolved(inventory: &str) -> Resolved {
    resolved_with(inventory, Commands::Run)
}

/// The environment of the one container of host `h`, and whether each value is secret.
fn environment(fleet: &FleetSpec, host_name: &str) -> String {
    let variables = &fleet.hosts[host_name].containers[0].settings.environment;
    let shown = variables.iter().map(|(name, value)| {
        let value = value.as_ref().expect("a value");
        let mark = if SensitiveText::is_secret(value) { "*" } else { "" };
        format!("{name}={}{mark}", value.expose())
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn values_come_from_variables_files_and_commands() {
    let found = resolved(
        "hosts: {h: }\nmaps:\n  m:\n    web:\n      create_options:\n        environment:\n          A: !env DB\n          \
         B: !env NONE:-fallback\n          C: !file motd.txt\n          D: !secret DB\n          E: !secret {file: /run/password}\n          \
         F: !secret {command: pass show 'the db'}\n          G: !path ~/x\n          H: {'!env': [NONE, other]}\n",
    );
    assert_eq!(found.screen, "");
    assert_eq!(
        environment(&found.fleet, "h"),
        "A=v4riable-secret* B=fallback C=hello D=v4riable-secret* E=f1le-secret* F=c0mmand-secret* G=/home/me/x H=other"
    );
    assert_eq!(found.asked, ["fleet/motd.txt", "/run/password", "pass|show|the db"]);
}

#[test]
fn each_source_is_asked_once_and_only_if_it_is_used() {
    let found = resolved(
        "hosts: {a: , b: }\nmaps:\n  m:\n    clients: [a, b]\n    base: {abstract: true, create_options: {environment: {Z: !file none.txt}}}\n    \
         web: {instances: [one, two], create_options: {environment: {A: !file motd.txt, B: !secret {command: pass}}}}\n    \
         volumes: {unused: !env NONE}\n",
    );
    assert_eq!(found.screen, "");
    assert_eq!(found.asked, ["fleet/motd.txt", "pass"]);
}

#[test]
fn commands_are_run_for_the_hosts_that_are_asked_for() {
    let inventory = "hosts: {a: , b: }\nmaps:\n  m:\n    clients: [a, b]\n    web: {create_options: {environment: {A: !secret {command: pass}}}}\n";
    let withheld = resolved_with(inventory, Commands::Withhold);
    assert_eq!((withheld.screen.as_str(), withheld.asked.len()), ("", 0));
    assert_eq!(environment(&withheld.fleet, "a"), format!("A={REDACTED}*"));
    assert!(withheld.fleet.hosts.values().all(|host| host.withholds_secrets));
    let one = resolved_with(inventory, Commands::RunFor(&["b".to_owned()]));
    assert_eq!(environment(&one.fleet, "b"), "A=c0mmand-secret*");
    let withholding = one.fleet.hosts.values().filter(|host| host.withholds_secrets);
    assert_eq!(withholding.map(|host| host.name.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn what_cannot_be_had_is_told_where_it_is_used() {
    let found = resolved(
        "hosts: {h: }\nmaps:\n  m:\n    web:\n      user: !file who.txt\n      create_options:\n        environment:\n          \
         A: !env NONE\n          B: !secret {command: op read x}\n          C: !secret {command: \"op 'x\"}\n",
    );
    insta::assert_snapshot!(found.screen, @"
    error: file `fleet/who.txt` does not exist
     --> fleet/i.yaml:5:13
      |
    5 |       user: !file who.txt
      |             ^^^^^^^^^^^^^ its content is needed here
      |
      = help: relative paths start at the folder of this file

    error: the variable `NONE` is not set
     --> fleet/i.yaml:8:14
      |
    8 |           A: !env NONE
      |              ^^^^^^^^^ asked for here
      |
      = help: set it in the environment or with `--var NAME=VALUE`

    error: command `op read x` ended with exit code 1: no such entry
     --> fleet/i.yaml:9:14
      |
    9 |           B: !secret {command: op read x}
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ its output is needed here
      |
      = help: run it in a shell: it must print the secret and nothing else

    error: the quotes of a command are not closed
      --> fleet/i.yaml:10:14
       |
    10 |           C: !secret {command: \"op 'x\"}
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^ expected a command line

    4 errors in 1 file
    ");
}

#[test]
fn no_message_shows_a_secret() {
    let found = resolved(
        "hosts: {h: }\nmaps:\n  m:\n    web:\n      image: !secret DB\n      binds: [[!secret BAD, /x]]\n      exposes: {80: !secret BAD}\n      \
         create_options: {working_dir: [!secret DB]}\n      host_config: {mem_limit: !secret {command: pass}}\n",
    );
    for secret in ["v4riable", "c0mmand-secret"] {
        assert!(!found.screen.contains(secret), "{}", found.screen);
    }
    assert!(found.screen.contains("the mount path `[redacted]` is not absolute"), "{}", found.screen);
    assert!(found.screen.contains("a secret that a command prints cannot stand here"), "{}", found.screen);
}

/// What is looked at must be known to `check`, which runs no command.
#[test]
fn a_command_gives_only_what_is_handed_on() {
    let inventory = |part: &str| format!("hosts: {{h: {part}}}\nmaps: {{m: {{web: }}}}\n");
    for part in [
        "{interfaces: {i: !secret {command: pass}}}",
        "{fabric_host: !secret {command: pass}}",
        "{version: !secret {command: pass}}",
    ] {
        let found = resolved(&inventory(part));
        assert!(
            found.screen.starts_with("error: a secret that a command prints cannot stand here"),
            "{}",
            found.screen
        );
        assert!(found.asked.is_empty());
    }
    let login = "{auth_configs: {r: {username: !secret {command: pass}, password: !secret {command: pass}}}}";
    let found = resolved(&inventory(login));
    assert_eq!(found.screen, "");
    assert_eq!(found.fleet.hosts["h"].registry_logins["r"].username, "c0mmand-secret");
}

// features: LAZ-01
#[test]
fn functions_are_called_when_their_value_is_used() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counting = {
        let calls = Arc::clone(&calls);
        move || Ok(format!("user{}", calls.fetch_add(1, Ordering::Relaxed)))
    };
    let mut read = |_: &Path| Ok(b"hosts: {h: }\nmaps: {m: {web: , db: }}\n".to_vec());
    let variables = Variables::default();
    let loaded = load(Path::new("i.yaml"), &[], &variables, &mut read);
    let mut maps = loaded.maps.clone();
    let inventory = loaded.inventory.expect("an inventory");
    let mut resolve_with = |computed: Computed| {
        let text = RawText { text: "user".into(), tag: Some(Tag::Computed(computed)), span: Span::default() };
        let user = crate::source::raw::RawUser::Text(text);
        maps[0].containers[0].1.user = Setting::Value(Spanned::new(user, Span::default()));
        let (fleet, told) =
            resolve(&inventory, &maps, &loaded.sources, &variables, Path::new(""), Commands::Run);
        let user = fleet.hosts["h"].containers[0].settings.user.clone();
        (user, render(&told, &loaded.sources, RenderOptions::default()))
    };
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert_eq!(resolve_with(Computed::once(counting)).0.as_deref(), Some("user0"));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let (user, screen) = resolve_with(Computed::each_time(|| Err("no such account".into())));
    assert_eq!(user, None);
    assert_eq!(screen, "error: `user` cannot be computed: no such account\n\n1 error\n");
}
