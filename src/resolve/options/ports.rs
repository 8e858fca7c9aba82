//! `ports` and `port_bindings`.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::model::container::{Port, PublishedPort};
use crate::model::spec::Interfaces;
use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue};
use crate::wording;

use super::super::values::{OptionReader, raw_text, shown_value};
use super::Applier;

const PORT_FORMS: &str = "a port such as `80`, `53/udp`, `8000-8010` or `[53, udp]`";
const BINDING_FORMS: &str =
    "a host port, `[address, port]`, `{HostIp: address, HostPort: port}` or a list of these";

impl Applier<'_> {
    /// `80`, `53/udp`, `8000-8010/udp`, `[53, udp]`; the API has a mapping with empty values.
    pub(super) fn exposed_ports(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let items: Vec<&Node> = match &node.value {
            NodeValue::Mapping(entries) => entries.iter().map(|(port, _)| port).collect(),
            NodeValue::Sequence(items) => items.iter().collect(),
            NodeValue::Scalar { .. } => vec![node],
        };
        for item in items {
            let Some(words) = reader.texts(item) else { continue };
            let text = words.join("/");
            match port_range(&text).filter(|_| words.len() <= 2) {
                Some(ports) => {
                    if !reader.context.spend(ports.size_hint().0, item.span) {
                        return;
                    }
                    for port in ports {
                        self.note(format!("exposes.{port}"), item.span);
                        self.settings.exposed_ports.insert(port);
                    }
                }
                None => reader.wrong_text(item, &text, PORT_FORMS),
            }
        }
    }

    /// By container port; explicit ones replace all that a property says of that port.
    pub(super) fn port_bindings(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let Some(entries) = node.as_mapping() else {
            reader.wrong(node, "a mapping of container port to host port");
            return;
        };
        for (key, value) in entries {
            let text = reader.text(key).unwrap_or_default();
            let Some(container_port) = Port::parse(&text) else {
                reader.wrong_text(key, &text, "a port such as `80` or `53/udp`");
                continue;
            };
            self.note(format!("exposes.{container_port}"), key.span);
            self.settings.exposed_ports.insert(container_port);
            self.unpublish(container_port);
            for binding in bindings(value) {
                let Some((host_address, host_port)) = self.binding(reader, binding) else { continue };
                let port = PublishedPort { container_port, host_address, host_port };
                self.note(format!("exposes.{port}"), key.span);
                self.settings.published_ports.insert(port);
                self.marks.ports.get_or_insert((reader.field.clone(), key.span));
            }
        }
    }

    fn unpublish(&mut self, container_port: Port) {
        let first = PublishedPort { container_port, host_address: None, host_port: 0 };
        let published = self.settings.published_ports.range(first..);
        let same: Vec<_> =
            published.take_while(|port| port.container_port == container_port).cloned().collect();
        for port in same {
            self.settings.published_ports.remove(&port);
        }
    }

    /// One binding: a host port; an address and a port; or the API's record of both. Without a port
    /// it is any that is free.
    fn binding(&self, reader: &OptionReader<'_>, node: &Node) -> Option<(Option<IpAddr>, u16)> {
        let (address, port) = match &node.value {
            NodeValue::Scalar { .. } => (None, Some(node)),
            NodeValue::Sequence(items) => match items.as_slice() {
                [address, port] => (Some(address), Some(port)),
                _ => return wrong_binding(reader, node),
            },
            NodeValue::Mapping(members) => {
                let is_known = |(key, _): &(Node, Node)| {
                    key.as_text().is_some_and(|key| matches!(key, "HostIp" | "HostPort"))
                };
                if !members.iter().all(is_known) {
                    return wrong_binding(reader, node);
                }
                (node.get("HostIp"), node.get("HostPort"))
            }
        };
        let host_port = match port.filter(|port| !port.is_null()) {
            Some(port) => match reader.text(port)?.as_str() {
                "" => 0,
                text => match text.parse() {
                    Ok(number) => number,
                    Err(_) => return wrong_binding(reader, node),
                },
            },
            None => 0,
        };
        let Some(address) = address.filter(|address| !address.is_null()) else {
            return Some((None, host_port));
        };
        let typed = reader.text(address)?;
        if typed.is_empty() {
            return Some((None, host_port));
        }
        Some((Some(self.host_address(reader, address, &typed)?), host_port))
    }

    /// An address as typed, or that of an interface. Without one a port is open on all addresses,
    /// so nothing that is not understood may be left out.
    fn host_address(&self, reader: &OptionReader<'_>, node: &Node, typed: &str) -> Option<IpAddr> {
        let host = &self.builder.host.spec;
        let Interfaces { ipv4, ipv6 } = &host.interfaces;
        let known = typed.parse().ok().or_else(|| ipv4.get(typed).or_else(|| ipv6.get(typed)).copied());
        if known.is_none() && !self.builder.host.is_anywhere {
            let shown = raw_text(node).map(|raw| shown_value(&raw, typed)).unwrap_or_default();
            let message = format!("`{}` publishes on {shown}", reader.field);
            let label = format!("neither an address nor an interface of host `{}`", host.name);
            let nearest = wording::nearest(typed, ipv4.keys().chain(ipv6.keys()).map(String::as_str));
            let help = match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => "write an address, or add the interface to the host's `interfaces`".to_owned(),
            };
            reader.context.report(Diagnostic::error(message).at(node.span, label).help(help));
        }
        known
    }
}

fn wrong_binding<T>(reader: &OptionReader<'_>, node: &Node) -> Option<T> {
    match node.as_text() {
        Some(text) => reader.wrong_text(node, text, BINDING_FORMS),
        None => reader.wrong(node, BINDING_FORMS),
    }
    None
}

/// The bindings of one container port. YAML has no tuples: a list of two whose first is no port is
/// one binding, as docker-py's `(address, port)`; any other list holds several.
fn bindings(node: &Node) -> Vec<&Node> {
    match node.as_sequence() {
        Some([address, port]) if is_scalar(address) && is_scalar(port) && !is_port(address) => vec![node],
        Some(items) => items.iter().collect(),
        None => vec![node],
    }
}

fn is_scalar(node: &Node) -> bool {
    matches!(node.value, NodeValue::Scalar { .. })
}

fn is_port(node: &Node) -> bool {
    node.tag.is_none() && node.as_text().is_some_and(|text| text.parse::<u16>().is_ok())
}

/// `80`, `80/udp`, `8000-8010/udp`.
fn port_range(text: &str) -> Option<impl Iterator<Item = Port> + use<>> {
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let first = Port::parse(&format!("{first}/{protocol}"))?;
    let last = Port::parse(&format!("{last}/{protocol}"))?;
    let range: RangeInclusive<u16> = first.number..=last.number;
    (!range.is_empty()).then(|| range.map(move |number| Port { number, ..first }))
}

#[cfg(test)]
mod tests {
    use super::port_range;

    #[test]
    fn ranges_of_ports_are_read() {
        let ports = |text: &str| {
            let found = port_range(text)?;
            Some(found.map(|port| port.to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ports("80").as_deref(), Some("80/tcp"));
        assert_eq!(ports("8000-8002/udp").as_deref(), Some("8000/udp 8001/udp 8002/udp"));
        for wrong in ["", "0", "8002-8000", "1-2-3", "80/", "x", "80-"] {
            assert_eq!(ports(wrong), None, "{wrong}");
        }
    }
}
