//! The forms of `exposes`.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawName, RawPort, RawText};
use super::reader::{Entry, Reader, span_over};
use super::scalar::whole_number;
use super::span::{Span, Spanned};

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];
const RECORD_KEYS: [&str; 4] = ["exposed_port", "host_port", "interface", "ipv6"];

/// How a port is published, before it is read.
#[derive(Default)]
struct Publishing<'n> {
    host_port: Option<&'n Node>,
    interface: Option<&'n Node>,
    ipv6: Option<&'n Node>,
}

/// Reads `exposes`.
pub(super) fn read_ports(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawPort>> {
    match &node.value {
        NodeValue::Mapping(entries) => {
            entries.iter().filter_map(|(port, value)| pair(port, value, reader)).collect()
        }
        _ => reader.items(node, "exposes").iter().filter_map(|item| read_port(item, reader)).collect(),
    }
}

fn read_port(item: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawPort>> {
    match &item.value {
        NodeValue::Scalar { .. } => port(item, &Publishing::default(), item.span, reader),
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [exposed] => port(exposed, &Publishing::default(), item.span, reader),
            [exposed, value] => pair(exposed, value, reader),
            [exposed, rest @ ..] if rest.len() <= 3 => port(exposed, &positional(rest), item.span, reader),
            _ => reader.wrong(item, "exposes", "items with one to four parts"),
        },
        NodeValue::Mapping(entries) => match (entries.as_slice(), item.get("exposed_port")) {
            (_, Some(exposed)) => {
                let publishing = keywords(item, entries, &RECORD_KEYS, reader);
                port(exposed, &publishing, item.span, reader)
            }
            ([(exposed, value)], None) => pair(exposed, value, reader),
            _ => reader.wrong_with(
                item,
                "exposes",
                "one port in each item",
                Some("write one list item for each port, or `exposed_port` beside `host_port`"),
            ),
        },
    }
}

/// `80: ..` with a host port, a list, or keywords.
fn pair(exposed: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawPort>> {
    let span = span_over(exposed.span, value.span);
    let publishing = match &value.value {
        NodeValue::Scalar { .. } => Publishing { host_port: Some(value), ..Publishing::default() },
        NodeValue::Sequence(parts) if (1..=3).contains(&parts.len()) => positional(parts),
        NodeValue::Sequence(_) => {
            return reader.wrong(value, "exposes", "a host port, an interface and `true` for IPv6");
        }
        NodeValue::Mapping(entries) => keywords(value, entries, &RECORD_KEYS[1..], reader),
    };
    port(exposed, &publishing, span, reader)
}

fn positional(parts: &[Node]) -> Publishing<'_> {
    Publishing { host_port: parts.first(), interface: parts.get(1), ipv6: parts.get(2) }
}

fn keywords<'n>(
    node: &'n Node,
    entries: &'n [Entry],
    known: &[&str],
    reader: &mut Reader<'_>,
) -> Publishing<'n> {
    reader.refuse_unknown_keys("exposes", entries, known);
    Publishing { host_port: node.get("host_port"), interface: node.get("interface"), ipv6: node.get("ipv6") }
}

fn port(
    exposed: &Node,
    publishing: &Publishing<'_>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<Spanned<RawPort>> {
    let exposed_port = exposed_port(exposed, reader)?;
    let host_port = match publishing.host_port.filter(|node| !node.is_null()) {
        Some(node) => Some(host_port(node, reader)?),
        None => None,
    };
    let interface = publishing.interface.and_then(|node| reader.optional_text(node, "interface"));
    let ipv6 = publishing.ipv6.and_then(|node| reader.switch(node, "ipv6")).is_some_and(|ipv6| ipv6.value);
    Some(Spanned::new(RawPort { exposed_port, host_port, interface, ipv6 }, span))
}

/// A port with its protocol, in the form `80/tcp`.
fn exposed_port(node: &Node, reader: &mut Reader<'_>) -> Option<RawName> {
    let name = reader.name(node, "exposes")?;
    let (number, protocol) = name.split_once('/').unwrap_or((&name, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if is_port_range(number) {
        return no_ranges(node, reader);
    }
    let is_port = whole_number(number).is_some_and(|number| (1..=65535).contains(&number));
    if is_port && PROTOCOLS.contains(&protocol.as_str()) {
        return Some(Spanned::new(format!("{number}/{protocol}"), node.span));
    }
    let help = match number.split_once(':') {
        Some((host, container)) if whole_number(container).is_some() => {
            format!("write `{container}: {host}`: the container's port, then the host's")
        }
        _ => "write a number from 1 to 65535, and `/udp` or `/sctp` where it is not TCP".to_owned(),
    };
    reader.wrong_with(node, "exposes", "ports such as `80` or `53/udp`", Some(&help))
}

/// A port of the host. Tags are looked up later. 0 lets the Engine choose.
fn host_port(node: &Node, reader: &mut Reader<'_>) -> Option<RawText> {
    let text = reader.text(node, "host_port")?;
    if text.tag.is_some() || whole_number(&text.text).is_some_and(|number| (0..=65535).contains(&number)) {
        return Some(text);
    }
    if is_port_range(&text.text) {
        return no_ranges(node, reader);
    }
    reader.wrong(node, "host_port", "a number from 1 to 65535")
}

fn is_port_range(text: &str) -> bool {
    let is_number = |part: &str| whole_number(part).is_some_and(|number| number >= 0);
    text.split_once('-').is_some_and(|(first, last)| is_number(first) && is_number(last))
}

fn no_ranges<T>(node: &Node, reader: &mut Reader<'_>) -> Option<T> {
    let text = node.as_text().unwrap_or_default();
    let message = format!("port range `{text}` in `exposes` of {} is not supported yet", reader.subject());
    let help = "write each port as an entry of its own";
    reader.report(Diagnostic::error(message).at(node.span, "a range of ports").help(help));
    None
}

#[cfg(test)]
mod tests {
    use super::super::raw::RawContainer;
    use super::super::testing::{assert_forms, joined, text};

    fn ports(container: &RawContainer) -> String {
        joined(&container.exposes, |port| {
            let host_port =
                port.host_port.as_ref().map(|host| format!(" <- {}", text(host))).unwrap_or_default();
            let interface =
                port.interface.as_ref().map(|name| format!(" on {}", text(name))).unwrap_or_default();
            format!("{}{host_port}{interface}{}", *port.exposed_port, if port.ipv6 { " v6" } else { "" })
        })
    }

    #[test]
    fn ports_come_in_many_forms() {
        let forms = [
            ("", ""),
            ("80", "80/tcp"),
            ("'80'", "80/tcp"),
            ("53/udp", "53/udp"),
            ("53/UDP", "53/udp"),
            ("[80, 443]", "80/tcp; 443/tcp"),
            ("[[80]]", "80/tcp"),
            ("[[80, 8080]]", "80/tcp <- 8080"),
            ("{80: 8080, 443: , 53/udp: 53}", "80/tcp <- 8080; 443/tcp; 53/udp <- 53"),
            ("[[80, null]]", "80/tcp"),
            ("[[80, 8080, public]]", "80/tcp <- 8080 on public"),
            ("[[80, [8080, public]]]", "80/tcp <- 8080 on public"),
            ("{80: [8080, public]}", "80/tcp <- 8080 on public"),
            ("[[80, 8080, public, true]]", "80/tcp <- 8080 on public v6"),
            ("{80: [8080, public, true]}", "80/tcp <- 8080 on public v6"),
            ("{80: {host_port: 8080, interface: public, ipv6: true}}", "80/tcp <- 8080 on public v6"),
            ("[[80, {host_port: 8080}]]", "80/tcp <- 8080"),
            (
                "[{exposed_port: 80, host_port: 8080, interface: public, ipv6: yes}]",
                "80/tcp <- 8080 on public v6",
            ),
            ("[{exposed_port: 80}]", "80/tcp"),
            ("{80: [8080]}", "80/tcp <- 8080"),
            ("[[80, [8080]]]", "80/tcp <- 8080"),
            ("[{80: 8080}]", "80/tcp <- 8080"),
            ("[[80, 80], [80, 8080]]", "80/tcp <- 80; 80/tcp <- 8080"),
            ("{80: !env PORT}", "80/tcp <- !env PORT"),
            ("{80: [8080, !env WHERE]}", "80/tcp <- 8080 on !env WHERE"),
        ];
        assert_forms("exposes", &forms, ports);
    }

    #[test]
    fn wrong_ports_are_refused() {
        let wrong = "error: `exposes` needs ports such as `80` or `53/udp`, found";
        let range = "is not supported yet";
        let forms = [
            ("0", format!("{wrong} `0`")),
            ("65536", format!("{wrong} `65536`")),
            ("080", format!("{wrong} `080`")),
            ("80.5", format!("{wrong} `80.5`")),
            ("true", format!("{wrong} `true`")),
            ("80/http", format!("{wrong} `80/http`")),
            ("['8080:80']", format!("{wrong} the text `8080:80`")),
            ("8000-8010", format!("error: port range `8000-8010` in `exposes` {range}")),
            ("{80: 8000-8010}", format!("error: port range `8000-8010` in `exposes` {range}")),
            ("{80: true}", "error: `host_port` needs a number from 1 to 65535, found `true`".into()),
            ("{80: 70000}", "error: `host_port` needs a number from 1 to 65535, found `70000`".into()),
            ("[[1, 2, 3, 4, 5]]", "error: `exposes` needs items with one to four parts, found a list of 5 items".into()),
            ("{80: []}", "error: `exposes` needs a host port, an interface and `true` for IPv6, found a list of 0 items".into()),
            ("{80: {port: 1}}", "error: unknown key `port` in `exposes`".into()),
            ("[{80: 80, 81: 81}]", "error: `exposes` needs one port in each item, found a mapping of 2 keys".into()),
            ("{80: [80, i, maybe]}", "error: `ipv6` needs `true` or `false`, found `maybe`".into()),
            ("!env PORT", "error: `exposes` cannot have a tag".into()),
        ];
        let forms: Vec<(&str, &str)> =
            forms.iter().map(|(form, expected)| (*form, expected.as_str())).collect();
        assert_forms("exposes", &forms, ports);
    }
}
