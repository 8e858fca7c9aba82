//! One container map with inheritance applied, its hosts known, and its names looked up.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use indexmap::IndexMap;

use crate::model::spec::{ContainerPattern, MapSpec};
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawContainer, RawHostPath, RawMap, RawName, RawNetwork, RawText, RawVolume};
use crate::source::span::Span;
use crate::source::weight;

use super::context::Context;
use super::inherit::extended_containers;
use super::selection::HostNames;

/// Where in a list a name stands.
type Positions = HashMap<String, usize>;

/// A map ready to be put on hosts.
pub(super) struct ResolvedMap<'a> {
    pub(super) name: String,
    pub(super) raw: &'a RawMap,
    /// Configurations that are not abstract.
    pub(super) configurations: IndexMap<&'a str, Configuration<'a>>,
    /// What the networks cost on each host.
    pub(super) networks_weight: usize,
    volumes: HashMap<&'a str, &'a RawVolume>,
    host_paths: HashMap<&'a str, &'a RawHostPath>,
    networks: HashMap<&'a str, &'a RawNetwork>,
    /// Positions of instances in lists of host paths, by where the list is in memory.
    path_positions: RefCell<HashMap<usize, Positions>>,
    /// Alias and the configuration that attaches it: the first, if there are several by mistake.
    attachers: IndexMap<String, usize>,
    /// Full name of each container, and the number of its configuration.
    container_names: HashMap<String, usize>,
    references: OnceCell<Vec<String>>,
}

/// A configuration with all it inherits.
pub(super) struct Configuration<'a> {
    pub(super) name: &'a RawName,
    pub(super) raw: Cow<'a, RawContainer>,
    /// Positions of the hosts it runs on, in the inventory's order.
    pub(super) hosts: Rc<[usize]>,
    /// What each of its containers costs.
    pub(super) weight: usize,
    /// Instance names and their positions.
    instances: Positions,
    /// Paths of attached volumes that have one of their own, by alias.
    attached_paths: HashMap<String, RawText>,
}

impl<'a> Configuration<'a> {
    fn new(name: &'a RawName, raw: Cow<'a, RawContainer>, hosts: Rc<[usize]>) -> Self {
        let weight = weight::of_container(&raw);
        let mut instances = Positions::new();
        for (position, name) in raw.instances.iter().enumerate() {
            instances.entry(name.value.clone()).or_insert(position);
        }
        let mut attached_paths = HashMap::new();
        for attach in raw.attaches.iter().map(|attach| &attach.value) {
            if let Some(path) = &attach.path {
                attached_paths.entry(attach.name.value.clone()).or_insert_with(|| path.clone());
            }
        }
        Self { name, raw, hosts, weight, instances, attached_paths }
    }

    /// Instance names, or one nameless instance.
    pub(super) fn instances(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        let count = self.raw.instances.len();
        (0..count.max(1)).map(|position| self.raw.instances.get(position).map(|name| name.value.as_str()))
    }

    /// Where an instance is declared.
    pub(super) fn instance_span(&self, instance_name: &str) -> Option<Span> {
        let position = *self.instances.get(instance_name)?;
        self.raw.instances.get(position).map(|name| name.span)
    }

    /// Where a volume that it attaches is mounted, if that is not the alias' own path.
    pub(super) fn attached_path(&self, alias: &str) -> Option<&RawText> {
        self.attached_paths.get(alias)
    }

    /// Whether it runs on the host of a position.
    pub(super) fn runs_on(&self, position: usize) -> bool {
        self.hosts.binary_search(&position).is_ok()
    }
}

/// Containers that a reference means.
pub(super) struct Referred<'m, 'a> {
    /// Number of the configuration.
    pub(super) index: usize,
    pub(super) configuration: &'m Configuration<'a>,
    /// The one instance that is meant; `None` means all.
    pub(super) instance_name: Option<&'m str>,
}

impl<'m> Referred<'m, '_> {
    pub(super) fn count(&self) -> usize {
        if self.instance_name.is_some() { 1 } else { self.configuration.instances().len() }
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = Option<&'m str>> {
        let all = self.configuration.instances().filter(|_| self.instance_name.is_none());
        self.instance_name.into_iter().map(Some).chain(all)
    }
}

/// The hosts that maps may run on.
pub(super) struct Landscape<'a> {
    pub(super) host_names: HostNames<'a>,
    /// Position of the host for maps that name none.
    pub(super) default_host: Option<usize>,
}

impl<'a> ResolvedMap<'a> {
    pub(super) fn new(context: &Context<'_>, raw: &'a RawMap, landscape: &Landscape<'_>) -> Self {
        let name = raw.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
        let map_hosts = map_hosts(context, raw, &name, landscape);
        let mut configurations = IndexMap::new();
        for (config_name, container) in extended_containers(context, raw) {
            let hosts = if container.clients.is_empty() {
                map_hosts.clone().unwrap_or_default()
            } else {
                choose_hosts(context, &container.clients, landscape)
            };
            let configuration = Configuration::new(config_name, container, hosts);
            configurations.insert(config_name.value.as_str(), configuration);
        }
        let mut map = Self {
            name,
            raw,
            configurations,
            networks_weight: weight::of_networks(raw),
            volumes: by_name(&raw.volumes),
            host_paths: by_name(&raw.host),
            networks: by_name(&raw.networks),
            path_positions: RefCell::default(),
            attachers: IndexMap::new(),
            container_names: HashMap::new(),
            references: OnceCell::new(),
        };
        map.report_homeless(context, map_hosts.is_none());
        map.attachers = map.find_attachers();
        map.container_names = map.find_container_names();
        map
    }

    /// A map whose every configuration says where it runs needs no hosts of its own.
    fn report_homeless(&self, context: &Context<'_>, map_has_no_host: bool) {
        let homeless = self.configurations.values().find(|found| found.raw.clients.is_empty());
        if let (true, Some(configuration)) = (map_has_no_host, homeless) {
            context.report(
                Diagnostic::error(format!("map `{}` runs on no host", self.name))
                    .at(configuration.name.span, "nothing says where this runs")
                    .help("add `clients: [HOST, ...]` to the map, or `default_host: HOST` beside the `hosts` of an inventory"),
            );
        }
    }

    fn find_attachers(&self) -> IndexMap<String, usize> {
        let mut attachers = IndexMap::new();
        for (index, (config_name, configuration)) in self.configurations.iter().enumerate() {
            for attach in &configuration.raw.attaches {
                let key = self.attached_key(config_name, &attach.value.name.value);
                attachers.entry(key).or_insert(index);
            }
        }
        attachers
    }

    fn find_container_names(&self) -> HashMap<String, usize> {
        let mut names = HashMap::new();
        for (index, (config_name, configuration)) in self.configurations.iter().enumerate() {
            let instances = configuration.instances();
            names.extend(instances.map(|instance| (self.container_name(config_name, instance), index)));
        }
        names
    }

    pub(super) fn uses_parent_names(&self) -> bool {
        self.raw.use_attached_parent_name.as_ref().is_some_and(|flag| flag.value)
    }

    /// How other containers refer to an attached volume: `alias`, or `parent.alias`.
    pub(super) fn attached_key(&self, config_name: &str, alias: &str) -> String {
        if self.uses_parent_names() { format!("{config_name}.{alias}") } else { alias.to_owned() }
    }

    /// Number of the configuration that attaches what `uses` names, if that is an attached volume.
    pub(super) fn attacher(&self, used_name: &str) -> Option<usize> {
        self.attachers.get(used_name).copied()
    }

    pub(super) fn attached_names(&self) -> impl Iterator<Item = &str> {
        self.attachers.keys().map(String::as_str)
    }

    /// As [`Self::attacher`], by the Engine's name of the volume.
    pub(super) fn attacher_of_volume(&self, volume_name: &str) -> Option<usize> {
        self.attacher(volume_name.strip_prefix(&self.name)?.strip_prefix('.')?)
    }

    /// Number of the configuration that a container belongs to, by its full name.
    pub(super) fn configuration_of(&self, container_name: &str) -> Option<usize> {
        self.container_names.get(container_name).copied()
    }

    /// Whether a configuration, by its number, runs on the host of a position.
    pub(super) fn runs_on(&self, index: usize, position: usize) -> bool {
        self.configurations.get_index(index).is_some_and(|(_, found)| found.runs_on(position))
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
        self.volumes.get(alias).copied()
    }

    pub(super) fn host_path(&self, alias: &str) -> Option<&'a RawHostPath> {
        self.host_paths.get(alias).copied()
    }

    /// The path of one instance in a list of host paths, which is part of this map.
    pub(super) fn path_of_instance<'p>(
        &self,
        paths: &'p [(RawName, RawText)],
        instance_name: &str,
    ) -> Option<&'p RawText> {
        let position_of =
            |(position, (name, _)): (usize, &(RawName, RawText))| (name.value.clone(), position);
        let mut all_positions = self.path_positions.borrow_mut();
        let positions = all_positions
            .entry(paths.as_ptr().addr())
            .or_insert_with(|| paths.iter().enumerate().map(position_of).collect());
        let (_, path) = paths.get(*positions.get(instance_name)?)?;
        Some(path)
    }

    pub(super) fn network(&self, network_name: &str) -> Option<&'a RawNetwork> {
        self.networks.get(network_name).copied()
    }

    /// What `config` or `config.instance` means.
    pub(super) fn referred(&self, reference: &str) -> Option<Referred<'_, 'a>> {
        if let Some((index, _, configuration)) = self.configurations.get_full(reference) {
            return Some(Referred { index, configuration, instance_name: None });
        }
        let (config_name, instance_name) = reference.split_once('.')?;
        let (index, _, configuration) = self.configurations.get_full(config_name)?;
        let (instance_name, _) = configuration.instances.get_key_value(instance_name)?;
        Some(Referred { index, configuration, instance_name: Some(instance_name) })
    }

    /// Names a link or network mode may refer to: every instance by its full reference.
    pub(super) fn instance_references(&self) -> &[String] {
        self.references.get_or_init(|| {
            let of_configuration = |(name, configuration): (&&str, &Configuration<'_>)| -> Vec<String> {
                let reference = |instance: Option<&str>| match instance {
                    Some(instance) => format!("{name}.{instance}"),
                    None => (*name).to_owned(),
                };
                configuration.instances().map(reference).collect()
            };
            self.configurations.iter().flat_map(of_configuration).collect()
        })
    }

    /// All that a group or `uses` may refer to: configurations, and their instances.
    pub(super) fn all_references(&self) -> impl Iterator<Item = &str> {
        let configurations = self.configurations.keys().copied();
        configurations.chain(self.instance_references().iter().map(String::as_str))
    }

    /// What is needed to select items of this map.
    pub(super) fn spec(&self, all_hosts: &[String]) -> MapSpec {
        // Most configurations share one list of hosts.
        let mut lists: Vec<&[usize]> = self.configurations.values().map(|found| &*found.hosts).collect();
        lists.sort_by_key(|hosts| (hosts.as_ptr(), hosts.len()));
        lists.dedup_by_key(|hosts| (hosts.as_ptr(), hosts.len()));
        let used: BTreeSet<usize> = lists.into_iter().flatten().copied().collect();
        let instances = |configuration: &Configuration<'_>| {
            configuration.raw.instances.iter().map(|name| name.value.clone()).collect()
        };
        MapSpec {
            name: self.name.clone(),
            host_names: used.into_iter().filter_map(|position| all_hosts.get(position).cloned()).collect(),
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
        configuration.instances.contains_key(instance_name).then(|| ContainerPattern {
            config_name: config_name.to_owned(),
            instance_name: Some(instance_name.to_owned()),
        })
    }
}

fn by_name<T>(entries: &[(RawName, T)]) -> HashMap<&str, &T> {
    let mut by_name = HashMap::with_capacity(entries.len());
    for (name, value) in entries {
        by_name.entry(name.value.as_str()).or_insert(value);
    }
    by_name
}

/// The hosts of a map; `None` if nothing says where it runs.
fn map_hosts(
    context: &Context<'_>,
    raw: &RawMap,
    name: &str,
    landscape: &Landscape<'_>,
) -> Option<Rc<[usize]>> {
    check_name(context, name, raw.name.as_ref().map_or(raw.start.span, |name| name.span));
    match raw.clients.as_slice() {
        [] => landscape.default_host.map(|host| Rc::from([host])),
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
fn choose_hosts(context: &Context<'_>, terms: &[RawName], landscape: &Landscape<'_>) -> Rc<[usize]> {
    let texts: Vec<&str> = terms.iter().map(|term| term.value.as_str()).collect();
    let (chosen, errors) = landscape.host_names.select_each(&texts);
    for (index, error) in errors {
        let span = terms.get(index).map(|term| term.span).unwrap_or_default();
        let mut diagnostic = Diagnostic::error(error.message).at(span, "asked for here");
        diagnostic.help = error.help;
        context.report(diagnostic);
    }
    chosen.into()
}
