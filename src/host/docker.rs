//! A real Docker Engine, behind the verbs of [`Engine`].
//!
//! Only this module and its parts know bollard's types (beside the channel pool, which carries
//! its requests). One file per noun holds the calls, `convert_*` the two directions between our
//! settings and the API's.
//!
//! Every call has a deadline. Names the API version first: the first call that needs it asks
//! `GET /version` once, and everything after it speaks that version. The lists and the facts do not wait
//! for the answer; their form is the same in all versions, and waiting would cost a round trip.

mod containers;
mod convert_create;
mod convert_inspect;
mod convert_list;
mod exec;
mod failure;
mod files;
mod images;
mod info;
mod logs;
mod networks;
#[cfg(test)]
mod option_samples;
mod processes;
pub mod requests;
mod version;
mod volumes;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::sync::OnceCell;

use crate::model::container::{ContainerSettings, Endpoint};
use crate::model::image::ImageReference;
use crate::model::network::NetworkSpec;
use crate::model::observed::{
    EngineFacts, EngineVersion, ObservedContainer, ObservedImage, ObservedNetwork, ObservedProcess,
    ObservedVolume,
};
use crate::model::output::LogOptions;
use crate::model::spec::{EngineSettings, RegistryLogin};
use crate::model::update::ContainerUpdate;
use crate::model::volume::VolumeSpec;

use super::channel_pool::{ChannelPool, EngineDialer};
use super::engine::{Archive, Engine, EngineReader, ExecOutcome, ListedContainer, LogStream};
use super::engine_error::{EngineError, EngineErrorKind};
use super::ssh::Deadlines;

/// How long an ordinary call may take where the inventory does not say.
pub const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Bollard's own timeout ends with the head of an answer; ours watch over whole calls, and its
/// must never be the shorter one.
const NEVER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A Docker Engine over its API.
pub struct DockerEngine {
    docker: Docker,
    call_timeout: Duration,
    requested_version: Option<String>,
    negotiated: OnceCell<EngineVersion>,
    pin_api_version: Box<dyn Fn(&str) + Send + Sync>,
}

impl DockerEngine {
    /// An Engine behind a connection of bollard's own. Its requests name no API version, so the
    /// Engine answers in its newest; meant for tests.
    pub fn new(docker: Docker, call_timeout: Duration) -> Self {
        Self {
            docker: docker.with_timeout(NEVER),
            call_timeout,
            requested_version: None,
            negotiated: OnceCell::new(),
            pin_api_version: Box::new(|_| {}),
        }
    }

    /// An Engine at the end of a pool of connections. Nothing is sent before the first call.
    ///
    /// # Errors
    /// Only if bollard does not take the pool, which is an error of ours.
    pub fn over(pool: Arc<ChannelPool>, settings: &EngineSettings) -> Result<Self, EngineError> {
        let EngineSettings { api_version, call_timeout, wait_timeout: _ } = settings;
        let carrier = Arc::clone(&pool);
        let docker = Docker::connect_with_custom_transport(
            move |request| {
                let pool = Arc::clone(&carrier);
                async move { pool.request(request).await }
            },
            Some("http://docker"),
            NEVER.as_secs(),
            API_DEFAULT_VERSION,
        )
        .map_err(|error| failure::engine_error("GET /version", error, NEVER))?;
        Ok(Self {
            requested_version: api_version.clone(),
            pin_api_version: Box::new(move |api_version| pool.pin_api_version(api_version)),
            ..Self::new(docker, call_timeout.unwrap_or(DEFAULT_CALL_TIMEOUT))
        })
    }

    /// An Engine behind a Unix socket of this machine.
    ///
    /// # Errors
    /// As [`DockerEngine::over`].
    pub fn unix(socket_path: &Path, settings: &EngineSettings) -> Result<Self, EngineError> {
        let dialer = EngineDialer::Unix(socket_path.to_owned());
        Self::over(ChannelPool::new(dialer, Deadlines::default()), settings)
    }

    /// Waits for an answer, at most as long as ordinary calls may take.
    async fn call<T>(
        &self,
        call: &str,
        answer: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, EngineError> {
        within(call, self.call_timeout, answer).await
    }
}

/// Waits for an answer until the deadline.
async fn within<T>(
    call: &str,
    deadline: Duration,
    answer: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    match tokio::time::timeout(deadline, answer).await {
        Ok(answer) => answer.map_err(|error| failure::engine_error(call, error, deadline)),
        Err(_) => Err(EngineError::new(call, EngineErrorKind::Timeout { after: deadline })),
    }
}

/// A name as a part of a path.
///
/// # Errors
/// If it is none: such a path would mean another call.
fn path_part(call: &str, name: &str) -> Result<String, EngineError> {
    if name.is_empty() || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(EngineError::unsupported(call, format!("`{name}` is no name")));
    }
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'/' | b':' | b'@' => {
                encoded.push(char::from(byte));
            }
            other => encoded.extend(["%", &format!("{other:02X}")]),
        }
    }
    Ok(encoded)
}

/// An answer that says `None` where the Engine knows nothing of that name.
fn if_found<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

impl EngineReader for DockerEngine {
    async fn version(&self) -> Result<EngineVersion, EngineError> {
        self.negotiated().await.cloned()
    }

    async fn facts(&self) -> Result<EngineFacts, EngineError> {
        info::facts(self).await
    }

    async fn list_containers(&self) -> Result<Vec<ListedContainer>, EngineError> {
        containers::list(self).await
    }

    async fn inspect_container(&self, name: &str) -> Result<Option<ObservedContainer>, EngineError> {
        containers::inspect(self, name).await
    }

    async fn list_images(&self) -> Result<BTreeMap<String, String>, EngineError> {
        images::list(self).await
    }

    async fn inspect_image(&self, name_or_id: &str) -> Result<Option<ObservedImage>, EngineError> {
        images::inspect(self, name_or_id).await
    }

    async fn registry_digest(
        &self,
        reference: &ImageReference,
        login: Option<&RegistryLogin>,
    ) -> Result<String, EngineError> {
        images::registry_digest(self, reference, login).await
    }

    async fn list_volumes(&self) -> Result<Vec<ObservedVolume>, EngineError> {
        volumes::list(self).await
    }

    async fn inspect_volume(&self, name: &str) -> Result<Option<ObservedVolume>, EngineError> {
        volumes::inspect(self, name).await
    }

    async fn list_networks(&self) -> Result<Vec<ObservedNetwork>, EngineError> {
        networks::list(self).await
    }

    async fn container_processes(&self, name: &str) -> Result<Vec<ObservedProcess>, EngineError> {
        processes::list(self, name).await
    }

    async fn container_log_tail(&self, name: &str, line_count: usize) -> Result<String, EngineError> {
        containers::log_tail(self, name, line_count).await
    }

    async fn container_log(&self, name: &str, options: LogOptions) -> Result<LogStream<'_>, EngineError> {
        logs::log(self, name, options).await
    }

    async fn wait_container(&self, name: &str) -> Result<i64, EngineError> {
        logs::wait(self, name).await
    }

    async fn read_archive(&self, container_name: &str, path: &str) -> Result<Archive, EngineError> {
        files::read(self, container_name, path).await
    }
}

impl Engine for DockerEngine {
    async fn pull_image(
        &self,
        reference: &ImageReference,
        login: Option<&RegistryLogin>,
    ) -> Result<(), EngineError> {
        images::pull(self, reference, login).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        networks::create(self, spec).await
    }

    async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        networks::remove(self, name).await
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> Result<ObservedVolume, EngineError> {
        volumes::create(self, spec).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        volumes::remove(self, name).await
    }

    async fn create_container(
        &self,
        name: &str,
        image: &ImageReference,
        settings: &ContainerSettings,
    ) -> Result<(), EngineError> {
        containers::create(self, name, image, settings).await
    }

    async fn connect_network(&self, container_name: &str, endpoint: &Endpoint) -> Result<(), EngineError> {
        networks::connect(self, container_name, endpoint).await
    }

    async fn disconnect_network(&self, container_name: &str, network_name: &str) -> Result<(), EngineError> {
        networks::disconnect(self, container_name, network_name).await
    }

    async fn update_container(&self, name: &str, update: &ContainerUpdate) -> Result<(), EngineError> {
        containers::update(self, name, update).await
    }

    async fn start_container(&self, name: &str) -> Result<(), EngineError> {
        containers::start(self, name).await
    }

    async fn stop_container(&self, name: &str, timeout_seconds: Option<u32>) -> Result<(), EngineError> {
        containers::stop(self, name, timeout_seconds).await
    }

    async fn kill_container(&self, name: &str, signal: &str) -> Result<(), EngineError> {
        containers::kill(self, name, signal).await
    }

    async fn rename_container(&self, name: &str, new_name: &str) -> Result<(), EngineError> {
        containers::rename(self, name, new_name).await
    }

    async fn remove_container(&self, name: &str) -> Result<(), EngineError> {
        containers::remove(self, name).await
    }

    async fn remove_container_and_volumes(&self, name: &str) -> Result<(), EngineError> {
        containers::remove_with_volumes(self, name).await
    }

    async fn write_archive(
        &self,
        container_name: &str,
        folder: &str,
        archive: Archive,
    ) -> Result<(), EngineError> {
        files::write(self, container_name, folder, archive).await
    }

    async fn exec(
        &self,
        container_name: &str,
        arguments: &[String],
        user: Option<&str>,
        patience: Duration,
    ) -> Result<ExecOutcome, EngineError> {
        exec::run(self, container_name, arguments, user, patience).await
    }
}

#[cfg(all(test, unix))]
mod tests;
