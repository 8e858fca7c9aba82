//! What only one container of a host can have: a port of the host, an address in a network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::container::{ContainerSettings, NetworkMode, Port, Protocol, PublishedPort};
use crate::model::spec::ContainerSpec;
use crate::source::diagnostic::Diagnostic;
use crate::source::span::Span;

use super::container::Builder;
use super::context::Context;
use super::options::names::canonical;

/// What the containers of one host have taken so far.
#[derive(Default)]
pub(super) struct Claims {
    ports: BTreeMap<(Protocol, u16), Vec<Claim<Option<IpAddr>>>>,
    /// By network and address.
    addresses: BTreeMap<(String, String), Claim<()>>,
    /// By image: the machines that it is wanted for.
    platforms: BTreeMap<String, Claim<String>>,
}

struct Claim<T> {
    what: T,
    container_name: String,
    span: Span,
}

/// What one container wants, each with its place.
pub(super) struct Wishes {
    container_name: String,
    ports: Vec<(PublishedPort, Span)>,
    addresses: Vec<(String, String, Span)>,
    /// Image, and the machines that it is wanted for.
    platform: Option<(String, String, Span)>,
}

impl Claims {
    /// Adds a container; what somebody else has is reported.
    pub(super) fn add(&mut self, context: &Context<'_>, wishes: Wishes) {
        let name = wishes.container_name;
        for (port, span) in wishes.ports {
            self.port(context, &name, &port, span);
        }
        if let Some((image, platform, span)) = wishes.platform {
            self.platform(context, &name, &image, platform, span);
        }
        for (network_name, address, span) in wishes.addresses {
            let claim = Claim { what: (), container_name: name.clone(), span };
            let key = (network_name, address);
            match self.addresses.get(&key) {
                Some(first) => {
                    let (network_name, address) = &key;
                    let what = format!("have the address {address} in network `{network_name}`");
                    report(context, &what, ("given again here", "first given here"), first, &claim);
                }
                None => drop(self.addresses.insert(key, claim)),
            }
        }
    }

    /// A name stands for one image on a host: a pull for other machines takes it from the first.
    fn platform(&mut self, context: &Context<'_>, name: &str, image: &str, platform: String, span: Span) {
        let claim = Claim { what: platform, container_name: name.to_owned(), span };
        match self.platforms.get(image) {
            Some(first) if first.what != claim.what => {
                let what = format!("want image `{image}`, for different machines");
                report(context, &what, ("wanted for others here", "first wanted here"), first, &claim);
            }
            Some(_) => {}
            None => drop(self.platforms.insert(image.to_owned(), claim)),
        }
    }

    fn port(&mut self, context: &Context<'_>, name: &str, port: &PublishedPort, span: Span) {
        // The Engine finds a free one.
        if port.host_port == 0 {
            return;
        }
        let claim = Claim { what: port.host_address, container_name: name.to_owned(), span };
        let taken = self.ports.entry((port.container_port.protocol, port.host_port)).or_default();
        let first = taken
            .iter()
            .find(|first| first.container_name != claim.container_name && overlap(first.what, claim.what));
        if let Some(first) = first {
            let host_port = Port { number: port.host_port, protocol: port.container_port.protocol };
            let what = format!("publish port {host_port} of their host");
            report(context, &what, ("published again here", "first published here"), first, &claim);
        }
        taken.push(claim);
    }
}

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

fn report<T>(
    context: &Context<'_>,
    what: &str,
    (again, before): (&str, &str),
    first: &Claim<T>,
    second: &Claim<T>,
) {
    let message =
        format!("containers `{}` and `{}` both {what}", first.container_name, second.container_name);
    let mut diagnostic = Diagnostic::error(message).at(second.span, again);
    if first.span != second.span {
        diagnostic = diagnostic.also(first.span, before);
    }
    context.report(diagnostic.help("change one of them, or give the containers different `clients`"));
}

impl Builder<'_> {
    /// The ports and addresses that a finished container wants.
    pub(super) fn wishes(&self, spec: &ContainerSpec) -> Wishes {
        // Without a network of its own a container publishes nothing.
        let has_ports = spec.settings.network_mode == NetworkMode::Default;
        let published = spec.settings.published_ports.iter().filter(|_| has_ports);
        Wishes {
            container_name: spec.name.clone(),
            ports: published.map(|port| (port.clone(), self.port_span(port))).collect(),
            addresses: self.fixed_addresses(&spec.settings),
            platform: spec.image.platform.as_ref().map(|platform| {
                let option = self.option("platform").unwrap_or(self.configuration.name.span);
                (spec.image.to_string(), platform.clone(), option)
            }),
        }
    }

    /// Where a published port stands: at `exposes`, else at the option that publishes it.
    fn port_span(&self, port: &PublishedPort) -> Span {
        let is_exposed = self.raw().exposes.iter().find(|raw| {
            let host_port = raw.value.host_port.as_ref();
            let is_same_port =
                host_port.is_some_and(|text| text.tag.is_some() || text.text.parse() == Ok(port.host_port));
            is_same_port && Port::parse(&raw.value.exposed_port.value) == Some(port.container_port)
        });
        let of_option = || self.option("port_bindings").or_else(|| self.option("host_config"));
        is_exposed.map(|raw| raw.span).or_else(of_option).unwrap_or(self.configuration.name.span)
    }

    /// Where an option stands, in either spelling.
    fn option(&self, keyword: &str) -> Option<Span> {
        let mut options = self.raw().host_config.iter().chain(&self.raw().create_options);
        options.find(|(name, _)| canonical(&name.value) == keyword).map(|(name, _)| name.span)
    }

    fn fixed_addresses(&self, settings: &ContainerSettings) -> Vec<(String, String, Span)> {
        let mut addresses = Vec::new();
        for endpoint in &settings.endpoints {
            let raw = self.raw().networks.iter().find(|raw| {
                self.network_name(&raw.value.network.value).as_ref() == Some(&endpoint.network_name)
            });
            let spans = raw.map(|raw| {
                let span_of =
                    |text: &Option<crate::source::raw::RawText>| text.as_ref().map(|text| text.span);
                (span_of(&raw.value.ipv4_address), span_of(&raw.value.ipv6_address))
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
