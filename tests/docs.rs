//! The documents keep to the program: their YAML is taken, their links lead somewhere, and the
//! reference inventory names every key that is read.
//!
//! Scope: `README.md`, `docs/`, `inventories/reference.yaml`. Needs no host.
//!
//! A fenced block `yaml` is a complete file, whose first line names it: `# inventory.yaml` or
//! `# map.yaml`. Other YAML is marked `yaml fragment`. Complete blocks under one heading belong
//! together; a map without an inventory runs on a host that has all interfaces of the guide.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dmfab::reference::{Entry, Place, Reference};

use crate::support::dmfab::dmfab;

/// For maps that stand alone.
const INVENTORY: &str = "\
hosts:
  web1:
    interfaces: {private: 10.0.0.21, public: 192.0.2.21}
    interfaces_ipv6: {private: '2001:db8::21', public: '2001:db8::22'}
";

/// Variables that the examples take with `!env`.
const VARIABLES: [(&str, &str); 2] = [("DB_PASSWORD", "x"), ("REGISTRY_PASSWORD", "x")];

/// Where the readers' lists of keys are: file below `src`, the name of the list, and where its keys
/// stand.
const KEY_LISTS: [(&str, &str, Place); 18] = [
    ("source/read_inventory.rs", "INVENTORY_KEYS", Place::Inventory),
    ("source/read_host.rs", "HOST_KEYS", Place::Host),
    ("source/read_host.rs", "WITHOUT_EFFECT", Place::Host),
    ("source/read_host.rs", "LOGIN_KEYS", Place::Login),
    ("source/read_map.rs", "MAP_KEYS", Place::Map),
    ("source/read_volumes.rs", "VOLUME_KEYS", Place::Volume),
    ("source/read_networks.rs", "NETWORK_KEYS", Place::Network),
    ("source/read_networks.rs", "ENDPOINT_KEYS", Place::Endpoint),
    ("source/read_container.rs", "CONTAINER_KEYS", Place::Container),
    ("source/read_mounts.rs", "BIND_KEYS", Place::Bind),
    ("source/read_links.rs", "LINK_KEYS", Place::Link),
    ("source/read_ports.rs", "RECORD_KEYS", Place::Port),
    ("source/read_commands.rs", "KEYS", Place::Command),
    ("source/read_healthcheck.rs", "KEYS", Place::Healthcheck),
    ("resolve/options/names.rs", "CREATE_KEYWORDS", Place::CreateOptions),
    ("resolve/options/names.rs", "SHARED_HOST_KEYWORDS", Place::HostConfig),
    ("resolve/host_options.rs", "KEYWORDS", Place::HostConfig),
    ("resolve/resources.rs", "NETWORK_KEYWORDS", Place::NetworkOptions),
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README, the other documents at the top, and everything in `docs`.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/shop/README.md"]
            .map(|name| repository().join(name))
            .to_vec();
    for folder in ["docs", "docs/guide"] {
        for entry in fs::read_dir(repository().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(path);
            }
        }
    }
    assert!(documents.len() > 10, "the documents are not where they should be");
    documents.sort();
    documents
}

/// A complete YAML file in a document.
struct Block {
    /// For messages: document and line.
    place: String,
    /// What its first line calls it.
    name: String,
    text: String,
    /// Blocks of one heading have the same number.
    heading: usize,
}

/// The complete blocks of a document; panics at YAML that is neither complete nor marked.
fn blocks(document: &Path) -> Vec<Block> {
    let text = read(document);
    let (mut blocks, mut heading) = (Vec::new(), 0);
    let mut open: Option<(String, String, Vec<&str>)> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let place = format!("{}:{}", document.display(), index + 1);
                open = Some((info.trim().to_owned(), place, Vec::new()));
            }
            (None, None) => heading += usize::from(line.starts_with('#')),
            (Some((_, _, lines)), None) => lines.push(line),
            (Some(_), Some(_)) => {
                let (info, place, lines) = open.take().expect("an open block");
                if info == "yaml" {
                    let name = lines.first().and_then(|first| first.strip_prefix("# ")).unwrap_or_default();
                    let name = name.split([',', ' ']).next().unwrap_or_default().to_owned();
                    let is_file = ["inventory.yaml", "map.yaml"].contains(&name.as_str());
                    assert!(is_file, "{place}: name the file, or mark the block `yaml fragment`");
                    blocks.push(Block { place, name, text: lines.join("\n") + "\n", heading });
                }
            }
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", document.display());
    blocks
}

/// All complete blocks: place, name of the file, text.
pub(crate) fn complete_blocks() -> Vec<(String, String, String)> {
    let blocks = documents().into_iter().flat_map(|document| blocks(&document));
    blocks.map(|block| (block.place, block.name, block.text)).collect()
}

/// Complete blocks that belong together. A second file of one name begins another group.
fn groups(blocks: Vec<Block>) -> Vec<Vec<Block>> {
    let mut groups: Vec<Vec<Block>> = Vec::new();
    for block in blocks {
        match groups.last_mut() {
            Some(group)
                if group[0].heading == block.heading
                    && group.iter().all(|other| other.name != block.name) =>
            {
                group.push(block);
            }
            _ => groups.push(vec![block]),
        }
    }
    groups
}

/// What `dmfab check` says; no warning is a finding of its own.
fn check(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_dmfab"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/home/me")
        .envs(VARIABLES)
        .output()
        .expect("dmfab");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_good = output.status.success() && stderr.is_empty() && stdout.starts_with("ok: ");
    if is_good { Ok(stdout) } else { Err(format!("{stdout}{stderr}")) }
}

#[test]
fn complete_yaml_blocks_are_files_without_findings() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for group in groups(blocks(&document)) {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join("inventory.yaml"), INVENTORY).expect("a file");
            for block in &group {
                fs::write(folder.path().join(&block.name), &block.text).expect("a file");
            }
            let inventory = read(&folder.path().join("inventory.yaml"));
            let has_map = folder.path().join("map.yaml").exists();
            let arguments: &[&str] = if has_map && !inventory.contains("map.yaml\n") {
                &["inventory.yaml", "--map", "map.yaml"]
            } else {
                &["inventory.yaml"]
            };
            count += group.len();
            if let Err(findings) = check(folder.path(), arguments) {
                wrong.push(format!("{}\n{findings}", group[0].place));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "only {count} blocks were found");
}

#[test]
fn the_reference_is_without_findings() {
    let said = check(repository(), &["inventories/reference.yaml"]);
    assert!(said.is_ok(), "{}", said.unwrap_err());
}

/// The texts of a list of keys in the source; of pairs and triples, the first.
fn listed_keys(text: &str, list: &str) -> Vec<String> {
    let start = text.find(&format!("const {list}:")).unwrap_or_else(|| panic!("no list `{list}`"));
    let value = text[start..].split_once('=').expect("a value").1;
    let body = value.split_once("];").expect("an end").0;
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let is_tuples = body.lines().any(|line| line.trim_start().starts_with('('));
    let keys = body.lines().flat_map(|line| {
        let keys = quoted(line);
        if is_tuples { keys.into_iter().take(1).collect() } else { keys }
    });
    keys.collect()
}

#[test]
fn every_key_of_the_readers_is_explained() {
    let reference = Reference::embedded();
    let mut missing = Vec::new();
    let mut paths = Vec::new();
    for (file, list, place) in KEY_LISTS {
        let keys = listed_keys(&read(&repository().join("src").join(file)), list);
        assert!(keys.len() >= 2, "{file}: `{list}` is not read: {keys:?}");
        for key in keys {
            let path = place.path_of(&key);
            let is_whole = |entry: &Entry| !entry.summary.is_empty() && !entry.example.is_empty();
            match reference.get(place, &key) {
                Some(entry) if is_whole(entry) && entry.path == path => paths.push(path),
                found => missing.push(format!("{path} of {list} in {file}: {found:?}")),
            }
        }
    }
    assert!(missing.is_empty(), "not explained by inventories/reference.yaml:\n{}", missing.join("\n"));
    let shown =
        dmfab(["explain"].into_iter().chain(paths.iter().map(String::as_str))).run().exits_with(0).stdout;
    let headings: BTreeSet<&str> = shown.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(paths.iter().all(|path| headings.contains(path.as_str())), "{headings:?}");
}

#[test]
fn every_tag_is_explained() {
    let reference = Reference::embedded();
    let tags = listed_keys(&read(&repository().join("src/source/yaml.rs")), "TAGS");
    for tag in tags.iter().filter(|tag| !tag.starts_with("!!")) {
        let found = reference.find(tag);
        let [entry] = found.as_slice() else { panic!("{tag}: {found:?}") };
        assert!(!entry.summary.is_empty() && !entry.example.is_empty(), "{entry:?}");
    }
}

#[test]
fn every_tag_is_in_the_settings_for_editors() {
    let editors = read(&repository().join("docs/guide/editors.md"));
    let tags = listed_keys(&read(&repository().join("src/source/yaml.rs")), "TAGS");
    for tag in tags.iter().filter(|tag| !tag.starts_with("!!")) {
        assert!(editors.contains(&format!("\"{tag} scalar\"")), "{tag}");
    }
}

#[test]
fn the_reference_has_no_key_that_no_reader_knows() {
    let mut known = BTreeSet::new();
    for (file, list, place) in KEY_LISTS {
        let keys = listed_keys(&read(&repository().join("src").join(file)), list);
        known.extend(keys.iter().map(|key| place.path_of(key)));
    }
    // Read without a list of their own, or checked against one that has later keys, too.
    let unlisted = [Place::Tag, Place::VolumeOptions, Place::HostPaths];
    for entry in Reference::embedded().entries().iter().filter(|entry| !unlisted.contains(&entry.place)) {
        assert!(known.contains(&entry.path), "{}", entry.path);
    }
}

/// Targets of links: `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The anchors that headings get.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    let anchor = |heading: &str| {
        let kept = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = document.parent().expect("a folder");
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            let is_there = target.exists() && (anchor.is_empty() || anchors(&read(&target)).contains(anchor));
            if !is_there {
                wrong.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_leads_to_every_page_of_the_guide() {
    let index = read(&repository().join("docs/guide/index.md"));
    let linked: BTreeSet<&str> = links(&index).into_iter().collect();
    for document in documents() {
        let name = document.file_name().expect("a name").to_string_lossy().into_owned();
        let is_page = document.starts_with(repository().join("docs/guide")) && name != "index.md";
        assert!(!is_page || linked.contains(name.as_str()), "{name} is not in the index of the guide");
    }
    assert!(read(&repository().join("README.md")).contains("](docs/guide/index.md)"));
}
