//! An Engine in memory that can fail on demand: for our tests and for yours.
//!
//! [`FakeEngine`] keeps networks, volumes, images and containers, and answers as Engine 20.10
//! does, refusals included. The contract suite in `tests/` holds both to the same answers. It
//! runs nothing: what a container does after its start is told by a [`FakeProgram`].
//!
//! ```
//! use dmfab::host::engine::{Engine, EngineReader};
//! use dmfab::host::fake::FakeEngine;
//! use dmfab::model::{container::ContainerSettings, image::ImageReference, observed::ObservedImage};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let engine = FakeEngine::new();
//! engine.add_image("nginx:1", ObservedImage::default());
//! let image = ImageReference::parse("nginx:1", "latest");
//! engine.create_container("m.web", &image, &ContainerSettings::default()).await.unwrap();
//! engine.start_container("m.web").await.unwrap();
//! assert_eq!(engine.journal(), ["create_container m.web", "start_container m.web"]);
//! assert!(engine.inspect_container("m.web").await.unwrap().unwrap().status.is_active());
//! # });
//! ```

mod containers;
mod faults;
mod files;
mod places;
mod state;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::container::{ContainerSettings, Endpoint};
use crate::model::image::ImageReference;
use crate::model::network::NetworkSpec;
use crate::model::observed::{
    ContainerStatus, EngineFacts, EngineVersion, Health, ObservedContainer, ObservedImage, ObservedNetwork,
    ObservedProcess, ObservedVolume,
};
use crate::model::output::LogOptions;
use crate::model::spec::RegistryLogin;
use crate::model::update::ContainerUpdate;
use crate::model::volume::VolumeSpec;

use super::engine::{Archive, Engine, EngineReader, ExecOutcome, ListedContainer, LogStream};
use super::engine_error::EngineError;
use faults::Fault;
use state::FakeState;

/// Between two looks at a container that is waited for.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A Docker Engine in memory.
#[derive(Debug, Default)]
pub struct FakeEngine {
    state: Mutex<FakeState>,
}

/// What a container does once it is started. The default runs until it is stopped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FakeProgram {
    /// Ends at once with this code.
    pub exit_code: Option<i64>,
    /// Does not end when it is asked to, so that a stop kills it (exit code 137).
    pub ignores_signals: bool,
    /// What it writes to standard output.
    pub log: String,
    /// What it writes to standard error.
    pub error_log: String,
    /// Files that it makes or changes when it starts, by their paths in the container.
    pub files: BTreeMap<String, String>,
    /// What its health check says, one answer for each look, the last one for all further looks;
    /// `Healthy` if there are none. Asked only where the settings have a check.
    pub health: Vec<Health>,
}

impl FakeEngine {
    /// An Engine 20.10 with the networks every Engine has, and nothing else.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same Engine with another version.
    #[must_use]
    pub fn with_version(self, version: EngineVersion) -> Self {
        self.state().version = version;
        self
    }

    /// Says what its machine and its daemon are like.
    pub fn set_facts(&self, facts: EngineFacts) {
        self.state().facts = facts;
    }

    /// Puts an image into the store, under a reference such as `nginx:1`. An empty id is filled
    /// with one made from the reference.
    pub fn add_image(&self, reference: &str, image: ObservedImage) {
        self.state().add_image(reference, image);
    }

    /// Puts an image into the registry, for `pull_image` to find; its digest is its id.
    pub fn add_registry_image(&self, reference: &str, image: ObservedImage) {
        self.state().add_registry_image(reference, image);
    }

    /// Says what containers do whose image reference, or first word of the command, is `name`.
    pub fn set_program(&self, name: &str, program: FakeProgram) {
        self.state().programs.insert(name.to_owned(), program);
    }

    /// Says how an exec command ends, by its words joined with spaces. Others end with 0. One without
    /// exit code is a process of the container until that ends.
    pub fn set_exec_outcome(&self, command: &str, outcome: ExecOutcome) {
        self.state().exec_outcomes.insert(command.to_owned(), outcome);
    }

    /// Changes what a container does, as if it had done so by itself.
    pub fn set_status(&self, container_name: &str, status: ContainerStatus) {
        if let Some(container) = self.state().containers.get_mut(container_name) {
            container.status = status;
        }
    }

    /// Lets the next call of that name fail without having done its work.
    ///
    /// `call` is a method's name (`start_container`), or that and what it is called with
    /// (`start_container m.web`), or `*` for every call.
    pub fn fail_next(&self, call: &str, error: EngineError) {
        self.state().faults.add(call, Fault { error, is_lasting: false, does_the_work: false });
    }

    /// Lets every call of that name fail, until [`FakeEngine::heal`]. Names as for
    /// [`FakeEngine::fail_next`].
    pub fn fail_always(&self, call: &str, error: EngineError) {
        self.state().faults.add(call, Fault { error, is_lasting: true, does_the_work: false });
    }

    /// Lets the next call of that name do its work and fail nevertheless, as if the answer had
    /// been lost. Names as for [`FakeEngine::fail_next`].
    pub fn lose_next_answer(&self, call: &str, error: EngineError) {
        self.state().faults.add(call, Fault { error, is_lasting: false, does_the_work: true });
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Every changing call so far with what it was called with, `start_container m.web`; those
    /// that failed end with ` (failed)`.
    pub fn journal(&self) -> Vec<String> {
        self.state().journal.clone()
    }

    /// Every reading call so far, `inspect_container m.web`.
    pub fn reads(&self) -> Vec<String> {
        self.state().reads.clone()
    }

    /// Forgets both journals.
    pub fn clear_journal(&self) {
        let mut state = self.state();
        state.journal.clear();
        state.reads.clear();
    }

    fn state(&self) -> MutexGuard<'_, FakeState> {
        // A test that panicked elsewhere has not left the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        call: String,
        work: impl FnOnce(&mut FakeState) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut state = self.state();
        let fault = state.faults.take(&call);
        state.reads.push(call);
        fault.map_or_else(|| work(&mut state), |fault| Err(fault.error))
    }

    fn change<T>(
        &self,
        call: impl AsRef<str>,
        work: impl FnOnce(&mut FakeState) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let call = call.as_ref();
        let mut state = self.state();
        let answer = match state.faults.take(call) {
            Some(Fault { error, does_the_work: true, .. }) => work(&mut state).and(Err(error)),
            Some(fault) => Err(fault.error),
            None => work(&mut state),
        };
        let ending = if answer.is_ok() { "" } else { " (failed)" };
        state.journal.push(format!("{call}{ending}"));
        answer
    }
}

impl EngineReader for FakeEngine {
    async fn version(&self) -> Result<EngineVersion, EngineError> {
        self.read("version".to_owned(), |state| Ok(state.version.clone()))
    }

    async fn facts(&self) -> Result<EngineFacts, EngineError> {
        self.read("facts".to_owned(), |state| Ok(state.facts.clone()))
    }

    async fn list_containers(&self) -> Result<Vec<ListedContainer>, EngineError> {
        self.read("list_containers".to_owned(), |state| Ok(state.listed_containers()))
    }

    async fn inspect_container(&self, name: &str) -> Result<Option<ObservedContainer>, EngineError> {
        self.read(format!("inspect_container {name}"), |state| Ok(state.observed_container(name)))
    }

    async fn list_images(&self) -> Result<BTreeMap<String, String>, EngineError> {
        self.read("list_images".to_owned(), |state| Ok(state.image_ids.clone()))
    }

    async fn inspect_image(&self, name_or_id: &str) -> Result<Option<ObservedImage>, EngineError> {
        self.read(format!("inspect_image {name_or_id}"), |state| Ok(state.image(name_or_id).cloned()))
    }

    async fn registry_digest(
        &self,
        reference: &ImageReference,
        _login: Option<&RegistryLogin>,
    ) -> Result<String, EngineError> {
        self.read(format!("registry_digest {reference}"), |state| state.registry_digest(reference))
    }

    async fn list_volumes(&self) -> Result<Vec<ObservedVolume>, EngineError> {
        self.read("list_volumes".to_owned(), |state| Ok(state.volumes.values().cloned().collect()))
    }

    async fn inspect_volume(&self, name: &str) -> Result<Option<ObservedVolume>, EngineError> {
        self.read(format!("inspect_volume {name}"), |state| Ok(state.volumes.get(name).cloned()))
    }

    async fn list_networks(&self) -> Result<Vec<ObservedNetwork>, EngineError> {
        self.read("list_networks".to_owned(), |state| Ok(state.networks.values().cloned().collect()))
    }

    async fn container_processes(&self, name: &str) -> Result<Vec<ObservedProcess>, EngineError> {
        self.read(format!("container_processes {name}"), |state| state.processes(name))
    }

    async fn container_log_tail(&self, name: &str, line_count: usize) -> Result<String, EngineError> {
        self.read(format!("container_log_tail {name}"), |state| state.log_tail(name, line_count))
    }

    async fn container_log(&self, name: &str, options: LogOptions) -> Result<LogStream<'_>, EngineError> {
        self.read(format!("container_log {name}"), |state| state.log(name, options))
    }

    async fn wait_container(&self, name: &str) -> Result<i64, EngineError> {
        self.read(format!("wait_container {name}"), |state| state.exit_code(name).map(drop))?;
        loop {
            let ended = self.state().exit_code(name)?;
            match ended {
                Some(exit_code) => return Ok(exit_code),
                // A test ends the program whenever it likes, and nobody tells.
                None => tokio::time::sleep(LOOK_INTERVAL).await,
            }
        }
    }

    async fn read_archive(&self, container_name: &str, path: &str) -> Result<Archive, EngineError> {
        self.read(format!("read_archive {container_name} {path}"), |state| {
            state.read_archive(container_name, path)
        })
    }
}

impl Engine for FakeEngine {
    async fn pull_image(
        &self,
        reference: &ImageReference,
        _login: Option<&RegistryLogin>,
    ) -> Result<(), EngineError> {
        self.change(format!("pull_image {reference}"), |state| state.pull_image(reference))
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        self.change(format!("create_network {}", spec.name), |state| state.create_network(spec))
    }

    async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        self.change(format!("remove_network {name}"), |state| state.remove_network(name))
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> Result<ObservedVolume, EngineError> {
        self.change(format!("create_volume {}", spec.name), |state| state.create_volume(spec))
    }

    async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        self.change(format!("remove_volume {name}"), |state| state.remove_volume(name))
    }

    async fn create_container(
        &self,
        name: &str,
        image: &ImageReference,
        settings: &ContainerSettings,
    ) -> Result<(), EngineError> {
        self.change(format!("create_container {name}"), |state| state.create_container(name, image, settings))
    }

    async fn connect_network(&self, container_name: &str, endpoint: &Endpoint) -> Result<(), EngineError> {
        let call = format!("connect_network {container_name} {}", endpoint.network_name);
        self.change(call, |state| state.connect_network(container_name, endpoint))
    }

    async fn disconnect_network(&self, container_name: &str, network_name: &str) -> Result<(), EngineError> {
        let call = format!("disconnect_network {container_name} {network_name}");
        self.change(call, |state| state.disconnect_network(container_name, network_name))
    }

    async fn update_container(&self, name: &str, update: &ContainerUpdate) -> Result<(), EngineError> {
        self.change(format!("update_container {name}"), |state| state.update_container(name, update))
    }

    async fn start_container(&self, name: &str) -> Result<(), EngineError> {
        self.change(format!("start_container {name}"), |state| state.start_container(name))
    }

    async fn stop_container(&self, name: &str, _timeout_seconds: Option<u32>) -> Result<(), EngineError> {
        self.change(format!("stop_container {name}"), |state| state.stop_container(name))
    }

    async fn kill_container(&self, name: &str, signal: &str) -> Result<(), EngineError> {
        self.change(format!("kill_container {name} {signal}"), |state| state.kill_container(name, signal))
    }

    async fn rename_container(&self, name: &str, new_name: &str) -> Result<(), EngineError> {
        let call = format!("rename_container {name} {new_name}");
        self.change(call, |state| state.rename_container(name, new_name))
    }

    async fn remove_container(&self, name: &str) -> Result<(), EngineError> {
        self.change(format!("remove_container {name}"), |state| state.remove_container(name))
    }

    async fn remove_container_and_volumes(&self, name: &str) -> Result<(), EngineError> {
        self.change(format!("remove_container_and_volumes {name}"), |state| state.remove_container(name))
    }

    async fn write_archive(
        &self,
        container_name: &str,
        folder: &str,
        archive: Archive,
    ) -> Result<(), EngineError> {
        let call = format!("write_archive {container_name} {folder}");
        // An archive that breaks off leaves nothing behind.
        let bytes = files::collected(archive).await.map_err(|error| files::broken(&call, error))?;
        self.change(&call, |state| state.write_archive(container_name, folder, &bytes))
    }

    async fn exec(
        &self,
        container_name: &str,
        arguments: &[String],
        user: Option<&str>,
        _patience: Duration,
    ) -> Result<ExecOutcome, EngineError> {
        let call = format!("exec {container_name} {}", arguments.join(" "));
        self.change(call, |state| state.exec(container_name, arguments, user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> EngineError {
        EngineError::from_status("POST /containers/m.web/start", 500, "no luck")
    }

    async fn engine_with_container() -> FakeEngine {
        let engine = FakeEngine::new();
        engine.add_image("app:1", ObservedImage::default());
        let image = ImageReference::parse("app:1", "latest");
        let created = engine.create_container("m.web", &image, &ContainerSettings::default()).await;
        created.expect("a container");
        engine.clear_journal();
        engine
    }

    async fn status(engine: &FakeEngine) -> ContainerStatus {
        let container = engine.inspect_container("m.web").await.expect("an answer");
        container.expect("a container").status
    }

    #[tokio::test]
    async fn a_fault_strikes_once_or_always() {
        let engine = engine_with_container().await;
        engine.fail_next("start_container m.web", lost());
        assert_eq!(engine.start_container("m.web").await.expect_err("a fault").status(), Some(500));
        assert_eq!(status(&engine).await, ContainerStatus::Created);
        engine.start_container("m.web").await.expect("no fault");
        engine.fail_always("stop_container", lost());
        assert!(engine.stop_container("m.web", None).await.is_err());
        assert!(engine.stop_container("m.web", None).await.is_err());
        engine.heal();
        engine.stop_container("m.web", None).await.expect("healed");
        assert_eq!(engine.journal().len(), 5);
        assert_eq!(engine.journal()[0], "start_container m.web (failed)");
    }

    #[tokio::test]
    async fn an_answer_may_be_lost_after_the_work() {
        let engine = engine_with_container().await;
        engine.lose_next_answer("start_container", lost());
        assert!(engine.start_container("m.web").await.is_err());
        assert_eq!(status(&engine).await, ContainerStatus::Running { health: None });
    }
}
