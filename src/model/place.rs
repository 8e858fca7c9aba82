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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Place>);

impl Places {
    /// Remembers where `field` is set; the last one wins, as it does when bases are merged. What a
    /// program made has no file, and no place.
    pub fn insert(&mut self, field: impl Into<String>, place: Place) {
        if !place.file.as_os_str().is_empty() {
            self.0.insert(field.into(), place);
        }
    }

    /// Where `field` is set, else the nearest enclosing field, else the item itself (`""`).
    pub fn nearest(&self, field: &str) -> Option<&Place> {
        let mut name = field;
        loop {
            if let Some(place) = self.0.get(name) {
                return Some(place);
            }
            match name.rfind('.') {
                Some(dot) => name = &name[..dot],
                None if name.is_empty() => return None,
                None => name = "",
            }
        }
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
}
