//! An inventory and the maps it names, from whatever reads files.

use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::document::read_document;
use super::file::SourceMap;
use super::foreign::{Wanted, recognise};
use super::node::Node;
use super::raw::{RawInventory, RawMap, RawMapEntry, RawName, RawText};
use super::read_inventory::{is_container_map, read_inventory};
use super::read_map::read_map;
use super::span::Spanned;
use super::tag::Tag;
use super::weight;
use crate::model::variables::Variables;

/// All files together; an inventory may name one large file a thousand times.
const MAX_TOTAL_BYTES: usize = 32 * 1024 * 1024;

/// What the defaults of maps may come to.
const MAX_VALUES_OF_DEFAULTS: usize = 1_000_000;

/// All that was read, and what is wrong with it.
#[derive(Debug)]
pub struct Loaded {
    /// Every file that could be opened, for showing the diagnostics.
    pub sources: SourceMap,
    /// The inventory, without its `maps`; `None` if it could not be read at all.
    pub inventory: Option<RawInventory>,
    /// Every map in the inventory's order, those written in place too; then the extra ones. Maps
    /// that could not be read at all are missing. All have a name, none twice.
    pub maps: Vec<RawMap>,
    /// What is wrong, by file and place.
    pub diagnostics: Diagnostics,
}

/// Reads a file; the path is as the user or the inventory names it, made relative to the
/// working directory.
pub type ReadFile<'r> = dyn FnMut(&Path) -> io::Result<Vec<u8>> + 'r;

/// Reads an inventory and its maps.
///
/// Paths of maps are relative to the inventory, `extra_maps` to the working directory. Paths tagged
/// `!path` or `!env` take `variables`.
pub fn load(root: &Path, extra_maps: &[PathBuf], variables: &Variables, read: &mut ReadFile<'_>) -> Loaded {
    load_as(root, extra_maps, variables, read, false)
}

/// As [`load`], but `root` may be a container map: then that is the one map, and there is no
/// inventory.
pub fn load_any(
    root: &Path,
    extra_maps: &[PathBuf],
    variables: &Variables,
    read: &mut ReadFile<'_>,
) -> Loaded {
    load_as(root, extra_maps, variables, read, true)
}

fn load_as(
    root: &Path,
    extra_maps: &[PathBuf],
    variables: &Variables,
    read: &mut ReadFile<'_>,
    may_be_map: bool,
) -> Loaded {
    let mut loading = Loading {
        sources: SourceMap::new(),
        diagnostics: Diagnostics::new(),
        maps: Vec::new(),
        folder: root.parent().unwrap_or(Path::new("")).to_owned(),
        variables,
        read,
        bytes_left: MAX_TOTAL_BYTES,
    };
    let mut inventory = loading.inventory(root, may_be_map);
    for entry in inventory.iter_mut().flat_map(|inventory| std::mem::take(&mut inventory.maps)) {
        loading.map_entry(entry);
    }
    for path in extra_maps {
        loading
            .map_file(path, None, |message| Diagnostic::error(format!("map `{}` {message}", path.display())));
    }
    let Loading { sources, mut diagnostics, maps, .. } = loading;
    let maps = refuse_same_names(maps, &mut diagnostics);
    if let Some(inventory) = &mut inventory {
        refuse_large_defaults(inventory, maps.len(), &mut diagnostics);
    }
    diagnostics.sort();
    Loaded { sources, inventory, maps, diagnostics }
}

struct Loading<'v, 'r, 'c> {
    sources: SourceMap,
    diagnostics: Diagnostics,
    maps: Vec<RawMap>,
    /// Where the inventory is.
    folder: PathBuf,
    variables: &'v Variables,
    read: &'r mut ReadFile<'c>,
    bytes_left: usize,
}

impl Loading<'_, '_, '_> {
    fn inventory(&mut self, path: &Path, may_be_map: bool) -> Option<RawInventory> {
        let bytes = match (self.read)(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("inventory `{}` {}", path.display(), trouble(&error));
                self.diagnostics.push(Diagnostic::error(message).help("check the path of the inventory"));
                return None;
            }
        };
        let node = read_document(path, bytes, &mut self.sources, &mut self.diagnostics)?;
        let wanted = if may_be_map { Wanted::Either } else { Wanted::Inventory };
        if self.refuse_foreign(&node, wanted) {
            return None;
        }
        if may_be_map && is_container_map(&node) {
            self.map(&node, path, None);
            return None;
        }
        read_inventory(&node, &mut self.diagnostics)
    }

    /// Whether a document is a file of another program, which is told.
    fn refuse_foreign(&mut self, node: &Node, wanted: Wanted) -> bool {
        let found = recognise(node, wanted);
        let is_foreign = found.is_some();
        self.diagnostics.extend(found);
        is_foreign
    }

    fn map_entry(&mut self, entry: RawMapEntry) {
        match entry {
            RawMapEntry::Inline(map) => self.maps.push(*map),
            RawMapEntry::File { name, path } => {
                let Some(typed) = self.expand(&path) else { return };
                let file = tidy(&self.folder.join(&typed));
                let span = path.span;
                self.map_file(&file, name, |message| {
                    Diagnostic::error(format!("map `{typed}` {message}")).at(span, "named here")
                });
            }
        }
    }

    /// The path that a text with or without a tag stands for.
    fn expand(&mut self, path: &RawText) -> Option<String> {
        match &path.tag {
            None => Some(path.text.clone()),
            Some(Tag::Path) => Some(self.variables.expand_path(&path.text)),
            Some(Tag::Env { default }) => {
                let value = self.variables.get(&path.text).map(str::to_owned).or_else(|| default.clone());
                if value.is_none() {
                    let message = format!("variable `{}` is not set", path.text);
                    let help = format!("set it in the environment, or with `--var {}=...`", path.text);
                    self.diagnostics.push(Diagnostic::error(message).at(path.span, "needed here").help(help));
                }
                value
            }
            Some(Tag::File | Tag::Secret(_) | Tag::Computed(_)) => {
                self.diagnostics.push(
                    Diagnostic::error("the path of a map cannot come from a file or a secret")
                        .at(path.span, "expected a path")
                        .help("write the path itself, or use `!path` or `!env`"),
                );
                None
            }
        }
    }

    /// Reads a map of its own file. `refused` makes the diagnostic when that cannot be opened.
    fn map_file(&mut self, path: &Path, name: Option<RawName>, refused: impl FnOnce(String) -> Diagnostic) {
        let bytes = match (self.read)(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.diagnostics.push(refused(trouble(&error))),
        };
        let Some(bytes_left) = self.bytes_left.checked_sub(bytes.len()) else {
            let megabytes = MAX_TOTAL_BYTES / 1024 / 1024;
            return self.diagnostics.push(refused(format!("would make more than {megabytes} MiB of files")));
        };
        self.bytes_left = bytes_left;
        let Some(node) = read_document(path, bytes, &mut self.sources, &mut self.diagnostics) else {
            return;
        };
        if !self.refuse_foreign(&node, Wanted::Map) {
            self.map(&node, path, name);
        }
    }

    fn map(&mut self, node: &Node, path: &Path, name: Option<RawName>) {
        let Some(mut map) = read_map(node, name, &mut self.diagnostics) else {
            return;
        };
        if map.name.is_none() {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            map.name = stem.map(|stem| Spanned::new(stem, map.start.span));
        }
        self.maps.push(map);
    }
}

/// Keeps the first of several maps with one name: every item of the others would clash with its.
fn refuse_same_names(maps: Vec<RawMap>, diagnostics: &mut Diagnostics) -> Vec<RawMap> {
    let mut kept: IndexMap<Option<String>, RawMap> = IndexMap::with_capacity(maps.len());
    for map in maps {
        match kept.entry(map.name.as_ref().map(|name| name.value.clone())) {
            Entry::Vacant(place) => drop(place.insert(map)),
            Entry::Occupied(first) => diagnostics.extend(same_name(first.get(), &map)),
        }
    }
    kept.into_values().collect()
}

/// Each map is laid over a copy of the defaults.
fn refuse_large_defaults(inventory: &mut RawInventory, maps: usize, diagnostics: &mut Diagnostics) {
    let Some(defaults) = &inventory.map_defaults else { return };
    if weight::of_map(defaults).saturating_mul(maps) > MAX_VALUES_OF_DEFAULTS {
        let message =
            format!("`map_defaults` come to more than {MAX_VALUES_OF_DEFAULTS} values in {maps} maps");
        diagnostics.push(Diagnostic::error(message).at(defaults.start.span, "laid under each map"));
        inventory.map_defaults = None;
    }
}

fn same_name(first: &RawMap, second: &RawMap) -> Option<Diagnostic> {
    let (first, second) = (first.name.as_ref()?, second.name.as_ref()?);
    Some(
        Diagnostic::error(format!("two maps are called `{}`", second.value))
            .at(second.span, "the second one")
            .also(first.span, "the first one")
            .help("give one of them another `name`"),
    )
}

/// Why a file could not be read, as the end of a sentence.
fn trouble(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Takes `folder/..` out of a path, as far as it is plain text: messages are read by people.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::ParentDir, Some(Component::Normal(_))) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::render::{RenderOptions, render};
    use super::*;

    fn load_files(files: &[(&str, &str)], extra: &[&str]) -> Loaded {
        let files: BTreeMap<&Path, &str> =
            files.iter().map(|(path, text)| (Path::new(*path), *text)).collect();
        let extra: Vec<PathBuf> = extra.iter().map(PathBuf::from).collect();
        let values = [("MAPS", "shared"), ("MAP", "env.yaml")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = Variables::new(values, Some("/home/me".to_owned()));
        load(Path::new("fleet/prod.yaml"), &extra, &variables, &mut |path| match files.get(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None if path.ends_with("secret.yaml") => Err(io::ErrorKind::PermissionDenied.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        })
    }

    fn names(loaded: &Loaded) -> Vec<&str> {
        loaded.maps.iter().filter_map(|map| Some(map.name.as_ref()?.value.as_str())).collect()
    }

    fn messages(loaded: &Loaded) -> Vec<&str> {
        loaded.diagnostics.iter().map(|found| found.message.as_str()).collect()
    }

    #[test]
    fn maps_are_found_beside_the_inventory_and_named() {
        let inventory = "maps: {own: a.yaml, in_place: {web: }}";
        let files = [
            ("fleet/prod.yaml", inventory),
            ("fleet/a.yaml", "name: dropped\nweb:\n"),
            ("b.x.yaml", "web:\n"),
        ];
        let loaded = load_files(&files, &["b.x.yaml"]);
        assert_eq!(messages(&loaded), [""; 0]);
        assert_eq!(names(&loaded), ["own", "in_place", "b.x"]);
        let loaded =
            load_files(&[("fleet/prod.yaml", "maps: a.yaml"), ("fleet/a.yaml", "name: main\nweb:\n")], &[]);
        assert_eq!(names(&loaded), ["main"]);
    }

    #[test]
    fn paths_of_maps_take_variables() {
        let inventory = "maps: [!path $MAPS/a.yaml, !env MAP, !path ~/b.yaml, !env NO_MAP]";
        let files = [
            ("fleet/prod.yaml", inventory),
            ("fleet/shared/a.yaml", "w:\n"),
            ("fleet/env.yaml", "w:\n"),
            ("/home/me/b.yaml", "w:\n"),
        ];
        let loaded = load_files(&files, &[]);
        assert_eq!(names(&loaded), ["a", "env", "b"]);
        assert_eq!(messages(&loaded), ["variable `NO_MAP` is not set"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_where_it_is_named() {
        let loaded = load_files(&[("fleet/prod.yaml", "maps:\n  - a.yaml\n  - secret.yaml\n")], &["b.yaml"]);
        insta::assert_snapshot!(render(&loaded.diagnostics, &loaded.sources, RenderOptions::default()), @"
        error: map `b.yaml` does not exist

        error: map `a.yaml` does not exist
         --> fleet/prod.yaml:2:5
          |
        2 |   - a.yaml
          |     ^^^^^^ named here

        error: map `secret.yaml` may not be read
         --> fleet/prod.yaml:3:5
          |
        3 |   - secret.yaml
          |     ^^^^^^^^^^^ named here

        3 errors in 1 file
        ");
        let loaded = load_files(&[], &[]);
        assert!(loaded.inventory.is_none());
        assert_eq!(messages(&loaded), ["inventory `fleet/prod.yaml` does not exist"]);
    }

    #[test]
    fn two_maps_of_one_name_are_refused() {
        let inventory = "maps: [a.yaml, {name: a, web: }]";
        let loaded = load_files(&[("fleet/prod.yaml", inventory), ("fleet/a.yaml", "web:\n")], &[]);
        assert_eq!(names(&loaded), ["a"]);
        assert_eq!(messages(&loaded), ["two maps are called `a`"]);
    }

    #[test]
    fn what_is_read_again_and_again_has_limits() {
        let large = format!("web: {{image: '{}'}}\n", "x".repeat(10_000_000));
        let each = |count, entry: fn(usize) -> String| (0..count).map(entry).collect::<Vec<_>>().join(", ");
        let maps = each(20, |number| format!("m{number}: a.yaml"));
        let files = [("fleet/prod.yaml", &*format!("maps: {{{maps}}}")), ("fleet/a.yaml", &large)];
        let loaded = load_files(&files, &[]);
        assert_eq!(loaded.maps.len(), 3);
        assert_eq!(messages(&loaded).len(), 17);
        assert_eq!(messages(&loaded)[0], "map `a.yaml` would make more than 32 MiB of files");
        let volumes = each(1000, |number| format!("v{number}: /v"));
        let maps = each(1000, |number| format!("m{number}: {{web: }}"));
        let inventory = format!("map_defaults: {{volumes: {{{volumes}}}}}\nmaps: {{{maps}}}");
        let loaded = load_files(&[("fleet/prod.yaml", &inventory)], &[]);
        assert_eq!(messages(&loaded), ["`map_defaults` come to more than 1000000 values in 1000 maps"]);
    }

    #[test]
    fn mistakes_of_all_files_are_collected() {
        let files = [
            ("fleet/prod.yaml", "maps: [a.yaml, b.yaml]\nhosts: {x: {prot: 22}}\n"),
            ("fleet/a.yaml", "web: {imgae: x}\n"),
            ("fleet/b.yaml", "web: {image: [\n"),
        ];
        let loaded = load_files(&files, &[]);
        assert_eq!(
            messages(&loaded),
            ["unknown key `prot` in host `x`", "unknown key `imgae` in container `web`", "value is missing"]
        );
    }
}
