//! Where something stands in the operator's files.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

/// A line of a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file as it was opened.
    pub file: Arc<Path>,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.line)
    }
}

/// The places of an item's settings by dotted field name (`environment.CACHE_TTL`).
///
/// A copy costs nothing until it is changed: a container has the same places on all of its hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Arc<PlacesByField>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PlacesByField {
    places: BTreeMap<String, Place>,
    /// For the few fields of which a place does not tell everything.
    details: BTreeMap<String, PlaceDetails>,
}

/// What else is known of where a field comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceDetails {
    /// What gives the value, where that is not the field itself: `default_domain` of `domainname`.
    pub giver: Option<&'static str>,
    /// Settings that a part of the value comes from: `repository` of `image`.
    pub parts: Vec<(&'static str, Place)>,
}

impl Places {
    /// Remembers where `field` is set; the last one wins, as it does when bases are merged. What a
    /// program made has no file, and no place.
    pub fn insert(&mut self, field: impl Into<String>, place: Place) {
        if place.file.as_os_str().is_empty() {
            return;
        }
        let field = field.into();
        let known = self.changeable();
        if !known.details.is_empty() {
            known.details.remove(&field);
        }
        known.places.insert(field, place);
    }

    fn changeable(&mut self) -> &mut PlacesByField {
        Arc::make_mut(&mut self.0)
    }

    /// As [`Self::insert`], for a value that something else than the field itself gives.
    pub fn insert_given(&mut self, field: &str, giver: &'static str, place: Place) {
        self.insert(field, place);
        self.changeable().details.entry(field.to_owned()).or_default().giver = Some(giver);
    }

    /// Adds the place of a setting that gives a part of a field's value.
    pub fn insert_part(&mut self, field: &str, part: &'static str, place: Place) {
        if !place.file.as_os_str().is_empty() {
            self.changeable().details.entry(field.to_owned()).or_default().parts.push((part, place));
        }
    }

    /// Whether both are one in memory.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes over what was remembered elsewhere of the same item.
    pub fn extend(&mut self, other: Self) {
        let other = Arc::unwrap_or_clone(other.0);
        self.changeable().places.extend(other.places);
        self.changeable().details.extend(other.details);
    }

    /// Where `field` itself is set.
    pub fn get(&self, field: &str) -> Option<&Place> {
        self.0.places.get(field)
    }

    /// What else is known of where `field` comes from.
    pub fn details(&self, field: &str) -> Option<&PlaceDetails> {
        self.0.details.get(field)
    }

    /// Where `field` is set, else the nearest enclosing field, else the item itself (`""`).
    pub fn nearest(&self, field: &str) -> Option<&Place> {
        self.find(field).map(|(_, place)| place)
    }

    /// As [`Self::nearest`], with the name of the field that was found.
    pub fn find<'f>(&self, field: &'f str) -> Option<(&'f str, &Place)> {
        let mut name = field;
        loop {
            if let Some(place) = self.0.places.get(name) {
                return Some((name, place));
            }
            name = enclosing(name)?;
        }
    }
}

/// The field that another one is a part of. The dots of a path divide nothing.
fn enclosing(field: &str) -> Option<&str> {
    let words = field.find("./").map_or(field, |path| &field[..=path]);
    match words.rfind('.') {
        Some(dot) => Some(&field[..dot]),
        None if field.is_empty() => None,
        None => Some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32) -> Place {
        Place { file: Path::new("map.yaml").into(), line, column: 1 }
    }

    #[test]
    fn the_nearest_place_is_the_field_then_its_parents_then_the_item() {
        let mut places = Places::default();
        places.insert("", place(1));
        places.insert("environment", place(5));
        places.insert("environment.A", place(6));
        assert_eq!(places.nearest("environment.A"), Some(&place(6)));
        assert_eq!(places.nearest("environment.B"), Some(&place(5)));
        assert_eq!(places.nearest("ports"), Some(&place(1)));
        assert_eq!(Places::default().nearest("ports"), None);
    }

    #[test]
    fn a_path_is_no_part_of_another_path() {
        let mut places = Places::default();
        places.insert("binds", place(2));
        places.insert("binds./data", place(3));
        assert_eq!(places.nearest("binds./data"), Some(&place(3)));
        assert_eq!(places.nearest("binds./data.old"), Some(&place(2)));
    }

    #[test]
    fn what_is_set_later_is_given_by_itself() {
        let mut places = Places::default();
        let giver = |places: &Places| places.details("domainname").and_then(|details| details.giver);
        places.insert_given("domainname", "default_domain", place(1));
        assert_eq!(giver(&places), Some("default_domain"));
        places.insert("domainname", place(2));
        assert_eq!((giver(&places), places.get("domainname")), (None, Some(&place(2))));
    }
}
