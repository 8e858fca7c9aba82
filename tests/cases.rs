//! What each part of an inventory and a map means, and what is said about a wrong one: a file of `cases/` for each, so that adding a case is adding a file.
//!
//! ```yaml
//! features: [CNT-12]          # rows of cases/features.txt
//! shows: what one learns from it
//! inventory: |                # without it: a host `h`, with the map `m` of map.yaml
//! map: |                      # map.yaml; further files are in `files`
//! environ: {NAME: value}      # variables of the environment
//! gives:                      # a part of `dmfab config --json`: of the host `h`, or of several under `hosts`
//! sends: {m.web: {User: web}}     # a part of what an Engine is sent to make a container, network or volume
//! finds: [..]                 # all that `dmfab check` finds, as `LINE: message | help`; else nothing may be found
//! screen: |                   # what `dmfab check` shows
//! at: [sends, m.web, User]    # forms, each in the place of FORM, with what is then at this place
//! forms: {web: web, '[a]': {finds: [..]}}
//! chooses: {'web app.one': [m.web, m.app.one]}    # items of a command, and the containers they mean
//! ```
//!
//! A file may also be a list of such cases. Mappings of `gives` are parts, unless they stand under `exactly`; all else is compared as a whole. Null stands for what is not there.

mod case;
mod compare;
mod document;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;

/// Files of cases in which nothing may be wrong: case, name, text.
pub(crate) fn right_files() -> Vec<(String, String, String)> {
    case::all().iter().flat_map(Case::right_files).collect()
}

#[test]
fn every_case_holds() {
    let cases = case::all();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = case.run();
                    if !found.is_empty() {
                        wrong.lock().expect("no panic").insert(case.to_string(), found);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    let shown: Vec<String> =
        wrong.iter().map(|(case, found)| format!("{case}\n    {}", found.join("\n    "))).collect();
    assert!(shown.is_empty(), "{} cases do not hold:\n{}", shown.len(), shown.join("\n"));
}

/// A row of `features.txt`: `ID importance: words`. One that ends with `Instead: ...` says what is done in
/// its place, and needs no test.
struct Feature {
    id: String,
    is_answered: bool,
}

fn features() -> Vec<Feature> {
    let text = include_str!("cases/features.txt");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let feature = |line: &str| {
        let (head, words) = line.split_once(": ").unwrap_or_else(|| panic!("no words: {line}"));
        let (id, importance) = head.split_once(' ').unwrap_or_else(|| panic!("no importance: {line}"));
        assert!(["core", "expected", "legacy", "quirk"].contains(&importance), "{line}");
        Feature { id: id.to_owned(), is_answered: words.contains(" Instead: ") }
    };
    lines.map(feature).collect()
}

/// Ids that tests in the source name: `features: MAP-16, MAP-17` in a comment.
fn named_in_source() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("tests")];
    let mut named = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("cases.rs")
            {
                let text = fs::read_to_string(&path).expect("a source file");
                let lists =
                    text.lines().filter_map(|line| line.trim().strip_prefix("//")?.split_once("features: "));
                named.extend(
                    lists.flat_map(|(_, ids)| {
                        ids.split(',').map(|id| id.trim().to_owned()).collect::<Vec<_>>()
                    }),
                );
            }
        }
    }
    named
}

#[test]
fn every_feature_has_a_case_and_every_case_a_feature() {
    let features = features();
    let known: BTreeSet<&str> = features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(known.len(), features.len(), "a row is there twice");
    let mut named = named_in_source();
    named.extend(case::all().iter().flat_map(Case::features));
    let unknown: Vec<&String> = named.iter().filter(|id| !known.contains(id.as_str())).collect();
    assert!(unknown.is_empty(), "no row: {unknown:?}");
    let open = features.iter().filter(|feature| !feature.is_answered && !named.contains(&feature.id));
    let open: Vec<&str> = open.map(|feature| feature.id.as_str()).collect();
    assert!(open.is_empty(), "rows without a case: {open:?}");
}
