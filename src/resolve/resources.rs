//! Networks and volumes of a map.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::network::NetworkSpec;
use crate::model::ownership::map_labels;
use crate::model::place::Places;
use crate::model::volume::{LOCAL_DRIVER, Preparation, VolumeSpec};
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::raw::{RawName, RawNetwork, RawText, RawUser, RawVolume, Setting};
use crate::source::span::Span;

use super::context::{Context, value_of};
use super::map::{Configuration, ResolvedMap};
use super::options::item_labels;
use super::options::names::{nearest, without_doubles};
use super::values::OptionReader;

/// The network driver where none is named.
const DEFAULT_NETWORK_DRIVER: &str = "bridge";
/// docker-py's keywords of network creation, with the API's names.
pub(super) const NETWORK_KEYWORDS: [(&str, &str); 8] = [
    ("attachable", "Attachable"),
    ("check_duplicate", "CheckDuplicate"),
    ("enable_ipv6", "EnableIPv6"),
    ("ingress", "Ingress"),
    ("internal", "Internal"),
    ("ipam", "IPAM"),
    ("labels", "Labels"),
    ("scope", "Scope"),
];
/// docker-py's keywords of volume creation, with the API's names.
pub(super) const VOLUME_KEYWORDS: [(&str, &str); 2] = [("driver_opts", "DriverOpts"), ("labels", "Labels")];
/// Keywords whose place is a setting beside `create_options`.
const SETTINGS: [(&str, &str); 5] = [
    ("driver", "driver"),
    ("Driver", "driver"),
    ("options", "driver_options"),
    ("Options", "driver_options"),
    ("driver_options", "driver_options"),
];
const SCOPES: [&str; 3] = ["local", "swarm", "global"];
const POOL_FORMS: &str = "`{subnet: 172.30.0.0/24}`";

/// A configured network.
pub(super) fn network(
    context: &Context<'_>,
    map_name: &str,
    name: &RawName,
    raw: &RawNetwork,
) -> NetworkSpec {
    let driver = context.optional_text(raw.driver.as_ref());
    let mut spec = NetworkSpec {
        name: format!("{map_name}.{}", name.value),
        map_name: map_name.to_owned(),
        driver: driver.unwrap_or_else(|| DEFAULT_NETWORK_DRIVER.to_owned()),
        driver_options: texts(context, &raw.driver_options),
        internal: raw.internal.as_ref().is_some_and(|flag| flag.value),
        attachable: false,
        enable_ipv6: false,
        labels: map_labels(map_name),
        ingress: false,
        scope: None,
        ipam: None,
        places: places(context, name.span),
    };
    let mut note = |field: &str, span: Option<Span>| note(context, &mut spec.places, field, span);
    note("driver", raw.driver.as_ref().map(|driver| driver.span));
    note("internal", raw.internal.as_ref().map(|flag| flag.span));
    note_options(context, &mut spec.places, &raw.driver_options);
    for (keyword, span, node) in options(context, "networks", &raw.create_options, &NETWORK_KEYWORDS) {
        spec.places.insert(keyword, context.place(span));
        network_option(context, keyword, node, &mut spec);
    }
    spec
}

fn network_option(context: &Context<'_>, keyword: &str, node: &Node, spec: &mut NetworkSpec) {
    let reader = OptionReader { context, field: format!("networks.create_options.{keyword}") };
    match keyword {
        "labels" => {
            spec.labels.extend(item_labels(context, &reader.field, node));
            note_labels(context, &mut spec.places, node);
        }
        "attachable" => spec.attachable = reader.boolean(node).unwrap_or_default(),
        "enable_ipv6" => spec.enable_ipv6 = reader.boolean(node).unwrap_or_default(),
        "ingress" => spec.ingress = reader.boolean(node).unwrap_or_default(),
        "internal" => spec.internal = reader.boolean(node).unwrap_or(spec.internal),
        "scope" => spec.scope = reader.choice(node, &SCOPES),
        "ipam" => spec.ipam = ipam(&reader, node),
        // The Engine checks for duplicates by itself since API 1.44; before, names are looked up here.
        _ => drop(reader.boolean(node)),
    }
}

/// docker-py's `IPAMConfig`, or the API's record, which is sent.
fn ipam(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let names =
        [("driver", "Driver"), ("pool_configs", "Config"), ("options", "Options"), ("config", "Config")];
    let mut record = Map::new();
    for (member, value) in reader.members(node, &names, "`{driver: default, pool_configs: [..]}`")? {
        let value = match member {
            "Driver" => Value::from(reader.text(value)?),
            "Options" => reader.text_mapping(value)?,
            _ => pools(reader, value)?,
        };
        record.insert(member.to_owned(), value);
    }
    Some(Value::Object(record))
}

fn pools(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let names = [
        ("subnet", "Subnet"),
        ("iprange", "IPRange"),
        ("gateway", "Gateway"),
        ("aux_addresses", "AuxiliaryAddresses"),
    ];
    let Some(items) = node.as_sequence() else {
        reader.wrong(node, &format!("a list of {POOL_FORMS}"));
        return None;
    };
    let pool = |item: &Node| {
        let mut pool = Map::new();
        for (member, value) in reader.members(item, &names, POOL_FORMS)? {
            let value = match member {
                "AuxiliaryAddresses" => reader.text_mapping(value)?,
                _ => Value::from(reader.text(value)?),
            };
            pool.insert(member.to_owned(), value);
        }
        Some(Value::Object(pool))
    };
    let pools: Vec<Option<Value>> = items.iter().map(pool).collect();
    pools.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
}

/// A volume that a configuration attaches.
pub(super) fn volume(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    configuration: &Configuration<'_>,
    alias: &RawName,
) -> VolumeSpec {
    let key = map.attached_key(&configuration.name.value, &alias.value);
    let empty = RawVolume::default();
    let raw = map.volume(&alias.value).unwrap_or(&empty);
    let driver = context.optional_text(raw.driver.as_ref());
    let mut labels = map_labels(&map.name);
    let mut places = places(context, alias.span);
    note(context, &mut places, "driver", raw.driver.as_ref().map(|driver| driver.span));
    note_options(context, &mut places, &raw.driver_options);
    note_preparation(context, configuration, raw, &mut places);
    let mut driver_options = texts(context, &raw.driver_options);
    for (keyword, _, node) in options(context, "volumes", &raw.create_options, &VOLUME_KEYWORDS) {
        let reader = OptionReader { context, field: format!("volumes.create_options.{keyword}") };
        match keyword {
            "labels" => {
                labels.extend(item_labels(context, &reader.field, node));
                note_labels(context, &mut places, node);
            }
            _ => {
                for (name, raw) in reader.text_entries(node).unwrap_or_default() {
                    note(context, &mut places, &format!("driver_options.{name}"), Some(raw.span));
                    driver_options.extend(context.named_text(&name, &raw).map(|value| (name, value)));
                }
            }
        }
    }
    let driver = driver.unwrap_or_else(|| LOCAL_DRIVER.to_owned());
    let preparation = preparation(context, configuration, raw);
    VolumeSpec {
        name: map.volume_name(&key),
        map_name: map.name.clone(),
        config_name: configuration.name.value.clone(),
        driver,
        driver_options,
        labels,
        preparation,
        places,
    }
}

/// The volume's own user and mode come before those of the container that attaches it.
fn preparation(context: &Context<'_>, configuration: &Configuration<'_>, raw: &RawVolume) -> Preparation {
    let user = value_of(&raw.user).or_else(|| value_of(&configuration.raw.user));
    let mode = value_of(&raw.permissions).or_else(|| value_of(&configuration.raw.permissions));
    Preparation {
        owner: user.and_then(|user| owner(context, &user.value)),
        mode: mode.and_then(|mode| context.text(&mode.value)).filter(|mode| !mode.is_empty()),
    }
}

/// `2000` owns with its group of the same number; `app:web` says both.
fn owner(context: &Context<'_>, user: &RawUser) -> Option<String> {
    let text = match user {
        RawUser::Pair(user, group) => format!("{}:{}", context.text(user)?, context.text(group)?),
        RawUser::Text(text) => {
            let text = context.text(text)?;
            if text.contains(':') { text } else { format!("{text}:{text}") }
        }
    };
    (text != ":").then_some(text)
}

fn texts(context: &Context<'_>, options: &[(RawName, RawText)]) -> BTreeMap<String, String> {
    options
        .iter()
        .filter_map(|(name, raw)| Some((name.value.clone(), context.named_text(&name.value, raw)?)))
        .collect()
}

fn places(context: &Context<'_>, span: Span) -> Places {
    let mut places = Places::default();
    places.insert("", context.place(span));
    places
}

fn note(context: &Context<'_>, places: &mut Places, field: &str, span: Option<Span>) {
    if let Some(span) = span {
        places.insert(field, context.place(span));
    }
}

fn note_options(context: &Context<'_>, places: &mut Places, options: &[(RawName, RawText)]) {
    for (name, value) in options {
        places.insert(format!("driver_options.{}", name.value), context.place(value.span));
    }
}

/// Labels of a mapping stand where their values do; those of a list where the list does.
fn note_labels(context: &Context<'_>, places: &mut Places, node: &Node) {
    for (name, value) in node.as_mapping().unwrap_or_default() {
        places.insert(format!("labels.{}", name.as_text().unwrap_or_default()), context.place(value.span));
    }
}

/// As [`preparation`], what gives each of them.
fn note_preparation(
    context: &Context<'_>,
    configuration: &Configuration<'_>,
    raw: &RawVolume,
    places: &mut Places,
) {
    let own = [("owner", span_of_value(&raw.user)), ("mode", span_of_value(&raw.permissions))];
    let attaching = [
        ("user of the container", span_of_value(&configuration.raw.user)),
        ("permissions of the container", span_of_value(&configuration.raw.permissions)),
    ];
    for ((field, own), (giver, given)) in own.into_iter().zip(attaching) {
        match (own, given) {
            (Some(span), _) => places.insert(field, context.place(span)),
            (None, Some(span)) => places.insert_given(field, giver, context.place(span)),
            (None, None) => {}
        }
    }
}

fn span_of_value<T>(setting: &Setting<T>) -> Option<Span> {
    value_of(setting).map(|value| value.span)
}

/// What is given of a network's or volume's options, by docker-py's names. A null says nothing; unknown
/// names are reported.
fn options<'n>(
    context: &Context<'_>,
    section: &str,
    entries: &'n [(RawName, Node)],
    known: &[(&'static str, &'static str)],
) -> Vec<(&'static str, Span, &'n Node)> {
    let find = |name: &str| {
        let found = known.iter().find(|(keyword, api_name)| *keyword == name || *api_name == name);
        found.map(|(keyword, _)| *keyword)
    };
    let parent = format!("{section}.create_options");
    let named = entries.iter().map(|(name, node)| (name.clone(), node));
    let canonical = |name: &str| find(name).unwrap_or(name).to_owned();
    let mut found = Vec::new();
    for (name, node) in without_doubles(context, &parent, named, canonical) {
        match find(&name.value) {
            Some(keyword) if !node.is_null() => found.push((keyword, name.span, node)),
            Some(_) => {}
            None => unknown(context, section, &name, nearest(&name.value, known.iter().copied())),
        }
    }
    found
}

fn unknown(context: &Context<'_>, section: &str, keyword: &RawName, nearest: Option<&str>) {
    let diagnostic = Diagnostic::error(format!("unknown key `{}` in `create_options`", keyword.value))
        .at(keyword.span, format!("not an option of `{section}`"));
    let setting = SETTINGS.iter().find(|(name, _)| *name == keyword.value);
    context.report(match (setting, nearest) {
        (Some((_, setting)), _) => diagnostic.help(format!("write `{setting}` beside `create_options`")),
        (None, Some(nearest)) => diagnostic.help(format!("write `{nearest}`")),
        (None, None) => diagnostic,
    });
}
