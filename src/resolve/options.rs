//! `create_options` and `host_config`: what operators hand to the Engine beside the properties.
//!
//! Options are merged over the properties: single values replace, mappings and lists unite by
//! key. An unknown keyword is an error; one that is known and not handled says so.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::container::{ContainerSettings, Link, Mount, MountSource, Port, PublishedPort};
use crate::model::place::Places;
use crate::model::spec::Interfaces;
use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue};
use crate::source::raw::RawName;
use crate::source::span::Span;
use crate::wording;

use super::container::{Builder, is_reserved_label};
use super::context::Context;
use super::host_options;
use super::mounts::normalized;
use super::values::{OptionReader, TextEntry};

/// Keywords of `create_options` that are read here.
const CREATE_KEYWORDS: [&str; 16] = [
    "command",
    "detach",
    "domainname",
    "entrypoint",
    "environment",
    "host_config",
    "hostname",
    "labels",
    "ports",
    "runtime",
    "stdin_open",
    "stop_signal",
    "stop_timeout",
    "tty",
    "user",
    "working_dir",
];
/// Keywords whose differences bear the name of a property.
const PROPERTIES: [&str; 6] =
    ["user", "hostname", "domainname", "working_dir", "stop_signal", "stop_timeout"];
/// Keywords of docker-py that have no effect on a container yet.
const LATER_CREATE_KEYWORDS: [&str; 6] =
    ["healthcheck", "mac_address", "network_disabled", "networking_config", "platform", "volumes"];
/// Keywords of `host_config` that concern what properties describe, too.
const SHARED_HOST_KEYWORDS: [&str; 4] = ["binds", "links", "port_bindings", "volumes_from"];
/// Keywords of docker-py for `host_config` that are not handled yet.
const LATER_HOST_KEYWORDS: [&str; 6] =
    ["lxc_conf", "mounts", "network_mode", "uts_mode", "version", "volume_driver"];

/// Merges both option mappings into the settings.
pub(super) fn apply(builder: &Builder<'_>, settings: &mut ContainerSettings, places: &mut Places) {
    let mut applier = Applier { builder, settings, places };
    for (name, node) in &builder.raw().create_options {
        applier.create_option(name, node);
    }
    for (name, node) in &builder.raw().host_config {
        applier.host_option(name, node, "host_config");
    }
}

struct Applier<'a> {
    builder: &'a Builder<'a>,
    settings: &'a mut ContainerSettings,
    places: &'a mut Places,
}

impl Applier<'_> {
    fn create_option(&mut self, name: &RawName, node: &Node) {
        let field = format!("create_options.{}", name.value);
        self.places.insert(field.clone(), self.builder.context.place(name.span));
        let builder = self.builder;
        let reader = OptionReader { context: builder.context, field };
        // A null unsets nothing: it is as if the key were not there.
        if node.is_null() && is_create_keyword(&name.value) {
            return;
        }
        self.note_option(name, node);
        match name.value.as_str() {
            "command" => self.settings.command = reader.words(node),
            "entrypoint" => self.settings.entrypoint = reader.words(node),
            "environment" => self.environment(&reader, node),
            "labels" => self.labels(&reader, node),
            "hostname" => self.settings.hostname = reader.text(node),
            "domainname" => self.settings.domainname = reader.text(node),
            "user" => self.settings.user = reader.text(node),
            "working_dir" => self.settings.working_dir = reader.text(node),
            "stop_signal" => self.settings.stop_signal = reader.text(node),
            "stop_timeout" => {
                self.settings.stop_timeout_seconds = seconds(&reader, node);
            }
            "tty" => self.settings.tty = reader.boolean(node).unwrap_or_default(),
            "stdin_open" => self.settings.open_stdin = reader.boolean(node).unwrap_or_default(),
            "ports" => self.exposed_ports(&reader, node),
            // Attaching matters to a client that shows output; a deployment has none.
            "detach" => {}
            "host_config" => self.nested_host_config(&reader, node),
            _ => self.host_option(name, node, "create_options"),
        }
    }

    /// Options that replace a property stand for it; words that come from elsewhere, for themselves.
    fn note_option(&mut self, name: &RawName, node: &Node) {
        let context = self.builder.context;
        if PROPERTIES.contains(&name.value.as_str()) {
            self.places.insert(name.value.as_str(), context.place(name.span));
        }
        for (index, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
            if item.tag.is_some() {
                let field = format!("create_options.{}.{index}", name.value);
                self.places.insert(field, context.place(item.span));
            }
        }
    }

    fn note(&mut self, field: String, node: &Node) {
        self.places.insert(field, self.builder.context.place(node.span));
    }

    fn environment(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for TextEntry { name, value: raw, has_value } in reader.entries(node).unwrap_or_default() {
            let field = format!("create_options.environment.{name}");
            self.places.insert(field, self.builder.context.place(raw.span));
            let value = self.builder.context.sensitive_text(&name, &raw);
            // A name alone takes the image's variable away.
            if !has_value || value.is_some() {
                self.settings.environment.insert(name, value.filter(|_| has_value));
            }
        }
    }

    fn labels(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for (name, raw) in reader.text_entries(node).unwrap_or_default() {
            if is_reserved_label(&name) {
                report_reserved_label(self.builder.context, &name, raw.span);
            } else if let Some(value) = self.builder.context.free_text(&raw) {
                let field = format!("create_options.labels.{name}");
                self.places.insert(field, self.builder.context.place(raw.span));
                self.settings.labels.insert(name, value);
            }
        }
    }

    fn exposed_ports(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for item in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
            let Some(words) = reader.texts(item) else { continue };
            let text = words.join("/");
            match Port::parse(&text).filter(|_| words.len() <= 2) {
                Some(port) => {
                    self.note(format!("exposes.{port}"), item);
                    self.settings.exposed_ports.insert(port);
                }
                None => reader.wrong_text(item, &text, "a port such as `80`, `53/udp` or `[53, udp]`"),
            }
        }
    }

    fn nested_host_config(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let NodeValue::Mapping(entries) = &node.value else {
            reader.wrong(node, "a mapping");
            return;
        };
        for (key, value) in entries {
            if let Some(name) = key.to_name() {
                self.host_option(&name, value, "create_options.host_config");
            }
        }
    }

    /// Options of `HostConfig`; `create_options` may hold them, too, as the manual shows.
    fn host_option(&mut self, name: &RawName, node: &Node, parent: &str) {
        if host_options::is_keyword(&name.value) {
            self.plain_host_option(name, node, parent);
        } else if SHARED_HOST_KEYWORDS.contains(&name.value.as_str()) {
            self.shared_option(name, node, parent);
        } else {
            self.refuse(name, parent);
        }
    }

    fn plain_host_option(&mut self, name: &RawName, node: &Node, parent: &str) {
        let context = self.builder.context;
        let reader = OptionReader { context, field: format!("{parent}.{}", name.value) };
        if let Some(api_name) =
            host_options::read(&reader, &name.value, node, &mut self.settings.host_options)
        {
            self.places.insert(format!("host_config.{api_name}"), context.place(name.span));
        }
    }

    fn shared_option(&mut self, name: &RawName, node: &Node, parent: &str) {
        let context = self.builder.context;
        let reader = OptionReader { context, field: format!("{parent}.{}", name.value) };
        match name.value.as_str() {
            "binds" => self.binds(&reader, node),
            "links" => self.links(&reader, node),
            "volumes_from" => self.volumes_from(&reader, node),
            _ => self.port_bindings(&reader, node),
        }
    }

    /// `source:path[:mode]` or `{source: {bind: path, mode: ro}}`; an explicit bind wins over a
    /// property's of the same path.
    fn binds(&mut self, reader: &OptionReader<'_>, node: &Node) {
        if let Some(entries) = node.as_mapping() {
            for (source, bind) in entries {
                self.bind_entry(reader, source, bind);
            }
            return;
        }
        for text in reader.texts(node).unwrap_or_default() {
            let parts: Vec<&str> = text.split(':').collect();
            let (source, path, mode) = match parts[..] {
                [source, path] => (source, path, "rw"),
                [source, path, mode] => (source, path, mode),
                _ => ("", "", ""),
            };
            if source.is_empty() || !path.starts_with('/') || !matches!(mode, "ro" | "rw") {
                reader.wrong_text(node, &text, "`source:/path`, with `:ro` or `:rw`");
                continue;
            }
            self.add_bind(source, path, mode == "ro", node);
        }
    }

    fn bind_entry(&mut self, reader: &OptionReader<'_>, source: &Node, bind: &Node) {
        let known = ["bind", "mode", "ro"];
        let members = bind.as_mapping().unwrap_or_default();
        let is_known = members.iter().all(|(key, _)| key.as_text().is_some_and(|key| known.contains(&key)));
        let path = match &bind.value {
            NodeValue::Scalar { .. } => reader.text(bind),
            _ => bind.get("bind").and_then(|path| reader.text(path)),
        };
        let mode = bind.get("mode").and_then(|mode| reader.text(mode));
        let flag = bind.get("ro").and_then(|flag| reader.boolean(flag));
        let read_only = match (mode.as_deref(), flag) {
            (None, flag) => Some(flag.unwrap_or_default()),
            (Some("ro"), None) => Some(true),
            (Some("rw"), None) => Some(false),
            (Some(_), _) => None,
        };
        match (reader.text(source), path, read_only) {
            (Some(source), Some(path), Some(read_only))
                if is_known && !source.is_empty() && path.starts_with('/') =>
            {
                self.add_bind(&source, &path, read_only, bind);
            }
            _ => {
                let field = &reader.field;
                self.builder.context.error(
                    format!("`{field}` has a value that is no mount"),
                    bind.span,
                    "expected `{bind: /path, mode: ro}`, `{bind: /path, ro: true}` or a path",
                );
            }
        }
    }

    fn add_bind(&mut self, source: &str, path: &str, read_only: bool, node: &Node) {
        self.note(format!("binds.{}", normalized(path)), node);
        let source = if source.starts_with('/') {
            MountSource::HostPath(source.to_owned())
        } else {
            MountSource::Volume(source.to_owned())
        };
        self.settings.mounts.insert(normalized(path), Mount { source, read_only });
    }

    /// `{container: alias}`, `[[container, alias]]` or `container:alias`; merged by alias.
    fn links(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let pairs: Vec<(String, String)> = match &node.value {
            NodeValue::Mapping(_) => {
                let entries = reader.text_entries(node).unwrap_or_default();
                entries.into_iter().map(|(container, alias)| (container, alias.text)).collect()
            }
            NodeValue::Sequence(items) => items.iter().filter_map(|item| link_pair(reader, item)).collect(),
            NodeValue::Scalar { .. } => link_pair(reader, node).into_iter().collect(),
        };
        for (container_name, alias) in pairs {
            self.settings.links.retain(|link| link.alias != alias);
            let link = Link { container_name, alias };
            self.note(format!("links.{link}"), node);
            self.settings.links.insert(link);
        }
    }

    fn volumes_from(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for text in reader.texts(node).unwrap_or_default() {
            let (container_name, mode) = text.split_once(':').unwrap_or((&text, "rw"));
            self.note(format!("uses.{container_name}"), node);
            self.settings.volumes_from.insert(container_name.to_owned(), mode == "ro");
        }
    }

    /// `{80: 8080}`, `{80: [127.0.0.1, 8080]}`, with an interface of the host, too; explicit ports win over a property's.
    fn port_bindings(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let Some(entries) = node.as_mapping() else {
            reader.wrong(node, "a mapping of container port to host port");
            return;
        };
        for (key, value) in entries {
            let container_port = key.as_text().and_then(Port::parse);
            let Some(binding) = reader.texts(value) else { continue };
            let (address, host_port) = match binding.as_slice() {
                [host_port] => (None, host_port.parse().ok()),
                [address, host_port] if address.is_empty() => (None, host_port.parse().ok()),
                [address, host_port] => match self.host_address(reader, value, address) {
                    Some(address) => (Some(address), host_port.parse().ok()),
                    None => continue,
                },
                _ => (None, None),
            };
            let (Some(container_port), Some(host_port)) = (container_port, host_port) else {
                reader.wrong(value, "a host port, or `[address, port]`");
                continue;
            };
            self.settings.exposed_ports.insert(container_port);
            self.settings.published_ports.retain(|port| port.container_port != container_port);
            let port = PublishedPort { container_port, host_address: address, host_port };
            self.note(format!("exposes.{container_port}"), key);
            self.note(format!("exposes.{port}"), key);
            self.settings.published_ports.insert(port);
        }
    }

    /// An address as typed, or that of an interface. Without one a port is open on all addresses,
    /// so nothing that is not understood may be left out.
    fn host_address(&self, reader: &OptionReader<'_>, node: &Node, typed: &str) -> Option<IpAddr> {
        let host = &self.builder.host.spec;
        let Interfaces { ipv4, ipv6 } = &host.interfaces;
        let known = typed.parse().ok().or_else(|| ipv4.get(typed).or_else(|| ipv6.get(typed)).copied());
        if known.is_none() {
            let span = node.as_sequence().and_then(|items| items.first()).map_or(node.span, |item| item.span);
            let message = format!("`{}` publishes on `{typed}`", reader.field);
            let label = format!("neither an address nor an interface of host `{}`", host.name);
            let nearest = wording::nearest(typed, ipv4.keys().chain(ipv6.keys()).map(String::as_str));
            let help = match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => "write an address, or add the interface to the host's `interfaces`".to_owned(),
            };
            self.builder.context.report(Diagnostic::error(message).at(span, label).help(help));
        }
        known
    }

    fn refuse(&self, name: &RawName, parent: &str) {
        let keyword = name.value.as_str();
        if host_options::DROPPED_KEYWORDS.contains(&keyword) {
            let message = format!("`{parent}.{keyword}` is not supported yet");
            self.builder.context.error(message, name.span, "dropped by version 1.42 of the Engine's API");
            return;
        }
        let known: Vec<&str> = known_keywords(parent).collect();
        let is_later = LATER_CREATE_KEYWORDS.contains(&keyword) || LATER_HOST_KEYWORDS.contains(&keyword);
        let diagnostic = if is_later {
            Diagnostic::error(format!("`{parent}.{keyword}` is not supported yet"))
                .at(name.span, "known to Docker, not handled by dmfab yet")
        } else {
            Diagnostic::error(format!("unknown key `{keyword}` in `{parent}`")).at(name.span, "not an option")
        };
        self.builder.context.report(match wording::nearest(keyword, known.iter().copied()) {
            Some(nearest) if !is_later => diagnostic.help(format!("write `{nearest}`")),
            _ => diagnostic,
        });
    }
}

fn is_create_keyword(name: &str) -> bool {
    CREATE_KEYWORDS.contains(&name)
}

fn known_keywords(parent: &str) -> impl Iterator<Item = &'static str> {
    let create = if parent == "create_options" { &CREATE_KEYWORDS[..] } else { &[] };
    create.iter().copied().chain(SHARED_HOST_KEYWORDS).chain(host_options::keywords())
}

fn seconds(reader: &OptionReader<'_>, node: &Node) -> Option<u32> {
    let typed = reader.integer(node)?;
    let seconds = u32::try_from(typed).ok();
    if seconds.is_none() {
        reader.wrong_text(node, &typed.to_string(), "a whole number of seconds");
    }
    seconds
}

fn report_reserved_label(context: &Context<'_>, name: &str, span: Span) {
    context.error(
        format!("the label `{name}` is dmfab's own"),
        span,
        "labels that begin with `dmfab.` say who made a container",
    );
}

fn link_pair(reader: &OptionReader<'_>, node: &Node) -> Option<(String, String)> {
    let words = reader.texts(node)?;
    match words.as_slice() {
        [container, alias] => Some((container.clone(), alias.clone())),
        [text] => {
            let (container, alias) = text.split_once(':').unwrap_or((text, text));
            Some((container.to_owned(), alias.to_owned()))
        }
        _ => {
            reader.wrong(node, "`[container, alias]`");
            None
        }
    }
}

/// Labels of a network or volume, without those that are dmfab's own.
pub(super) fn item_labels(context: &Context<'_>, field: &str, node: &Node) -> BTreeMap<String, String> {
    let reader = OptionReader { context, field: field.to_owned() };
    let mut labels = BTreeMap::new();
    for (name, raw) in reader.text_entries(node).unwrap_or_default() {
        if is_reserved_label(&name) {
            report_reserved_label(context, &name, raw.span);
        } else if let Some(value) = context.free_text(&raw) {
            labels.insert(name, value);
        }
    }
    labels
}
