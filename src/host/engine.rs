//! The Docker verbs that dmfab needs, in two traits.
//!
//! [`EngineReader`] only looks. Observing and planning are written against it, so that a plan
//! that changes something does not compile. [`Engine`] adds the verbs that change a host.
//!
//! There are two implementations: the real one over the Engine API
//! ([`DockerEngine`](super::docker::DockerEngine)) and a stateful one in memory
//! ([`FakeEngine`](super::fake::FakeEngine)) that can fail on demand. The contract suite in
//! `tests/` holds them to the same answers.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::model::container::{ContainerSettings, Endpoint, PublishedPort};
use crate::model::image::ImageReference;
use crate::model::network::NetworkSpec;
use crate::model::observed::{
    EngineFacts, EngineVersion, ObservedContainer, ObservedImage, ObservedNetwork, ObservedProcess,
    ObservedVolume,
};
use crate::model::output::{LogOptions, OutputStream};
use crate::model::spec::RegistryLogin;
use crate::model::update::ContainerUpdate;
use crate::model::volume::VolumeSpec;

use super::engine_error::EngineError;

/// A container as the list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedContainer {
    /// The Engine's id.
    pub id: String,
    /// Its own name, without the leading slash (names made by links are left out).
    pub name: String,
    /// Image as it was asked for.
    pub image_name: String,
    /// Id of the image.
    pub image_id: String,
    /// Command line, as shown.
    pub command: String,
    /// `running`, `exited`, ...
    pub state: String,
    /// `Up 3 hours`, ...
    pub status: String,
    /// Seconds since 1970.
    pub created_seconds: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Published and exposed ports, `10.0.0.1:80->80/tcp`.
    pub ports: Vec<String>,
    /// Ports of the host that it holds.
    pub held_ports: BTreeSet<PublishedPort>,
    /// Named volumes it mounts.
    pub volume_names: Vec<String>,
    /// Networks it is in.
    pub network_names: Vec<String>,
}

/// What became of a command in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutcome {
    /// Exit code of the command; `None` if it still runs.
    pub exit_code: Option<i64>,
    /// Last lines of stdout and stderr, in the order they came.
    pub output: String,
}

/// A piece of what a container wrote, as it came: not a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// Where it was written to.
    pub stream: OutputStream,
    /// What was written.
    pub bytes: Bytes,
}

/// What a container writes, while it does.
pub type LogStream<'a> = Pin<Box<dyn Stream<Item = Result<LogPiece, EngineError>> + Send + 'a>>;

/// The bytes of a tar archive on its way to or from an Engine.
pub type Archive = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Reading calls. Whoever has no more than these changes nothing:
///
/// ```
/// # use dmfab::host::engine::{Engine, EngineReader};
/// async fn look(engine: &impl EngineReader) {
///     let _ = engine.inspect_container("shop.web").await;
/// }
///
/// async fn act(engine: &impl Engine) {
///     let _ = engine.inspect_container("shop.web").await;
///     let _ = engine.start_container("shop.web").await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use dmfab::host::engine::{Engine, EngineReader};
/// async fn look(engine: &impl EngineReader) {
///     let _ = engine.start_container("shop.web").await;
/// }
/// ```
pub trait EngineReader: Send + Sync {
    /// Version of the Engine and of the API that is spoken (`GET /version`).
    fn version(&self) -> impl Future<Output = Result<EngineVersion, EngineError>> + Send;
    /// What the machine and the daemon are like (`GET /info`).
    fn facts(&self) -> impl Future<Output = Result<EngineFacts, EngineError>> + Send;
    /// All containers, also stopped ones (`GET /containers/json?all=true`).
    fn list_containers(&self) -> impl Future<Output = Result<Vec<ListedContainer>, EngineError>> + Send;
    /// One container with its settings; `None` if there is none of that name or id.
    fn inspect_container(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<ObservedContainer>, EngineError>> + Send;
    /// Image id by reference, short form (`GET /images/json`).
    fn list_images(&self) -> impl Future<Output = Result<BTreeMap<String, String>, EngineError>> + Send;
    /// One image with the defaults it gives; `None` if it is not there.
    fn inspect_image(
        &self,
        name_or_id: &str,
    ) -> impl Future<Output = Result<Option<ObservedImage>, EngineError>> + Send;
    /// The digest that a reference points to in its registry, which the Engine asks
    /// (`GET /distribution/{name}/json`).
    fn registry_digest(
        &self,
        reference: &ImageReference,
        login: Option<&RegistryLogin>,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;
    /// All volumes (`GET /volumes`).
    fn list_volumes(&self) -> impl Future<Output = Result<Vec<ObservedVolume>, EngineError>> + Send;
    /// One volume; `None` if it is not there (`GET /volumes/{name}`).
    fn inspect_volume(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<ObservedVolume>, EngineError>> + Send;
    /// All networks (`GET /networks`).
    fn list_networks(&self) -> impl Future<Output = Result<Vec<ObservedNetwork>, EngineError>> + Send;
    /// Processes of a running container (`GET /containers/{name}/top`); of one that does not run it is a
    /// conflict.
    fn container_processes(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<ObservedProcess>, EngineError>> + Send;
    /// Last lines a container wrote, stdout and stderr together.
    fn container_log_tail(
        &self,
        name: &str,
        line_count: usize,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;
    /// What a container wrote, and with [`LogOptions::follow`] what it writes until it ends. There is
    /// no deadline: the caller knows how long the container may take.
    fn container_log(
        &self,
        name: &str,
        options: LogOptions,
    ) -> impl Future<Output = Result<LogStream<'_>, EngineError>> + Send;
    /// Waits until a container does not run any more, and tells its exit code. There is no deadline,
    /// as for the log.
    fn wait_container(&self, name: &str) -> impl Future<Output = Result<i64, EngineError>> + Send;
    /// A file or folder of a container, running or not, as a tar archive in which all names begin with
    /// the last part of `path`.
    fn read_archive(
        &self,
        container_name: &str,
        path: &str,
    ) -> impl Future<Output = Result<Archive, EngineError>> + Send;
}

/// Calls that change a host. A call that finds its work done answers `Ok` where the Engine says
/// 304 (already started, already stopped).
pub trait Engine: EngineReader {
    /// Pulls an image with the given login (`POST /images/create`).
    fn pull_image(
        &self,
        reference: &ImageReference,
        login: Option<&RegistryLogin>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Creates a network.
    fn create_network(&self, spec: &NetworkSpec) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Removes a network.
    fn remove_network(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Creates a volume and says where it is.
    fn create_volume(
        &self,
        spec: &VolumeSpec,
    ) -> impl Future<Output = Result<ObservedVolume, EngineError>> + Send;
    /// Removes a volume.
    fn remove_volume(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Creates a container and joins its networks: with API 1.44 or newer all of them, before that
    /// the first.
    fn create_container(
        &self,
        name: &str,
        image: &ImageReference,
        settings: &ContainerSettings,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Joins a further network; nothing is done if it has been joined in the same way.
    fn connect_network(
        &self,
        container_name: &str,
        endpoint: &Endpoint,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Leaves a network; nothing is done if the container is not in it.
    fn disconnect_network(
        &self,
        container_name: &str,
        network_name: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Changes limits and restart policy of a container, running or not, without making it anew.
    fn update_container(
        &self,
        name: &str,
        update: &ContainerUpdate,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Starts a container.
    fn start_container(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Asks a container to end (its stop signal), and kills it after `timeout_seconds`.
    fn stop_container(
        &self,
        name: &str,
        timeout_seconds: Option<u32>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Sends a signal to the first process of a running container (`POST /containers/{name}/kill`);
    /// a container that does not run is a conflict.
    fn kill_container(
        &self,
        name: &str,
        signal: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Gives a container another name.
    fn rename_container(
        &self,
        name: &str,
        new_name: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Removes a stopped container; its anonymous volumes are kept, as the reference keeps them.
    fn remove_container(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Removes a stopped container and its anonymous volumes.
    fn remove_container_and_volumes(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Unpacks a tar archive into a folder of a container that has one, running or not. The Engine
    /// gives up on an archive that breaks off.
    fn write_archive(
        &self,
        container_name: &str,
        folder: &str,
        archive: Archive,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Runs a command in a running container and watches it until it ends, at most for `patience`.
    /// A command that runs for longer goes on.
    fn exec(
        &self,
        container_name: &str,
        arguments: &[String],
        user: Option<&str>,
        patience: Duration,
    ) -> impl Future<Output = Result<ExecOutcome, EngineError>> + Send;
}
