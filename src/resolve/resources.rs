//! Networks and volumes of a map.

use std::collections::BTreeMap;

use crate::model::network::NetworkSpec;
use crate::model::ownership::map_labels;
use crate::model::place::Places;
use crate::model::volume::{LOCAL_DRIVER, Preparation, VolumeSpec};
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::raw::{RawName, RawNetwork, RawText, RawUser, RawVolume, Setting};
use crate::source::span::Span;
use crate::wording;

use super::context::{Context, value_of};
use super::map::{Configuration, ResolvedMap};
use super::options::item_labels;
use super::values::OptionReader;

/// The network driver where none is named.
const DEFAULT_NETWORK_DRIVER: &str = "bridge";
/// docker-py's keywords of network creation.
const NETWORK_KEYWORDS: [&str; 7] =
    ["attachable", "check_duplicate", "enable_ipv6", "ingress", "ipam", "labels", "scope"];

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
        ipam: None,
        places: places(context, name.span),
    };
    let mut note = |field: &str, span: Option<Span>| note(context, &mut spec.places, field, span);
    note("driver", raw.driver.as_ref().map(|driver| driver.span));
    note("internal", raw.internal.as_ref().map(|flag| flag.span));
    note_options(context, &mut spec.places, &raw.driver_options);
    for (keyword, node) in &raw.create_options {
        network_option(context, keyword, node, &mut spec);
    }
    spec
}

fn network_option(context: &Context<'_>, keyword: &RawName, node: &Node, spec: &mut NetworkSpec) {
    let field = format!("networks.create_options.{}", keyword.value);
    let reader = OptionReader { context, field };
    spec.places.insert(keyword.value.clone(), context.place(keyword.span));
    match keyword.value.as_str() {
        "labels" => {
            spec.labels.extend(item_labels(context, &reader.field, node));
            note_labels(context, &mut spec.places, node);
        }
        "attachable" => spec.attachable = reader.boolean(node).unwrap_or_default(),
        "enable_ipv6" => spec.enable_ipv6 = reader.boolean(node).unwrap_or_default(),
        "ipam" => spec.ipam = reader.json(node).filter(|value| !value.is_null()),
        // The Engine checks for duplicates by itself since API 1.44; before, names are looked up here.
        "check_duplicate" => {}
        "scope" | "ingress" => not_yet(context, "networks", keyword),
        other => unknown(context, "networks", keyword, wording::nearest(other, NETWORK_KEYWORDS)),
    }
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
    for (keyword, node) in &raw.create_options {
        match keyword.value.as_str() {
            "labels" => {
                labels.extend(item_labels(context, "volumes.create_options.labels", node));
                note_labels(context, &mut places, node);
            }
            other => unknown(context, "volumes", keyword, wording::nearest(other, ["labels"])),
        }
    }
    let driver_options = texts(context, &raw.driver_options);
    let driver = driver.unwrap_or_else(|| LOCAL_DRIVER.to_owned());
    let mut preparation = preparation(context, configuration, raw);
    if (driver != LOCAL_DRIVER || !driver_options.is_empty()) && !preparation.is_empty() {
        context.report(
            Diagnostic::warning(format!("owner and mode of volume `{}` are not supported yet", alias.value))
                .at(alias.span, format!("its files are where driver `{driver}` keeps them, not on the host"))
                .help("set them in the image, or with a command in `exec_commands`"),
        );
        preparation = Preparation::default();
    }
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
    options.iter().filter_map(|(name, raw)| Some((name.value.clone(), context.free_text(raw)?))).collect()
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

fn unknown(context: &Context<'_>, section: &str, keyword: &RawName, nearest: Option<&str>) {
    let diagnostic = Diagnostic::error(format!("unknown key `{}` in `create_options`", keyword.value))
        .at(keyword.span, format!("not an option of `{section}`"));
    context.report(match nearest {
        Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
        None => diagnostic,
    });
}

fn not_yet(context: &Context<'_>, section: &str, keyword: &RawName) {
    context.error(
        format!("`{section}.create_options.{}` is not supported yet", keyword.value),
        keyword.span,
        "known to Docker, not handled by dmfab yet",
    );
}
