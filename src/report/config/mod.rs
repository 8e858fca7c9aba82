//! The resolved configuration of hosts, and where each value of it comes from.
//!
//! One tree of values with origins is made for each host. It gives the YAML for people, with the
//! origins as comments, and the JSON document for programs, with the origins in a structure of
//! their own; so both show the same. The trees of a large fleet would take much memory: each is
//! dropped before the next one is made.

mod container;
mod fields;
mod host;
mod tree;
mod yaml;

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::model::item::ContainerId;
use crate::model::origin::{Origin, Origins};
use crate::model::spec::{FleetSpec, HostSpec};

use host::HostTrees;
use tree::Tree;

use super::json::VERSION;

/// The document of `config`.
pub struct ConfigDocument<'a> {
    /// The fleet.
    pub fleet: &'a FleetSpec,
    /// Hosts to show, in this order.
    pub host_names: &'a [String],
    /// Which containers to show.
    pub is_wanted: &'a dyn Fn(&ContainerId) -> bool,
    /// Whether only some containers are shown; of the networks and volumes, only what they need is
    /// shown then.
    pub is_selection: bool,
    /// Where values come from, if that is to be shown.
    pub origins: Option<&'a Origins>,
}

impl ConfigDocument<'_> {
    /// As YAML, origins as comments.
    ///
    /// # Errors
    /// None that is known: YAML can hold any text.
    pub fn yaml(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!("document: config\nversion: {VERSION}\nhosts:");
        if self.host_names.is_empty() {
            text.push_str(" {}\n");
            return Ok(text);
        }
        text.push('\n');
        for host in self.hosts() {
            let fields = vec![(host.name.clone(), HostTrees::new(self, host).into_tree())];
            text.push_str(&yaml::write(&Tree::Map(fields), 2)?);
        }
        Ok(text)
    }

    fn hosts(&self) -> impl Iterator<Item = &HostSpec> {
        self.host_names.iter().filter_map(|name| self.fleet.hosts.get(name))
    }

    /// Names of the networks and volumes of a host that are shown; `None` is all of them.
    fn needed(&self, host: &HostSpec) -> Option<BTreeSet<String>> {
        let wanted = host.containers.iter().filter(|spec| (self.is_wanted)(&spec.id));
        let names = wanted.flat_map(|spec| spec.dependencies.iter().map(|item| item.name.clone()));
        self.is_selection.then(|| names.collect())
    }
}

impl Serialize for ConfigDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("document", "config")?;
        document.serialize_entry("version", &VERSION)?;
        document.serialize_entry("hosts", &Hosts(self))?;
        if self.origins.is_some() {
            document.serialize_entry("origins", &HostOrigins(self))?;
        }
        document.end()
    }
}

/// Hosts by name.
struct Hosts<'a>(&'a ConfigDocument<'a>);

impl Serialize for Hosts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hosts = self.0.hosts();
        serializer.collect_map(hosts.map(|host| (&host.name, HostTrees::new(self.0, host).into_tree())))
    }
}

/// For each host its own origins under `host`, and those of its networks, volumes and containers
/// by name.
struct HostOrigins<'a>(&'a ConfigDocument<'a>);

impl Serialize for HostOrigins<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hosts = serializer.serialize_map(None)?;
        for host in self.0.hosts() {
            let HostTrees { own, items } = HostTrees::new(self.0, host);
            let own = Tree::Map(own);
            let items = items.iter().map(|(kind, trees)| {
                let origins = trees.iter().map(|(name, tree)| (name, by_pointer(tree)));
                (*kind, origins.collect::<IndexMap<_, _>>())
            });
            let shown = OriginsOfHost { host: by_pointer(&own), items: items.collect() };
            hosts.serialize_entry(&host.name, &shown)?;
        }
        hosts.end()
    }
}

#[derive(Serialize)]
struct OriginsOfHost<'a> {
    host: ByPointer<'a>,
    #[serde(flatten)]
    items: IndexMap<&'a str, IndexMap<&'a String, ByPointer<'a>>>,
}

/// Origins by JSON pointer.
type ByPointer<'a> = IndexMap<String, &'a Origin>;

fn by_pointer(tree: &Tree) -> ByPointer<'_> {
    let mut origins = IndexMap::new();
    tree.each_origin(&mut String::new(), &mut |pointer, origin| {
        origins.insert(pointer.to_owned(), origin);
    });
    origins
}
