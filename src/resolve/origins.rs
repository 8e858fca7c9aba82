//! Who wrote what: the places of each configuration, host key and `defaults`, and of what names a
//! value outside the files. Made from the raw files, and only when somebody asks for origins.
//!
//! Records are taken apart without `..`, so that a new property does not compile until its places
//! are known here.

use std::collections::BTreeSet;

use crate::model::origin::{MapOrigins, Origins, Outside, WrittenConfiguration};
use crate::model::place::Place;
use crate::model::ranges;
use crate::model::variables::Variables;
use crate::source::file::SourceMap;
use crate::source::node::{Node, NodeValue};
use crate::source::raw::{
    RawBind, RawCommand, RawContainer, RawEndpoint, RawExecCommand, RawHealthcheck, RawHost, RawHostPath,
    RawInventory, RawMap, RawName, RawNetwork, RawSshConfig, RawText, RawUser, RawVolume, Setting,
};
use crate::source::span::{Span, Spanned};
use crate::source::tag::{SecretSource, Tag};

use super::context::span_of;

/// The origins of everything that an inventory and its maps say.
pub fn origins(
    inventory: &RawInventory,
    maps: &[RawMap],
    sources: &SourceMap,
    variables: &Variables,
) -> Origins {
    let mut origins = Origins::default();
    let mut collector = Collector { sources, variables, origins: &mut origins, places: BTreeSet::new() };
    if let Some(defaults) = &inventory.defaults {
        collector.host(defaults);
        collector.origins.defaults = collector.take();
    }
    for (key, host) in &inventory.hosts {
        collector.host_key(key, host);
    }
    for (name, _) in &inventory.groups {
        let place = sources.place(name.span);
        collector.origins.groups.insert(name.value.clone(), place);
    }
    if let Some(defaults) = &inventory.map_defaults {
        collector.map_defaults(defaults);
    }
    for map in maps {
        collector.map(map);
    }
    origins
}

struct Collector<'a> {
    sources: &'a SourceMap,
    variables: &'a Variables,
    origins: &'a mut Origins,
    /// Of what is being looked at.
    places: BTreeSet<Place>,
}

impl Collector<'_> {
    fn take(&mut self) -> BTreeSet<Place> {
        std::mem::take(&mut self.places)
    }

    fn span(&mut self, span: Span) {
        self.places.insert(self.sources.place(span));
    }

    fn setting<T>(&mut self, setting: &Setting<T>) {
        self.places.extend(span_of(setting).map(|span| self.sources.place(span)));
    }

    fn value<T>(&mut self, value: Option<&Spanned<T>>) {
        self.places.extend(value.map(|value| self.sources.place(value.span)));
    }

    fn text(&mut self, raw: &RawText) {
        self.span(raw.span);
        if let Some(tag) = &raw.tag {
            self.tagged(&raw.text, tag, raw.span);
        }
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t RawText>) {
        for text in texts {
            self.text(text);
        }
    }

    /// A record of texts, of which the first one that names a value speaks for the whole.
    fn record(&mut self, span: Span, texts: &[&RawText]) {
        self.span(span);
        self.texts(texts.iter().copied());
        if let Some((text, tag)) = texts.iter().find_map(|text| Some((&text.text, text.tag.as_ref()?))) {
            self.tagged(text, tag, span);
        }
    }

    fn tagged(&mut self, text: &str, tag: &Tag, span: Span) {
        if let Some(outside) = self.outside(text, tag) {
            self.origins.outside.entry(self.sources.place(span)).or_insert(outside);
        }
    }

    fn outside(&self, text: &str, tag: &Tag) -> Option<Outside> {
        let text = text.to_owned();
        Some(match tag {
            Tag::Path => return None,
            Tag::Env { default: Some(_) } if self.variables.get(&text).is_none() => {
                Outside::DefaultOfVariable(text)
            }
            Tag::Env { .. } | Tag::Secret(SecretSource::Env) => Outside::Variable(text),
            Tag::File | Tag::Secret(SecretSource::File) => Outside::ContentOfFile(text),
            Tag::Secret(SecretSource::Command) => Outside::OutputOfCommand(text),
            Tag::Computed(_) => Outside::Computed(text),
        })
    }

    /// An option's key stands for its value where that is a text or a list; the words of a program
    /// have places of their own.
    fn options(&mut self, options: &[(RawName, Node)]) {
        for (name, node) in options {
            self.span(name.span);
            if node.as_sequence().is_none() || !is_program(&name.value) {
                self.key(name.span, node);
            }
            self.node(node);
        }
    }

    fn key(&mut self, key: Span, value: &Node) {
        if let Some((text, tag)) = first_tag(value) {
            self.tagged(text, tag, key);
        }
    }

    fn node(&mut self, node: &Node) {
        self.span(node.span);
        match &node.value {
            NodeValue::Scalar { .. } => self.key(node.span, node),
            NodeValue::Sequence(items) => items.iter().for_each(|item| self.node(item)),
            NodeValue::Mapping(entries) => {
                for (key, value) in entries {
                    self.span(key.span);
                    self.key(key.span, value);
                    self.node(value);
                }
            }
        }
    }

    fn host_key(&mut self, key: &RawName, raw: &RawHost) {
        self.span(key.span);
        self.host(raw);
        let places = self.take();
        self.origins.host_keys.entry(key.value.clone()).or_default().extend(places);
        if let Ok(Some(members)) = ranges::expand(&key.value) {
            let names = members.into_iter().map(|member| (member.name, key.value.clone()));
            self.origins.keys_of_hosts.extend(names);
        }
    }

    fn host(&mut self, raw: &RawHost) {
        let RawHost {
            base_url,
            fabric_host,
            version,
            timeout_seconds,
            wait_timeout_seconds,
            stop_timeout_seconds,
            tunnel_remote_port,
            domainname,
            interfaces,
            interfaces_ipv6,
            auth_configs,
            ssh_config,
            user,
            port,
            identity_files,
            known_hosts,
            proxy_jump,
            docker_socket,
        } = raw;
        self.texts([base_url, fabric_host, version, domainname, user, docker_socket].into_iter().flatten());
        for seconds in [timeout_seconds, wait_timeout_seconds, stop_timeout_seconds] {
            self.value(seconds.as_ref());
        }
        self.value(tunnel_remote_port.as_ref());
        self.value(port.as_ref());
        self.texts(interfaces.iter().chain(interfaces_ipv6).map(|(_, address)| address));
        for (registry, login) in auth_configs {
            self.span(registry.span);
            self.texts([&login.username, &login.password, &login.email].into_iter().flatten());
        }
        self.value(ssh_config.as_ref());
        if let Some(RawSshConfig::File(path)) = ssh_config.as_ref().map(|config| &config.value) {
            self.text(path);
        }
        self.value(proxy_jump.as_ref());
        let hops = proxy_jump.iter().flat_map(|hops| &hops.value);
        self.texts(identity_files.iter().chain(known_hosts).chain(hops));
    }

    fn map(&mut self, raw: &RawMap) {
        // The map's own settings need no way: only what they name outside is of interest.
        self.map_settings(raw);
        self.take();
        let configurations = raw.containers.iter().map(|(name, container)| {
            self.container(container);
            let extends = container.extends.iter().map(|base| base.value.clone()).collect();
            (name.value.clone(), WrittenConfiguration { extends, places: self.take() })
        });
        let configurations = configurations.collect();
        let span = raw.name.as_ref().map_or(raw.start.span, |name| name.span);
        let map_name = raw.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
        let place = Some(self.sources.place(span));
        self.origins.maps.insert(map_name, MapOrigins { place, configurations });
    }

    /// Everything, with the names of what is declared.
    fn map_defaults(&mut self, raw: &RawMap) {
        self.map_settings(raw);
        for (name, container) in &raw.containers {
            self.span(name.span);
            self.container(container);
        }
        self.origins.map_defaults = self.take();
    }

    fn map_settings(&mut self, raw: &RawMap) {
        let RawMap {
            name: _,
            repository,
            default_tag,
            default_domain,
            host_root,
            set_hostname: _,
            use_attached_parent_name: _,
            clients: _,
            groups: _,
            volumes,
            host,
            networks,
            containers: _,
            start: _,
        } = raw;
        self.texts([repository, default_tag, default_domain, host_root].into_iter().flatten());
        for (name, volume) in volumes {
            self.span(name.span);
            self.volume(volume);
        }
        for (_, path) in host {
            self.texts(texts_of_path(path));
        }
        for (name, network) in networks {
            self.span(name.span);
            self.network(network);
        }
    }

    fn volume(&mut self, raw: &RawVolume) {
        let RawVolume { default_path, driver, driver_options, create_options, user, permissions } = raw;
        self.texts(default_path.iter().chain(driver).chain(driver_options.iter().map(|(_, text)| text)));
        self.options(create_options);
        self.user(user);
        self.text_setting(permissions);
    }

    fn network(&mut self, raw: &RawNetwork) {
        let RawNetwork { driver, driver_options, internal, create_options } = raw;
        self.value(internal.as_ref());
        self.texts(driver.iter().chain(driver_options.iter().map(|(_, text)| text)));
        self.options(create_options);
    }

    fn text_setting(&mut self, setting: &Setting<RawText>) {
        self.setting(setting);
        if let Setting::Value(text) = setting {
            self.text(&text.value);
        }
    }

    fn user(&mut self, setting: &Setting<RawUser>) {
        self.setting(setting);
        if let Setting::Value(user) = setting {
            self.record(user.span, &texts_of_user(&user.value));
        }
    }

    /// What is never inherited is left out: `abstract` and `extends`.
    fn container(&mut self, raw: &RawContainer) {
        let RawContainer {
            is_abstract: _,
            extends: _,
            image,
            instances,
            clients,
            shares,
            binds,
            attaches,
            uses,
            links,
            exposes,
            user,
            permissions,
            stop_timeout,
            stop_signal,
            start_delay,
            network_mode,
            networks,
            exec_commands,
            healthcheck,
            persistent,
            create_options,
            host_config,
        } = raw;
        instances.iter().chain(clients).for_each(|name| self.span(name.span));
        self.text_setting(image);
        self.user(user);
        self.text_setting(permissions);
        self.text_setting(stop_signal);
        self.setting(stop_timeout);
        self.setting(start_delay);
        self.setting(network_mode);
        self.setting(persistent);
        self.texts(shares);
        for bind in binds {
            self.record(bind.span, &texts_of_bind(&bind.value));
        }
        for attach in attaches {
            self.span(attach.value.name.span);
            self.record(attach.span, &attach.value.path.iter().collect::<Vec<_>>());
        }
        for used in uses {
            self.record(used.span, &used.value.path.iter().collect::<Vec<_>>());
        }
        for link in links {
            self.span(link.span);
        }
        for port in exposes {
            let texts: Vec<&RawText> = port.value.host_port.iter().chain(&port.value.interface).collect();
            self.record(port.span, &texts);
        }
        for endpoint in networks {
            self.endpoint(endpoint);
        }
        for command in exec_commands {
            self.exec_command(command);
        }
        self.healthcheck(healthcheck);
        self.options(create_options);
        self.options(host_config);
    }

    fn endpoint(&mut self, raw: &Spanned<RawEndpoint>) {
        let RawEndpoint { network, aliases, links, ipv4_address, ipv6_address, link_local_ips } = &raw.value;
        self.span(raw.span);
        self.span(network.span);
        self.texts(aliases.iter().chain(ipv4_address).chain(ipv6_address).chain(link_local_ips));
        for link in links {
            self.span(link.span);
        }
    }

    fn exec_command(&mut self, raw: &Spanned<RawExecCommand>) {
        let RawExecCommand { command, user, policy: _ } = &raw.value;
        self.span(raw.span);
        match command {
            RawCommand::Line(line) => self.text(line),
            RawCommand::Words(words) => self.texts(words),
        }
        self.texts(user.iter().flat_map(texts_of_user));
    }

    fn healthcheck(&mut self, setting: &Setting<RawHealthcheck>) {
        self.setting(setting);
        if let Setting::Value(check) = setting {
            let RawHealthcheck { test, interval, timeout, retries, start_period } = &check.value;
            self.span(test.span);
            self.value(interval.as_ref());
            self.value(timeout.as_ref());
            self.value(retries.as_ref());
            self.value(start_period.as_ref());
        }
    }
}

/// Docker-py's names and the Engine's.
fn is_program(option: &str) -> bool {
    ["command", "entrypoint", "Cmd", "Entrypoint"].contains(&option)
}

/// What names a value in a text or, first of all, in a list. The values of mappings have places of
/// their own.
fn first_tag(node: &Node) -> Option<(&str, &Tag)> {
    match &node.value {
        NodeValue::Scalar { text, .. } => Some((text, node.tag.as_ref()?)),
        NodeValue::Sequence(items) => items.iter().find_map(first_tag),
        NodeValue::Mapping(_) => None,
    }
}

fn texts_of_user(user: &RawUser) -> Vec<&RawText> {
    match user {
        RawUser::Text(text) => vec![text],
        RawUser::Pair(user, group) => vec![user, group],
    }
}

fn texts_of_path(path: &RawHostPath) -> Vec<&RawText> {
    match path {
        RawHostPath::One(text) => vec![text],
        RawHostPath::PerInstance(paths, _) => paths.iter().map(|(_, text)| text).collect(),
    }
}

fn texts_of_bind(bind: &RawBind) -> Vec<&RawText> {
    match bind {
        RawBind::Alias { .. } => Vec::new(),
        RawBind::Path { container_path, host_path, .. } => {
            std::iter::once(container_path).chain(texts_of_path(host_path)).collect()
        }
    }
}
