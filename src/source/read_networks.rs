//! A map's `networks`, and how a container joins them.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawEndpoint, RawName, RawNetwork};
use super::read_links::read_links;
use super::reader::{Entry, Reader, span_over};
use super::slips::is_one_item;
use super::span::{Span, Spanned};

const NETWORK_KEYS: [&str; 4] = ["driver", "driver_options", "internal", "create_options"];
/// In the order of the positional form; `ipv4` and `ipv6` are other names of the addresses.
const ENDPOINT_KEYS: [&str; 8] =
    ["network_name", "aliases", "links", "ipv4_address", "ipv6_address", "link_local_ips", "ipv4", "ipv6"];

/// Reads one entry of a map's `networks`: settings or nothing.
pub(super) fn read_network(node: &Node, name: &str, reader: &mut Reader<'_>) -> RawNetwork {
    let mut reader = reader.with_subject(format!("network `{name}`"));
    let mut network = RawNetwork::default();
    if !node.is_null() && node.as_mapping().is_none() {
        reader.wrong::<()>(node, "networks", "a mapping of settings");
    }
    for (key, value) in node.as_mapping().unwrap_or_default() {
        let name = key.as_text().unwrap_or_default();
        match name {
            "driver" => network.driver = reader.optional_text(value, name),
            "driver_options" => network.driver_options = reader.text_entries(value, name),
            "internal" => network.internal = reader.switch(value, name),
            "create_options" => network.create_options = reader.node_entries(value, name),
            _ => reader.unknown_key(key, &NETWORK_KEYS),
        }
    }
    network
}

/// Reads `networks` of a container.
///
/// A list means different things in two places, as it always has: in a mapping of networks it is
/// the list of aliases, in an item of a list it is all settings by position.
pub(super) fn read_endpoints(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawEndpoint>> {
    match &node.value {
        NodeValue::Mapping(entries)
            if is_one_item(entries, "network_name", &ENDPOINT_KEYS, "networks", reader) =>
        {
            Vec::new()
        }
        NodeValue::Mapping(entries) => {
            entries.iter().filter_map(|(name, value)| mapping_entry(name, value, reader)).collect()
        }
        _ => reader.items(node, "networks").iter().filter_map(|item| read_endpoint(item, reader)).collect(),
    }
}

fn mapping_entry(name: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawEndpoint>> {
    if value.as_sequence().is_none() {
        return pair(name, value, reader);
    }
    let mut found = endpoint(name, span_over(name.span, value.span), reader)?;
    found.value.aliases = reader.texts(value, "aliases");
    Some(found)
}

fn read_endpoint(item: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawEndpoint>> {
    match &item.value {
        NodeValue::Scalar { .. } => endpoint(item, item.span, reader),
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [] => reader.wrong(item, "networks", "items with a network and its settings"),
            [name, settings] if settings.as_mapping().is_some() => pair(name, settings, reader),
            [name, settings @ ..] => positional(name, settings, item, reader),
        },
        NodeValue::Mapping(entries) => match (entries.as_slice(), item.get("network_name")) {
            (_, Some(name)) => keywords(name, entries, item.span, reader),
            ([(name, value)], None) => pair(name, value, reader),
            _ => reader.wrong_with(
                item,
                "networks",
                "one network in each item",
                Some("write one list item for each network, or `network_name` beside its settings"),
            ),
        },
    }
}

/// `net: ..` with an alias, settings by position, or keywords.
fn pair(name: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawEndpoint>> {
    let span = span_over(name.span, value.span);
    match &value.value {
        NodeValue::Mapping(entries) => keywords(name, entries, span, reader),
        NodeValue::Sequence(parts) if !parts.is_empty() => positional(name, parts, value, reader),
        NodeValue::Scalar { text, .. } if !text.is_empty() && !value.is_null() => {
            let mut found = endpoint(name, span, reader)?;
            found.value.aliases = reader.texts(value, "aliases");
            Some(found)
        }
        _ => endpoint(name, span, reader),
    }
}

fn endpoint(name: &Node, span: Span, reader: &mut Reader<'_>) -> Option<Spanned<RawEndpoint>> {
    let network: RawName = reader.name(name, "networks")?;
    let endpoint = RawEndpoint {
        network,
        aliases: Vec::new(),
        links: Vec::new(),
        ipv4_address: None,
        ipv6_address: None,
        link_local_ips: Vec::new(),
    };
    Some(Spanned::new(endpoint, span))
}

fn positional(
    name: &Node,
    settings: &[Node],
    whole: &Node,
    reader: &mut Reader<'_>,
) -> Option<Spanned<RawEndpoint>> {
    let mut found = endpoint(name, whole.span, reader)?;
    if settings.len() > 5 {
        let expected = "at most aliases, links, IPv4 address, IPv6 address and link-local addresses";
        return reader.wrong(whole, "networks", expected);
    }
    for (key, value) in ENDPOINT_KEYS[1..].iter().zip(settings) {
        setting(&mut found.value, key, value, reader);
    }
    Some(found)
}

fn keywords(
    name: &Node,
    entries: &[Entry],
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<Spanned<RawEndpoint>> {
    let mut found = endpoint(name, span, reader)?;
    reader.refuse_unknown_keys("networks", entries, &ENDPOINT_KEYS);
    for (key, value) in entries {
        let keyword = key.as_text().unwrap_or_default();
        if keyword != "network_name" {
            setting(&mut found.value, keyword, value, reader);
        } else if !std::ptr::eq(value, name) {
            let message = "`network_name` stands beside the name of the network";
            reader.report(Diagnostic::error(message).at(key.span, "the network is named already"));
        }
    }
    Some(found)
}

fn setting(endpoint: &mut RawEndpoint, key: &str, value: &Node, reader: &mut Reader<'_>) {
    let is_empty = value.is_null() || value.as_text() == Some("");
    match key {
        _ if is_empty => {}
        "aliases" => endpoint.aliases = reader.texts(value, key),
        "links" => endpoint.links = read_links(value, reader),
        "ipv4_address" | "ipv4" => endpoint.ipv4_address = reader.text(value, key),
        "ipv6_address" | "ipv6" => endpoint.ipv6_address = reader.text(value, key),
        "link_local_ips" => endpoint.link_local_ips = reader.texts(value, key),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawContainer, RawText};
    use super::super::testing::{assert_forms, joined, map, text};

    fn part(name: &str, value: Option<String>) -> String {
        value.filter(|value| !value.is_empty()).map(|value| format!(" {name}={value}")).unwrap_or_default()
    }

    fn texts(texts: &[RawText]) -> String {
        texts.iter().map(text).collect::<Vec<_>>().join(",")
    }

    fn endpoints(container: &RawContainer) -> String {
        joined(&container.networks, |endpoint| {
            let links = endpoint.links.iter().map(|link| {
                let alias = link.alias.as_ref().map_or("", |alias| alias.as_str());
                format!("{}:{alias}", *link.container)
            });
            [
                endpoint.network.value.clone(),
                part("aliases", Some(texts(&endpoint.aliases))),
                part("links", Some(links.collect::<Vec<_>>().join(","))),
                part("v4", endpoint.ipv4_address.as_ref().map(text)),
                part("v6", endpoint.ipv6_address.as_ref().map(text)),
                part("local", Some(texts(&endpoint.link_local_ips))),
            ]
            .concat()
        })
    }

    #[test]
    fn endpoints_come_in_many_forms() {
        let all = "{aliases: a, links: [[c, x]], ipv4_address: 10.0.0.5, ipv6_address: '::5', link_local_ips: 169.254.0.1}";
        let all_read = "net aliases=a links=c:x v4=10.0.0.5 v6=::5 local=169.254.0.1";
        let whole = format!("{{net: {all}}}");
        let (item, pair) = (format!("[{whole}]"), format!("[[net, {all}]]"));
        let forms = [
            ("", ""),
            ("net", "net"),
            ("[net, other]", "net; other"),
            ("[[net]]", "net"),
            ("[{network_name: net}]", "net"),
            ("[{net: }]", "net"),
            ("[{net: ''}]", "net"),
            ("[{net: {}}]", "net"),
            ("{net: , other: }", "net; other"),
            ("[[net, alias]]", "net aliases=alias"),
            ("[{net: alias}]", "net aliases=alias"),
            ("{net: alias}", "net aliases=alias"),
            ("[[net, [a, b], [[c, x]], 10.0.0.5]]", "net aliases=a,b links=c:x v4=10.0.0.5"),
            ("[[net, null, null, null, '::5', 169.254.0.1]]", "net v6=::5 local=169.254.0.1"),
            (pair.as_str(), all_read),
            (whole.as_str(), all_read),
            (item.as_str(), all_read),
            ("[{network_name: net, aliases: [a, b]}]", "net aliases=a,b"),
            ("[{net: [a, l, 10.0.0.5]}]", "net aliases=a links=l: v4=10.0.0.5"),
            ("{net: [a, b, c]}", "net aliases=a,b,c"),
            ("[{net: {ipv4: 10.0.0.5, ipv6: '::5'}}]", "net v4=10.0.0.5 v6=::5"),
            ("[{net: {ip: 10.0.0.5}}]", "error: unknown key `ip` in `networks`"),
            ("[{network_name: net, alias: x}]", "error: unknown key `alias` in `networks`"),
            ("[{a: , b: }]", "error: `networks` needs one network in each item, found a mapping of 2 keys"),
            (
                "[[]]",
                "error: `networks` needs items with a network and its settings, found a list of 0 items",
            ),
            (
                "[[n, a, l, 4, 6, x, y]]",
                "error: `networks` needs at most aliases, links, IPv4 address, IPv6 address and link-local addresses, \
                 found a list of 7 items",
            ),
        ];
        assert_forms("networks", &forms, endpoints);
    }

    #[test]
    fn networks_of_a_map_have_settings_or_nothing() {
        let read = map(
            "networks:\n  a:\n  b: {driver: overlay, driver_options: {x: 1}, internal: yes, create_options: {labels: {l: v}}}\n",
        );
        let found = read.good();
        let [(_, first), (name, second)] = found.networks.as_slice() else { panic!("{found:?}") };
        assert_eq!(*first, super::RawNetwork::default());
        assert_eq!(name.value, "b");
        assert_eq!(second.driver.as_ref().map(text).as_deref(), Some("overlay"));
        let options = joined(&second.driver_options, |(key, value)| format!("{}={}", **key, text(value)));
        assert_eq!(options, "x=1");
        assert_eq!(second.internal.as_ref().map(|internal| internal.value), Some(true));
        assert_eq!(second.create_options.len(), 1);
    }

    #[test]
    fn wrong_networks_of_a_map_are_refused() {
        assert_eq!(
            map("networks: {a: bridge}").messages(),
            ["`networks` of network `a` needs a mapping of settings, found `bridge`"]
        );
        assert_eq!(map("networks: {a: {dirver: x}}").messages(), ["unknown key `dirver` in network `a`"]);
    }
}
