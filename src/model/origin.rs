//! Where the values of a resolved configuration come from: through which bases, defaults and
//! ranges a place counts for an item, and which places hold no value but name one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::item::ContainerId;
use super::place::Place;

/// The inventory's key of what every map starts from.
const MAP_DEFAULTS: &str = "map_defaults";

/// What places alone do not tell, for a whole fleet.
///
/// It is made from the files when it is asked for, and knows each configuration and each host key
/// once, however many containers and hosts they come to.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Values from outside the files, by the place of what names them.
    pub outside: BTreeMap<Place, Outside>,
    /// Maps by name.
    pub maps: BTreeMap<String, MapOrigins>,
    /// What stands under `map_defaults`.
    pub map_defaults: BTreeSet<Place>,
    /// What stands under `defaults`.
    pub defaults: BTreeSet<Place>,
    /// What stands under each key of `hosts`.
    pub host_keys: BTreeMap<String, BTreeSet<Place>>,
    /// The key that each host is declared by: its name or a range.
    pub keys_of_hosts: BTreeMap<String, String>,
    /// Groups of hosts.
    pub groups: BTreeMap<String, Place>,
}

/// Where one value comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Where it is written; nothing if nobody wrote it.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What gave it, where that is not the setting itself: `default_domain`, `default`, `dmfab`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub giver: Option<String>,
    /// From who wrote it to whose value it is: bases and the configuration, or `defaults` and the
    /// host; empty if it was written where it counts.
    pub through: Vec<String>,
    /// What is written only names the value.
    #[serde(flatten)]
    pub outside: Option<Outside>,
    /// Settings that gave a part of it, by their keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<&'static str, Origin>,
}

/// A value that is not in the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// Of a variable.
    Variable(String),
    /// Of a variable that is not set: its default.
    DefaultOfVariable(String),
    /// The content of a file, by its path as typed.
    ContentOfFile(String),
    /// What a command prints.
    OutputOfCommand(String),
    /// Of a function of the program that uses the library.
    Computed(String),
}

/// The configurations of a map as they are written, abstract ones too.
#[derive(Debug, Clone, Default)]
pub struct MapOrigins {
    /// Where the map's name stands, or the map begins.
    pub place: Option<Place>,
    /// By name.
    pub configurations: BTreeMap<String, WrittenConfiguration>,
}

/// What stands in one configuration itself.
#[derive(Debug, Clone, Default)]
pub struct WrittenConfiguration {
    /// Its bases.
    pub extends: Vec<String>,
    /// Everything that can be inherited from it.
    pub places: BTreeSet<Place>,
}

impl Origins {
    /// The way from who wrote what stands at `place` to a host; empty if the host's own key did.
    pub fn through_host(&self, host_name: &str, place: &Place) -> Vec<String> {
        let key = self.keys_of_hosts.get(host_name).map_or(host_name, String::as_str);
        let is_own = self.host_keys.get(key).is_some_and(|places| places.contains(place));
        let writer = if is_own { key } else { "defaults" };
        if writer == host_name || !(is_own || self.defaults.contains(place)) {
            return Vec::new();
        }
        vec![writer.to_owned(), host_name.to_owned()]
    }

    /// The way from `map_defaults` to a map; empty if they did not write what stands at `place`.
    pub fn through_map(&self, map_name: &str, place: &Place) -> Vec<String> {
        let is_default = self.map_defaults.contains(place);
        if is_default { vec![MAP_DEFAULTS.to_owned(), map_name.to_owned()] } else { Vec::new() }
    }

    /// The way from who wrote what stands at `place` to a configuration; empty if it did itself.
    pub fn through_bases(&self, map_name: &str, config_name: &str, place: &Place) -> Vec<String> {
        let map = self.maps.get(map_name);
        let found = map.and_then(|map| map.way(config_name, place, &mut BTreeSet::new()));
        let Some(found) = found else { return self.through_map(map_name, place) };
        let is_default = self.map_defaults.contains(place);
        let names = is_default.then_some(MAP_DEFAULTS).into_iter().chain(found);
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.len() > 1 { names } else { Vec::new() }
    }

    /// As [`Self::through_bases`], for a value that the container's host may also have given.
    pub fn through(&self, id: &ContainerId, host_name: &str, place: &Place) -> Vec<String> {
        match self.through_bases(&id.map_name, &id.config_name, place) {
            way if way.is_empty() => self.through_host(host_name, place),
            way => way,
        }
    }
}

impl MapOrigins {
    /// Looks in the configuration itself, then in its bases, the last one first: it wins.
    fn way<'a>(
        &'a self,
        config_name: &'a str,
        place: &Place,
        seen: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        let configuration = self.configurations.get(config_name)?;
        if configuration.places.contains(place) {
            return Some(vec![config_name]);
        }
        if !seen.insert(config_name) {
            return None;
        }
        let mut ways = configuration.extends.iter().rev().filter_map(|base| self.way(base, place, seen));
        let mut way = ways.next()?;
        way.push(config_name);
        Some(way)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn place(line: u32) -> Place {
        Place { file: Path::new("map.yaml").into(), line, column: 1 }
    }

    fn configuration(extends: &[&str], lines: &[u32]) -> WrittenConfiguration {
        WrittenConfiguration {
            extends: extends.iter().map(|name| (*name).to_owned()).collect(),
            places: lines.iter().map(|line| place(*line)).collect(),
        }
    }

    #[test]
    fn the_way_of_an_inherited_value_names_every_base_between() {
        let configurations = [
            ("base", configuration(&[], &[1])),
            ("other", configuration(&[], &[2])),
            ("middle", configuration(&["base"], &[3])),
            ("web", configuration(&["middle", "other"], &[4])),
        ];
        let configurations = configurations.map(|(name, written)| (name.to_owned(), written)).into();
        let map = MapOrigins { place: None, configurations };
        let origins = Origins {
            maps: [("m".to_owned(), map)].into(),
            map_defaults: [place(3), place(4), place(5)].into(),
            ..Origins::default()
        };
        let way = |line| origins.through_bases("m", "web", &place(line)).join(" <- ");
        assert_eq!(way(1), "base <- middle <- web");
        assert_eq!(way(2), "other <- web");
        assert_eq!(way(3), "map_defaults <- middle <- web");
        assert_eq!(way(4), "map_defaults <- web");
        assert_eq!(way(5), "map_defaults <- m", "a setting of the map");
        assert_eq!(way(9), "");
    }

    #[test]
    fn hosts_have_their_values_from_their_key_or_from_the_defaults() {
        let origins = Origins {
            defaults: [place(1), place(3)].into(),
            host_keys: [("web1".to_owned(), [place(3)].into()), ("apps1-2".to_owned(), [place(5)].into())]
                .into(),
            keys_of_hosts: [("apps1".to_owned(), "apps1-2".to_owned())].into(),
            ..Origins::default()
        };
        let way = |host, line| origins.through_host(host, &place(line)).join(" <- ");
        assert_eq!(way("apps1", 5), "apps1-2 <- apps1");
        assert_eq!(way("apps1", 1), "defaults <- apps1");
        assert_eq!(way("web1", 1), "defaults <- web1");
        assert_eq!(way("web1", 3), "", "an alias of a value under `defaults` is the host's own");
        assert_eq!(way("web1", 9), "");
    }
}
