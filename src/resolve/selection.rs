//! Choosing hosts and items by what the operator types.
//!
//! Hosts: `web1,apps1-3,@group,edge-*,!apps2,@prod&@eu`. Terms apply from left to right; `!`
//! takes away, `&` keeps what both sides name. Every term must match something.

mod items;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use globset::GlobBuilder;
use indexmap::IndexMap;

use crate::model::ranges;
use crate::model::spec::FleetSpec;
use crate::wording;

pub use items::{SelectedContainer, select_items};

/// How many names all terms together may look at: enough for a thousand hosts in each of
/// ten thousand configurations, and soon over.
const MAX_NAMES: usize = 10_000_000;

/// Making a pattern ready takes as long as looking at so many names.
const PATTERN_COST: usize = 100;

/// Longer than any name of a host; the matcher refuses much longer ones with a panic.
const LONGEST_PATTERN: usize = 1000;

/// Of the names to choose from, so many characters are shown.
const SHOWN_CHARACTERS: usize = 400;

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

/// The names that terms are matched against, each known by its position in the inventory.
pub struct HostNames<'a> {
    names: Vec<&'a str>,
    positions: HashMap<&'a str, usize>,
    groups: IndexMap<&'a str, Vec<usize>>,
    /// How many names may still be looked at.
    names_left: Cell<usize>,
    /// What patterns match, since heirs repeat those of their bases.
    patterns: RefCell<HashMap<String, Rc<[usize]>>>,
    /// All names in short, for messages.
    known: OnceCell<Option<String>>,
}

impl<'a> HostNames<'a> {
    /// Host names in the inventory's order, and groups with their members.
    pub fn new(names: Vec<&'a str>, groups: &'a IndexMap<String, Vec<String>>) -> Self {
        let positions = names.iter().enumerate().map(|(position, name)| (*name, position)).collect();
        let mut hosts = Self {
            names,
            positions,
            groups: IndexMap::new(),
            names_left: Cell::new(MAX_NAMES),
            patterns: RefCell::default(),
            known: OnceCell::new(),
        };
        for (group_name, members) in groups {
            let members = members.iter().filter_map(|name| hosts.position(name)).collect();
            hosts.add_group(group_name, members);
        }
        hosts
    }

    /// All hosts and groups of a fleet.
    pub fn of(fleet: &'a FleetSpec) -> Self {
        Self::new(fleet.hosts.keys().map(String::as_str).collect(), &fleet.host_groups)
    }

    /// Adds a group that later terms may name.
    pub(super) fn add_group(&mut self, group_name: &'a str, members: Vec<usize>) {
        self.groups.insert(group_name, members);
    }

    /// Chooses hosts; the answer is in the inventory's order.
    pub fn select(&self, text: &str) -> Result<Vec<String>, SelectionError> {
        let (chosen, errors) = self.select_each(&[text]);
        let names = |chosen: Vec<usize>| chosen.into_iter().map(|position| self.names[position].to_owned());
        errors.into_iter().next().map_or_else(|| Ok(names(chosen).collect()), |(_, error)| Err(error))
    }

    /// As [`Self::select`], for a list of texts that means the same as all of them with commas
    /// between. The answer is positions in their order. Each error comes with the number of its text;
    /// what the others choose is chosen.
    pub(super) fn select_each(&self, texts: &[&str]) -> (Vec<usize>, Vec<(usize, SelectionError)>) {
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        let mut errors = Vec::new();
        let mut is_first = true;
        for (index, text) in texts.iter().enumerate() {
            let terms = split_terms(text);
            if terms.is_empty() {
                errors.push((index, SelectionError::new("the host selection is empty")));
            }
            for term in terms {
                if is_first && term.starts_with('!') {
                    chosen.extend(0..self.names.len());
                }
                is_first = false;
                match self.intersection(term.strip_prefix('!').unwrap_or(term)) {
                    Ok(removed) if term.starts_with('!') => removed.iter().for_each(|position| {
                        chosen.remove(position);
                    }),
                    Ok(added) => chosen.extend(added),
                    Err(error) => errors.push((index, error)),
                }
            }
        }
        if chosen.is_empty() && errors.is_empty() {
            let error = SelectionError::new(format!("`{}` leaves no host", texts.join(",")));
            errors.push((texts.len().saturating_sub(1), error));
        }
        (chosen.into_iter().collect(), errors)
    }

    /// `a&b&c`.
    fn intersection(&self, term: &str) -> Result<Vec<usize>, SelectionError> {
        let mut parts = term.split('&');
        let mut chosen = self.matches(parts.next().unwrap_or_default().trim())?;
        for part in parts {
            let other = self.matches(part.trim())?;
            chosen.retain(|position| other.binary_search(position).is_ok());
        }
        if chosen.is_empty() {
            return Err(SelectionError::new(format!("no host is in all of `{term}`")));
        }
        Ok(chosen)
    }

    /// Sorted positions of one name, group, pattern or range. A host of that very name wins over
    /// everything else.
    fn matches(&self, term: &str) -> Result<Vec<usize>, SelectionError> {
        self.look_at(1)?;
        if let Some(position) = self.position(term) {
            return Ok(vec![position]);
        }
        if let Some(group_name) = term.strip_prefix('@') {
            return self.group(group_name);
        }
        if term == "all" || term == "*" {
            self.look_at(self.names.len())?;
            return Ok((0..self.names.len()).collect());
        }
        match ranges::expand(term) {
            Ok(Some(members)) => self.range(term, &members),
            Err(error) => Err(SelectionError::new(format!("`{term}`: {error}"))),
            Ok(None) if term.contains(['*', '?']) => self.pattern(term),
            Ok(None) => Err(self.unknown(term)),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// Counts names on which time is spent. Few terms can name a large fleet very often.
    fn look_at(&self, count: usize) -> Result<(), SelectionError> {
        if self.spend(count) {
            return Ok(());
        }
        let message = format!("selections of hosts come to more than {MAX_NAMES} names");
        Err(SelectionError::new(message).help(Some("write fewer terms".to_owned())))
    }

    fn spend(&self, count: usize) -> bool {
        self.names_left.set(self.names_left.get().saturating_sub(count));
        self.names_left.get() > 0
    }

    fn group(&self, group_name: &str) -> Result<Vec<usize>, SelectionError> {
        let Some(members) = self.groups.get(group_name) else {
            let groups = self.groups.keys().copied().filter(|_| self.spend(1));
            let help = wording::nearest(group_name, groups).map(|name| format!("write `@{name}`"));
            return Err(SelectionError::new(format!("no group of hosts is called `{group_name}`")).help(help));
        };
        if members.is_empty() {
            return Err(SelectionError::new(format!("the group `{group_name}` has no hosts")));
        }
        self.look_at(members.len())?;
        Ok(members.clone())
    }

    /// Every number of a range must exist: a range is typed to mean all of it.
    fn range(&self, term: &str, members: &[ranges::RangeMember]) -> Result<Vec<usize>, SelectionError> {
        self.look_at(members.len())?;
        let found: BTreeSet<usize> =
            members.iter().filter_map(|member| self.position(&member.name)).collect();
        if found.is_empty() {
            return Err(SelectionError::new(format!("no host matches the range `{term}`")).help(self.known()));
        }
        let names = members.iter().map(|member| member.name.as_str());
        let missing: Vec<&str> = names.filter(|name| self.position(name).is_none()).collect();
        if !missing.is_empty() {
            let missing = shortened(ranges::fold(missing));
            let message = format!("`{term}` names {missing} that the inventory does not have");
            return Err(SelectionError::new(message).help(self.known()));
        }
        Ok(found.into_iter().collect())
    }

    fn pattern(&self, term: &str) -> Result<Vec<usize>, SelectionError> {
        if let Some(found) = self.patterns.borrow().get(term) {
            self.look_at(found.len())?;
            return Ok(found.to_vec());
        }
        self.look_at(self.names.len() + PATTERN_COST)?;
        if term.len() > LONGEST_PATTERN {
            let message = format!("a pattern of host names has at most {LONGEST_PATTERN} characters");
            return Err(SelectionError::new(message));
        }
        let glob = GlobBuilder::new(term)
            .build()
            .map_err(|error| SelectionError::new(format!("`{term}` is not a pattern: {}", error.kind())))?;
        let matcher = glob.compile_matcher();
        let found: Vec<usize> =
            (0..self.names.len()).filter(|position| matcher.is_match(self.names[*position])).collect();
        if found.is_empty() {
            return Err(
                SelectionError::new(format!("no host matches the pattern `{term}`")).help(self.known())
            );
        }
        self.patterns.borrow_mut().insert(term.to_owned(), found.as_slice().into());
        Ok(found)
    }

    fn unknown(&self, term: &str) -> SelectionError {
        let names = self.names.iter().copied().filter(|_| self.spend(1));
        let help = match wording::nearest(term, names) {
            _ if self.groups.contains_key(term) => Some(format!("write `@{term}` for the group")),
            Some(name) => Some(format!("write `{name}` if that is meant")),
            None => self.known(),
        };
        SelectionError::new(format!("no host is called `{term}`")).help(help)
    }

    fn known(&self) -> Option<String> {
        let known = || {
            let names = shortened(ranges::fold(self.names.iter().copied()));
            (!self.names.is_empty()).then(|| format!("choose from {names}"))
        };
        self.known.get_or_init(known).clone()
    }
}

/// As much of a list as a message can hold.
fn shortened(list: String) -> String {
    let Some((limit, _)) = list.char_indices().nth(SHOWN_CHARACTERS) else { return list };
    let end = list[..limit].rfind(',').unwrap_or(limit);
    format!("{} and more", &list[..end])
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
            let chosen: Vec<&str> = chosen.into_iter().map(|position| hosts.names[position]).collect();
            assert_eq!(Ok(chosen.join(" ")), select(&texts.join(",")), "{texts:?}");
        }
        let (chosen, errors) = hosts.select_each(&["web1", "wbe1", "apps1", "!x"]);
        assert_eq!(chosen, [0, 1]);
        assert_eq!(errors.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3]);
        let (_, errors) = hosts.select_each(&["web1", "!web1"]);
        assert_eq!(errors, [(1, SelectionError::new("`web1,!web1` leaves no host"))]);
    }

    #[test]
    fn long_patterns_are_refused() {
        let message = select(&"?a*".repeat(1_000_000)).expect_err("too long");
        assert_eq!(message, "a pattern of host names has at most 1000 characters");
        assert_eq!(select(&"*".repeat(1000)).as_deref(), Ok("web1 apps1 apps2 apps3 edge-a edge-b old1-3"));
    }

    #[test]
    fn few_terms_cannot_cost_much() {
        let names: Vec<String> = (0..10_000).map(|number| format!("host-{number}-x")).collect();
        let no_groups = IndexMap::new();
        for term in ["all", "host-1*", "h1-9999", "hots"] {
            let hosts = HostNames::new(names.iter().map(String::as_str).collect(), &no_groups);
            hosts.names_left.set(100_000);
            // A billion names, if each term looked at all of them.
            let (_, errors) = hosts.select_each(&vec![term; 100_000]);
            assert_eq!(hosts.names_left.get(), 0, "{term}");
            let (_, last) = errors.last().expect("an error");
            assert_eq!(last.message, "selections of hosts come to more than 10000000 names", "{term}");
            let longest = errors.iter().filter_map(|(_, error)| error.help.as_deref()).map(str::len).max();
            assert!(longest < Some(500), "{term}: {longest:?}");
        }
    }
}
