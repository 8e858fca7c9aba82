//! Files of containers, as tar archives.

use std::io;
use std::time::Duration;

use bollard::body_try_stream;
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::host::engine::Archive;
use crate::host::engine_error::EngineError;

use super::{DockerEngine, failure, path_part, within};

/// How long an upload may take: it ends when all has arrived, and a lost connection ends it sooner.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn write(
    engine: &DockerEngine,
    container_name: &str,
    folder: &str,
    archive: Archive,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("PUT /containers/{container_name}/archive?path={folder}");
    let part = path_part(&call, container_name)?;
    let options = UploadToContainerOptionsBuilder::new().path(folder).build();
    let upload = engine.docker.upload_to_container(&part, Some(options), body_try_stream(archive));
    within(&call, UPLOAD_DEADLINE, upload).await
}

/// The first bytes are waited for, so that a path that is not there is an answer of this call.
pub(super) async fn read(
    engine: &DockerEngine,
    container_name: &str,
    path: &str,
) -> Result<Archive, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /containers/{container_name}/archive?path={path}");
    let part = path_part(&call, container_name)?;
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let docker = engine.docker.clone();
    let mut pieces = Box::pin(docker.download_from_container(&part, Some(options)));
    let first = engine.call(&call, pieces.try_next()).await?;
    let rest =
        pieces.map_err(move |error| io::Error::other(failure::engine_error(&call, error, Duration::MAX)));
    Ok(Box::pin(stream::iter(first.map(Ok)).chain(rest)))
}
