//! Are files right? For inventories with their maps, and for maps alone.

use std::path::{Path, PathBuf};

use super::Findings;
use super::load::{Origin, with_machine};
use crate::model::variables::Variables;
use crate::resolve::{self, Commands};
use crate::source::diagnostic::Diagnostics;
use crate::source::load::load_any;

/// A file and what is to be said about it.
#[derive(Debug)]
pub struct CheckedFile {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub content: CheckedContent,
    /// Mistakes and remarks, also about the maps that an inventory names.
    pub findings: Findings,
}

/// What a file holds, as far as it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckedContent {
    /// An inventory.
    Inventory {
        /// Its maps.
        maps: usize,
        /// Its hosts.
        hosts: usize,
        /// Containers on all of them.
        containers: usize,
    },
    /// A container map, whose hosts are not known.
    Map {
        /// Configurations that are not abstract.
        configurations: usize,
    },
    /// Neither.
    Nothing,
}

/// Checks an inventory with the maps that it names and `extra_maps`, or a container map by itself. No
/// host is contacted and no command is run.
pub fn check_file(path: &Path, extra_maps: &[PathBuf], variables: &Variables) -> CheckedFile {
    let variables = with_machine(variables);
    let mut read = |path: &Path| std::fs::read(path);
    let loaded = load_any(path, extra_maps, &variables, &mut read);
    let mut findings = Findings { diagnostics: loaded.diagnostics, sources: loaded.sources };
    let (content, told) = match (loaded.inventory, loaded.maps.first()) {
        (Some(inventory), _) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let origin = Origin { inventory: Some(inventory), maps: loaded.maps, folder, variables };
            let (spec, told) = origin.with_defaults().resolved(&findings.sources, Commands::Withhold);
            let containers = spec.hosts.values().map(|host| host.containers.len()).sum();
            let (maps, hosts) = (spec.maps.len(), spec.hosts.len());
            (CheckedContent::Inventory { maps, hosts, containers }, told)
        }
        (None, Some(map)) => {
            let configurations = map.iter().count();
            let folder = path.parent().unwrap_or(Path::new(""));
            let told = resolve::check_with(map, &findings.sources, &variables, folder);
            (CheckedContent::Map { configurations }, told)
        }
        (None, None) => (CheckedContent::Nothing, Diagnostics::new()),
    };
    findings.diagnostics.extend(told);
    findings.diagnostics.sort();
    CheckedFile { path: path.to_owned(), content, findings }
}
