//! From what was typed to what is wanted of each host. Pure: files, variables in; specs and all
//! mistakes out.
//!
//! ```text
//! RawInventory -> hosts (ranges, defaults, templates, connections)
//! RawMap       -> extends -> integrity -> for each host, configuration and instance:
//!                 names, image, mounts, ports, links, networks, options, dependencies
//! ```

mod addresses;
mod aliases;
mod claims;
mod container;
mod context;
mod dependencies;
mod engine_url;
pub(crate) mod host_options;
mod host_places;
mod hosts;
mod images;
mod inherit;
mod integrity;
mod logins;
mod map;
mod mounts;
mod once;
mod options;
pub mod origins;
mod places;
mod references;
mod resources;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod scale;
pub mod selection;
#[cfg(test)]
mod tests;
mod values;
mod walk;
mod written_paths;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::model::spec::{FleetSpec, HostSpec, MapSpec};
use crate::model::variables::Variables;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::file::SourceMap;
use crate::source::raw::{RawHost, RawInventory, RawMap, RawName};
use crate::source::span::Spanned;

use claims::Claims;
use container::Builder;
use context::Context;
use hosts::ResolvedHost;
use integrity::Needs;
use map::{Landscape, ResolvedMap};

pub(crate) use inherit::merge as merge_container;
pub(crate) use options::names::{OptionsOf, api_name};
use selection::HostNames;

pub use context::Limits;

/// For which hosts commands are run that print secrets. On other hosts such a secret is withheld:
/// its value is `[redacted]`, and [`HostSpec::withholds_secrets`] says so.
#[derive(Debug, Clone, Copy)]
pub enum Commands<'a> {
    /// For all hosts.
    Run,
    /// For these hosts.
    RunFor(&'a [String]),
    /// For none.
    Withhold,
}

/// [`Commands`] with the hosts looked up by name.
enum RunFor<'a> {
    All,
    Some(HashSet<&'a str>),
}

impl RunFor<'_> {
    fn run_for(&self, host_name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(host_names) => host_names.contains(host_name),
        }
    }
}

impl<'a> From<Commands<'a>> for RunFor<'a> {
    fn from(commands: Commands<'a>) -> Self {
        match commands {
            Commands::Run => Self::All,
            Commands::RunFor(host_names) => Self::Some(host_names.iter().map(String::as_str).collect()),
            Commands::Withhold => Self::Some(HashSet::new()),
        }
    }
}

/// Resolves an inventory and its maps.
///
/// `folder` is where relative paths of the inventory start. The fleet is complete only if there
/// are no errors among the diagnostics.
pub fn resolve(
    inventory: &RawInventory,
    maps: &[RawMap],
    sources: &SourceMap,
    variables: &Variables,
    folder: &Path,
    commands: Commands<'_>,
) -> (FleetSpec, Diagnostics) {
    resolve_within(inventory, maps, sources, variables, folder, commands, Limits::default())
}

/// As [`resolve`], for those who read files of strangers and want less to come of them.
pub fn resolve_within(
    inventory: &RawInventory,
    maps: &[RawMap],
    sources: &SourceMap,
    variables: &Variables,
    folder: &Path,
    commands: Commands<'_>,
    limits: Limits,
) -> (FleetSpec, Diagnostics) {
    let context = Context::new(sources, variables, folder, limits);
    let mut hosts = hosts::resolve_hosts(&context, inventory, folder, &commands.into());
    let all_names: Vec<String> = hosts.keys().cloned().collect();
    let no_groups = IndexMap::new();
    let mut host_names = HostNames::new(all_names.iter().map(String::as_str).collect(), &no_groups);
    let host_groups = resolve_groups(&context, inventory, &all_names, &mut host_names);
    let default_host = default_host(&context, inventory, &all_names);
    let landscape = Landscape { host_names, default_host };
    let resolved: Vec<ResolvedMap<'_>> =
        maps.iter().map(|map| ResolvedMap::new(&context, map, &landscape)).collect();
    for map in &resolved {
        let needs = integrity::check(&context, map);
        put_on_hosts(&context, map, &needs, &mut hosts);
    }
    let map_specs: Vec<MapSpec> = resolved.iter().map(|map| map.spec(&all_names)).collect();
    let secrets = context.secrets();
    let map_names: BTreeSet<String> = map_specs.iter().map(|map| map.name.clone()).collect();
    let map_names = Arc::new(map_names);
    let completed = |host: ResolvedHost| HostSpec {
        secrets: secrets.clone(),
        map_names: Arc::clone(&map_names),
        ..host.spec
    };
    let hosts = hosts.into_iter().map(|(name, host)| (name, completed(host))).collect();
    (FleetSpec { hosts, host_groups, maps: map_specs }, context.into_diagnostics())
}

/// A map with all that its configurations inherit, without the abstract ones; and what is wrong with
/// its bases.
pub fn extend(map: &RawMap) -> (RawMap, Diagnostics) {
    let (sources, variables) = (SourceMap::new(), Variables::default());
    let context = Context::new(&sources, &variables, Path::new(""), Limits::default());
    let containers = inherit::extended_containers(&context, map);
    let containers =
        containers.into_iter().map(|(name, container)| (name.clone(), container.into_owned())).collect();
    (RawMap { containers, ..map.clone() }, context.into_diagnostics())
}

/// What is wrong with a map, whatever host it runs on. Values from outside the files are left alone.
pub fn check(map: &RawMap) -> Diagnostics {
    let (sources, variables) = (SourceMap::new(), Variables::default());
    let context = Context::new(&sources, &variables, Path::new(""), Limits::default());
    check_anywhere(context.without_outside(), map)
}

/// As [`check`], with values from outside the files; commands that print secrets are not run.
pub fn check_with(map: &RawMap, sources: &SourceMap, variables: &Variables, folder: &Path) -> Diagnostics {
    check_anywhere(Context::new(sources, variables, folder, Limits::default()), map)
}

fn check_anywhere(context: Context<'_>, map: &RawMap) -> Diagnostics {
    let map = without_clients(map);
    let anywhere = (Spanned::new(ANYWHERE.to_owned(), map.start.span), RawHost::default());
    let inventory = RawInventory { hosts: vec![anywhere], ..RawInventory::default() };
    let mut hosts = hosts::resolve_hosts(&context, &inventory, Path::new(""), &Commands::Withhold.into());
    for host in hosts.values_mut() {
        host.is_anywhere = true;
    }
    let host_groups = IndexMap::new();
    let landscape =
        Landscape { host_names: HostNames::new(vec![ANYWHERE], &host_groups), default_host: Some(0) };
    let resolved = ResolvedMap::new(&context, &map, &landscape);
    let needs = integrity::check(&context, &resolved);
    put_on_hosts(&context, &resolved, &needs, &mut hosts);
    drop(resolved);
    context.into_diagnostics()
}

/// A host for maps that are looked at without an inventory.
const ANYWHERE: &str = "__default__";

fn without_clients(map: &RawMap) -> RawMap {
    let mut anywhere = RawMap { clients: Vec::new(), ..map.clone() };
    // Without a name nothing is called by it yet.
    anywhere.name.get_or_insert_with(|| Spanned::new("map".to_owned(), map.start.span));
    for (_, container) in &mut anywhere.containers {
        container.clients.clear();
    }
    anywhere
}

/// Members of each group in the inventory's order; groups may name other groups that stand before.
fn resolve_groups<'a>(
    context: &Context<'_>,
    inventory: &'a RawInventory,
    all_names: &[String],
    host_names: &mut HostNames<'a>,
) -> IndexMap<String, Vec<String>> {
    let mut groups: IndexMap<String, Vec<String>> = IndexMap::new();
    for (group_name, terms) in &inventory.groups {
        let texts: Vec<&str> = terms.iter().map(|term| term.value.as_str()).collect();
        let (members, errors) =
            if texts.is_empty() { Default::default() } else { host_names.select_each(&texts) };
        for (index, error) in errors {
            let span = terms.get(index).map_or(group_name.span, |term| term.span);
            let message = format!("group `{}`: {}", group_name.value, error.message);
            let mut diagnostic = Diagnostic::error(message).at(span, "asked for here");
            let is_later =
                |(later, _): &&(RawName, Vec<RawName>)| texts[index].contains(&format!("@{}", **later));
            diagnostic.help = match inventory.groups.iter().find(is_later) {
                Some((later, _)) => Some(format!("move group `{}` above this one", **later)),
                None => error.help,
            };
            context.report(diagnostic);
        }
        if !context.spend(members.len(), group_name.span) {
            return groups;
        }
        let names = members.iter().map(|position| all_names[*position].clone());
        groups.insert(group_name.value.clone(), names.collect());
        host_names.add_group(&group_name.value, members);
    }
    groups
}

/// Position of the host for maps that name none: the one the inventory says, or the only one.
fn default_host(context: &Context<'_>, inventory: &RawInventory, all_names: &[String]) -> Option<usize> {
    let position = |wanted: &str| all_names.iter().position(|name| name == wanted);
    let Some(wanted) = &inventory.default_host else {
        return if all_names.len() == 1 { Some(0) } else { position("__default__") };
    };
    let found = position(&wanted.value);
    if found.is_none() {
        let diagnostic =
            Diagnostic::error(format!("`default_host` is `{}`, which is not defined", wanted.value))
                .at(wanted.span, "no host of this name");
        let nearest = context.nearest(&wanted.value, all_names.iter().map(String::as_str));
        context.report(match nearest {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic,
        });
    }
    found
}

/// Puts the containers, volumes and networks of a map on its hosts, as far as the limits allow.
fn put_on_hosts(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    needs: &Needs,
    hosts: &mut IndexMap<String, ResolvedHost>,
) {
    let placements = map.configurations.values().map(|found| found.hosts.len()).sum();
    if !context.can_spend(placements, map.raw.start.span) {
        return;
    }
    let mut by_host: Vec<Vec<usize>> = vec![Vec::new(); hosts.len()];
    for (index, configuration) in map.configurations.values().enumerate() {
        for position in configuration.hosts.iter() {
            by_host[*position].push(index);
        }
    }
    for (indexes, host) in by_host.iter().zip(hosts.values_mut()).filter(|(indexes, _)| !indexes.is_empty()) {
        context.set_runs_commands(host.runs_commands);
        let is_complete = put_on_host(context, map, needs, host, indexes).is_some();
        host.spec.withholds_secrets |= context.take_withheld();
        if !is_complete {
            return;
        }
    }
}

/// Puts configurations on one host; `None` when the limits are reached.
fn put_on_host(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    needs: &Needs,
    host: &mut ResolvedHost,
    indexes: &[usize],
) -> Option<()> {
    context.spend(map.networks_weight, map.raw.start.span).then_some(())?;
    for (name, network) in &map.raw.networks {
        host.spec.networks.push(resources::network(context, &map.name, name, network));
    }
    let mut containers = Vec::new();
    for index in indexes {
        integrity::check_neighbours(context, map, needs, *index, (&host.spec.name, host.position));
        let configuration = &map.configurations[*index];
        for attach in &configuration.raw.attaches {
            host.spec.volumes.push(resources::volume(context, map, configuration, &attach.value.name));
        }
        for instance_name in configuration.instances() {
            context.spend(configuration.weight, configuration.name.span).then_some(())?;
            let builder = Builder { context, map, configuration, host, instance_name };
            if let Some(container) = builder.build() {
                let wishes = builder.wishes(&container);
                if host.is_anywhere {
                    Claims::default().add(context, wishes);
                } else {
                    host.claims.add(context, wishes);
                }
                containers.push(container);
            }
        }
    }
    // For the map as a whole, circles have been looked for; where it has some, they have been told.
    if !needs.has_circles {
        dependencies::check_circles(context, map, &containers);
    }
    host.spec.containers.extend(containers);
    Some(())
}
