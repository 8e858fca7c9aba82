//! The rules of the source's structure, read from the source: who may use whom, which file names
//! which crate, who prints, how long files are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which other modules of ours a module may use. `wording` may be used by all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("wording", &[]),
    ("model", &[]),
    // Places in files and the operator's variables are plain data that later stages carry along.
    ("source", &["model"]),
    ("resolve", &["source", "model"]),
    ("plan", &["model"]),
    ("host", &["model"]),
    ("event", &["plan", "model"]),
    ("observe", &["host", "model"]),
    // Only its tests observe: what a plan did is what the next look finds.
    ("execute", &["host", "plan", "model", "event", "observe"]),
    ("outside", &["model"]),
    // Maps in code, for whoever uses the library.
    ("map", &["source", "resolve", "model"]),
    (
        "fleet",
        &["map", "outside", "source", "resolve", "plan", "host", "event", "observe", "execute", "model"],
    ),
    ("report", &["event", "plan", "model"]),
    // Which keys there are is for the readers to say.
    ("reference", &["source", "resolve"]),
];

/// Crates that may be named by few files only, so that they can be exchanged.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("saphyr_parser", &["source/yaml.rs", "source/tree.rs"]),
    (
        "bollard",
        &["host/docker.rs", "host/docker/", "host/channel_pool.rs", "host/error.rs", "host/ssh/tests.rs"],
    ),
    ("russh", &["host/ssh/", "host/engine_dialer.rs", "host/error.rs", "host/command_error.rs"]),
    ("tar", &["host/archive.rs", "host/archive/", "host/fake/files.rs"]),
    ("indicatif", &["cli/progress.rs", "cli/progress/"]),
    ("clap", &["cli/"]),
    ("eyre", &["cli/"]),
    ("annotate_snippets", &["source/render.rs"]),
    ("hyper", &["host/"]),
];

/// A file that is longer says why in its first paragraph.
const LONGEST_FILE: usize = 500;

struct SourceFile {
    /// Relative to `src`.
    path: String,
    text: String,
}

impl SourceFile {
    /// `plan` of `plan/mod.rs` and of `plan.rs`.
    fn module(&self) -> &str {
        self.path.split('/').next().expect("a part").trim_end_matches(".rs")
    }

    /// Lines of code: without comments, with their numbers. Tests in the file count as well.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
    }
}

fn sources() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let path = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                files.push(SourceFile { path, text });
            }
        }
    }
    assert!(files.len() > 50, "the source is not where it should be");
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Modules of ours that a line of code names: `crate::plan::Plan`, `use crate::{plan, model}`.
fn used_modules(line: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let names = rest.strip_prefix('{').map_or(vec![rest], |list| list.split(',').collect());
        for name in names {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            used.push(name.trim().split(|letter| !is_part(letter)).next().unwrap_or_default());
        }
    }
    used
}

#[test]
fn modules_use_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !["lib", "main", "cli", "testing"].contains(&file.module())) {
        let module = file.module().to_owned();
        let Some(may_use) = allowed.get(module.as_str()) else {
            wrong.push(format!("{}: module `{module}` has no rule", file.path));
            continue;
        };
        for (number, line) in file.code() {
            for used in used_modules(line) {
                let is_rule = allowed.contains_key(used) && used != module && used != "wording";
                if is_rule && !may_use.contains(&used) {
                    wrong.push(format!("src/{}:{number}: `{module}` uses `{used}`", file.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_binary_uses_the_library_by_its_public_name() {
    for file in sources().iter().filter(|file| file.module() == "cli") {
        for (number, line) in file.code() {
            let used = used_modules(line);
            let is_of_library = used.iter().any(|used| MAY_USE.iter().any(|(module, _)| module == used));
            assert!(!is_of_library, "src/{}:{number}: {line}", file.path);
        }
    }
}

/// Whether code names a crate: as the beginning of a path, not as a part of a word or a text.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let is_path = line[at + name.len()..].starts_with("::") || line[at + name.len()..].starts_with(';');
        is_path && !before.is_some_and(|letter| letter.is_ascii_alphanumeric() || "_:\"`.".contains(letter))
    })
}

#[test]
fn foreign_crates_are_named_only_behind_their_boundary() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (name, places) in NAMED_BY {
            let is_allowed = places.iter().any(|place| file.path == *place || file.path.starts_with(place));
            let found = file.code().filter(|(_, line)| !is_allowed && names_crate(line, name));
            wrong.extend(found.map(|(number, line)| format!("src/{}:{number}: {}", file.path, line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_binary_prints() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !["cli", "main"].contains(&file.module())) {
        for (number, line) in file.code() {
            if ["println!", "eprintln!", "print!", "eprint!", "dbg!"].iter().any(|name| line.contains(name)) {
                wrong.push(format!("src/{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_of_a_size_to_be_read_or_say_why_not() {
    for file in sources() {
        let length = file.text.lines().count();
        let head: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let is_tests = file.path.ends_with("/tests.rs");
        assert!(is_tests || !head.is_empty(), "src/{}: does not say what it is", file.path);
        let is_explained = head.contains("long") || head.contains("lines");
        assert!(length <= LONGEST_FILE || is_explained, "src/{}: {length} lines, and no word why", file.path);
    }
}

#[test]
fn every_rule_is_about_a_module_that_exists_or_is_planned() {
    let files = sources();
    for (module, _) in MAY_USE.iter().filter(|(module, _)| *module != "image") {
        assert!(files.iter().any(|file| file.module() == *module), "`{module}` has a rule and no source");
    }
}
