//! One container map with inheritance applied, its hosts known, and its names looked up.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::model::spec::{ContainerPattern, MapSpec};
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawContainer, RawHostPath, RawMap, RawName, RawNetwork, RawVolume};
use crate::source::span::Span;

use super::context::Context;
use super::inherit::extended_containers;
use super::selection::HostNames;

/// A map ready to be put on hosts.
pub(super) struct ResolvedMap<'a> {
    pub(super) name: String,
    pub(super) raw: &'a RawMap,
    /// Configurations that are not abstract.
    pub(super) configurations: IndexMap<&'a str, Configuration<'a>>,
    /// Alias and the configurations that attach it.
    attachers: BTreeMap<String, Vec<&'a str>>,
}

/// A configuration with all it inherits.
pub(super) struct Configuration<'a> {
    pub(super) name: &'a RawName,
    pub(super) raw: RawContainer,
    /// Hosts it runs on, in the inventory's order.
    pub(super) host_names: Vec<String>,
}

impl Configuration<'_> {
    /// Instance names, or one nameless instance.
    pub(super) fn instances(&self) -> Vec<Option<&str>> {
        match self.raw.instances.as_slice() {
            [] => vec![None],
            instances => instances.iter().map(|name| Some(name.value.as_str())).collect(),
        }
    }

    fn has_instance(&self, instance_name: &str) -> bool {
        self.raw.instances.iter().any(|name| name.value == instance_name)
    }
}

/// The hosts that maps may run on.
pub(super) struct Landscape<'a> {
    pub(super) host_names: HostNames<'a>,
    /// The host for maps that name none.
    pub(super) default_host: Option<&'a str>,
}

impl<'a> ResolvedMap<'a> {
    pub(super) fn new(context: &Context<'_>, raw: &'a RawMap, landscape: &Landscape<'_>) -> Self {
        let name = raw.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
        let map_hosts = map_hosts(context, raw, &name, landscape);
        let mut configurations = IndexMap::new();
        for (config_name, container) in extended_containers(context, raw) {
            let host_names = if container.clients.is_empty() {
                map_hosts.clone().unwrap_or_default()
            } else {
                choose_hosts(context, &container.clients, landscape)
            };
            let configuration = Configuration { name: config_name, raw: container, host_names };
            configurations.insert(config_name.value.as_str(), configuration);
        }
        let mut map = Self { name, raw, configurations, attachers: BTreeMap::new() };
        map.report_homeless(context, map_hosts.is_none());
        map.attachers = map.find_attachers();
        map
    }

    /// A map whose every configuration says where it runs needs no hosts of its own.
    fn report_homeless(&self, context: &Context<'_>, map_has_no_host: bool) {
        let homeless = self.configurations.values().find(|found| found.raw.clients.is_empty());
        if let (true, Some(configuration)) = (map_has_no_host, homeless) {
            context.report(
                Diagnostic::error(format!("map `{}` runs on no host", self.name))
                    .at(configuration.name.span, "nothing says where this runs")
                    .help("add `clients: [HOST, ...]` to the map, or `default_host: HOST` to the inventory"),
            );
        }
    }

    fn find_attachers(&self) -> BTreeMap<String, Vec<&'a str>> {
        let mut attachers: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
        for (config_name, configuration) in &self.configurations {
            for attach in &configuration.raw.attaches {
                let key = self.attached_key(config_name, &attach.value.name.value);
                attachers.entry(key).or_default().push(config_name);
            }
        }
        attachers
    }

    pub(super) fn uses_parent_names(&self) -> bool {
        self.raw.use_attached_parent_name.as_ref().is_some_and(|flag| flag.value)
    }

    /// How other containers refer to an attached volume: `alias`, or `parent.alias`.
    pub(super) fn attached_key(&self, config_name: &str, alias: &str) -> String {
        if self.uses_parent_names() { format!("{config_name}.{alias}") } else { alias.to_owned() }
    }

    /// Configurations that attach what `uses` names; empty if that is no attached volume.
    pub(super) fn attachers(&self, used_name: &str) -> &[&'a str] {
        self.attachers.get(used_name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn attached_names(&self) -> impl Iterator<Item = &str> {
        self.attachers.keys().map(String::as_str)
    }

    /// The Engine's name of an attached volume, by [`Self::attached_key`].
    pub(super) fn volume_name(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    pub(super) fn container_name(&self, config_name: &str, instance_name: Option<&str>) -> String {
        match instance_name {
            Some(instance_name) => format!("{}.{config_name}.{instance_name}", self.name),
            None => format!("{}.{config_name}", self.name),
        }
    }

    pub(super) fn volume(&self, alias: &str) -> Option<&'a RawVolume> {
        find(&self.raw.volumes, alias)
    }

    pub(super) fn host_path(&self, alias: &str) -> Option<&'a RawHostPath> {
        find(&self.raw.host, alias)
    }

    pub(super) fn network(&self, network_name: &str) -> Option<&'a RawNetwork> {
        find(&self.raw.networks, network_name)
    }

    /// What `config` or `config.instance` means: the configuration and its instances.
    pub(super) fn containers_named(&self, reference: &str) -> Option<(&'a str, Vec<Option<&str>>)> {
        if let Some((config_name, configuration)) = self.find_configuration(reference) {
            return Some((config_name, configuration.instances()));
        }
        let (config_name, instance_name) = reference.split_once('.')?;
        let (config_name, configuration) = self.find_configuration(config_name)?;
        let found = configuration.raw.instances.iter().find(|name| name.value == instance_name)?;
        Some((config_name, vec![Some(found.value.as_str())]))
    }

    fn find_configuration(&self, config_name: &str) -> Option<(&'a str, &Configuration<'a>)> {
        self.configurations.get_key_value(config_name).map(|(name, found)| (*name, found))
    }

    /// Names a link or network mode may refer to: every instance by its full reference.
    pub(super) fn instance_references(&self) -> Vec<String> {
        let of_configuration = |(name, configuration): (&&str, &Configuration<'_>)| -> Vec<String> {
            let reference = |instance: Option<&str>| match instance {
                Some(instance) => format!("{name}.{instance}"),
                None => (*name).to_owned(),
            };
            configuration.instances().into_iter().map(reference).collect()
        };
        self.configurations.iter().flat_map(of_configuration).collect()
    }

    /// What is needed to select items of this map.
    pub(super) fn spec(&self, all_hosts: impl Iterator<Item = String>) -> MapSpec {
        let used_hosts: Vec<&String> =
            self.configurations.values().flat_map(|found| &found.host_names).collect();
        let instances = |configuration: &Configuration<'_>| {
            configuration.raw.instances.iter().map(|name| name.value.clone()).collect()
        };
        MapSpec {
            name: self.name.clone(),
            host_names: all_hosts.filter(|name| used_hosts.contains(&name)).collect(),
            configurations: self
                .configurations
                .iter()
                .map(|(name, configuration)| ((*name).to_owned(), instances(configuration)))
                .collect(),
            groups: self
                .raw
                .groups
                .iter()
                .map(|(name, items)| (name.value.clone(), self.group(items)))
                .collect(),
        }
    }

    fn group(&self, items: &[RawName]) -> Vec<ContainerPattern> {
        items.iter().filter_map(|item| self.pattern(&item.value)).collect()
    }

    /// A group's item; `None` if it is neither a configuration nor an instance.
    pub(super) fn pattern(&self, item: &str) -> Option<ContainerPattern> {
        if self.configurations.contains_key(item) {
            return Some(ContainerPattern { config_name: item.to_owned(), instance_name: None });
        }
        let (config_name, instance_name) = item.split_once('.')?;
        let configuration = self.configurations.get(config_name)?;
        configuration.has_instance(instance_name).then(|| ContainerPattern {
            config_name: config_name.to_owned(),
            instance_name: Some(instance_name.to_owned()),
        })
    }
}

fn find<'a, T>(entries: &'a [(RawName, T)], wanted: &str) -> Option<&'a T> {
    entries.iter().find(|(name, _)| name.value == wanted).map(|(_, value)| value)
}

/// The hosts of a map; `None` if nothing says where it runs.
fn map_hosts(
    context: &Context<'_>,
    raw: &RawMap,
    name: &str,
    landscape: &Landscape<'_>,
) -> Option<Vec<String>> {
    check_name(context, name, raw.name.as_ref().map_or(raw.start.span, |name| name.span));
    match raw.clients.as_slice() {
        [] => landscape.default_host.map(|host| vec![host.to_owned()]),
        terms => Some(choose_hosts(context, terms, landscape)),
    }
}

/// Docker's rule for names, which every name of the map begins with.
fn check_name(context: &Context<'_>, name: &str, span: Span) {
    let is_good = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !is_good {
        context.report(
            Diagnostic::error(format!("`{name}` cannot name a map"))
                .at(span, "letters, digits, `_` and `-`, beginning with a letter or digit")
                .help("add `name: ...` to the map"),
        );
    }
}

/// Terms as `--hosts` takes them, in one text or several; a wrong one is reported where it stands.
fn choose_hosts(context: &Context<'_>, terms: &[RawName], landscape: &Landscape<'_>) -> Vec<String> {
    let texts: Vec<&str> = terms.iter().map(|term| term.value.as_str()).collect();
    let (chosen, errors) = landscape.host_names.select_each(&texts);
    for (index, error) in errors {
        let span = terms.get(index).map(|term| term.span).unwrap_or_default();
        let mut diagnostic = Diagnostic::error(error.message).at(span, "asked for here");
        diagnostic.help = error.help;
        context.report(diagnostic);
    }
    chosen
}
