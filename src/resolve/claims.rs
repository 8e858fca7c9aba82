//! What only one container of a host can have: a port of the host, an address in a network.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::rc::Rc;

use crate::model::container::{ContainerSettings, NetworkMode, Port, Protocol, PublishedPort};
use crate::model::spec::ContainerSpec;
use crate::source::diagnostic::Diagnostic;
use crate::source::span::Span;

use super::container::Builder;
use super::context::Context;
use super::options::names::canonical;
use super::written_paths::{WrittenPath, WrittenPaths};

/// What the containers of one host have taken so far.
#[derive(Default)]
pub(super) struct Claims {
    ports: HashMap<(Protocol, u16, Scope), Claim>,
    /// By network and address.
    addresses: HashMap<(String, String), Claim>,
    /// By image: the machines that it is wanted for.
    platforms: HashMap<String, (String, Claim)>,
    written_paths: WrittenPaths,
    /// How many ports have been claimed.
    count: usize,
}

#[derive(Clone)]
struct Claim {
    container_name: Rc<str>,
    span: Span,
    /// Earlier claims have smaller numbers.
    number: usize,
}

/// The addresses that a port is taken on, to find those that cannot be had beside one another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    /// Any claim at all.
    Some,
    /// Claims of all addresses, of both families.
    All,
    /// Any claim of an address of IPv4 (`true`) or IPv6.
    SomeOf(bool),
    /// Claims of all addresses of a family: `0.0.0.0`, `::`.
    AllOf(bool),
    /// Claims of one address.
    Address(IpAddr),
}

/// What one container wants, each with its place.
pub(super) struct Wishes {
    container_name: String,
    ports: Vec<(PublishedPort, Span)>,
    addresses: Vec<(String, String, Span)>,
    /// Image, and the machines that it is wanted for.
    platform: Option<(String, String, Span)>,
    /// Map and configuration.
    config_name: String,
    written_paths: Vec<WrittenPath>,
}

impl Claims {
    /// Adds a container; what somebody else has is reported.
    pub(super) fn add(&mut self, context: &Context<'_>, wishes: Wishes) {
        let container_name: Rc<str> = wishes.container_name.into();
        self.written_paths.add(context, &wishes.config_name, wishes.written_paths);
        for (port, span) in wishes.ports {
            self.count += 1;
            let claim = Claim { container_name: container_name.clone(), span, number: self.count };
            self.port(context, &port, &claim);
        }
        if let Some((image, platform, span)) = wishes.platform {
            let claim = Claim { container_name: container_name.clone(), span, number: 0 };
            self.platform(context, image, platform, claim);
        }
        for (network_name, address, span) in wishes.addresses {
            let claim = Claim { container_name: container_name.clone(), span, number: 0 };
            match self.addresses.entry((network_name, address)) {
                Entry::Occupied(first) => {
                    let (network_name, address) = first.key();
                    let what = format!("have the address {address} in network `{network_name}`");
                    report(context, &what, ("given again here", "first given here"), first.get(), &claim);
                }
                Entry::Vacant(place) => drop(place.insert(claim)),
            }
        }
    }

    /// A name stands for one image on a host: a pull for other machines takes it from the first.
    fn platform(&mut self, context: &Context<'_>, image: String, platform: String, claim: Claim) {
        match self.platforms.entry(image) {
            Entry::Occupied(taken) => {
                let (image, (first_platform, first)) = (taken.key(), taken.get());
                if *first_platform != platform {
                    let what = format!("want image `{image}`, for different machines");
                    report(context, &what, ("wanted for others here", "first wanted here"), first, &claim);
                }
            }
            Entry::Vacant(place) => drop(place.insert((platform, claim))),
        }
    }

    fn port(&mut self, context: &Context<'_>, port: &PublishedPort, claim: &Claim) {
        // The Engine finds a free one.
        if port.host_port == 0 {
            return;
        }
        let protocol = port.container_port.protocol;
        let taken = |scope: &Scope| self.ports.get(&(protocol, port.host_port, *scope));
        let scopes = conflicting(port.host_address);
        let first = scopes.iter().filter_map(taken).min_by_key(|first| first.number).cloned();
        if let Some(first) = first {
            let host_port = Port { number: port.host_port, protocol };
            let what = format!("publish port {host_port} of the host");
            report(context, &what, ("published again here", "first published here"), &first, claim);
        }
        for scope in taken_by(port.host_address) {
            self.ports.entry((protocol, port.host_port, scope)).or_insert_with(|| claim.clone());
        }
    }
}

/// Where a port on an address, or on all of them, is noted as taken.
fn taken_by(address: Option<IpAddr>) -> Vec<Scope> {
    match address {
        None => vec![Scope::Some, Scope::All],
        Some(address) => {
            let exactly = if address.is_unspecified() {
                Scope::AllOf(address.is_ipv4())
            } else {
                Scope::Address(address)
            };
            vec![Scope::Some, Scope::SomeOf(address.is_ipv4()), exactly]
        }
    }
}

/// What may not be taken by others for a port to be had.
fn conflicting(address: Option<IpAddr>) -> Vec<Scope> {
    match address {
        None => vec![Scope::Some],
        Some(address) if address.is_unspecified() => vec![Scope::All, Scope::SomeOf(address.is_ipv4())],
        Some(address) => vec![Scope::All, Scope::AllOf(address.is_ipv4()), Scope::Address(address)],
    }
}

fn report(context: &Context<'_>, what: &str, (again, before): (&str, &str), first: &Claim, second: &Claim) {
    let (one, other) = (&first.container_name, &second.container_name);
    let (message, help) = if one == other {
        (format!("container `{one}` would twice {what}"), "change one of them, or take it out")
    } else {
        let help = "change one of them, or give the containers different `clients`";
        (format!("containers `{one}` and `{other}` both {what}"), help)
    };
    let mut diagnostic = Diagnostic::error(message).at(second.span, again);
    if first.span != second.span {
        diagnostic = diagnostic.also(first.span, before);
    }
    context.report(diagnostic.help(help));
}

impl Builder<'_> {
    /// The ports and addresses that a finished container wants.
    pub(super) fn wishes(&self, spec: &ContainerSpec) -> Wishes {
        // Without a network of its own a container publishes nothing.
        let has_ports = spec.settings.network_mode == NetworkMode::Default;
        let published = spec.settings.published_ports.iter().filter(|_| has_ports);
        let spans = self.port_spans();
        Wishes {
            container_name: spec.name.clone(),
            ports: published.map(|port| (port.clone(), spans.of(port))).collect(),
            addresses: self.fixed_addresses(&spec.settings),
            platform: spec.image.platform.as_ref().map(|platform| {
                let option = self.option("platform").unwrap_or(self.configuration.name.span);
                (spec.image.to_string(), platform.clone(), option)
            }),
            config_name: format!("{}.{}", self.map.name, self.config_name()),
            written_paths: self.written_paths(&spec.settings),
        }
    }

    /// Where ports are published: at `exposes`, else at the option that does so.
    fn port_spans(&self) -> PortSpans {
        let mut exposed = HashMap::new();
        for (number, raw) in self.raw().exposes.iter().enumerate() {
            let (Some(port), Some(text)) = (Port::parse(&raw.value.exposed_port.value), &raw.value.host_port)
            else {
                continue;
            };
            let host_port = text.text.parse::<u16>().ok().filter(|_| text.tag.is_none());
            exposed.entry((port, host_port)).or_insert((number, raw.span));
        }
        let option = self.option("port_bindings").or_else(|| self.option("host_config"));
        PortSpans { exposed, otherwise: option.unwrap_or(self.configuration.name.span) }
    }

    /// Where an option stands, in either spelling.
    pub(super) fn option(&self, keyword: &str) -> Option<Span> {
        let mut options = self.raw().host_config.iter().chain(&self.raw().create_options);
        options.find(|(name, _)| canonical(&name.value) == keyword).map(|(name, _)| name.span)
    }

    fn fixed_addresses(&self, settings: &ContainerSettings) -> Vec<(String, String, Span)> {
        let mut raws = HashMap::new();
        for raw in &self.raw().networks {
            raws.entry(self.network_name(&raw.value.network.value)).or_insert(&raw.value);
        }
        let mut addresses = Vec::new();
        for endpoint in &settings.endpoints {
            let raw = raws.get(&Some(endpoint.network_name.clone()));
            let spans = raw.map(|raw| {
                let span_of =
                    |text: &Option<crate::source::raw::RawText>| text.as_ref().map(|text| text.span);
                (span_of(&raw.ipv4_address), span_of(&raw.ipv6_address))
            });
            let (ipv4_span, ipv6_span) = spans.unwrap_or_default();
            for (address, span) in [(&endpoint.ipv4_address, ipv4_span), (&endpoint.ipv6_address, ipv6_span)]
            {
                let Some(address) = address else { continue };
                // One address may be written in several ways.
                let address = address.parse().map_or_else(|_| address.clone(), |ip: IpAddr| ip.to_string());
                let span = span.unwrap_or(self.configuration.name.span);
                addresses.push((endpoint.network_name.clone(), address, span));
            }
        }
        addresses
    }
}

/// Places of published ports.
struct PortSpans {
    /// By container port and host port, with the number in the list. A host port from a variable may be
    /// any and is `None`.
    exposed: HashMap<(Port, Option<u16>), (usize, Span)>,
    otherwise: Span,
}

impl PortSpans {
    fn of(&self, port: &PublishedPort) -> Span {
        let exposed = |host_port| self.exposed.get(&(port.container_port, host_port));
        let found = [exposed(None), exposed(Some(port.host_port))].into_iter().flatten().min();
        found.map_or(self.otherwise, |(_, span)| *span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a port of the one address cannot be had beside the same port of the other.
    fn overlap(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
        match (one, other) {
            (None, _) | (_, None) => true,
            (Some(one), Some(other)) => {
                let is_any = one.is_unspecified() || other.is_unspecified();
                one == other || (is_any && one.is_ipv4() == other.is_ipv4())
            }
        }
    }

    #[test]
    fn scopes_meet_where_addresses_overlap() {
        let addresses = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "2001:db8::1"];
        let addresses = addresses.map(|text| text.parse::<IpAddr>().expect("an address"));
        let all: Vec<Option<IpAddr>> = addresses.into_iter().map(Some).chain([None]).collect();
        for one in &all {
            for other in &all {
                let meets = conflicting(*one).iter().any(|scope| taken_by(*other).contains(scope));
                assert_eq!(meets, overlap(*one, *other), "{one:?} {other:?}");
            }
        }
    }
}
