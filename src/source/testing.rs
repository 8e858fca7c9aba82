//! What the readers' tests share: short YAML in, short text out.

use std::path::PathBuf;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::document::read_document;
use super::file::SourceMap;
use super::node::Node;
use super::raw::{RawContainer, RawHostPath, RawInventory, RawMap, RawText};
use super::read_inventory::read_inventory;
use super::read_map::read_map;
use super::render::{RenderOptions, render};
use super::tag::Tag;

/// A document with everything that was said about it.
pub(super) struct Read<T> {
    pub(super) sources: SourceMap,
    pub(super) value: Option<T>,
    pub(super) diagnostics: Diagnostics,
}

impl<T> Read<T> {
    /// The messages alone.
    pub(super) fn messages(&self) -> Vec<&str> {
        self.diagnostics.iter().map(|found: &Diagnostic| found.message.as_str()).collect()
    }

    /// The whole screen.
    pub(super) fn screen(mut self) -> String {
        self.diagnostics.sort();
        render(&self.diagnostics, &self.sources, RenderOptions::default())
    }

    /// The value, where nothing at all may be wrong.
    pub(super) fn good(self) -> T {
        assert!(self.diagnostics.is_empty(), "{}", self.screen());
        self.value.expect("a value without diagnostics")
    }
}

pub(super) fn document(text: impl Into<Vec<u8>>) -> Read<Node> {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let path = PathBuf::from("map.yaml");
    let value = read_document(&path, text.into(), &mut sources, &mut diagnostics);
    Read { sources, value, diagnostics }
}

pub(super) fn map(text: &str) -> Read<RawMap> {
    let Read { sources, value, mut diagnostics } = document(text);
    let value = value.and_then(|node| read_map(&node, None, &mut diagnostics));
    Read { sources, value, diagnostics }
}

pub(super) fn inventory(text: &str) -> Read<RawInventory> {
    let Read { sources, value, mut diagnostics } = document(text);
    let value = value.and_then(|node| read_inventory(&node, &mut diagnostics));
    Read { sources, value, diagnostics }
}

/// A container `web` with one property.
pub(super) fn container(property: &str, form: &str) -> Read<RawContainer> {
    let Read { sources, value, diagnostics } = map(&format!("web:\n  {property}: {form}\n"));
    let container = value.and_then(|map| map.containers.into_iter().next()).map(|(_, container)| container);
    Read { sources, value: container, diagnostics }
}

/// Runs a table of forms of one property: what is read in short, or `error: ` and the message.
pub(super) fn assert_forms(property: &str, forms: &[(&str, &str)], short: impl Fn(&RawContainer) -> String) {
    for (form, expected) in forms {
        let read = container(property, form);
        let found = match read.messages().as_slice() {
            [] => short(read.value.as_ref().expect("a container without diagnostics")),
            messages => format!("error: {}", messages.join(" | ")),
        };
        assert_eq!(found.replace(" of container `web`", ""), *expected, "{property}: {form}");
    }
}

/// A list of records in short, separated by semicolons.
pub(super) fn joined<T>(items: &[T], short: impl Fn(&T) -> String) -> String {
    items.iter().map(short).collect::<Vec<_>>().join("; ")
}

/// A tag in short, with a blank behind it.
pub(super) fn tag_text(tag: Option<&Tag>) -> String {
    match tag {
        None => String::new(),
        Some(Tag::Path) => "!path ".into(),
        Some(Tag::Env { default: None }) => "!env ".into(),
        Some(Tag::Env { default: Some(default) }) => format!("!env({default}) "),
        Some(Tag::File) => "!file ".into(),
        Some(Tag::Secret(source)) => format!("!secret({source:?}) "),
        Some(Tag::Computed(_)) => "computed ".into(),
    }
}

/// A text with its tag.
pub(super) fn text(raw: &RawText) -> String {
    let tag = tag_text(raw.tag.as_ref());
    format!("{tag}{}", raw.text)
}

/// A host path, those of instances in braces.
pub(super) fn host_path(path: &RawHostPath) -> String {
    match path {
        RawHostPath::One(path) => text(path),
        RawHostPath::PerInstance(paths, _) => {
            let pairs: Vec<String> =
                paths.iter().map(|(name, path)| format!("{}={}", **name, text(path))).collect();
            format!("{{{}}}", pairs.join(" "))
        }
    }
}
