//! The forms of `exposes`.

use super::diagnostic::{Diagnostic, MAX_MULTIPLIED};
use super::node::{Node, NodeValue};
use super::raw::{RawName, RawPort, RawText};
use super::reader::{Entry, Reader, span_over};
use super::scalar::whole_number;
use super::slips::is_one_item;
use super::span::{Span, Spanned};
use crate::wording;

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];
/// For each published port the Engine keeps rules, and often a process.
const MOST_PORTS: usize = 1000;
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
        NodeValue::Mapping(entries)
            if is_one_item(entries, "exposed_port", &RECORD_KEYS, "exposes", reader) =>
        {
            Vec::new()
        }
        NodeValue::Mapping(entries) => {
            entries.iter().flat_map(|(port, value)| pair(port, value, reader)).collect()
        }
        _ => reader.items(node, "exposes").iter().flat_map(|item| read_item(item, reader)).collect(),
    }
}

/// The ports of one item: several where it is a range.
fn read_item(item: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawPort>> {
    match &item.value {
        NodeValue::Scalar { .. } => ports(item, &Publishing::default(), item.span, reader),
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [exposed] => ports(exposed, &Publishing::default(), item.span, reader),
            [exposed, value] => pair(exposed, value, reader),
            [exposed, rest @ ..] if rest.len() <= 3 => ports(exposed, &positional(rest), item.span, reader),
            _ => reader.wrong(item, "exposes", "items with one to four parts").unwrap_or_default(),
        },
        NodeValue::Mapping(entries) => match (entries.as_slice(), item.get("exposed_port")) {
            (_, Some(exposed)) => {
                let publishing = keywords(item, entries, &RECORD_KEYS, reader);
                ports(exposed, &publishing, item.span, reader)
            }
            ([(exposed, value)], None) => pair(exposed, value, reader),
            _ => {
                let help = "write one list item for each port, or `exposed_port` beside `host_port`";
                reader.wrong_with(item, "exposes", "one port in each item", Some(help)).unwrap_or_default()
            }
        },
    }
}

/// `80: ..` with a host port, a list, or keywords.
fn pair(exposed: &Node, value: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawPort>> {
    let span = span_over(exposed.span, value.span);
    let publishing = match &value.value {
        NodeValue::Scalar { .. } => Publishing { host_port: Some(value), ..Publishing::default() },
        NodeValue::Sequence(parts) if (1..=3).contains(&parts.len()) => positional(parts),
        NodeValue::Sequence(_) => {
            let expected = "a host port, an interface and `true` for IPv6";
            return reader.wrong(value, "exposes", expected).unwrap_or_default();
        }
        NodeValue::Mapping(entries) => keywords(value, entries, &RECORD_KEYS[1..], reader),
    };
    ports(exposed, &publishing, span, reader)
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

fn ports(
    exposed: &Node,
    publishing: &Publishing<'_>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Vec<Spanned<RawPort>> {
    read_publishing(exposed, publishing, span, reader).unwrap_or_default()
}

fn read_publishing(
    exposed: &Node,
    publishing: &Publishing<'_>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<Vec<Spanned<RawPort>>> {
    let exposed_ports = exposed_ports(exposed, reader)?;
    let host_ports = match publishing.host_port.filter(|node| !node.is_null()) {
        Some(node) => host_ports(node, exposed_ports.len(), reader)?.into_iter().map(Some).collect(),
        None => vec![None; exposed_ports.len()],
    };
    let interface = publishing.interface.and_then(|node| reader.optional_text(node, "interface"));
    let ipv6 = publishing.ipv6.and_then(|node| reader.switch(node, "ipv6")).is_some_and(|ipv6| ipv6.value);
    let port = |(exposed_port, host_port)| {
        Spanned::new(RawPort { exposed_port, host_port, interface: interface.clone(), ipv6 }, span)
    };
    Some(exposed_ports.into_iter().zip(host_ports).map(port).collect())
}

/// A port or a range of them with the protocol, each in the form `80/tcp`.
fn exposed_ports(node: &Node, reader: &mut Reader<'_>) -> Option<Vec<RawName>> {
    let name = reader.name(node, "exposes")?;
    let (number, protocol) = name.split_once('/').unwrap_or((&name, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if PROTOCOLS.contains(&protocol.as_str())
        && let Some(range) = PortRange::parse(number).filter(|range| range.first > 0)
    {
        let range = range.checked(node, reader)?;
        return Some(range.map(|port| Spanned::new(format!("{port}/{protocol}"), node.span)).collect());
    }
    let help = match number.split_once(':') {
        Some((host, container)) if whole_number(container).is_some() => {
            format!("write `{container}: {host}`: the container's port, then the host's")
        }
        _ => "write a number from 1 to 65535, and `/udp` or `/sctp` where it is not TCP".to_owned(),
    };
    reader.wrong_with(node, "exposes", "ports such as `80` or `53/udp`", Some(&help))
}

/// As many ports of the host as the container has. Tags are looked up later. 0 lets the Engine choose.
fn host_ports(node: &Node, count: usize, reader: &mut Reader<'_>) -> Option<Vec<RawText>> {
    let text = reader.text(node, "host_port")?;
    if count == 1 && text.tag.is_some() {
        return Some(vec![text]);
    }
    let Some(range) = PortRange::parse(&text.text).filter(|range| {
        // 0 is any free port, and begins no range.
        text.tag.is_none() && (range.first > 0 || range.last == 0)
    }) else {
        return reader.wrong(node, "host_port", "a number from 1 to 65535");
    };
    if range.last == 0 {
        return Some(vec![text; count]);
    }
    if range.len() != count {
        let (own, expected) = (wording::count(range.len(), "port"), wording::count(count, "port"));
        let message =
            format!("`host_port` of {} has {own} for {expected} of the container", reader.subject());
        let help = "write ranges of one length, such as `8000-8009: 9000-9009`, or 0 for ports that are free";
        reader.report(Diagnostic::error(message).at(node.span, "of another length").help(help));
        return None;
    }
    let port = |port: u16| RawText { text: port.to_string(), tag: None, span: node.span };
    Some(range.checked(node, reader)?.map(port).collect())
}

/// `8000-8010`, or one port.
#[derive(Clone, Copy)]
struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    fn parse(text: &str) -> Option<Self> {
        let port = |text: &str| whole_number(text).and_then(|number| u16::try_from(number).ok());
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self { first: port(first)?, last: port(last)? };
        (range.first <= range.last).then_some(range)
    }

    fn len(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// The ports, if the Engine can be asked for so many.
    fn checked(self, node: &Node, reader: &mut Reader<'_>) -> Option<std::ops::RangeInclusive<u16>> {
        if self.len() > 1 && !reader.diagnostics().multiply(self.len()) {
            let message = format!("ranges of ports come to more than {MAX_MULTIPLIED} ports");
            reader.report(Diagnostic::error(message).at(node.span, "the limit is reached here"));
            return None;
        }
        if self.len() <= MOST_PORTS {
            return Some(self.first..=self.last);
        }
        let message = format!("a range in `exposes` of {} has {} ports", reader.subject(), self.len());
        let label = format!("at most {MOST_PORTS} are taken");
        let help = "use `network_mode: host` for a container with so many";
        reader.report(Diagnostic::error(message).at(node.span, label).help(help));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::RawContainer;
    use super::super::testing::{assert_forms, container, joined, text};

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
            ("8000-8001", "8000/tcp; 8001/tcp"),
            ("{5000-5001/udp: 6000-6001}", "5000/udp <- 6000; 5001/udp <- 6001"),
            ("{80-81: [0, private]}", "80/tcp <- 0 on private; 81/tcp <- 0 on private"),
            (
                "[[80-81, 8080-8081, public, true]]",
                "80/tcp <- 8080 on public v6; 81/tcp <- 8081 on public v6",
            ),
        ];
        assert_forms("exposes", &forms, ports);
    }

    #[test]
    fn ranges_cannot_be_repeated_without_limit() {
        let read = container("exposes", &format!("[{}80]", "1-1000, ".repeat(10_000)));
        assert_eq!(read.messages()[0], "ranges of ports come to more than 250000 ports");
        assert_eq!(read.value.expect("a container").exposes.len(), 250_001);
    }

    #[test]
    fn wrong_ports_are_refused() {
        let wrong = "error: `exposes` needs ports such as `80` or `53/udp`, found";
        let range = "error: `host_port` has";
        let forms = [
            ("0", format!("{wrong} `0`")),
            ("65536", format!("{wrong} `65536`")),
            ("080", format!("{wrong} `080`")),
            ("80.5", format!("{wrong} `80.5`")),
            ("true", format!("{wrong} `true`")),
            ("80/http", format!("{wrong} `80/http`")),
            ("['8080:80']", format!("{wrong} the text `8080:80`")),
            ("8010-8000", format!("{wrong} `8010-8000`")),
            ("0-10", format!("{wrong} `0-10`")),
            ("1-65535", "error: a range in `exposes` has 65535 ports".into()),
            ("{80: 8000-8010}", format!("{range} 11 ports for 1 port of the container")),
            ("{80-82: 8000-8001}", format!("{range} 2 ports for 3 ports of the container")),
            ("{80-82: 8000}", format!("{range} 1 port for 3 ports of the container")),
            ("{80-81: 0-1}", "error: `host_port` needs a number from 1 to 65535, found `0-1`".into()),
            ("{80-81: !env PORT}", "error: `host_port` cannot have a tag".into()),
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
