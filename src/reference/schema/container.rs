//! Container configurations.

use serde_json::{Value, json};

use super::forms::{
    NAME_PATTERN, WHOLE, any_of, defined, list, list_or_one, matching, names_to, null, number, or_null, tuple,
};
use super::networks::{links, networks, ports};
use super::{Builder, Definitions, forms, mounts};
use crate::reference::Place;

/// Durations as Go writes them; a number alone is nanoseconds.
const DURATION: &str = r"^\s*([0-9]+|(([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*(ns|us|µs|μs|ms|s|m|h)\s*)+)$";
/// The Engine refuses shorter times.
const SHORTEST_NANOSECONDS: u32 = 1_000_000;

impl Builder<'_> {
    pub(super) fn container_definitions(&self) -> Definitions {
        let mut definitions: Definitions = [
            ("container", self.container()),
            ("healthcheck", self.healthcheck()),
            ("exec_commands", self.exec_commands()),
            ("binds", mounts::binds(self)),
            ("attaches", mounts::attaches()),
            ("uses", mounts::uses()),
            ("links", links(self)),
            ("ports", ports(self)),
            ("endpoints", networks(self)),
        ]
        .into_iter()
        .map(|(name, form)| (name.to_owned(), form))
        .collect();
        definitions.extend(mounts::definitions().map(|(name, form)| (name.to_owned(), form)));
        definitions.extend(self.option_definitions());
        definitions
    }

    fn container(&self) -> Value {
        let text = || or_null(defined("nonempty_text"));
        self.object_or_null(
            Place::Container,
            [
                ("abstract", defined("switch")),
                ("extends", defined("names")),
                ("image", text()),
                ("instances", list_or_one(instance_name())),
                ("clients", defined("names")),
                ("shares", list_or_one(defined("absolute_path"))),
                ("binds", defined("binds")),
                ("attaches", defined("attaches")),
                ("uses", defined("uses")),
                ("links", defined("links")),
                ("exposes", defined("ports")),
                ("user", or_null(defined("user"))),
                ("permissions", text()),
                ("stop_timeout", defined("seconds")),
                ("stop_signal", or_null(defined("signal"))),
                ("start_delay", start_delay()),
                ("network_mode", network_mode()),
                ("network", network_mode()),
                ("networks", defined("endpoints")),
                ("exec_commands", defined("exec_commands")),
                ("healthcheck", defined("healthcheck")),
                ("persistent", defined("switch")),
                ("create_options", defined("create_options")),
                ("host_config", defined("host_config")),
                ("start_options", defined("host_config")),
            ],
        )
    }

    /// A line, settings by position or by name; null turns the image's check off.
    fn healthcheck(&self) -> Value {
        let mut settings = self.object(
            Place::Healthcheck,
            [
                ("test", health_test()),
                ("interval", duration()),
                ("timeout", duration()),
                ("retries", retries()),
                ("start_period", duration()),
            ],
        );
        settings["required"] = json!(["test"]);
        let by_position = tuple([health_test(), duration(), duration(), retries(), duration()], 1);
        any_of([null(), scalar(), settings, by_position])
    }

    fn exec_commands(&self) -> Value {
        let mut in_words = self
            .object(Place::Command, [("cmd", command()), ("user", exec_user()), ("policy", exec_policy())]);
        in_words["required"] = json!(["cmd"]);
        let pairs = names_to(exec_user());
        let by_position = tuple([command(), exec_user(), exec_policy()], 1);
        let item = any_of([defined("nonempty_text"), in_words, by_position, forms::one_entry(pairs.clone())]);
        any_of([null(), defined("nonempty_text"), list(item), pairs])
    }
}

pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn instance_name() -> Value {
    any_of([matching(NAME_PATTERN), json!({ "type": "integer", "minimum": 0 })])
}

/// Seconds with or without a fraction.
fn start_delay() -> Value {
    let seconds = json!({ "type": "number", "minimum": 0 });
    any_of([null(), seconds, matching(r"^(0|[1-9][0-9]*)(\.[0-9]+)?$")])
}

/// A preset, a container of the map, or one that no map manages.
fn network_mode() -> Value {
    let presets = json!({ "enum": ["bridge", "default", "host", "none", "disabled", false, null] });
    let foreign = matching("^(container:|/).+$");
    let configuration = matching(r"^(?!container:|/)(?!(yes|Yes|YES|on|On|ON|true|True|TRUE)$)[^.]+(\..+)?$");
    let pair = tuple([defined("name"), or_null(defined("name"))], 2);
    any_of([presets, foreign, configuration, json!({ "type": "number" }), pair])
}

/// A line for the shell, or words; nothing turns the check off.
pub(super) fn health_test() -> Value {
    any_of([null(), scalar(), json!({ "type": "array", "items": scalar(), "minItems": 1 })])
}

pub(super) fn retries() -> Value {
    or_null(number(0, i64::from(u32::MAX), WHOLE))
}

/// Nanoseconds, or a text with units.
pub(super) fn duration() -> Value {
    let nanoseconds = json!({ "type": "integer", "minimum": SHORTEST_NANOSECONDS });
    any_of([null(), json!({ "const": 0 }), nanoseconds, matching(DURATION)])
}

fn command() -> Value {
    let words = json!({ "type": "array", "items": defined("text"), "minItems": 1 });
    any_of([defined("nonempty_text"), words])
}

/// What looks like a word of a command stands one level too high.
fn exec_user() -> Value {
    let user =
        any_of([matching("^[^-/][^/]*$"), json!({ "type": ["number", "boolean"] }), defined("outside_text")]);
    let pair = tuple([defined("text"), or_null(defined("text"))], 1);
    any_of([null(), user, pair])
}

fn exec_policy() -> Value {
    json!({ "enum": ["restart", "initial", null] })
}
