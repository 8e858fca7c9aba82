//! `create_options` and `host_config`: which options there are, under docker-py's names and the
//! API's. How the values of `host_config` are read is said by the table of [`host_options`].

use serde_json::{Value, json};

use super::forms::{any_of, defined, list, list_or_one, matching, names_to, null, number, or_null, tuple};
use super::{Builder, Definitions, forms, records};
use crate::reference::Place;
use crate::resolve::host_options::{self, Kind};
use crate::resolve::{OptionsOf, api_name};

const WHOLE_NUMBER: &str = r"^[+-]?[0-9]+$";
/// A whole number of bytes, or a number with a suffix of 1024.
const SIZE: &str = r"^\s*(\+?[0-9]+\s*([kKmMgGtT][bB]?|[bB])?|\+?[0-9]+\.[0-9]*\s*[kKmMgGtT][bB]?)\s*$";
const YES: &str = "[tT][rR][uU][eE]|[yY][eE][sS]|[oO][nN]";
const NO: &str = "[fF][aA][lL][sS][eE]|[nN][oO]|[oO][fF][fF]";
/// Labels that begin so are dmfab's own.
const OWN_LABEL: &str = r"^dmfab\.";
/// A number, or what looks like a name; which names there are, the program knows.
const SIGNAL: &str = r"^([1-9]|[1-5][0-9]|6[0-4]|[A-Za-z]+[12]?([+-][0-9]+)?)$";
const MAC_ADDRESS: &str = "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$";

impl Builder<'_> {
    pub(super) fn option_definitions(&self) -> Definitions {
        let definitions = [
            ("host_config", self.host_config()),
            ("create_options", self.create_options()),
            ("network_options", self.network_options()),
            ("volume_options", self.volume_options()),
            ("option_switch", switch()),
            ("option_number", whole(None)),
            ("size", any_of([number(0, i64::MAX, SIZE), defined("outside_text")])),
            ("signal", signal()),
            ("labels", label_forms()),
            ("text_mapping", text_mapping()),
        ];
        definitions.into_iter().map(|(name, form)| (name.to_owned(), form)).collect()
    }

    fn host_config(&self) -> Value {
        let mut forms = vec![
            ("binds", or_null(records::binds())),
            ("links", or_null(records::links())),
            ("mounts", or_null(records::mounts())),
            ("network_mode", or_null(defined("nonempty_text"))),
            ("port_bindings", or_null(records::port_bindings())),
            ("volumes_from", defined("texts")),
        ];
        let plain = host_options::kinds().map(|(keyword, kind)| (keyword, or_null(value(keyword, kind))));
        forms.extend(plain);
        let mut host_config = self.options(Place::HostConfig, OptionsOf::Container, "host_config", forms);
        add_without_effect(&mut host_config);
        host_config
    }

    /// Options of `host_config` may stand here, too.
    fn create_options(&self) -> Value {
        let text = || or_null(defined("text"));
        let option_switch = || or_null(option_switch());
        let forms = vec![
            ("command", defined("texts")),
            ("detach", option_switch()),
            ("domainname", text()),
            ("entrypoint", defined("texts")),
            ("environment", or_null(defined("text_mapping"))),
            ("healthcheck", records::healthcheck()),
            ("host_config", defined("host_config")),
            ("hostname", text()),
            ("labels", labels()),
            ("mac_address", or_null(mac_address())),
            ("network_disabled", option_switch()),
            ("networking_config", or_null(records::networking_config())),
            ("platform", text()),
            ("ports", or_null(exposed_ports())),
            ("runtime", text()),
            ("stdin_open", option_switch()),
            ("stop_signal", or_null(defined("signal"))),
            ("stop_timeout", or_null(whole(Some(0)))),
            ("tty", option_switch()),
            ("user", text()),
            ("volumes", or_null(volumes())),
            ("working_dir", text()),
        ];
        let mut options = self.options(Place::CreateOptions, OptionsOf::Container, "create_options", forms);
        let of_host = self.host_config();
        for keyword in of_host["properties"].as_object().into_iter().flat_map(|known| known.keys()) {
            if keyword != "runtime" {
                refer(&mut options, "host_config", keyword, keyword);
                refer_by_api_name(&mut options, OptionsOf::Container, "host_config", keyword);
            }
        }
        add_without_effect(&mut options);
        options
    }

    fn network_options(&self) -> Value {
        let option_switch = || or_null(option_switch());
        let forms = vec![
            ("attachable", option_switch()),
            ("check_duplicate", option_switch()),
            ("enable_ipv6", option_switch()),
            ("ingress", option_switch()),
            ("internal", option_switch()),
            ("ipam", or_null(records::ipam())),
            ("labels", labels()),
            ("scope", or_null(choice(&["local", "swarm", "global"]))),
        ];
        self.options(Place::NetworkOptions, OptionsOf::Network, "network_options", forms)
    }

    fn volume_options(&self) -> Value {
        let forms = vec![("driver_opts", or_null(defined("text_mapping"))), ("labels", labels())];
        self.options(Place::VolumeOptions, OptionsOf::Volume, "volume_options", forms)
    }

    /// A mapping of options under both of their names; null is an empty one.
    fn options(&self, place: Place, of: OptionsOf, definition: &str, forms: Vec<(&str, Value)>) -> Value {
        let keywords: Vec<String> = forms.iter().map(|(keyword, _)| (*keyword).to_owned()).collect();
        let mut options = self.object_or_null(place, forms);
        options["patternProperties"] = json!({});
        for keyword in keywords {
            refer_by_api_name(&mut options, of, definition, &keyword);
        }
        options
    }
}

/// Takes an option under the API's name. Names that are patterns are not proposed by editors.
fn refer_by_api_name(options: &mut Value, of: OptionsOf, definition: &str, keyword: &str) {
    if let Some(api_name) = api_name(of, keyword) {
        refer(options, definition, keyword, api_name);
    }
}

/// Options of older times.
fn add_without_effect(options: &mut Value) {
    for keyword in host_options::WITHOUT_EFFECT {
        options["patternProperties"][format!("^{keyword}$")] = json!({ "deprecated": true });
    }
}

fn refer(options: &mut Value, definition: &str, keyword: &str, name: &str) {
    options["patternProperties"][format!("^{name}$")] =
        json!({ "$ref": format!("#/$defs/{definition}/properties/{keyword}") });
}

/// How a value of an option looks.
fn value(keyword: &str, kind: Kind) -> Value {
    match kind {
        // Only there, -1 is no limit.
        Kind::Bytes if keyword == "memswap_limit" => any_of([json!({ "enum": [-1, "-1"] }), defined("size")]),
        Kind::Bytes => defined("size"),
        Kind::Integer | Kind::Between(..) => defined("option_number"),
        Kind::Boolean => option_switch(),
        Kind::Text => defined("text"),
        Kind::Texts | Kind::Addresses => defined("texts"),
        Kind::TextMapping => defined("text_mapping"),
        Kind::RestartPolicy => records::restart_policy(),
        Kind::Ulimits => records::ulimits(),
        Kind::Devices => records::devices(),
        Kind::ExtraHosts => any_of([names_to(defined("text")), defined("texts")]),
        Kind::LogConfig => records::log_config(),
        Kind::Tmpfs => any_of([names_to(or_null(defined("text"))), defined("texts")]),
        Kind::Weight => records::weight(),
        Kind::WeightDevices => records::weight_devices(),
        Kind::ThrottleDevices => records::throttle_devices(),
        Kind::DeviceRequests => records::device_requests(),
        Kind::AutoRemove => {
            any_of([json!({ "const": false }), matching(&format!("^({NO})$")), defined("outside_text")])
        }
        Kind::CgroupNamespace => choice(&["", "private", "host"]),
        Kind::Isolation => choice(&["", "default", "process", "hyperv"]),
        Kind::HostNames => choice(&["", "host"]),
    }
}

fn whole(smallest: Option<i64>) -> Value {
    let (integer, pattern) = match smallest {
        Some(smallest) => (json!({ "type": "integer", "minimum": smallest }), r"^\+?[0-9]+$"),
        None => (json!({ "type": "integer" }), WHOLE_NUMBER),
    };
    any_of([integer, matching(pattern), defined("outside_text")])
}

pub(super) fn option_switch() -> Value {
    defined("option_switch")
}

/// As text it may be quoted, too.
fn switch() -> Value {
    any_of([json!({ "type": "boolean" }), matching(&format!("^({YES}|{NO})$")), defined("outside_text")])
}

/// One of some words.
pub(super) fn choice(words: &[&str]) -> Value {
    any_of([json!({ "enum": words }), defined("outside_text")])
}

fn signal() -> Value {
    any_of([number(1, 64, SIGNAL), defined("outside_text")])
}

pub(super) fn mac_address() -> Value {
    any_of([matching(MAC_ADDRESS), defined("outside_text")])
}

/// A mapping, or a list of `name=value`; null and a name alone say nothing, or take a variable away.
fn text_mapping() -> Value {
    any_of([names_to(or_null(defined("text"))), list(defined("text"))])
}

fn labels() -> Value {
    defined("labels")
}

/// A mapping or a list, without those of dmfab.
fn label_forms() -> Value {
    let mut mapping = names_to(or_null(defined("text")));
    mapping["propertyNames"] = json!({ "minLength": 1, "not": { "pattern": OWN_LABEL } });
    let item = json!({
        "type": ["string", "number", "boolean"],
        "not": { "type": "string", "pattern": OWN_LABEL },
    });
    any_of([null(), mapping, list(item)])
}

/// Ports and ranges of them; the API has a mapping with empty values.
fn exposed_ports() -> Value {
    let port = || any_of([number(1, 65535, &forms::ports_pattern()), defined("outside_text")]);
    let with_protocol = tuple([port(), defined("text")], 1);
    let mapping = forms::keys_matching(&forms::ports_pattern(), nothing());
    any_of([port(), list(any_of([port(), with_protocol])), mapping])
}

/// Paths that are kept in anonymous volumes; the API has a mapping with empty values.
fn volumes() -> Value {
    any_of([list_or_one(defined("absolute_path")), forms::keys_matching("^/", nothing())])
}

/// A mapping without keys, or null.
fn nothing() -> Value {
    json!({ "type": ["object", "null"], "maxProperties": 0 })
}
