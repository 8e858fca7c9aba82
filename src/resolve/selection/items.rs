//! Choosing containers by any part of their name.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use crate::model::item::ContainerId;
use crate::model::spec::{ContainerPattern, MapSpec};
use crate::wording;

use super::SelectionError;

/// Docker-Map's word for all maps, or all configurations of a map.
const ALL: &str = "__all__";

/// Chosen containers of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SelectedContainer {
    /// Map.
    pub map_name: String,
    /// Configuration.
    pub config_name: String,
    /// Instance; `None` where the configuration has none.
    pub instance_name: Option<String>,
}

impl SelectedContainer {
    /// The choice of this very container.
    pub fn of(id: &ContainerId) -> Self {
        let ContainerId { map_name, config_name, instance_name } = id.clone();
        Self { map_name, config_name, instance_name }
    }
}

/// Chooses containers: `config`, `config.instance`, `map`, `map.config`, `map.config.instance`,
/// groups in place of configurations, or `all`; Docker-Map's `__all__` in place of a map or of its
/// configurations. Nothing typed means everything.
pub fn select_items(
    maps: &[MapSpec],
    terms: &[String],
) -> Result<BTreeSet<SelectedContainer>, SelectionError> {
    if terms.is_empty() {
        return Ok(maps.iter().flat_map(all_of_map).collect());
    }
    let mut chosen = BTreeSet::new();
    for term in terms {
        chosen.extend(select_term(maps, term)?);
    }
    Ok(chosen)
}

fn select_term(maps: &[MapSpec], term: &str) -> Result<Vec<SelectedContainer>, SelectionError> {
    if term == "all" || term == ALL {
        return Ok(maps.iter().flat_map(all_of_map).collect());
    }
    // A dot at the end names no instance.
    let parts: Vec<&str> = term.strip_suffix('.').unwrap_or(term).split('.').collect();
    let mut chosen: Vec<SelectedContainer> = maps
        .iter()
        .filter(|map| map.name == parts[0] || parts[0] == ALL)
        .flat_map(|map| within_map(map, &parts[1..]))
        .collect();
    if chosen.is_empty() {
        chosen = maps.iter().flat_map(|map| within_map(map, &parts)).collect();
    }
    if chosen.is_empty() { Err(unknown_item(maps, term)) } else { Ok(chosen) }
}

/// What the parts of a name after the map's mean.
fn within_map(map: &MapSpec, parts: &[&str]) -> Vec<SelectedContainer> {
    match parts {
        [] | [ALL] => all_of_map(map),
        [config_name] => of_map(map, config_name, None),
        [config_name, instance_name] => of_map(map, config_name, Some(instance_name)),
        _ => Vec::new(),
    }
}

fn all_of_map(map: &MapSpec) -> Vec<SelectedContainer> {
    map.configurations.keys().flat_map(|config_name| of_map(map, config_name, None)).collect()
}

/// Containers of a configuration or group of a map; empty if there is no such thing.
fn of_map(map: &MapSpec, name: &str, instance_name: Option<&str>) -> Vec<SelectedContainer> {
    if let Some(instances) = map.configurations.get(name) {
        return of_configuration(map, name, instances, instance_name);
    }
    let patterns = map.groups.get(name).map(Vec::as_slice).unwrap_or_default();
    patterns.iter().flat_map(|pattern| of_pattern(map, pattern, instance_name)).collect()
}

fn of_pattern(
    map: &MapSpec,
    pattern: &ContainerPattern,
    instance_name: Option<&str>,
) -> Vec<SelectedContainer> {
    let instances = map.configurations.get(&pattern.config_name).map(Vec::as_slice).unwrap_or_default();
    let instance_name = pattern.instance_name.as_deref().or(instance_name);
    of_configuration(map, &pattern.config_name, instances, instance_name)
}

fn of_configuration(
    map: &MapSpec,
    config_name: &str,
    instances: &[String],
    wanted: Option<&str>,
) -> Vec<SelectedContainer> {
    let selected = |instance_name: Option<&str>| SelectedContainer {
        map_name: map.name.clone(),
        config_name: config_name.to_owned(),
        instance_name: instance_name.map(str::to_owned),
    };
    match (instances.is_empty(), wanted) {
        (true, None) => vec![selected(None)],
        (true, Some(_)) => Vec::new(),
        (false, wanted) => instances
            .iter()
            .filter(|instance| wanted.is_none_or(|wanted| wanted == instance.as_str()))
            .map(|instance| selected(Some(instance)))
            .collect(),
    }
}

fn unknown_item(maps: &[MapSpec], term: &str) -> SelectionError {
    // Maps often share names, and a map that of a configuration.
    let known: IndexSet<&str> = maps
        .iter()
        .flat_map(|map| std::iter::once(&map.name).chain(map.configurations.keys()).chain(map.groups.keys()))
        .map(String::as_str)
        .collect();
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = wording::nearest(term.rsplit('.').next().unwrap_or(term), known.iter().copied());
    let help = match nearest {
        Some(name) => format!("write `{name}`, or a full name such as `map.config.instance`"),
        None => format!("choose from {}", wording::one_of(&known)),
    };
    SelectionError::new(format!("no map, configuration, instance or group is called `{term}`"))
        .help(Some(help))
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    fn maps() -> Vec<MapSpec> {
        vec![MapSpec {
            name: "shop".to_owned(),
            host_names: vec![],
            configurations: IndexMap::from([
                ("web".to_owned(), vec![]),
                ("app".to_owned(), vec!["one".to_owned(), "two".to_owned()]),
            ]),
            groups: IndexMap::from([(
                "front".to_owned(),
                vec![
                    ContainerPattern { config_name: "web".to_owned(), instance_name: None },
                    ContainerPattern { config_name: "app".to_owned(), instance_name: Some("two".to_owned()) },
                ],
            )]),
        }]
    }

    #[test]
    fn items_are_chosen_by_any_part_of_their_name() {
        for (typed, chosen) in [
            ("web", "web"),
            ("app", "app.one app.two"),
            ("app.one", "app.one"),
            ("shop.app.two", "app.two"),
            ("shop.app", "app.one app.two"),
            ("shop", "app.one app.two web"),
            ("all", "app.one app.two web"),
            ("front", "app.two web"),
        ] {
            let selected = select_items(&maps(), &[typed.to_owned()]).expect(typed);
            let names: Vec<String> = selected
                .into_iter()
                .map(|item| match item.instance_name {
                    Some(instance) => format!("{}.{instance}", item.config_name),
                    None => item.config_name,
                })
                .collect();
            assert_eq!(names.join(" "), chosen, "{typed}");
        }
        for unknown in ["wbe", "app.three", "web.one", "shop.x", "a.b.c.d"] {
            assert!(select_items(&maps(), &[unknown.to_owned()]).is_err(), "{unknown}");
        }
    }
}
