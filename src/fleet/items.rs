//! Items of every kind by the words of the command line.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::Fleet;
use crate::model::item::{ContainerId, ItemId};
use crate::resolve::selection::{SelectedContainer, SelectionError, select_items};
use crate::wording;

impl Fleet {
    /// Containers, networks and volumes by name, on whichever hosts they are: terms of
    /// [`Fleet::select`], or names of networks and volumes with or without their map's. A container
    /// goes before a volume of the same name.
    ///
    /// # Errors
    /// A term that names nothing.
    pub fn find_items(&self, terms: &[String]) -> Result<BTreeSet<ItemId>, SelectionError> {
        let mut items = BTreeSet::new();
        for term in terms {
            let found = match select_items(&self.spec.maps, std::slice::from_ref(term)) {
                Ok(containers) => containers.into_iter().map(container).collect(),
                Err(_) => self.networks_and_volumes(term),
            };
            if found.is_empty() {
                return Err(self.unknown_item(term));
            }
            items.extend(found);
        }
        Ok(items)
    }

    fn networks_and_volumes(&self, term: &str) -> Vec<ItemId> {
        let is_meant = |(item, map_name): &(ItemId, &str)| {
            item.name == *term || short_name(&item.name, map_name) == term
        };
        self.named_items().filter(is_meant).map(|(item, _)| item).collect()
    }

    /// Networks and volumes of all hosts, with the names of their maps.
    fn named_items(&self) -> impl Iterator<Item = (ItemId, &str)> {
        self.spec.hosts.values().flat_map(|host| {
            let networks = host.networks.iter();
            let networks = networks.map(|one| (ItemId::network(&one.name), one.map_name.as_str()));
            let volumes = host.volumes.iter().map(|one| (ItemId::volume(&one.name), one.map_name.as_str()));
            networks.chain(volumes)
        })
    }

    fn unknown_item(&self, term: &str) -> SelectionError {
        let names = self.named_items().map(|(item, map_name)| short_name(&item.name, map_name).to_owned());
        let maps = self.spec.maps.iter();
        let of_maps = maps.flat_map(|map| map.configurations.keys().chain(map.groups.keys())).cloned();
        let known: IndexSet<String> = of_maps.chain(names).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let help = match wording::nearest(term.rsplit('.').next().unwrap_or(term), known.iter().copied()) {
            Some(name) => format!("write `{name}`, or a full name such as `map.config.instance`"),
            None => format!("choose from {}", wording::one_of(&known)),
        };
        let message = format!("no configuration, instance, group, network or volume is called `{term}`");
        SelectionError { message, help: Some(help) }
    }
}

fn container(selected: SelectedContainer) -> ItemId {
    let SelectedContainer { map_name, config_name, instance_name } = selected;
    ItemId::container(ContainerId { map_name, config_name, instance_name }.to_string())
}

fn short_name<'a>(name: &'a str, map_name: &str) -> &'a str {
    name.strip_prefix(map_name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::model::variables::Variables;

    fn fleet() -> (tempfile::TempDir, Fleet) {
        let folder = tempfile::tempdir().expect("a folder");
        let inventory = folder.path().join("inventory.yaml");
        let text = "hosts: {h: , k: }\nmaps:\n  m:\n    clients: all\n    web: {image: i, networks: front, attaches: [data, web]}\n    \
                    app: {image: i, instances: [one, two]}\n    groups: {all_apps: app}\n    \
                    networks: {front: }\n    volumes: {data: /data, web: /web}\n";
        std::fs::write(&inventory, text).expect("a file");
        let fleet = Fleet::load(&inventory, &[], &Variables::default()).expect("a fleet");
        (folder, fleet)
    }

    /// features: OPT-07
    #[test]
    fn items_of_every_kind_are_found_by_any_part_of_their_name() {
        let (_folder, fleet) = fleet();
        let found = |term: &str| {
            let items = fleet.find_items(&[term.to_owned()]).expect(term);
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        for (term, expected) in [
            ("web", "container m.web"),
            ("app", "container m.app.one, container m.app.two"),
            ("m.app.two", "container m.app.two"),
            ("all_apps", "container m.app.one, container m.app.two"),
            ("data", "volume m.data"),
            ("m.data", "volume m.data"),
            ("front", "network m.front"),
        ] {
            assert_eq!(found(term), expected, "{term}");
        }
        assert_eq!(fleet.find_items(&[]).expect("nothing"), BTreeSet::new());
        let unknown = fleet.find_items(&["dta".to_owned()]).expect_err("nothing is called so");
        assert_eq!(unknown.message, "no configuration, instance, group, network or volume is called `dta`");
        let help = unknown.help.expect("a help");
        assert!(help.starts_with("write `data`, or"), "{help}");
    }
}
