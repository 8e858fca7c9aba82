//! The fields of one item on their way into the document, and where each of them comes from.

use serde_json::Value;

use crate::model::item::ContainerId;
use crate::model::origin::{Origin, Origins};
use crate::model::place::{Place, Places};

use super::tree::Tree;

/// Nobody wrote it: the Engine's or dmfab's own choice.
pub(super) const DEFAULT: &str = "default";
/// Labels by which dmfab knows its own.
pub(super) const DMFAB: &str = "dmfab";

/// Finds where the values of one item come from.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    /// `None` if nobody asks.
    pub(super) origins: Option<&'a Origins>,
    pub(super) places: &'a Places,
    pub(super) owner: Owner<'a>,
}

/// Whose values they are.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Host(&'a str),
    Container { id: &'a ContainerId, host_name: &'a str },
    Volume { map_name: &'a str, config_name: &'a str },
    Network { map_name: &'a str },
}

impl Finder<'_> {
    /// Where a field comes from. What stands nowhere but in the item as a whole is a default.
    pub(super) fn at(&self, field: &str) -> Option<Origin> {
        self.origins?;
        match self.places.find(field) {
            Some((found, place)) if !found.is_empty() || field.is_empty() => Some(self.known(found, place)),
            _ => self.by(DEFAULT),
        }
    }

    /// As [`Self::at`], of the first of several names that is set.
    pub(super) fn at_first(&self, fields: &[&str]) -> Option<Origin> {
        let set = fields.iter().find(|field| self.places.get(field).is_some());
        self.at(set.or(fields.last()).copied().unwrap_or_default())
    }

    /// The origin of what nobody wrote.
    pub(super) fn by(&self, giver: &str) -> Option<Origin> {
        self.origins?;
        Some(Origin { giver: Some(giver.to_owned()), ..Origin::default() })
    }

    /// What follows from the item's own place.
    pub(super) fn made_of(&self, giver: &str) -> Option<Origin> {
        self.at("").map(|origin| Origin { giver: Some(giver.to_owned()), ..origin })
    }

    /// A place that is no field of the item.
    pub(super) fn of_place(&self, place: Option<&Place>) -> Option<Origin> {
        self.origins?;
        match place {
            Some(place) => Some(Origin { place: Some(place.clone()), ..Origin::default() }),
            None => self.by(DEFAULT),
        }
    }

    fn known(&self, field: &str, place: &Place) -> Origin {
        let details = self.places.details(field);
        let parts = details.into_iter().flat_map(|details| &details.parts);
        Origin {
            giver: details.and_then(|details| details.giver).map(str::to_owned),
            parts: parts.map(|(part, place)| (*part, self.plain(place))).collect(),
            ..self.plain(place)
        }
    }

    fn plain(&self, place: &Place) -> Origin {
        Origin {
            place: Some(place.clone()),
            through: self.through(place),
            outside: self.origins.and_then(|origins| origins.outside.get(place)).cloned(),
            ..Origin::default()
        }
    }

    fn through(&self, place: &Place) -> Vec<String> {
        let Some(origins) = self.origins else { return Vec::new() };
        match self.owner {
            Owner::Host(host_name) => origins.through_host(host_name, place),
            Owner::Container { id, host_name } => origins.through(id, host_name, place),
            Owner::Volume { map_name, config_name } => origins.through_bases(map_name, config_name, place),
            Owner::Network { map_name } => origins.through_map(map_name, place),
        }
    }
}

/// A mapping in the making; what is empty is left out.
pub(super) struct Fields<'a> {
    pub(super) find: Finder<'a>,
    entries: Vec<(String, Tree)>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(find: Finder<'a>) -> Self {
        Self { find, entries: Vec::new() }
    }

    /// A value of one origin.
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<Value>, origin: Option<Origin>) {
        self.tree(name, Tree::of(value.into(), origin));
    }

    /// The value of a field, under another name in the document.
    pub(super) fn field(&mut self, name: impl Into<String>, value: impl Into<Value>, field: &str) {
        self.add(name, value, self.find.at(field));
    }

    /// As [`Self::field`], if there is a value.
    pub(super) fn optional(&mut self, name: &str, value: Option<impl Into<Value>>, field: &str) {
        if let Some(value) = value {
            self.field(name, value, field);
        }
    }

    /// A list whose items have fields of their own: `shares.PATH`.
    pub(super) fn list<T: ToString>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        field_of: impl Fn(usize, &str) -> String,
    ) {
        let items = items.into_iter().enumerate().map(|(index, item)| {
            let text = item.to_string();
            let origin = self.find.at(&field_of(index, &text));
            Tree::of(text.into(), origin)
        });
        let items = items.collect();
        self.tree(name, Tree::List(items));
    }

    pub(super) fn tree(&mut self, name: impl Into<String>, tree: Tree) {
        if !tree.is_empty() {
            self.entries.push((name.into(), tree));
        }
    }

    pub(super) fn into_tree(self) -> Tree {
        Tree::Map(self.entries)
    }

    pub(super) fn into_entries(self) -> Vec<(String, Tree)> {
        self.entries
    }

    /// The names of a mapping, each with a value and a field of its own.
    pub(super) fn map<'v, V: 'v>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = (&'v String, &'v V)>,
        value_of: impl Fn(&V) -> Value,
        origin_of: impl Fn(&Finder<'a>, &str) -> Option<Origin>,
    ) {
        let mut inner = Self::new(self.find);
        for (key, value) in values {
            inner.add(key, value_of(value), origin_of(&self.find, key));
        }
        self.tree(name, inner.into_tree());
    }
}
