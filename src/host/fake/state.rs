//! What a fake Engine holds, and the calls about everything but containers.

use std::collections::BTreeMap;

use crate::host::engine::ExecOutcome;
use crate::host::engine_error::EngineError;
use crate::model::container::ContainerSettings;
use crate::model::image::ImageReference;
use crate::model::network::{NetworkSpec, PRESET_NETWORKS};
use crate::model::observed::{
    ContainerStatus, EngineFacts, EngineVersion, ObservedImage, ObservedNetwork, ObservedProcess,
    ObservedVolume,
};
use crate::model::volume::{LOCAL_DRIVER, VolumeSpec};

use super::FakeProgram;
use super::faults::Faults;
use super::places::Places;

/// Everything in a fake Engine.
#[derive(Debug)]
pub(super) struct FakeState {
    pub(super) version: EngineVersion,
    pub(super) facts: EngineFacts,
    pub(super) networks: BTreeMap<String, ObservedNetwork>,
    pub(super) volumes: BTreeMap<String, ObservedVolume>,
    pub(super) images: BTreeMap<String, ObservedImage>,
    pub(super) image_ids: BTreeMap<String, String>,
    pub(super) registry: BTreeMap<String, ObservedImage>,
    pub(super) containers: BTreeMap<String, FakeContainer>,
    pub(super) programs: BTreeMap<String, FakeProgram>,
    pub(super) exec_outcomes: BTreeMap<String, ExecOutcome>,
    pub(super) faults: Faults,
    pub(super) journal: Vec<String>,
    pub(super) reads: Vec<String>,
    /// Starts of containers so far.
    pub(super) starts: usize,
    id_count: u64,
}

/// A container of a fake Engine.
#[derive(Debug)]
pub(super) struct FakeContainer {
    pub(super) id: String,
    pub(super) image_id: String,
    pub(super) image_name: String,
    pub(super) status: ContainerStatus,
    /// Number of its last start among all starts of the Engine.
    pub(super) start_number: Option<usize>,
    /// As the Engine reports them, but for the places in networks.
    pub(super) settings: ContainerSettings,
    pub(super) places: Places,
    pub(super) program: FakeProgram,
    pub(super) log: String,
    pub(super) error_log: String,
    /// Content by path, of files that were uploaded or written.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Commands that were run in it and go on.
    pub(super) services: Vec<ObservedProcess>,
}

impl Default for FakeState {
    fn default() -> Self {
        let mut state = Self {
            version: EngineVersion {
                version: "20.10.24".to_owned(),
                api_version: "1.41".to_owned(),
                operating_system: "linux".to_owned(),
                architecture: "amd64".to_owned(),
            },
            facts: EngineFacts::default(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            images: BTreeMap::new(),
            image_ids: BTreeMap::new(),
            registry: BTreeMap::new(),
            containers: BTreeMap::new(),
            programs: BTreeMap::new(),
            exec_outcomes: BTreeMap::new(),
            faults: Faults::default(),
            journal: Vec::new(),
            reads: Vec::new(),
            starts: 0,
            id_count: 0,
        };
        for name in PRESET_NETWORKS {
            let driver = if name == "none" { "null" } else { name };
            let network = ObservedNetwork {
                id: state.next_id(),
                name: name.to_owned(),
                driver: driver.to_owned(),
                ..ObservedNetwork::default()
            };
            state.networks.insert(name.to_owned(), network);
        }
        state
    }
}

impl FakeState {
    /// An id of the usual length; already its short form is unique.
    pub(super) fn next_id(&mut self) -> String {
        self.id_count += 1;
        format!("{:012x}{:052x}", self.id_count, 0)
    }

    fn with_id(&mut self, mut image: ObservedImage) -> ObservedImage {
        if image.id.is_empty() {
            image.id = format!("sha256:{}", self.next_id());
        }
        image
    }

    pub(super) fn add_registry_image(&mut self, reference: &str, image: ObservedImage) {
        let image = self.with_id(image);
        self.registry.insert(reference.to_owned(), image);
    }

    pub(super) fn registry_digest(&self, reference: &ImageReference) -> Result<String, EngineError> {
        let image = self.registry.get(&reference.to_string());
        image.map(|image| image.id.clone()).ok_or_else(|| {
            let message = format!("manifest unknown: {reference}");
            EngineError::from_status(format!("GET /distribution/{reference}/json"), 404, message)
        })
    }

    pub(super) fn add_image(&mut self, reference: &str, image: ObservedImage) {
        let image = self.with_id(image);
        self.image_ids.insert(reference.to_owned(), image.id.clone());
        self.images.insert(image.id.clone(), image);
    }

    pub(super) fn image(&self, name_or_id: &str) -> Option<&ObservedImage> {
        self.images.get(self.image_ids.get(name_or_id).map_or(name_or_id, String::as_str))
    }

    pub(super) fn pull_image(&mut self, reference: &ImageReference) -> Result<(), EngineError> {
        let name = reference.to_string();
        let Some(image) = self.registry.get(&name).cloned() else {
            let message = format!("manifest for {name} not found: manifest unknown: manifest unknown");
            return Err(EngineError::from_status(format!("POST /images/create ({name})"), 404, message));
        };
        self.image_ids.insert(format!("{}@{}", reference.repository, image.id), image.id.clone());
        self.add_image(&name, image);
        Ok(())
    }

    pub(super) fn create_network(&mut self, spec: &NetworkSpec) -> Result<(), EngineError> {
        let NetworkSpec {
            name,
            map_name: _,
            driver,
            driver_options,
            internal,
            attachable,
            enable_ipv6,
            labels,
            ingress,
            scope,
            ipam,
            places: _,
        } = spec;
        if self.networks.contains_key(name) {
            let message = format!("network with name {name} already exists");
            return Err(EngineError::from_status(format!("POST /networks/create ({name})"), 409, message));
        }
        let network = ObservedNetwork {
            id: self.next_id(),
            name: name.clone(),
            driver: driver.clone(),
            driver_options: driver_options.clone(),
            internal: *internal,
            attachable: *attachable,
            enable_ipv6: *enable_ipv6,
            ingress: *ingress,
            scope: scope.clone().unwrap_or_else(|| "local".to_owned()),
            ipam: ipam.clone(),
            labels: labels.clone(),
        };
        self.networks.insert(name.clone(), network);
        Ok(())
    }

    pub(super) fn remove_network(&mut self, name: &str) -> Result<(), EngineError> {
        let refused = |status, message: String| {
            Err(EngineError::from_status(format!("DELETE /networks/{name}"), status, message))
        };
        if PRESET_NETWORKS.contains(&name) {
            return refused(403, format!("{name} is a pre-defined network and cannot be removed"));
        }
        if !self.networks.contains_key(name) {
            return refused(404, format!("network {name} not found"));
        }
        // The endpoints of a stopped container do not hold their network.
        let is_joined =
            |container: &FakeContainer| container.status.is_active() && container.places.is_in(name);
        if self.containers.values().any(is_joined) {
            return refused(
                403,
                format!("error while removing network: network {name} has active endpoints"),
            );
        }
        self.networks.remove(name);
        Ok(())
    }

    /// A volume that exists already is answered as it is, whatever its labels and options.
    pub(super) fn create_volume(&mut self, spec: &VolumeSpec) -> Result<ObservedVolume, EngineError> {
        let VolumeSpec {
            name,
            map_name: _,
            config_name: _,
            driver,
            driver_options,
            labels,
            preparation: _,
            places: _,
        } = spec;
        if let Some(existing) = self.volumes.get(name) {
            if existing.driver == *driver {
                return Ok(existing.clone());
            }
            let message = format!("create {name}: conflict: volume name must be unique");
            return Err(EngineError::from_status(format!("POST /volumes/create ({name})"), 409, message));
        }
        let volume = ObservedVolume {
            driver: driver.clone(),
            driver_options: driver_options.clone(),
            labels: labels.clone(),
            ..local_volume(name)
        };
        self.volumes.insert(name.clone(), volume.clone());
        Ok(volume)
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<(), EngineError> {
        let refused = |status, message: String| {
            Err(EngineError::from_status(format!("DELETE /volumes/{name}"), status, message))
        };
        if !self.volumes.contains_key(name) {
            return refused(404, format!("get {name}: no such volume"));
        }
        let in_use = |container: &&FakeContainer| self.volume_names(&container.settings).contains(name);
        if let Some(container) = self.containers.values().find(in_use) {
            return refused(409, format!("remove {name}: volume is in use - [{}]", container.id));
        }
        self.volumes.remove(name);
        Ok(())
    }
}

/// A volume as the Engine makes it for a container that names it first.
pub(super) fn local_volume(name: &str) -> ObservedVolume {
    ObservedVolume {
        name: name.to_owned(),
        driver: LOCAL_DRIVER.to_owned(),
        mountpoint: format!("/var/lib/docker/volumes/{name}/_data"),
        ..ObservedVolume::default()
    }
}
