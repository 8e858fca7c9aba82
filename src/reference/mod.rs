//! What each key of inventories and maps is for: the texts behind `dmfab explain` and the
//! descriptions in `dmfab schema`.
//!
//! Nothing is written here. Keys, summaries and examples are those of `inventories/reference.yaml`,
//! forms and merging rules those of the guide; both are part of the program. What may be typed is
//! decided by [`crate::source`] and [`crate::resolve`]; tests hold the reference to their keys.
//!
//! ```
//! use dmfab::reference::Reference;
//!
//! let reference = Reference::embedded();
//! let found = reference.find("healthcheck.interval");
//! assert_eq!(found[0].path, "container.healthcheck.interval");
//! assert_eq!(found[0].example, ["interval: 10s"]);
//! ```

mod commented;
mod guide;
mod places;
pub mod schema;
mod sections;
pub mod text;

use crate::resolve::{OptionsOf, api_name};
use crate::wording;

pub use guide::{Block, Section, Table};
pub use places::Place;
pub use sections::Forms;

/// The commented inventory.
const REFERENCE: &str = include_str!("../../inventories/reference.yaml");

/// The pages that explain keys.
const PAGES: [(&str, &str); 3] = [
    ("inventory.md", include_str!("../../docs/guide/inventory.md")),
    ("container-maps.md", include_str!("../../docs/guide/container-maps.md")),
    ("index.md", include_str!("../../docs/guide/index.md")),
];

/// Longer examples are cut.
const LONGEST_EXAMPLE: usize = 16;

/// How many names are offered for one that is not known.
const MOST_SUGGESTIONS: usize = 5;

/// All that is known about keys.
#[derive(Debug, Clone)]
pub struct Reference {
    entries: Vec<Entry>,
}

/// One key at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the key stands.
    pub place: Place,
    /// The key as it is typed.
    pub key: String,
    /// Place and key: `container.host_config.mem_limit`.
    pub path: String,
    /// The API's name of an option, which is taken as well.
    pub api_name: Option<&'static str>,
    /// What it is for, in a few words.
    pub summary: String,
    /// Lines of YAML, the key in the first.
    pub example: Vec<String>,
    /// Whether lines of the example were left out.
    pub is_example_cut: bool,
    /// What the guide says.
    pub forms: Option<Forms>,
    /// How a container's property merges under `extends`.
    pub merging: Option<String>,
}

/// How the summary of a key begins that does nothing.
const WITHOUT_EFFECT: &str = "Without effect";

impl Reference {
    /// The reference that is part of the program.
    pub fn embedded() -> Self {
        let pages = PAGES.iter().flat_map(|(page, text)| guide::sections(page, text));
        Self::read(REFERENCE, &pages.collect::<Vec<_>>())
    }

    fn read(reference: &str, sections: &[Section]) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for found in commented::occurrences(reference) {
            let path = found.place.path_of(&found.key);
            match entries.iter_mut().find(|entry| entry.path == path) {
                // What says more about the key is the better example.
                Some(known) if known.summary.is_empty() && !found.comment.is_empty() => {
                    *known = entry(found, sections);
                }
                Some(_) => {}
                None => entries.push(entry(found, sections)),
            }
        }
        entries.extend(tags(reference, sections));
        let place = |entry: &Entry| Place::ALL.iter().position(|known| *known == entry.place);
        entries.sort_by_key(|entry| (place(entry), entry.place.rank(&entry.key)));
        Self { entries }
    }

    /// Every key, by place.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries that a name means: a full path, the end of one, or a key wherever it stands.
    pub fn find(&self, name: &str) -> Vec<&Entry> {
        let name = name.strip_suffix("_lazy").filter(|tag| tag.starts_with('!')).unwrap_or(name);
        let mut found: Vec<&Entry> = self.entries.iter().filter(|entry| entry.is_called(name)).collect();
        // Who asks for a key that works somewhere does not ask for the one that does nothing.
        found.sort_by_key(|entry| entry.summary.starts_with(WITHOUT_EFFECT));
        found
    }

    /// The place that a name means, to list its keys: `container`, `healthcheck`, `hosts.`.
    pub fn place(&self, name: &str) -> Option<Place> {
        let name = name.trim_end_matches('.');
        let name = match name {
            "hosts" | "clients" | "defaults" => "host",
            "containers" => "container",
            "volumes" => "volume",
            "networks" => "network",
            "maps" => "map",
            other => other,
        };
        Place::ALL.into_iter().find(|place| !name.is_empty() && place.path() == name)
    }

    /// The entry of a key at a place.
    pub fn get(&self, place: Place, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.place == place && entry.key == key)
    }

    /// Names that may have been meant, the likeliest first.
    pub fn suggestions(&self, name: &str) -> Vec<&str> {
        let (parent, key) = name.rsplit_once('.').unwrap_or(("", name));
        let is_there = |entry: &&Entry| {
            parent.is_empty() || format!(".{}", entry.place.path()).ends_with(&format!(".{parent}"))
        };
        let keys = || self.entries.iter().filter(is_there).map(|entry| entry.key.as_str());
        let anywhere = || self.entries.iter().map(|entry| entry.key.as_str());
        let near = wording::nearest(key, keys()).or_else(|| wording::nearest(key, anywhere()));
        let is_like =
            |candidate: &&str| key.len() >= 3 && (candidate.contains(key) || key.contains(*candidate));
        let mut found: Vec<&str> = Vec::new();
        for candidate in near.into_iter().chain(keys().filter(is_like)).chain(anywhere().filter(is_like)) {
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        found.truncate(MOST_SUGGESTIONS);
        found
    }
}

impl Entry {
    /// Whether a name is the path, or the end of it.
    fn is_called(&self, name: &str) -> bool {
        let ends_with =
            |path: &str| path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        ends_with(&self.path)
            || self.api_name.is_some_and(|api_name| ends_with(&self.place.path_of(api_name)))
    }
}

fn entry(found: commented::Occurrence, sections: &[Section]) -> Entry {
    let commented::Occurrence { place, key, comment, lines } = found;
    let options_of = match place {
        Place::CreateOptions | Place::HostConfig => Some(OptionsOf::Container),
        Place::NetworkOptions => Some(OptionsOf::Network),
        Place::VolumeOptions => Some(OptionsOf::Volume),
        _ => None,
    };
    Entry {
        path: place.path_of(&key),
        api_name: options_of.and_then(|of| api_name(of, &key)),
        summary: summary(&comment),
        is_example_cut: lines.len() > LONGEST_EXAMPLE,
        example: lines.into_iter().take(LONGEST_EXAMPLE).collect(),
        forms: sections::forms(sections, place, &key),
        merging: sections::merging(sections, place, &key),
        place,
        key,
    }
}

/// Tags stand in no mapping: the guide names them, and the reference shows lines that have one.
fn tags<'r>(reference: &'r str, sections: &'r [Section]) -> impl Iterator<Item = Entry> + 'r {
    let lines = commented::tagged_lines(reference);
    sections::tags(sections).into_iter().map(move |(tag, meaning)| Entry {
        place: Place::Tag,
        path: tag.clone(),
        api_name: None,
        summary: summary(&meaning),
        example: lines.iter().filter(|(found, _)| *found == tag).map(|(_, line)| line.clone()).collect(),
        is_example_cut: false,
        forms: sections::forms(sections, Place::Tag, &tag),
        merging: None,
        key: tag,
    })
}

/// The first sentence, with a capital and without its full stop.
fn summary(comment: &str) -> String {
    let sentence = comment.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
