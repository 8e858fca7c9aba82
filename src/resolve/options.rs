//! `create_options` and `host_config`: what operators hand to the Engine beside the properties.
//!
//! Options are merged over the properties: single values replace, mappings and lists unite by
//! key. docker-py's names and those of the Engine's API mean the same; an unknown one is an error.

mod binds;
mod mounts;
pub(super) mod names;
mod networking;
mod ports;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::container::ContainerSettings;
use crate::model::place::Places;
use crate::model::signal;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::node::{Node, NodeValue};
use crate::source::raw::{RawName, RawText};
use crate::source::read_healthcheck::read_healthcheck_option;
use crate::source::span::Span;
use crate::wording;

use self::names::{CREATE_KEYWORDS, SHARED_HOST_KEYWORDS};
use super::container::{Builder, healthcheck, is_reserved_label};
use super::context::Context;
use super::host_options;
use super::mounts::normalized;
use super::values::{OptionReader, TextEntry, raw_text, shown_value};

/// Keywords whose differences bear the name of a property.
const PROPERTIES: [&str; 7] =
    ["user", "hostname", "domainname", "working_dir", "stop_signal", "stop_timeout", "healthcheck"];

/// An option as it is typed, and the place of its name.
type Mark = (String, Span);

/// Merges both option mappings into the settings. Says for which platform the image is wanted.
pub(super) fn apply(
    builder: &Builder<'_>,
    settings: &mut ContainerSettings,
    places: &mut Places,
) -> Option<String> {
    let mut applier = Applier {
        builder,
        settings,
        places,
        paths: BTreeMap::new(),
        marks: networking::Marks::default(),
        platform: None,
    };
    for (name, node) in applier.entries("create_options", &builder.raw().create_options) {
        applier.create_option(&name, node);
    }
    for (name, node) in applier.entries("host_config", &builder.raw().host_config) {
        applier.host_option(&name, node, "host_config");
    }
    applier.finish_networking();
    applier.platform
}

struct Applier<'a> {
    builder: &'a Builder<'a>,
    settings: &'a mut ContainerSettings,
    places: &'a mut Places,
    /// What options mount, by path: the field, without the part that says in which spelling, and
    /// its place.
    paths: BTreeMap<String, Mark>,
    marks: networking::Marks,
    platform: Option<String>,
}

impl<'a> Applier<'a> {
    fn entries(&self, parent: &str, entries: &'a [(RawName, Node)]) -> Vec<(RawName, &'a Node)> {
        let entries = entries.iter().map(|(name, node)| (name.clone(), node));
        names::without_doubles(self.builder.context, parent, entries, |name| {
            names::canonical(name).to_owned()
        })
    }

    fn note(&mut self, field: impl Into<String>, span: Span) {
        self.places.insert(field, self.builder.context.place(span));
    }

    fn create_option(&mut self, name: &RawName, node: &Node) {
        let Some(keyword) = names::find(&CREATE_KEYWORDS, &name.value).filter(|name| *name != "runtime")
        else {
            self.host_option(name, node, "create_options");
            return;
        };
        self.note(format!("create_options.{keyword}"), name.span);
        // A null unsets nothing: it is as if the key were not there.
        if node.is_null() {
            return;
        }
        self.note_option(keyword, name.span, node);
        let context = self.builder.context;
        let reader = OptionReader { context, field: format!("create_options.{}", name.value) };
        match keyword {
            "command" => self.settings.command = reader.words(node),
            "entrypoint" => self.settings.entrypoint = reader.words(node),
            "environment" => self.environment(&reader, node),
            "labels" => self.labels(&reader, node),
            "hostname" => {
                self.marks.hostname = Some((reader.field.clone(), name.span));
                self.settings.hostname = reader.text(node);
            }
            "domainname" => self.settings.domainname = reader.text(node),
            "user" => self.settings.user = reader.text(node),
            "working_dir" => self.settings.working_dir = reader.absolute_path(node),
            "stop_signal" => self.settings.stop_signal = stop_signal(&reader, node),
            "stop_timeout" => self.settings.stop_timeout_seconds = seconds(&reader, node),
            "healthcheck" => self.healthcheck(&reader, node),
            "tty" => self.settings.tty = reader.boolean(node).unwrap_or_default(),
            "stdin_open" => self.settings.open_stdin = reader.boolean(node).unwrap_or_default(),
            "ports" => self.exposed_ports(&reader, node),
            "volumes" => self.anonymous_volumes(&reader, node),
            "mac_address" => self.mac_address(&reader, name.span, node),
            "network_disabled" => self.network_disabled(&reader, name.span, node),
            "networking_config" => self.networking_config(&reader, name.span, node),
            "platform" => self.platform = platform(&reader, node),
            "host_config" => self.nested_host_config(&reader, node),
            // Attaching matters to a client that shows output; a deployment has none.
            _ => drop(reader.boolean(node)),
        }
    }

    /// Options that replace a property stand for it; words that come from elsewhere, for themselves.
    fn note_option(&mut self, keyword: &'static str, span: Span, node: &Node) {
        if PROPERTIES.contains(&keyword) {
            self.note(keyword, span);
        }
        for (index, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
            if item.tag.is_some() {
                self.note(format!("create_options.{keyword}.{index}"), item.span);
            }
        }
    }

    fn environment(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for TextEntry { name, value: raw, has_value } in reader.entries(node).unwrap_or_default() {
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("`{name}` cannot name a variable of `{}`", reader.field);
                let diagnostic = Diagnostic::error(message).at(raw.span, "expected a name before the value");
                reader.context.report(diagnostic.help("write `NAME: value`, or `NAME=value` in a list"));
                continue;
            }
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
            } else if let Some(value) = self.builder.context.named_text(&name, &raw) {
                let field = format!("create_options.labels.{name}");
                self.places.insert(field, self.builder.context.place(raw.span));
                self.settings.labels.insert(name, value);
            }
        }
    }

    /// Replaces the property; what it does not say is the image's.
    fn healthcheck(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let mut diagnostics = Diagnostics::new();
        let subject = format!("container `{}`", self.builder.config_name());
        let found = read_healthcheck_option(node, &reader.field, &subject, &mut diagnostics);
        diagnostics.into_iter().for_each(|diagnostic| reader.context.report(diagnostic));
        if let Some(check) = &found {
            let span = |found: Option<Span>| found.unwrap_or(node.span);
            self.note("healthcheck.test", check.test.span);
            self.note("healthcheck.interval", span(check.interval.as_ref().map(|found| found.span)));
            self.note("healthcheck.timeout", span(check.timeout.as_ref().map(|found| found.span)));
            self.note("healthcheck.retries", span(check.retries.as_ref().map(|found| found.span)));
            self.note("healthcheck.start_period", span(check.start_period.as_ref().map(|found| found.span)));
        }
        self.settings.healthcheck = found.as_ref().map(healthcheck);
    }

    /// Paths, as a list or as the API's mapping with empty values.
    fn anonymous_volumes(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let items: Vec<&Node> = match &node.value {
            NodeValue::Mapping(entries) => {
                for (_, value) in entries.iter().filter(|(_, value)| !is_empty(value)) {
                    reader.wrong(value, "`{}`: sources of mounts are for `binds` and `mounts`");
                }
                entries.iter().map(|(path, _)| path).collect()
            }
            NodeValue::Sequence(items) => items.iter().collect(),
            NodeValue::Scalar { .. } => vec![node],
        };
        for item in items {
            let Some(path) = reader.text(item) else { continue };
            if path.starts_with('/') && !path.contains(':') {
                let path = normalized(&path);
                self.note(format!("shares.{path}"), item.span);
                self.settings.anonymous_volumes.insert(path);
            } else {
                reader.wrong_text(item, &path, "a path that begins with `/`, without a source");
            }
        }
    }

    fn nested_host_config(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let NodeValue::Mapping(entries) = &node.value else {
            reader.wrong(node, "a mapping");
            return;
        };
        let named = entries.iter().filter_map(|(key, value)| Some((key.to_name()?, value)));
        let parent = reader.field.as_str();
        let canonical = |name: &str| names::canonical(name).to_owned();
        for (name, value) in names::without_doubles(reader.context, parent, named, canonical) {
            self.host_option(&name, value, parent);
        }
    }

    /// Options of `HostConfig`; `create_options` may hold them, too, as the manual shows.
    fn host_option(&mut self, name: &RawName, node: &Node, parent: &str) {
        let context = self.builder.context;
        let reader = OptionReader { context, field: format!("{parent}.{}", name.value) };
        if let Some(keyword) = names::find(&SHARED_HOST_KEYWORDS, &name.value) {
            if !node.is_null() {
                self.shared_option(&reader, keyword, name.span, node);
            }
        } else if host_options::is_keyword(&name.value) {
            self.plain_host_option(&reader, name, node);
        } else if host_options::WITHOUT_EFFECT.contains(&name.value.as_str()) {
            context.report(
                Diagnostic::warning(format!("`{parent}.{}` has no effect", name.value))
                    .at(name.span, "Engines have not known it for years")
                    .help("remove it"),
            );
        } else {
            self.refuse(name, parent);
        }
    }

    fn plain_host_option(&mut self, reader: &OptionReader<'_>, name: &RawName, node: &Node) {
        let options = &mut self.settings.host_options;
        let Some(api_name) = host_options::read(reader, &name.value, node, options) else { return };
        self.note(format!("host_config.{api_name}"), name.span);
        if api_name == "UTSMode" {
            self.marks.uts_mode = Some((reader.field.clone(), name.span));
        }
        if api_name == "Tmpfs" {
            self.memory_mounts(reader, node.span);
        }
    }

    fn shared_option(&mut self, reader: &OptionReader<'_>, keyword: &str, span: Span, node: &Node) {
        match keyword {
            "binds" => self.binds(reader, node),
            "links" => self.links(reader, node),
            "mounts" => self.detailed_mounts(reader, node),
            "network_mode" => self.network_mode(reader, span, node),
            "volumes_from" => self.volumes_from(reader, node),
            _ => self.port_bindings(reader, node),
        }
    }

    /// What `tmpfs` mounts takes the place of what a property mounts there.
    fn memory_mounts(&mut self, reader: &OptionReader<'_>, span: Span) {
        let mounts = self.settings.host_options.get("Tmpfs").and_then(|mounts| mounts.as_object());
        let paths: Vec<String> = mounts.into_iter().flatten().map(|(path, _)| normalized(path)).collect();
        for path in paths {
            if self.claim_path(reader, &path, span) {
                self.settings.mounts.remove(&path);
                self.settings.anonymous_volumes.remove(&path);
            }
        }
    }

    /// Whether an option may mount there: nothing else is mounted by the same option, or by another
    /// that would be sent beside it. What `create_options` says gives way to `host_config`.
    fn claim_path(&mut self, reader: &OptionReader<'_>, path: &str, span: Span) -> bool {
        let first = self.paths.insert(path.to_owned(), (reader.field.clone(), span));
        let Some((field, first)) = first.filter(|(field, _)| !gives_way(field, &reader.field)) else {
            return true;
        };
        let config_name = self.builder.config_name();
        reader.context.report(
            Diagnostic::error(format!("options of container `{config_name}` mount `{path}` twice"))
                .at(span, format!("mounted by `{}`", reader.field))
                .also(first, format!("mounted by `{field}`"))
                .help("remove one of them"),
        );
        false
    }

    fn refuse(&self, name: &RawName, parent: &str) {
        let keyword = name.value.as_str();
        let context = self.builder.context;
        if let Some((_, version)) = host_options::DROPPED_KEYWORDS.iter().find(|(known, _)| *known == keyword)
        {
            context.report(
                Diagnostic::error(format!("`{parent}.{keyword}` is not supported"))
                    .at(name.span, format!("dropped by version {version} of the Engine's API"))
                    .help("take it out"),
            );
            return;
        }
        let diagnostic = Diagnostic::error(format!("unknown key `{keyword}` in `{parent}`"))
            .at(name.span, "not an option");
        if let Some(help) = names::elsewhere(keyword, parent) {
            return context.report(diagnostic.help(help));
        }
        context.report(match names::nearest(keyword, names::known(parent)) {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic,
        });
    }
}

/// Whether one option replaces the other at a path: the same one in a later mapping.
fn gives_way(first: &str, second: &str) -> bool {
    let keyword = |field: &str| field.rsplit('.').next().map(names::canonical).unwrap_or_default().to_owned();
    first != second && keyword(first) == keyword(second)
}

fn is_empty(node: &Node) -> bool {
    node.is_null() || node.as_mapping().is_some_and(<[_]>::is_empty)
}

fn stop_signal(reader: &OptionReader<'_>, node: &Node) -> Option<String> {
    let typed = reader.text(node)?;
    is_signal(reader, &raw_text(node)?, &typed).then_some(typed)
}

/// Whether the Engine knows that signal; if not, it is reported.
pub(super) fn is_signal(reader: &OptionReader<'_>, raw: &RawText, typed: &str) -> bool {
    if signal::number(typed).is_some() {
        return true;
    }
    let upper = typed.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let nearest = wording::nearest(name, signal::names()).filter(|_| raw.tag.is_none());
    let diagnostic = Diagnostic::error(format!("`{}` is {}", reader.field, shown_value(raw, typed)))
        .at(raw.span, "no signal of this name or number");
    reader.context.report(match nearest {
        Some(nearest) => diagnostic.help(format!("write `SIG{nearest}`")),
        None => diagnostic.help("write a name such as `SIGTERM`, or a number from 1 to 64"),
    });
    false
}

/// `os[/architecture[/variant]]`.
fn platform(reader: &OptionReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?.to_ascii_lowercase();
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let parts: Vec<&str> = text.split('/').collect();
    let is_system = matches!(parts[..], ["linux" | "windows", ..]);
    if parts.len() > 3 || !is_system || !parts.iter().all(|part| is_word(part)) {
        reader.wrong_text(node, &text, "a platform such as `linux/amd64` or `linux/arm/v7`");
        return None;
    }
    Some(text)
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

/// Labels of a network or volume, without those that are dmfab's own.
pub(super) fn item_labels(context: &Context<'_>, field: &str, node: &Node) -> BTreeMap<String, String> {
    let reader = OptionReader { context, field: field.to_owned() };
    let mut labels = BTreeMap::new();
    for (name, raw) in reader.text_entries(node).unwrap_or_default() {
        if is_reserved_label(&name) {
            report_reserved_label(context, &name, raw.span);
        } else if let Some(value) = context.named_text(&name, &raw) {
            labels.insert(name, value);
        }
    }
    labels
}
