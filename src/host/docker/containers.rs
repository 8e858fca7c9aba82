//! Calls about containers.

use std::sync::Arc;
use std::time::Duration;

use bollard::body_full;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    RenameContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
};
use futures_util::TryStreamExt;

use crate::host::engine::ListedContainer;
use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::container::ContainerSettings;
use crate::model::image::ImageReference;
use crate::model::observed::ObservedContainer;
use crate::model::update::ContainerUpdate;

use super::exec::OutputTail;
use super::{DockerEngine, convert_create, convert_inspect, convert_list, if_found, path_part, within};

/// How long the Engine may take to kill and to clean up, beyond the time given to the container.
const STOP_MARGIN: Duration = Duration::from_secs(30);
/// What the Engine gives a container to end if nobody says otherwise.
const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn list(engine: &DockerEngine) -> Result<Vec<ListedContainer>, EngineError> {
    let options = ListContainersOptionsBuilder::new().all(true).build();
    let call = "GET /containers/json?all=true";
    let containers = engine.call(call, engine.docker.list_containers(Some(options))).await?;
    Ok(containers.into_iter().map(convert_list::listed_container).collect())
}

pub(super) async fn inspect(
    engine: &DockerEngine,
    name: &str,
) -> Result<Option<ObservedContainer>, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /containers/{name}/json");
    let part = path_part(&call, name)?;
    let answer = engine.docker.inspect_container(&part, None::<InspectContainerOptions>);
    let Some(inspected) = if_found(engine.call(&call, answer).await)? else { return Ok(None) };
    convert_inspect::observed_container(inspected)
        .map(Some)
        .map_err(|error| EngineError::new(call, EngineErrorKind::Answer(Arc::new(error))))
}

pub(super) async fn log_tail(
    engine: &DockerEngine,
    name: &str,
    line_count: usize,
) -> Result<String, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /containers/{name}/logs?tail={line_count}");
    let part = path_part(&call, name)?;
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&line_count.to_string()).build();
    let lines = async {
        let mut tail = OutputTail::default();
        let mut stream = Box::pin(engine.docker.logs(&part, Some(options)));
        while let Some(line) = stream.try_next().await? {
            tail.push(line.as_ref());
        }
        Ok(tail.into_text())
    };
    engine.call(&call, lines).await
}

pub(super) async fn create(
    engine: &DockerEngine,
    name: &str,
    image: &ImageReference,
    settings: &ContainerSettings,
) -> Result<(), EngineError> {
    let joins_all = engine.joins_several_networks().await?;
    let call = format!("POST /containers/create?name={name}");
    let body = convert_create::create_body(image, settings, joins_all)
        .map_err(|reason| EngineError::unsupported(&*call, reason))?;
    let mut docker = engine.docker.clone();
    if let Some(mac_address) = settings.mac_address.as_ref().filter(|_| !joins_all) {
        let text = convert_create::with_mac_address(&body, mac_address)
            .map_err(|reason| EngineError::unsupported(&*call, reason))?;
        docker = docker.with_request_modifier(move |request| request.map(|_| body_full(text.clone().into())));
    }
    let options = CreateContainerOptionsBuilder::new()
        .name(name)
        .platform(image.platform.as_deref().unwrap_or_default())
        .build();
    let created = engine.call(&call, docker.create_container(Some(options), body)).await?;
    for warning in created.warnings {
        tracing::warn!(container = name, "{warning}");
    }
    Ok(())
}

pub(super) async fn update(
    engine: &DockerEngine,
    name: &str,
    update: &ContainerUpdate,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{name}/update");
    let part = path_part(&call, name)?;
    let body =
        convert_create::update_body(update).map_err(|reason| EngineError::unsupported(&*call, reason))?;
    engine.call(&call, engine.docker.update_container(&part, body)).await
}

pub(super) async fn start(engine: &DockerEngine, name: &str) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{name}/start");
    let part = path_part(&call, name)?;
    engine.call(&call, engine.docker.start_container(&part, None::<StartContainerOptions>)).await
}

pub(super) async fn stop(
    engine: &DockerEngine,
    name: &str,
    timeout_seconds: Option<u32>,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let (call, options, grace) = match timeout_seconds {
        Some(seconds) => {
            let count = i32::try_from(seconds).unwrap_or(i32::MAX);
            let options = StopContainerOptionsBuilder::new().t(count).build();
            (
                format!("POST /containers/{name}/stop?t={seconds}"),
                Some(options),
                Duration::from_secs(seconds.into()),
            )
        }
        None => {
            (format!("POST /containers/{name}/stop"), None, DEFAULT_STOP_TIMEOUT.max(engine.call_timeout))
        }
    };
    let part = path_part(&call, name)?;
    within(&call, grace + STOP_MARGIN.min(engine.call_timeout), engine.docker.stop_container(&part, options))
        .await
}

pub(super) async fn kill(engine: &DockerEngine, name: &str, signal: &str) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{name}/kill?signal={signal}");
    let part = path_part(&call, name)?;
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    engine.call(&call, engine.docker.kill_container(&part, Some(options))).await
}

pub(super) async fn rename(engine: &DockerEngine, name: &str, new_name: &str) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /containers/{name}/rename?name={new_name}");
    let part = path_part(&call, name)?;
    let options = RenameContainerOptionsBuilder::new().name(new_name).build();
    engine.call(&call, engine.docker.rename_container(&part, options)).await
}

pub(super) async fn remove(engine: &DockerEngine, name: &str) -> Result<(), EngineError> {
    remove_container(engine, name, false).await
}

pub(super) async fn remove_with_volumes(engine: &DockerEngine, name: &str) -> Result<(), EngineError> {
    remove_container(engine, name, true).await
}

async fn remove_container(engine: &DockerEngine, name: &str, with_volumes: bool) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("DELETE /containers/{name}?v={with_volumes}&force=false");
    let part = path_part(&call, name)?;
    let options = RemoveContainerOptionsBuilder::new().v(with_volumes).force(false).build();
    engine.call(&call, engine.docker.remove_container(&part, Some(options))).await
}
