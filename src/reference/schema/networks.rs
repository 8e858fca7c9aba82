//! `links`, `exposes` and `networks` of containers.

use serde_json::{Value, json};

use super::Builder;
use super::forms::{
    PORT, any_of, defined, keys_matching, list, matching, names_to, null, number, one_entry, or_null,
    ports_pattern, tuple,
};
use crate::reference::Place;

pub(super) fn links(builder: &Builder<'_>) -> Value {
    let alias = || or_null(defined("name"));
    let mut in_words = builder.object(Place::Link, [("container", defined("name")), ("alias", alias())]);
    in_words["required"] = json!(["container"]);
    let pairs = names_to(alias());
    let item =
        any_of([defined("name"), tuple([defined("name"), alias()], 1), in_words, one_entry(pairs.clone())]);
    any_of([null(), defined("name"), list(item), pairs])
}

/// Ports of the container, and where they are published.
pub(super) fn ports(builder: &Builder<'_>) -> Value {
    let words = || {
        [
            ("host_port", or_null(host_port())),
            ("interface", or_null(defined("text"))),
            ("ipv6", defined("switch")),
        ]
    };
    let published = builder.object(Place::Port, words());
    let by_position = tuple(words().map(|(_, form)| form), 1);
    let behind = any_of([null(), host_port(), by_position, published]);
    let mut in_words =
        builder.object(Place::Port, words().into_iter().chain([("exposed_port", exposed_port())]));
    in_words["required"] = json!(["exposed_port"]);
    let [port, interface, ipv6] = words().map(|(_, form)| form);
    let pairs = keys_matching(&ports_pattern(), behind.clone());
    let item = any_of([
        exposed_port(),
        tuple([exposed_port(), behind], 1),
        json!({
            "type": "array",
            "prefixItems": [exposed_port(), port, interface, ipv6],
            "minItems": 3,
            "maxItems": 4,
        }),
        in_words,
        one_entry(pairs.clone()),
    ]);
    any_of([null(), exposed_port(), list(item), pairs])
}

fn exposed_port() -> Value {
    number(1, 65535, &ports_pattern())
}

/// A port of the host, or as many as the container has; 0 is any that is free.
fn host_port() -> Value {
    any_of([number(0, 65535, &format!("^(0|{PORT}(-{PORT})?)$")), defined("outside_text")])
}

/// Networks that a container joins. A list behind a name is aliases in a mapping of networks, and
/// settings by position in an item of a list.
pub(super) fn networks(builder: &Builder<'_>) -> Value {
    let mut forms: Vec<(&str, Value)> = settings().into_iter().collect();
    forms.extend([("ipv4", address("ipv4")), ("ipv6", address("ipv6")), ("network_name", defined("name"))]);
    let mut in_words = builder.object(Place::Endpoint, forms.clone());
    in_words["required"] = json!(["network_name"]);
    forms.pop();
    let keywords = builder.object(Place::Endpoint, forms);
    let by_position = tuple(settings().map(|(_, form)| form), 0);
    let alias = || any_of([null(), defined("text")]);
    let mapping = names_to(any_of([alias(), list(defined("text")), keywords.clone()]));
    let entry = names_to(any_of([alias(), by_position, keywords.clone()]));
    let [aliases, links, ipv4, ipv6, link_local] = settings().map(|(_, form)| form);
    let item = any_of([
        defined("name"),
        tuple([defined("name"), keywords], 2),
        tuple([defined("name"), aliases, links, ipv4, ipv6, link_local], 1),
        in_words,
        one_entry(entry),
    ]);
    any_of([null(), defined("name"), list(item), mapping])
}

/// In the order of the form by position.
fn settings() -> [(&'static str, Value); 5] {
    [
        ("aliases", defined("texts")),
        ("links", any_of([defined("links"), matching("^$")])),
        ("ipv4_address", address("ipv4")),
        ("ipv6_address", address("ipv6")),
        ("link_local_ips", defined("texts")),
    ]
}

/// An empty text is as good as none.
fn address(family: &str) -> Value {
    any_of([null(), defined(family)])
}
