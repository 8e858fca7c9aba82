//! One configuration, one instance, one host: a container as the Engine shall make it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::container::{
    ContainerSettings, Endpoint, ExecCommand, Healthcheck, Link, NetworkMode, Port, PublishedPort,
};
use crate::model::image::ImageReference;
use crate::model::item::ContainerId;
use crate::model::network::PRESET_NETWORKS;
use crate::model::ownership;
use crate::model::place::Places;
use crate::model::spec::ContainerSpec;
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{
    RawCommand, RawContainer, RawEndpoint, RawExecCommand, RawExecPolicy, RawHealthcheck, RawLink,
    RawNetworkMode, RawPort, RawText, RawUser, Setting,
};
use crate::source::span::Spanned;
use crate::wording;

use super::addresses::Family;
use super::context::{Context, value_of};
use super::hosts::ResolvedHost;
use super::map::{Configuration, ResolvedMap};
use super::options;
use super::values::OptionReader;

/// The host of maps that name none in Docker-Map; it adds nothing to host names.
const DEFAULT_CLIENT: &str = "__default__";
/// The kernel's limit for host names, in bytes.
const LONGEST_HOSTNAME: usize = 63;

/// Builds the containers of one configuration on one host.
pub(super) struct Builder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) map: &'a ResolvedMap<'a>,
    pub(super) configuration: &'a Configuration<'a>,
    pub(super) host: &'a ResolvedHost,
    pub(super) instance_name: Option<&'a str>,
}

impl Builder<'_> {
    pub(super) fn raw(&self) -> &RawContainer {
        &self.configuration.raw
    }

    pub(super) fn config_name(&self) -> &str {
        &self.configuration.name.value
    }

    /// The container; `None` if something about it was reported that leaves nothing to show.
    pub(super) fn build(&self) -> Option<ContainerSpec> {
        let id = ContainerId {
            map_name: self.map.name.clone(),
            config_name: self.config_name().to_owned(),
            instance_name: self.instance_name.map(str::to_owned),
        };
        let mut places = self.places();
        let image = self.image(&mut places)?;
        let stop_timeout_seconds = match &self.raw().stop_timeout {
            Setting::Unset => self.host.stop_timeout_seconds,
            Setting::Null(_) => None,
            Setting::Value(seconds) => Some(seconds.value),
        };
        let mut spec = ContainerSpec {
            name: id.to_string(),
            image,
            settings: self.settings(&mut places),
            exec_commands: self
                .raw()
                .exec_commands
                .iter()
                .filter_map(|raw| self.exec_command(&raw.value))
                .collect(),
            start_delay: self.start_delay(),
            stop_timeout_seconds,
            persistent: value_of(&self.raw().persistent).is_some_and(|flag| flag.value),
            dependencies: Vec::new(),
            places: Places::default(),
            id,
        };
        spec.image.platform = options::apply(self, &mut spec.settings, &mut places);
        spec.places = self.context.shared_places(&spec.name, places);
        spec.dependencies = self.dependencies(&spec.settings);
        spec.settings.labels.extend(ownership::container_labels(&spec.id));
        Some(spec)
    }

    fn image(&self, places: &mut Places) -> Option<ImageReference> {
        let (typed, span) = match value_of(&self.raw().image) {
            Some(image) => (self.context.text(&image.value)?, image.span),
            None => (self.config_name().to_owned(), self.configuration.name.span),
        };
        let default_tag = self.context.optional_text(self.map.raw.default_tag.as_ref());
        let repository = self.context.optional_text(self.map.raw.repository.as_ref());
        let name = expand_image(&typed, repository.as_deref());
        let reference = ImageReference::parse(&name, default_tag.as_deref().unwrap_or("latest"));
        if !reference.is_valid() {
            self.report_image(&typed, &name, span);
            return None;
        }
        self.note_image(&typed, &name, places);
        Some(reference)
    }

    fn settings(&self, places: &mut Places) -> ContainerSettings {
        let mounts = self.mounts();
        places.extend(mounts.places);
        let (exposed_ports, published_ports) = self.ports(places);
        let domain_name = self
            .host
            .domain_name
            .clone()
            .or_else(|| self.context.optional_text(self.map.raw.default_domain.as_ref()));
        ContainerSettings {
            user: value_of(&self.raw().user).and_then(|user| self.user(&user.value)),
            hostname: self.hostname(&self.network_mode()),
            domainname: domain_name,
            exposed_ports,
            published_ports,
            mounts: mounts.by_path,
            anonymous_volumes: mounts.anonymous,
            volumes_from: mounts.volumes_from,
            links: self.links(&self.raw().links, "links", places),
            network_mode: self.network_mode(),
            endpoints: self.raw().networks.iter().filter_map(|raw| self.endpoint(raw, places)).collect(),
            stop_signal: self.stop_signal(),
            stop_timeout_seconds: value_of(&self.raw().stop_timeout).map(|seconds| seconds.value),
            healthcheck: self.healthcheck(),
            ..ContainerSettings::default()
        }
    }

    /// The part before the colon: Docker-Map keeps the group for files.
    pub(super) fn user(&self, raw: &RawUser) -> Option<String> {
        let text = match raw {
            RawUser::Text(text) | RawUser::Pair(text, _) => self.context.text(text)?,
        };
        let user = text.split(':').next().unwrap_or_default().to_owned();
        (!user.is_empty()).then_some(user)
    }

    fn stop_signal(&self) -> Option<String> {
        let signal = value_of(&self.raw().stop_signal)?;
        let reader = OptionReader { context: self.context, field: "stop_signal".to_owned() };
        let typed = self.context.text(&signal.value)?;
        options::is_signal(&reader, &signal.value, &typed).then_some(typed)
    }

    /// `map-config-instance-host`. In another container's network the host name is that one's.
    pub(super) fn hostname(&self, mode: &NetworkMode) -> Option<String> {
        let wanted = self.map.raw.set_hostname.as_ref().is_none_or(|flag| flag.value);
        let is_shared = matches!(mode, NetworkMode::Container(_));
        if !wanted || is_shared {
            return None;
        }
        let container_name = self.map.container_name(self.config_name(), self.instance_name);
        let full_name = match self.host.spec.name.as_str() {
            DEFAULT_CLIENT => dashed(&container_name),
            host_name => format!("{}-{}", dashed(&container_name), dashed(host_name)),
        };
        Some(full_name.chars().take(LONGEST_HOSTNAME).collect::<String>().trim_end_matches('-').to_owned())
    }

    fn ports(&self, places: &mut Places) -> (BTreeSet<Port>, BTreeSet<PublishedPort>) {
        let mut exposed = BTreeSet::new();
        let mut published = BTreeSet::new();
        for raw in &self.raw().exposes {
            if let Some(port) = Port::parse(&raw.value.exposed_port.value) {
                self.note(places, format!("exposes.{port}"), raw.span);
                exposed.insert(port);
                if let Some(port) = self.published_port(port, &raw.value) {
                    self.note_published(&port, raw, places);
                    published.insert(port);
                }
            }
        }
        (exposed, published)
    }

    fn published_port(&self, container_port: Port, raw: &RawPort) -> Option<PublishedPort> {
        let host_port_text = self.context.text(raw.host_port.as_ref()?)?;
        let Some(host_port) = host_port_text.parse::<u16>().ok() else {
            let span = raw.host_port.as_ref().map_or(raw.exposed_port.span, |text| text.span);
            self.context.error(
                format!("`{host_port_text}` is not a port of the host"),
                span,
                "expected a number from 1 to 65535, or 0 for any that is free",
            );
            return None;
        };
        let host_address = match &raw.interface {
            Some(interface) => Some(self.interface_address(interface, raw.ipv6)?),
            None => None,
        };
        Some(PublishedPort { container_port, host_address, host_port })
    }

    fn interface_address(&self, raw: &RawText, ipv6: bool) -> Option<std::net::IpAddr> {
        let alias = self.context.text(raw)?;
        let interfaces = &self.host.spec.interfaces;
        let (addresses, key) =
            if ipv6 { (&interfaces.ipv6, "interfaces_ipv6") } else { (&interfaces.ipv4, "interfaces") };
        if let Some(address) = addresses.get(&alias) {
            return Some(*address);
        }
        if self.host.is_anywhere {
            return None;
        }
        let mut diagnostic = Diagnostic::error(format!(
            "host `{}` has no address for interface `{alias}`",
            self.host.spec.name
        ))
        .at(raw.span, "published on this interface")
        .also(self.host.span, "the host");
        diagnostic = match wording::nearest(&alias, addresses.keys().map(String::as_str)) {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic.help(format!("add `{key}: {{{alias}: ADDRESS}}` to the host")),
        };
        self.context.report(diagnostic);
        None
    }

    fn links(&self, raw: &[Spanned<RawLink>], field: &str, places: &mut Places) -> BTreeSet<Link> {
        let mut links = BTreeSet::new();
        for link in raw {
            let reference = &link.value.container.value;
            let alias =
                link.value.alias.as_ref().map_or_else(|| dashed(reference), |alias| alias.value.clone());
            for container_name in self.container_names(reference) {
                let wanted = Link { container_name, alias: alias.clone() };
                self.note(places, format!("{field}.{wanted}"), link.span);
                links.insert(wanted);
            }
        }
        links
    }

    /// Full names of the containers that a reference means; that it means some is checked before.
    pub(super) fn container_names(&self, reference: &str) -> Vec<String> {
        let Some(referred) = self.map.referred(reference) else { return Vec::new() };
        if !self.context.spend(referred.count(), self.configuration.name.span) {
            return Vec::new();
        }
        let config_name = &referred.configuration.name.value;
        referred.instances().map(|instance| self.map.container_name(config_name, instance)).collect()
    }

    fn network_mode(&self) -> NetworkMode {
        match value_of(&self.raw().network_mode).map(|mode| &mode.value) {
            None => NetworkMode::Default,
            Some(RawNetworkMode::Disabled) => NetworkMode::None,
            Some(RawNetworkMode::Preset(name)) if name == "host" => NetworkMode::Host,
            Some(RawNetworkMode::Preset(_)) => NetworkMode::Default,
            Some(RawNetworkMode::Foreign(name)) => NetworkMode::Container(name.clone()),
            Some(RawNetworkMode::Container { config, instance }) => {
                NetworkMode::Container(self.map.container_name(config, instance.as_deref()))
            }
        }
    }

    fn endpoint(&self, raw: &Spanned<RawEndpoint>, places: &mut Places) -> Option<Endpoint> {
        let RawEndpoint { network, aliases, links, ipv4_address, ipv6_address, link_local_ips } = &raw.value;
        let network_name = self.network_name(&network.value)?;
        let field = format!("networks.{network_name}");
        self.note(places, field.clone(), raw.span);
        let mut noted = |text: &RawText, value: Option<String>| {
            self.note(places, format!("{field}.{}", value.as_ref()?), text.span);
            value
        };
        let mut address = |text: &RawText, family| noted(text, self.fixed_address(text, family));
        let ipv4_address = ipv4_address.as_ref().and_then(|text| address(text, Family::Ipv4));
        let ipv6_address = ipv6_address.as_ref().and_then(|text| address(text, Family::Ipv6));
        let local = link_local_ips.iter().filter_map(|text| address(text, Family::Any)).collect();
        Some(Endpoint {
            ipv4_address,
            ipv6_address,
            link_local_addresses: local,
            aliases: aliases.iter().filter_map(|text| noted(text, self.context.text(text))).collect(),
            links: self.links(links, &field, places),
            network_name,
            ..Endpoint::default()
        })
    }

    /// Full name of a network; `None` if the map has no such network, which is checked before.
    pub(super) fn network_name(&self, name: &str) -> Option<String> {
        if PRESET_NETWORKS.contains(&name) {
            return Some(name.to_owned());
        }
        self.map.network(name).map(|_| format!("{}.{name}", self.map.name))
    }

    fn healthcheck(&self) -> Option<Healthcheck> {
        let check = match &self.raw().healthcheck {
            Setting::Unset => return None,
            Setting::Null(_) => return Some(disabled_healthcheck()),
            Setting::Value(check) => &check.value,
        };
        Some(healthcheck(check))
    }

    fn exec_command(&self, raw: &RawExecCommand) -> Option<ExecCommand> {
        let arguments = match &raw.command {
            RawCommand::Words(words) => {
                words.iter().map(|word| self.context.free_text(word)).collect::<Option<_>>()?
            }
            RawCommand::Line(line) => {
                let text = self.context.free_text(line)?;
                let words = shlex::split(&text);
                if words.is_none() {
                    // The line is not repeated here: it may hold a password.
                    self.context.error(
                        "the quotes of a command are not closed",
                        line.span,
                        "expected a command line",
                    );
                }
                words?
            }
        };
        let user = match &raw.user {
            Some(user) => self.user(user),
            None => value_of(&self.raw().user).and_then(|user| self.user(&user.value)),
        };
        Some(ExecCommand { arguments, user, only_initially: raw.policy == RawExecPolicy::Initial })
    }

    fn start_delay(&self) -> Duration {
        let Some(delay) = value_of(&self.raw().start_delay) else { return Duration::ZERO };
        Duration::try_from_secs_f64(delay.value).unwrap_or_else(|_| {
            let message =
                format!("container `{}` cannot wait for {} seconds", self.config_name(), delay.value);
            self.context.error(message, delay.span, "expected a number of seconds");
            Duration::ZERO
        })
    }
}

/// Adds the map's repository to names without a slash; a leading slash keeps it away.
pub(super) fn expand_image(typed: &str, repository: Option<&str>) -> String {
    let name = typed.split('@').next().unwrap_or(typed);
    match (typed.strip_prefix('/'), repository) {
        (Some(local), _) => local.to_owned(),
        (None, Some(repository)) if !name.contains('/') => {
            format!("{}/{typed}", repository.trim_end_matches('/'))
        }
        _ => typed.to_owned(),
    }
}

/// `_` and `.` become `-`: what Docker-Map makes of names that must be host names.
pub(super) fn dashed(name: &str) -> String {
    name.replace(['_', '.'], "-")
}

/// A health check as it is told to the Engine.
pub(super) fn healthcheck(check: &RawHealthcheck) -> Healthcheck {
    let nanoseconds = |duration: Option<&Spanned<u64>>| duration.map_or(0, |found| found.value);
    Healthcheck {
        test: check.test.value.clone(),
        interval_nanoseconds: nanoseconds(check.interval.as_ref()),
        timeout_nanoseconds: nanoseconds(check.timeout.as_ref()),
        retries: check.retries.as_ref().map_or(0, |found| found.value),
        start_period_nanoseconds: nanoseconds(check.start_period.as_ref()),
    }
}

fn disabled_healthcheck() -> Healthcheck {
    Healthcheck {
        test: vec!["NONE".to_owned()],
        interval_nanoseconds: 0,
        timeout_nanoseconds: 0,
        retries: 0,
        start_period_nanoseconds: 0,
    }
}

/// Labels that operators may not set themselves.
pub(super) fn is_reserved_label(name: &str) -> bool {
    name.starts_with(ownership::LABEL_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_expand_as_documented() {
        let table = [
            ("app-server", None, None, "app-server:latest"),
            ("image1", Some("registry.example.com"), None, "registry.example.com/image1:latest"),
            ("image1", None, Some("devel"), "image1:devel"),
            ("image1", Some("registry.example.com"), Some("devel"), "registry.example.com/image1:devel"),
            ("/image1", Some("registry.example.com"), Some("devel"), "image1:devel"),
            ("image1:one", Some("registry.example.com"), Some("devel"), "registry.example.com/image1:one"),
            ("/image1:two", Some("registry.example.com"), Some("devel"), "image1:two"),
            ("org/img", Some("r"), Some("devel"), "org/img:devel"),
            ("localhost:5000/img", None, None, "localhost:5000/img:latest"),
            ("img@sha256:abcd", Some("r.x"), None, "r.x/img@sha256:abcd"),
        ];
        for (typed, repository, tag, expanded) in table {
            let name = expand_image(typed, repository);
            assert_eq!(ImageReference::parse(&name, tag.unwrap_or("latest")).to_string(), expanded);
        }
    }
}
