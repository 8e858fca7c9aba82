//! How options network a container: `network_mode`, `network_disabled`, `networking_config` and
//! `mac_address`.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::container::{Endpoint, NetworkMode};
use crate::model::network::PRESET_NETWORKS;
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::span::Span;
use crate::wording;

use super::super::context::value_of;
use super::super::inherit::first_span;
use super::super::values::OptionReader;
use super::binds::{read_links, replace_links};
use super::{Applier, Mark};

const ENDPOINT_FORMS: &str = "`{aliases: [..], links: [..], ipv4_address: ..}`";
/// docker-py's names and the API's; the addresses are in a record of their own there.
const ENDPOINT_MEMBERS: [(&str, &str); 8] = [
    ("aliases", "Aliases"),
    ("links", "Links"),
    ("ipv4_address", "IPv4Address"),
    ("ipv6_address", "IPv6Address"),
    ("link_local_ips", "LinkLocalIPs"),
    ("mac_address", "MacAddress"),
    ("driver_opt", "DriverOpts"),
    ("", "IPAMConfig"),
];
const ADDRESS_MEMBERS: [(&str, &str); 3] = [("", "IPv4Address"), ("", "IPv6Address"), ("", "LinkLocalIPs")];

/// Options of this container about its network, each with the place of its name.
#[derive(Default)]
pub(super) struct Marks {
    mode: Option<Mark>,
    disabled: Option<Mark>,
    networks: Option<Mark>,
    mac_address: Option<Mark>,
    pub(super) ports: Option<Mark>,
    pub(super) hostname: Option<Mark>,
    pub(super) uts_mode: Option<Mark>,
}

impl Applier<'_> {
    /// As the property: a preset, `container:NAME`, a network or a container of the map. The name of
    /// anything else is that of a network which is on the host already, as docker-py has it.
    pub(super) fn network_mode(&mut self, reader: &OptionReader<'_>, span: Span, node: &Node) {
        let Some(text) = reader.text(node) else { return };
        let other = text.strip_prefix("container:").or_else(|| text.strip_prefix('/'));
        let mode = match (text.as_str(), other) {
            ("", _) | (_, Some("")) => {
                reader.wrong_text(node, &text, "a preset, `container:NAME`, or a network");
                return;
            }
            ("bridge" | "default", _) => NetworkMode::Default,
            ("none" | "disabled", _) => NetworkMode::None,
            ("host", _) => NetworkMode::Host,
            (_, Some(name)) => NetworkMode::Container(name.to_owned()),
            (name, None) => match self.builder.container_names(name).as_slice() {
                [container_name] if self.builder.map.network(name).is_none() => {
                    NetworkMode::Container(container_name.clone())
                }
                _ => {
                    self.main_network(reader, node, name);
                    NetworkMode::Default
                }
            },
        };
        self.note("network_mode".to_owned(), span);
        self.marks.mode = Some((reader.field.clone(), span));
        if value_of(&self.builder.raw().network_mode).is_some() && self.settings.network_mode != mode {
            self.report_second_mode(reader, span, &mode);
        }
        self.settings.network_mode = mode;
    }

    fn report_second_mode(&self, reader: &OptionReader<'_>, span: Span, mode: &NetworkMode) {
        let property = value_of(&self.builder.raw().network_mode).map_or(span, |mode| mode.span);
        let message =
            format!("`{}` is `{mode}`, the property says `{}`", reader.field, self.settings.network_mode);
        reader.context.report(
            Diagnostic::warning(message)
                .at(span, "counts")
                .also(property, "does not")
                .help("remove one of them"),
        );
    }

    /// The network whose name is the mode is the first one.
    fn main_network(&mut self, reader: &OptionReader<'_>, node: &Node, name: &str) {
        let network_name = self.network_name(reader, node.span, name);
        let endpoints = &mut self.settings.endpoints;
        let joined = endpoints.iter().position(|endpoint| endpoint.network_name == network_name);
        let endpoint = match joined {
            Some(index) => endpoints.remove(index),
            None => Endpoint { network_name, ..Endpoint::default() },
        };
        endpoints.insert(0, endpoint);
    }

    /// The Engine's name of a network.
    fn network_name(&self, reader: &OptionReader<'_>, span: Span, name: &str) -> String {
        let map = self.builder.map;
        if let Some(full_name) = self.builder.network_name(name) {
            return full_name;
        }
        let own_name = name.strip_prefix(&format!("{}.", map.name)).unwrap_or(name);
        if map.network(own_name).is_some() {
            return name.to_owned();
        }
        let known = map.raw.networks.iter().map(|(known, _)| known.value.as_str()).chain(PRESET_NETWORKS);
        if let Some(nearest) = wording::nearest(own_name, known) {
            reader.context.report(
                Diagnostic::warning(format!(
                    "`{}` names `{name}`, which the map does not have",
                    reader.field
                ))
                .at(span, "must be on the host already")
                .help(format!("write `{nearest}` if that is meant")),
            );
        }
        name.to_owned()
    }

    /// `true` is the mode `none`; `false` says nothing.
    pub(super) fn network_disabled(&mut self, reader: &OptionReader<'_>, span: Span, node: &Node) {
        if reader.boolean(node) == Some(true) {
            self.marks.disabled = Some((reader.field.clone(), span));
        }
    }

    /// The hardware address in the first network.
    pub(super) fn mac_address(&mut self, reader: &OptionReader<'_>, span: Span, node: &Node) {
        self.marks.mac_address = Some((reader.field.clone(), span));
        self.settings.mac_address = mac_address(reader, node);
    }

    /// By network: `EndpointsConfig`, or what it holds. Each is merged over that of the property.
    pub(super) fn networking_config(&mut self, reader: &OptionReader<'_>, span: Span, node: &Node) {
        let record = [("endpoints_config", "EndpointsConfig")];
        let has_record = record
            .iter()
            .any(|(keyword, api_name)| node.get(keyword).or_else(|| node.get(api_name)).is_some());
        let endpoints = if has_record {
            let members = reader.members(node, &record, "`{EndpointsConfig: {NETWORK: {..}}}`");
            members.unwrap_or_default().into_iter().map(|(_, value)| value).next()
        } else {
            Some(node)
        };
        let Some(endpoints) = endpoints else { return };
        let Some(entries) = endpoints.as_mapping() else {
            reader.wrong(endpoints, "a mapping of network to settings");
            return;
        };
        let joined = self.settings.endpoints.iter().enumerate();
        let mut joined: HashMap<String, usize> =
            joined.map(|(index, endpoint)| (endpoint.network_name.clone(), index)).collect();
        for (name, value) in entries {
            self.marks.networks.get_or_insert((reader.field.clone(), span));
            let Some(text) = reader.text(name) else { continue };
            let network_name = self.network_name(reader, name.span, &text);
            self.note(format!("networks.{network_name}"), name.span);
            let index = *joined.entry(network_name).or_insert_with_key(|network_name| {
                let endpoint = Endpoint { network_name: network_name.clone(), ..Endpoint::default() };
                self.settings.endpoints.push(endpoint);
                self.settings.endpoints.len() - 1
            });
            self.endpoint(reader, index, value);
        }
    }

    fn endpoint(&mut self, reader: &OptionReader<'_>, index: usize, node: &Node) {
        let endpoints = &mut self.settings.endpoints;
        if node.is_null() {
            return;
        }
        let reader = OptionReader {
            context: reader.context,
            field: format!("{}.{}", reader.field, endpoints[index].network_name),
        };
        let before = endpoints[index].clone();
        for (member, value) in reader.members(node, &ENDPOINT_MEMBERS, ENDPOINT_FORMS).unwrap_or_default() {
            endpoint_member(&reader, &mut endpoints[index], member, value);
        }
        let after = endpoints[index].clone();
        for value in words(&after).difference(&words(&before)) {
            self.note(format!("networks.{}.{value}", after.network_name), node.span);
        }
    }

    /// What fits together only when everything has been read.
    pub(super) fn finish_networking(&mut self) {
        self.apply_disabled();
        let mode = self.settings.network_mode.clone();
        if let Some(first) = self.settings.endpoints.first_mut()
            && let Some(mac_address) = first.mac_address.take()
        {
            self.settings.mac_address = Some(mac_address);
        }
        self.drop_names_of_others();
        if mode == NetworkMode::Default {
            return;
        }
        let raw = self.builder.raw();
        let property_mode = value_of(&raw.network_mode).map(|mode| ("network_mode".to_owned(), mode.span));
        let marks = &self.marks;
        let mode_mark = marks.disabled.clone().or_else(|| marks.mode.clone());
        let is_option = mode_mark.is_some();
        let Some(mode_mark) = mode_mark.or(property_mode) else { return };
        let published = raw.exposes.iter().find(|port| port.value.host_port.is_some());
        let ports = published.map(|port| ("exposes".to_owned(), port.span)).filter(|_| is_option);
        let networks = first_span(&raw.networks).map(|span| ("networks".to_owned(), span));
        let needs = [
            marks.ports.clone().or(ports).filter(|_| !self.settings.published_ports.is_empty()),
            marks.networks.clone().or_else(|| networks.filter(|_| is_option)),
            marks.mac_address.clone(),
        ];
        for (field, span) in needs.into_iter().flatten() {
            self.report_conflict(&mode_mark, (&field, span), "needs a network");
        }
    }

    fn apply_disabled(&mut self) {
        let Some(disabled) = self.marks.disabled.clone() else { return };
        let property = value_of(&self.builder.raw().network_mode);
        let mode =
            self.marks.mode.clone().or_else(|| property.map(|mode| ("network_mode".to_owned(), mode.span)));
        if let Some((field, span)) = mode.filter(|_| self.settings.network_mode != NetworkMode::None) {
            self.report_conflict(&disabled, (&field, span), "says something else");
        }
        self.note("network_mode".to_owned(), disabled.1);
        self.settings.network_mode = NetworkMode::None;
    }

    /// A host name of ours is for a container with names of its own; a typed one stays.
    fn drop_names_of_others(&mut self) {
        let shares_names = self.settings.host_options.get("UTSMode").is_some_and(|mode| mode == "host");
        if let Some((field, span)) = self.marks.hostname.clone() {
            if shares_names {
                let mode = ("uts_mode".to_owned(), self.builder.configuration.name.span);
                let mode = self.marks.uts_mode.clone().unwrap_or(mode);
                self.report_conflict(&mode, (&field, span), "needs names of its own");
            }
        } else if shares_names {
            self.settings.hostname = None;
        } else if self.marks.mode.is_some() || self.marks.disabled.is_some() {
            self.settings.hostname = self.builder.hostname(&self.settings.network_mode);
        }
    }

    fn report_conflict(&self, mode: &Mark, (field, span): (&str, Span), label: &str) {
        let (mode_field, mode_span) = mode;
        let config_name = self.builder.config_name();
        self.builder.context.report(
            Diagnostic::error(format!("container `{config_name}` has both `{mode_field}` and `{field}`"))
                .at(*mode_span, "takes it away")
                .also(span, label)
                .help("drop one of the two"),
        );
    }
}

/// What a place in a network holds, as the names of its places end.
fn words(endpoint: &Endpoint) -> BTreeSet<String> {
    let addresses = endpoint.ipv4_address.iter().chain(&endpoint.ipv6_address).cloned();
    let links = endpoint.links.iter().map(ToString::to_string);
    let others = endpoint.aliases.iter().chain(&endpoint.link_local_addresses).cloned();
    addresses.chain(links).chain(others).collect()
}

fn endpoint_member(reader: &OptionReader<'_>, endpoint: &mut Endpoint, member: &str, node: &Node) {
    match member {
        "Aliases" => endpoint.aliases.extend(reader.texts(node).unwrap_or_default()),
        "Links" => replace_links(&mut endpoint.links, read_links(reader, node)),
        "IPv4Address" => endpoint.ipv4_address = address::<Ipv4Addr>(reader, node, "an IPv4 address"),
        "IPv6Address" => endpoint.ipv6_address = address::<Ipv6Addr>(reader, node, "an IPv6 address"),
        "LinkLocalIPs" => {
            let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
            let addresses = items.iter().filter_map(|item| address::<IpAddr>(reader, item, "an address"));
            endpoint.link_local_addresses.extend(addresses);
        }
        "MacAddress" => endpoint.mac_address = mac_address(reader, node),
        "DriverOpts" => {
            for (name, raw) in reader.text_entries(node).unwrap_or_default() {
                endpoint
                    .driver_options
                    .extend(reader.context.named_text(&name, &raw).map(|value| (name, value)));
            }
        }
        _ => {
            for (member, value) in reader.members(node, &ADDRESS_MEMBERS, "addresses").unwrap_or_default() {
                endpoint_member(reader, endpoint, member, value);
            }
        }
    }
}

fn address<T: std::str::FromStr>(reader: &OptionReader<'_>, node: &Node, expected: &str) -> Option<String> {
    let text = reader.text(node)?;
    if text.parse::<T>().is_err() {
        reader.wrong_text(node, &text, expected);
        return None;
    }
    Some(text)
}

/// In the form in which Engines report it: small letters and colons.
fn mac_address(reader: &OptionReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let address = text.to_ascii_lowercase().replace('-', ":");
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
    if address.split(':').count() != 6 || !address.split(':').all(is_pair) {
        reader.wrong_text(node, &text, "a hardware address such as `02:42:ac:11:00:02`");
        return None;
    }
    Some(address)
}
