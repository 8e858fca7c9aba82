//! From files, or from maps made by a program, to a fleet whose parts fit together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Findings, Fleet, LoadError};
use crate::model::origin::Origins;
use crate::model::spec::{FleetSpec, HostSpec};
use crate::model::variables::Variables;
use crate::outside::LocalMachine;
use crate::resolve::origins::origins;
use crate::resolve::{Commands, resolve};
use crate::source::diagnostic::Diagnostics;
use crate::source::file::SourceMap;
use crate::source::load::{Loaded, load};
use crate::source::raw::{RawInventory, RawMap};

/// What a fleet was made of, to be resolved again when secrets are needed.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) inventory: Option<RawInventory>,
    pub(super) maps: Vec<RawMap>,
    /// Where the inventory is.
    pub(super) folder: PathBuf,
    pub(super) variables: Variables,
}

impl Origin {
    /// Lays each map over the inventory's `map_defaults`.
    pub(super) fn with_defaults(mut self) -> Self {
        if let Some(defaults) =
            self.inventory.as_ref().and_then(|inventory| inventory.map_defaults.as_deref())
        {
            for map in &mut self.maps {
                map.fill_from(defaults);
            }
        }
        self
    }

    pub(super) fn resolved(&self, sources: &SourceMap, commands: Commands<'_>) -> (FleetSpec, Diagnostics) {
        let Self { inventory, maps, folder, variables } = self;
        match inventory {
            Some(inventory) => resolve(inventory, maps, sources, variables, folder, commands),
            None => Default::default(),
        }
    }
}

impl Fleet {
    /// Reads an inventory, the maps it names, and further maps; no host is contacted. Commands that
    /// print secrets are run.
    ///
    /// # Errors
    /// All mistakes in the files at once.
    pub fn load(inventory: &Path, extra_maps: &[PathBuf], variables: &Variables) -> Result<Self, LoadError> {
        read(inventory, extra_maps, variables, Commands::Run)
    }

    /// As [`Self::load`], but runs no commands: such secrets are withheld, and for hosts that need
    /// them there is no plan before [`Self::with_secrets_of`] has got them.
    ///
    /// # Errors
    /// All mistakes in the files at once.
    pub fn load_without_commands(
        inventory: &Path,
        extra_maps: &[PathBuf],
        variables: &Variables,
    ) -> Result<Self, LoadError> {
        read(inventory, extra_maps, variables, Commands::Withhold)
    }

    /// Whether [`Self::with_secrets_of`] has something to do for any of these hosts.
    pub fn withholds_secrets_of(&self, host_names: &[String]) -> bool {
        let mut hosts = host_names.iter().filter_map(|name| self.spec.hosts.get(name));
        hosts.any(|host: &HostSpec| host.withholds_secrets)
    }

    /// The same fleet with the secrets of these hosts: runs the commands that print them.
    ///
    /// # Errors
    /// Commands that fail, at the places that name them.
    pub fn with_secrets_of(self, host_names: &[String]) -> Result<Self, LoadError> {
        let Self { origin, findings, .. } = self;
        // What was said of the files has been said.
        let silent = Diagnostics::new();
        resolved(origin, findings.sources, silent, Commands::RunFor(host_names))
    }

    /// Who wrote what, for showing where values come from.
    pub fn origins(&self) -> Origins {
        let Origin { inventory, maps, variables, .. } = &self.origin;
        let found = inventory.as_ref();
        found.map(|raw| origins(raw, maps, &self.findings.sources, variables)).unwrap_or_default()
    }

    /// Takes an inventory and maps that a program has made, or read and changed. The inventory's own
    /// `maps` are not looked at. `folder` is where relative paths start. Commands that print secrets
    /// are run.
    ///
    /// # Errors
    /// All mistakes at once; they have no places where there are no files.
    pub fn build(
        inventory: RawInventory,
        maps: Vec<RawMap>,
        folder: &Path,
        variables: &Variables,
    ) -> Result<Self, LoadError> {
        let origin = Origin {
            inventory: Some(inventory),
            maps,
            folder: folder.to_owned(),
            variables: with_machine(variables),
        };
        resolved(origin.with_defaults(), SourceMap::new(), Diagnostics::new(), Commands::Run)
    }
}

fn read(
    inventory: &Path,
    extra_maps: &[PathBuf],
    variables: &Variables,
    commands: Commands<'_>,
) -> Result<Fleet, LoadError> {
    let mut read = |path: &Path| std::fs::read(path);
    let Loaded { sources, inventory: raw, maps, diagnostics } =
        load(inventory, extra_maps, variables, &mut read);
    let folder = inventory.parent().unwrap_or(Path::new("")).to_owned();
    let origin = Origin { inventory: raw, maps, folder, variables: with_machine(variables) };
    resolved(origin.with_defaults(), sources, diagnostics, commands)
}

pub(super) fn with_machine(variables: &Variables) -> Variables {
    match variables.outside() {
        Some(_) => variables.clone(),
        None => variables.clone().with_outside(Arc::new(LocalMachine)),
    }
}

fn resolved(
    origin: Origin,
    sources: SourceMap,
    mut diagnostics: Diagnostics,
    commands: Commands<'_>,
) -> Result<Fleet, LoadError> {
    let (spec, told) = origin.resolved(&sources, commands);
    diagnostics.extend(told);
    diagnostics.sort();
    let findings = Findings { diagnostics, sources };
    if findings.diagnostics.has_errors() {
        return Err(LoadError { findings });
    }
    Ok(Fleet { spec, findings, origin })
}
