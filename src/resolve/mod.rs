//! From what was typed to what is wanted of each host. Pure: files, variables in; specs and all
//! mistakes out.
//!
//! ```text
//! RawInventory -> hosts (ranges, defaults, templates, connections)
//! RawMap       -> extends -> integrity -> for each host, configuration and instance:
//!                 names, image, mounts, ports, links, networks, options, dependencies
//! ```

mod addresses;
mod claims;
mod container;
mod context;
mod dependencies;
pub(crate) mod host_options;
mod host_places;
mod hosts;
mod inherit;
mod integrity;
mod map;
mod mounts;
mod once;
mod options;
pub mod origins;
mod places;
mod resources;
pub mod selection;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;

use indexmap::IndexMap;

use crate::model::spec::{FleetSpec, HostSpec};
use crate::model::variables::Variables;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::file::SourceMap;
use crate::source::raw::{RawInventory, RawMap};
use crate::source::span::Spanned;

use container::Builder;
use context::Context;
use hosts::ResolvedHost;
use map::{Landscape, ResolvedMap};

pub(crate) use inherit::merge as merge_container;
pub(crate) use options::names::{OptionsOf, api_name};
use selection::HostNames;

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

impl Commands<'_> {
    fn run_for(self, host_name: &str) -> bool {
        match self {
            Self::Run => true,
            Self::RunFor(host_names) => host_names.iter().any(|name| name == host_name),
            Self::Withhold => false,
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
    let context = Context::new(sources, variables, folder);
    let mut hosts = hosts::resolve_hosts(&context, inventory, folder, commands);
    let host_groups = resolve_groups(&context, inventory, &hosts);
    let host_names: Vec<String> = hosts.keys().cloned().collect();
    let landscape = Landscape {
        host_names: HostNames::new(host_names.iter().map(String::as_str).collect(), &host_groups),
        default_host: default_host(&context, inventory, &host_names),
    };
    let resolved: Vec<ResolvedMap<'_>> =
        maps.iter().map(|map| ResolvedMap::new(&context, map, &landscape)).collect();
    for map in &resolved {
        let has_circles = integrity::check(&context, map);
        put_on_hosts(&context, map, &mut hosts, has_circles, commands);
    }
    let map_specs = resolved.iter().map(|map| map.spec(host_names.iter().cloned())).collect();
    drop(landscape);
    let secrets = context.secrets();
    let with_secrets = |host: ResolvedHost| HostSpec { secrets: secrets.clone(), ..host.spec };
    let hosts = hosts.into_iter().map(|(name, host)| (name, with_secrets(host))).collect();
    (FleetSpec { hosts, host_groups, maps: map_specs }, context.into_diagnostics())
}

/// A map with all that its configurations inherit, without the abstract ones; and what is wrong with
/// its bases.
pub fn extend(map: &RawMap) -> (RawMap, Diagnostics) {
    let (sources, variables) = (SourceMap::new(), Variables::default());
    let context = Context::new(&sources, &variables, Path::new(""));
    let containers = inherit::extended_containers(&context, map);
    let containers = containers.into_iter().map(|(name, container)| (name.clone(), container)).collect();
    (RawMap { containers, ..map.clone() }, context.into_diagnostics())
}

/// What does not fit together in a map, whatever host it runs on.
pub fn check(map: &RawMap) -> Diagnostics {
    let (sources, variables) = (SourceMap::new(), Variables::default());
    let context = Context::new(&sources, &variables, Path::new(""));
    let anywhere = without_clients(map);
    let host_groups = IndexMap::new();
    let landscape =
        Landscape { host_names: HostNames::new(vec![ANYWHERE], &host_groups), default_host: Some(ANYWHERE) };
    integrity::check(&context, &ResolvedMap::new(&context, &anywhere, &landscape));
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
fn resolve_groups(
    context: &Context<'_>,
    inventory: &RawInventory,
    hosts: &IndexMap<String, ResolvedHost>,
) -> IndexMap<String, Vec<String>> {
    let mut groups: IndexMap<String, Vec<String>> = IndexMap::new();
    for (group_name, terms) in &inventory.groups {
        let names = HostNames::new(hosts.keys().map(String::as_str).collect(), &groups);
        let texts: Vec<&str> = terms.iter().map(|term| term.value.as_str()).collect();
        let (members, errors) = if texts.is_empty() { Default::default() } else { names.select_each(&texts) };
        for (index, error) in errors {
            let span = terms.get(index).map_or(group_name.span, |term| term.span);
            let message = format!("group `{}`: {}", group_name.value, error.message);
            let mut diagnostic = Diagnostic::error(message).at(span, "asked for here");
            diagnostic.help = error.help;
            context.report(diagnostic);
        }
        groups.insert(group_name.value.clone(), members);
    }
    groups
}

/// The host for maps that name none: the one the inventory says, or the only one.
fn default_host<'a>(
    context: &Context<'_>,
    inventory: &RawInventory,
    host_names: &'a [String],
) -> Option<&'a str> {
    let Some(wanted) = &inventory.default_host else {
        return match host_names {
            [only] => Some(only),
            _ => host_names.iter().find(|name| *name == "__default__").map(String::as_str),
        };
    };
    let found = host_names.iter().find(|name| **name == wanted.value);
    if found.is_none() {
        let diagnostic =
            Diagnostic::error(format!("`default_host` is `{}`, which is not defined", wanted.value))
                .at(wanted.span, "no host of this name");
        let nearest = crate::wording::nearest(&wanted.value, host_names.iter().map(String::as_str));
        context.report(match nearest {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic,
        });
    }
    found.map(String::as_str)
}

/// Puts the containers, volumes and networks of a map on its hosts. Circles are looked for only
/// where the map as a whole `has_circles` not been told of.
fn put_on_hosts(
    context: &Context<'_>,
    map: &ResolvedMap<'_>,
    hosts: &mut IndexMap<String, ResolvedHost>,
    has_circles: bool,
    commands: Commands<'_>,
) {
    for (host_name, host) in hosts {
        context.set_runs_commands(commands.run_for(host_name));
        let here = |host_names: &[String]| host_names.iter().any(|name| name == host_name);
        let configurations: Vec<_> =
            map.configurations.values().filter(|found| here(&found.host_names)).collect();
        if configurations.is_empty() {
            continue;
        }
        for (name, network) in &map.raw.networks {
            host.spec.networks.push(resources::network(context, &map.name, name, network));
        }
        let mut containers = Vec::new();
        for configuration in configurations {
            integrity::check_neighbours(context, map, configuration, host_name);
            for attach in &configuration.raw.attaches {
                host.spec.volumes.push(resources::volume(context, map, configuration, &attach.value.name));
            }
            for instance_name in configuration.instances() {
                let builder = Builder { context, map, configuration, host, instance_name };
                if let Some(container) = builder.build() {
                    let wishes = builder.wishes(&container);
                    host.claims.add(context, wishes);
                    containers.push(container);
                }
            }
        }
        if !has_circles {
            dependencies::check_circles(context, map, &containers);
        }
        host.spec.containers.extend(containers);
        host.spec.withholds_secrets |= context.take_withheld();
    }
}
