//! Choosing hosts and items by what the operator types.
//!
//! Hosts: `web1,apps1-3,@group,edge-*,!apps2,@prod&@eu`. Terms apply from left to right; `!`
//! takes away, `&` keeps what both sides name. Every term must match something.

use std::collections::BTreeSet;

use globset::GlobBuilder;
use indexmap::IndexMap;

use crate::model::item::ContainerId;
use crate::model::spec::{ContainerPattern, FleetSpec, MapSpec};
use crate::wording;

use crate::model::ranges;

/// Docker-Map's word for all maps, or all configurations of a map.
const ALL: &str = "__all__";

/// What is wrong with a selection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectionError {
    /// One sentence that names the term.
    pub message: String,
    /// What to type instead; begins with a verb.
    pub help: Option<String>,
}

impl SelectionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The names that terms are matched against.
pub struct HostNames<'a> {
    names: Vec<&'a str>,
    groups: &'a IndexMap<String, Vec<String>>,
}

impl<'a> HostNames<'a> {
    /// Host names in the inventory's order, and groups with their members.
    pub fn new(names: Vec<&'a str>, groups: &'a IndexMap<String, Vec<String>>) -> Self {
        Self { names, groups }
    }

    /// All hosts and groups of a fleet.
    pub fn of(fleet: &'a FleetSpec) -> Self {
        Self::new(fleet.hosts.keys().map(String::as_str).collect(), &fleet.host_groups)
    }

    /// Chooses hosts; the answer is in the inventory's order.
    pub fn select(&self, text: &str) -> Result<Vec<String>, SelectionError> {
        let (chosen, errors) = self.select_each(&[text]);
        errors.into_iter().next().map_or(Ok(chosen), |(_, error)| Err(error))
    }

    /// As [`Self::select`], for a list of texts that means the same as all of them with commas
    /// between. Each error comes with the number of its text; what the others choose is chosen.
    pub fn select_each(&self, texts: &[&str]) -> (Vec<String>, Vec<(usize, SelectionError)>) {
        let mut chosen: BTreeSet<&str> = BTreeSet::new();
        let mut errors = Vec::new();
        let mut is_first = true;
        for (index, text) in texts.iter().enumerate() {
            let terms = split_terms(text);
            if terms.is_empty() {
                errors.push((index, SelectionError::new("the host selection is empty")));
            }
            for term in terms {
                if is_first && term.starts_with('!') {
                    chosen.extend(&self.names);
                }
                is_first = false;
                match self.intersection(term.strip_prefix('!').unwrap_or(term)) {
                    Ok(removed) if term.starts_with('!') => chosen.retain(|name| !removed.contains(name)),
                    Ok(added) => chosen.extend(added),
                    Err(error) => errors.push((index, error)),
                }
            }
        }
        if chosen.is_empty() && errors.is_empty() {
            let error = SelectionError::new(format!("`{}` leaves no host", texts.join(",")));
            errors.push((texts.len().saturating_sub(1), error));
        }
        let in_order = self.names.iter().filter(|name| chosen.contains(**name));
        (in_order.map(|name| (*name).to_owned()).collect(), errors)
    }

    /// `a&b&c`.
    fn intersection(&self, term: &str) -> Result<BTreeSet<&'a str>, SelectionError> {
        let mut parts = term.split('&');
        let mut chosen = self.matches(parts.next().unwrap_or_default().trim())?;
        for part in parts {
            let other = self.matches(part.trim())?;
            chosen.retain(|name| other.contains(name));
        }
        if chosen.is_empty() {
            return Err(SelectionError::new(format!("no host is in all of `{term}`")));
        }
        Ok(chosen)
    }

    /// One name, group, pattern or range. A host of that very name wins over everything else.
    fn matches(&self, term: &str) -> Result<BTreeSet<&'a str>, SelectionError> {
        if let Some(name) = self.find(term) {
            return Ok(BTreeSet::from([name]));
        }
        if let Some(group_name) = term.strip_prefix('@') {
            return self.group(group_name);
        }
        if term == "all" || term == "*" {
            return Ok(self.names.iter().copied().collect());
        }
        match ranges::expand(term) {
            Ok(Some(members)) => self.range(term, &members),
            Err(error) => Err(SelectionError::new(format!("`{term}`: {error}"))),
            Ok(None) if term.contains(['*', '?']) => self.glob(term),
            Ok(None) => Err(self.unknown(term)),
        }
    }

    fn find(&self, wanted: &str) -> Option<&'a str> {
        self.names.iter().copied().find(|name| *name == wanted)
    }

    fn group(&self, group_name: &str) -> Result<BTreeSet<&'a str>, SelectionError> {
        let Some(members) = self.groups.get(group_name) else {
            let nearest = wording::nearest(group_name, self.groups.keys().map(String::as_str));
            let help = nearest.map(|name| format!("write `@{name}`"));
            return Err(SelectionError::new(format!("no group of hosts is called `{group_name}`")).help(help));
        };
        let names: BTreeSet<&str> = members.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Err(SelectionError::new(format!("the group `{group_name}` has no hosts")));
        }
        Ok(names)
    }

    /// Every number of a range must exist: a range is typed to mean all of it.
    fn range(
        &self,
        term: &str,
        members: &[ranges::RangeMember],
    ) -> Result<BTreeSet<&'a str>, SelectionError> {
        let found: BTreeSet<&str> = members.iter().filter_map(|member| self.find(&member.name)).collect();
        let missing: Vec<&str> =
            members.iter().map(|member| member.name.as_str()).filter(|name| !found.contains(name)).collect();
        if found.is_empty() {
            return Err(SelectionError::new(format!("no host matches the range `{term}`")).help(self.known()));
        }
        if !missing.is_empty() {
            let message = format!(
                "`{term}` names {} that the inventory does not have",
                ranges::fold(missing.iter().copied())
            );
            return Err(SelectionError::new(message).help(self.known()));
        }
        Ok(found)
    }

    fn glob(&self, term: &str) -> Result<BTreeSet<&'a str>, SelectionError> {
        let glob = GlobBuilder::new(term)
            .build()
            .map_err(|error| SelectionError::new(format!("`{term}` is not a pattern: {}", error.kind())))?;
        let matcher = glob.compile_matcher();
        let names: BTreeSet<&str> =
            self.names.iter().copied().filter(|name| matcher.is_match(name)).collect();
        if names.is_empty() {
            return Err(
                SelectionError::new(format!("no host matches the pattern `{term}`")).help(self.known())
            );
        }
        Ok(names)
    }

    fn unknown(&self, term: &str) -> SelectionError {
        let nearest = wording::nearest(term, self.names.iter().copied());
        let help = match nearest {
            _ if self.groups.contains_key(term) => Some(format!("write `@{term}` for the group")),
            Some(name) => Some(format!("write `{name}` if that is meant")),
            None => self.known(),
        };
        SelectionError::new(format!("no host is called `{term}`")).help(help)
    }

    fn known(&self) -> Option<String> {
        (!self.names.is_empty()).then(|| format!("choose from {}", ranges::fold(self.names.iter().copied())))
    }
}

/// Splits at commas that are not in brackets.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (index, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                terms.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    terms.push(text[start..].trim());
    terms.retain(|term| !term.is_empty());
    terms
}

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
    let known: Vec<&str> = maps
        .iter()
        .flat_map(|map| std::iter::once(&map.name).chain(map.configurations.keys()).chain(map.groups.keys()))
        .map(String::as_str)
        .collect();
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
    use super::*;

    fn groups() -> IndexMap<String, Vec<String>> {
        IndexMap::from([
            ("prod".to_owned(), vec!["web1".to_owned(), "apps1".to_owned(), "apps2".to_owned()]),
            ("eu".to_owned(), vec!["web1".to_owned(), "edge-a".to_owned()]),
        ])
    }

    fn select(text: &str) -> Result<String, String> {
        let groups = groups();
        let names = vec!["web1", "apps1", "apps2", "apps3", "edge-a", "edge-b", "old1-3"];
        let hosts = HostNames::new(names, &groups);
        hosts.select(text).map(|names| names.join(" ")).map_err(|error| match error.help {
            Some(help) => format!("{} / {help}", error.message),
            None => error.message,
        })
    }

    #[test]
    fn terms_are_names_ranges_groups_and_patterns() {
        for (typed, chosen) in [
            ("web1", "web1"),
            ("apps1-3,web1", "web1 apps1 apps2 apps3"),
            ("apps[1,3]", "apps1 apps3"),
            ("@prod", "web1 apps1 apps2"),
            ("@prod,!apps2", "web1 apps1"),
            ("!edge-*,!old1-3", "web1 apps1 apps2 apps3"),
            ("@prod&@eu", "web1"),
            ("edge-?", "edge-a edge-b"),
            ("all,!apps1-2", "web1 apps3 edge-a edge-b old1-3"),
            ("old1-3", "old1-3"),
        ] {
            assert_eq!(select(typed).as_deref(), Ok(chosen), "{typed}");
        }
    }

    #[test]
    fn every_term_must_match() {
        for (typed, message) in [
            ("wbe1", "no host is called `wbe1` / write `web1` if that is meant"),
            ("web1,wbe1", "no host is called `wbe1` / write `web1` if that is meant"),
            (
                "apps2-4",
                "`apps2-4` names apps4 that the inventory does not have / choose from \
                        web1,apps[1-3],edge-a,edge-b,old1-3",
            ),
            ("db1-3", "no host matches the range `db1-3` / choose from web1,apps[1-3],edge-a,edge-b,old1-3"),
            ("@pord", "no group of hosts is called `pord` / write `@prod`"),
            ("prod", "no host is called `prod` / write `@prod` for the group"),
            ("x*", "no host matches the pattern `x*` / choose from web1,apps[1-3],edge-a,edge-b,old1-3"),
            ("@eu&apps1", "no host is in all of `@eu&apps1`"),
            ("web1,!web1", "`web1,!web1` leaves no host"),
            (",", "the host selection is empty"),
        ] {
            assert_eq!(select(typed), Err(message.to_owned()), "{typed}");
        }
    }

    #[test]
    fn a_list_means_the_same_as_its_terms_with_commas() {
        let groups = groups();
        let hosts =
            HostNames::new(vec!["web1", "apps1", "apps2", "apps3", "edge-a", "edge-b", "old1-3"], &groups);
        for texts in
            [&["apps1-3", "!apps2"][..], &["!apps2", "web1"], &["web1,@prod", "!apps1,!apps2", "apps2"]]
        {
            let (chosen, errors) = hosts.select_each(texts);
            assert_eq!(errors, [], "{texts:?}");
            assert_eq!(Ok(chosen.join(" ")), select(&texts.join(",")), "{texts:?}");
        }
        let (chosen, errors) = hosts.select_each(&["web1", "wbe1", "apps1", "!x"]);
        assert_eq!(chosen, ["web1", "apps1"]);
        assert_eq!(errors.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3]);
        let (_, errors) = hosts.select_each(&["web1", "!web1"]);
        assert_eq!(errors, [(1, SelectionError::new("`web1,!web1` leaves no host"))]);
    }

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
