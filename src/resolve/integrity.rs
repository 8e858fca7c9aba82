//! What must fit together in a map. Every finding is reported, each at its place.

use std::collections::HashMap;

use crate::model::network::PRESET_NETWORKS;
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawAttach, RawBind, RawName, RawNetworkMode, RawText};
use crate::source::span::Span;
use crate::wording;

use super::aliases;
use super::context::{Context, value_of};
use super::map::{Configuration, ResolvedMap};
use super::once;
use super::walk::{Circle, walk};

/// So many instances or volumes are offered to choose from.
pub(super) const SHOWN_CHOICES: usize = 10;

/// What each configuration of a map needs, both by number.
pub(super) struct Needs {
    of_configuration: Vec<Vec<usize>>,
    /// Whether some need one another in a circle.
    pub(super) has_circles: bool,
}

/// Checks one map as a whole, before it is put on hosts.
pub(super) fn check(context: &Context<'_>, map: &ResolvedMap<'_>) -> Needs {
    let checker = Checker { context, map };
    checker.groups();
    checker.duplicate_attaches();
    for configuration in map.configurations.values() {
        checker.instances(configuration);
        checker.volumes(configuration);
        checker.uses(configuration);
        checker.links(configuration);
        checker.networks(configuration);
        checker.network_mode(configuration);
        once::check(context, configuration);
        aliases::check(context, configuration);
    }
    let configurations = map.configurations.values().enumerate();
    let of_configuration: Vec<Vec<usize>> =
        configurations.map(|(index, found)| checker.needs(index, found)).collect();
    let has_circles = checker.circles(&of_configuration);
    Needs { of_configuration, has_circles }
}

pub(super) struct Checker<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) map: &'a ResolvedMap<'a>,
}

impl Checker<'_> {
    fn groups(&self) {
        for (group_name, items) in &self.map.raw.groups {
            if self.map.pattern(&group_name.value).is_some() {
                let message = format!("`{}` names both a group and a container", group_name.value);
                let diagnostic = Diagnostic::error(message).at(group_name.span, "a group");
                self.context.report(diagnostic.help("rename the group"));
            }
            for item in items.iter().filter(|item| self.map.pattern(&item.value).is_none()) {
                self.group_item(group_name, item);
            }
        }
    }

    /// Two owners of one volume would each prepare it in their own way.
    fn duplicate_attaches(&self) {
        let mut seen: HashMap<String, (&str, &RawAttach)> = HashMap::new();
        for (config_name, configuration) in &self.map.configurations {
            for attach in configuration.raw.attaches.iter().map(|attach| &attach.value) {
                let key = self.map.attached_key(config_name, &attach.name.value);
                match seen.get(&key) {
                    // That it is mounted twice at one path is told of the container.
                    Some((first_config, first))
                        if first_config == config_name && first.path == attach.path => {}
                    Some((first_config, first)) if first.name.span != attach.name.span => {
                        self.report_second_attach(&key, first, attach, first_config == config_name);
                    }
                    Some(_) => self.report_inherited_attach(&key, &attach.name, configuration),
                    None => drop(seen.insert(key, (config_name, attach))),
                }
            }
        }
    }

    fn report_second_attach(&self, key: &str, first: &RawAttach, second: &RawAttach, is_same: bool) {
        let help = if is_same {
            "take one of the two out"
        } else {
            "let the other container list it under `uses`, or set `use_attached_parent_name`"
        };
        self.context.report(
            Diagnostic::error(format!("volume `{key}` is attached twice"))
                .at(second.name.span, "attached again here")
                .also(first.name.span, "first attached here")
                .help(help),
        );
    }

    fn report_inherited_attach(&self, key: &str, name: &RawName, configuration: &Configuration<'_>) {
        self.context.report(
            Diagnostic::error(format!("volume `{key}` is attached by several containers through `extends`"))
                .at(name.span, "inherited from here")
                .also(configuration.name.span, "one of the heirs")
                .help("set `use_attached_parent_name: true` so that each gets its own"),
        );
    }

    fn instances(&self, configuration: &Configuration<'_>) {
        let mut names = vec![(configuration.name, "a container")];
        names.extend(configuration.raw.instances.iter().map(|name| (name, "an instance")));
        for (name, what) in names {
            if !is_item_name(&name.value) {
                self.context.error(
                    format!("`{}` cannot name {what}", name.value),
                    name.span,
                    "letters, digits, `_` and `-`, beginning with a letter or digit",
                );
            }
        }
    }

    fn volumes(&self, configuration: &Configuration<'_>) {
        for bind in &configuration.raw.binds {
            if let RawBind::Alias { name, .. } = &bind.value {
                let is_unknown =
                    self.map.host_path(&name.value).is_none() && self.map.volume(&name.value).is_none();
                match aliases::bind_of_path(&name.value).filter(|_| is_unknown) {
                    Some(help) => self.no_alias(configuration, name, help),
                    None => {
                        self.host_alias(configuration, name);
                        self.volume_alias(name, false);
                    }
                }
            }
        }
        for attach in &configuration.raw.attaches {
            self.volume_alias(&attach.value.name, attach.value.path.is_some());
        }
    }

    fn host_alias(&self, configuration: &Configuration<'_>, name: &RawName) {
        if self.map.host_path(&name.value).is_none() {
            let message = format!(
                "container `{}` binds `{}`, which has no host path",
                configuration.name.value, name.value
            );
            let known = self.map.raw.host.iter().map(|(alias, _)| alias.value.as_str());
            self.unknown(message, name, "not defined under `host`", known);
        }
    }

    fn volume_alias(&self, name: &RawName, has_own_path: bool) {
        let has_default = self.map.volume(&name.value).is_some_and(|volume| volume.default_path.is_some());
        if !has_own_path && !has_default {
            let message = format!("volume `{}` has no path inside containers", name.value);
            let known = self.map.raw.volumes.iter().map(|(alias, _)| alias.value.as_str());
            self.unknown(message, name, "not defined under `volumes`", known);
        }
    }

    /// What is used is attached by some container, or is a container that has volumes.
    fn uses(&self, configuration: &Configuration<'_>) {
        for used in &configuration.raw.uses {
            let name = &used.value.name;
            if self.map.attacher(&name.value).is_some() {
                continue;
            }
            let subject = format!("container `{}` uses `{}`", configuration.name.value, name.value);
            if self.map.referred(&name.value).is_none() {
                let known = self.map.attached_names().chain(self.map.all_references());
                let message = format!("{subject}, which nobody attaches");
                self.unknown(message, name, "no attached volume or container of this name", known);
                continue;
            }
            self.one_container(name, &subject, &[]);
            self.used_container(name, &subject, used.value.path.as_ref());
        }
    }

    /// All volumes of a container, at the paths where it has them.
    fn used_container(&self, name: &RawName, subject: &str, path: Option<&RawText>) {
        if let Some(path) = path {
            self.context.report(
                Diagnostic::warning(format!("{subject}, all of whose volumes have their own paths"))
                    .at(path.span, "has no effect")
                    .help("take the path out, or use a volume that the container attaches"),
            );
        }
        let Some(referred) = self.map.referred(&name.value) else { return };
        let (config_name, raw) = (&referred.configuration.name.value, &referred.configuration.raw);
        if !(raw.shares.is_empty() && raw.binds.is_empty() && raw.uses.is_empty()) {
            return;
        }
        let keys: Vec<String> = raw
            .attaches
            .iter()
            .take(SHOWN_CHOICES)
            .map(|attach| self.map.attached_key(config_name, &attach.value.name.value))
            .collect();
        let (message, help) = match keys.as_slice() {
            [] => (format!("{subject}, which has no volumes"), "take it out, or give it `shares`".to_owned()),
            keys => (
                format!("{subject}, which has only attached volumes"),
                format!("write {}", wording::one_of(keys)),
            ),
        };
        self.context.report(Diagnostic::error(message).at(name.span, "a container").help(help));
    }

    fn links(&self, configuration: &Configuration<'_>) {
        let endpoint_links = configuration.raw.networks.iter().flat_map(|endpoint| &endpoint.value.links);
        for link in configuration.raw.links.iter().chain(endpoint_links) {
            let target = &link.value.container;
            self.one_container(
                target,
                &format!("container `{}` links to `{}`", configuration.name.value, target.value),
                &[],
            );
        }
    }

    /// A reference that must mean exactly one container; `modes` may stand in its place.
    fn one_container(&self, target: &RawName, subject: &str, modes: &[&str]) {
        match self.map.referred(&target.value) {
            None => self.no_container(target, subject, modes),
            Some(referred) if referred.count() > 1 => {
                let config_name = &referred.configuration.name.value;
                let named: Vec<String> = referred
                    .instances()
                    .flatten()
                    .take(SHOWN_CHOICES)
                    .map(|instance| format!("{config_name}.{instance}"))
                    .collect();
                self.context.report(
                    Diagnostic::error(format!("{subject}, which has several instances"))
                        .at(target.span, "which one?")
                        .help(format!("write {}", wording::one_of(&named))),
                );
            }
            Some(_) => {}
        }
    }

    fn networks(&self, configuration: &Configuration<'_>) {
        for endpoint in &configuration.raw.networks {
            let name = &endpoint.value.network;
            if self.map.network(&name.value).is_some() || name.value == "bridge" {
                continue;
            }
            if PRESET_NETWORKS.contains(&name.value.as_str()) {
                let message =
                    format!("container `{}` joins `{}` as a network", configuration.name.value, name.value);
                let diagnostic = Diagnostic::error(message).at(name.span, "a network mode");
                self.context.report(diagnostic.help(format!("write `network_mode: {}`", name.value)));
            } else {
                let message = format!(
                    "container `{}` joins `{}`, which is not defined",
                    configuration.name.value, name.value
                );
                let known = self.map.raw.networks.iter().map(|(known, _)| known.value.as_str());
                self.unknown(message, name, "no network of this name", known.chain(["bridge"]));
            }
        }
    }

    fn network_mode(&self, configuration: &Configuration<'_>) {
        let Some(mode) = value_of(&configuration.raw.network_mode) else { return };
        if let RawNetworkMode::Container { config, instance } = &mode.value {
            let reference = match instance {
                Some(instance) => format!("{config}.{instance}"),
                None => config.clone(),
            };
            let target = RawName::new(reference, mode.span);
            let subject =
                format!("container `{}` shares the network of `{}`", configuration.name.value, target.value);
            self.one_container(&target, &subject, &["host", "none"]);
        }
        if let RawNetworkMode::Foreign(name) = &mode.value
            && self.map.referred(name).is_some()
        {
            let config_name = &configuration.name.value;
            let message =
                format!("container `{config_name}` shares the network of a `{name}` that no map manages");
            self.context.report(
                Diagnostic::warning(message)
                    .at(mode.span, "the map has a container of this name, too")
                    .help(format!("write `{name}` if that is meant")),
            );
        }
        let is_default = matches!(&mode.value, RawNetworkMode::Preset(name) if name != "host");
        if is_default {
            return;
        }
        self.conflict(
            configuration,
            mode.span,
            "networks",
            super::inherit::first_span(&configuration.raw.networks),
        );
        let published = configuration.raw.exposes.iter().find(|port| port.value.host_port.is_some());
        self.conflict(configuration, mode.span, "published ports", published.map(|port| port.span));
    }

    fn conflict(&self, configuration: &Configuration<'_>, mode_span: Span, what: &str, other: Option<Span>) {
        if let Some(other) = other {
            self.context.report(
                Diagnostic::error(format!(
                    "container `{}` has both `network_mode` and {what}",
                    configuration.name.value
                ))
                .at(mode_span, "has no network of its own")
                .also(other, "needs one")
                .help("drop one of the two"),
            );
        }
    }

    pub(super) fn unknown<'n>(
        &self,
        message: String,
        name: &RawName,
        label: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let diagnostic = Diagnostic::error(message).at(name.span, label);
        let nearest = self.context.nearest(&name.value, known);
        if name.value.starts_with('/') && nearest.is_none() {
            let help = format!("give it a name: `ALIAS: {}`", name.value);
            return self.context.report(diagnostic.help(help));
        }
        self.context.report(match nearest {
            Some(nearest) if nearest != name.value => diagnostic.help(format!("write `{nearest}`")),
            _ => diagnostic,
        });
    }

    /// Containers that need one another in a circle can never be started.
    fn circles(&self, needs: &[Vec<usize>]) -> bool {
        let mut found = false;
        walk(
            needs,
            |circle| {
                self.report_circle(&circle);
                found = true;
            },
            |_| {},
        );
        found
    }

    /// Numbers of the configurations that one needs directly.
    fn needs(&self, index: usize, configuration: &Configuration<'_>) -> Vec<usize> {
        let raw = &configuration.raw;
        let mut needed: Vec<usize> = Vec::new();
        if let Some(RawNetworkMode::Container { config, .. }) =
            value_of(&raw.network_mode).map(|mode| &mode.value)
        {
            needed.extend(self.map.configurations.get_index_of(config.as_str()));
        }
        let endpoint_links = raw.networks.iter().flat_map(|endpoint| &endpoint.value.links);
        let index_of = |reference: &str| self.map.referred(reference).map(|referred| referred.index);
        for link in raw.links.iter().chain(endpoint_links) {
            needed.extend(index_of(&link.value.container.value));
        }
        for used in &raw.uses {
            let name = &used.value.name.value;
            match self.map.attacher(name) {
                // A container that uses what it attaches itself needs nobody else.
                Some(attacher) => needed.extend((attacher != index).then_some(attacher)),
                None => needed.extend(index_of(name)),
            }
        }
        needed
    }

    fn report_circle(&self, circle: &Circle) {
        let found = |member: usize| self.map.configurations.get_index(member);
        let name_of = |member: usize| found(member).map_or("", |(name, _)| *name);
        let message = match circle.members() {
            [only] => format!("container `{}` depends on itself", name_of(*only)),
            _ => format!("circular dependency: {}", circle.shown(name_of)),
        };
        let mut diagnostic = Diagnostic::error(message);
        let spans = circle.members().iter().filter_map(|member| Some(found(*member)?.1.name.span));
        for (index, span) in spans.enumerate() {
            diagnostic = if index == 0 {
                diagnostic.at(span, "starts here")
            } else {
                diagnostic.also(span, "by way of")
            };
        }
        self.context.report(diagnostic.help("take out one of the links, uses or network modes"));
    }
}

/// What containers, volumes and networks may be called, as a part of their names at the Engine.
pub(super) fn is_item_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Every dependency of a container must be on the same host, here the one of a name and position.
pub(super) fn check_neighbours(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    needs: &Needs,
    index: usize,
    (host_name, position): (&str, usize),
) {
    let Some((config_name, configuration)) = map.configurations.get_index(index) else { return };
    let needed = needs.of_configuration.get(index).map(Vec::as_slice).unwrap_or_default();
    for (needed, other) in needed.iter().filter_map(|needed| map.configurations.get_index(*needed)) {
        if !other.runs_on(position) {
            context.report(
                Diagnostic::error(format!(
                    "container `{config_name}` needs `{needed}`, which does not run on host `{host_name}`",
                ))
                .at(configuration.name.span, "runs there")
                .also(other.name.span, "does not")
                .help("give both the same `clients`"),
            );
        }
    }
}
