//! Calls about volumes.

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptions, RemoveVolumeOptions};

use crate::host::engine_error::EngineError;
use crate::model::observed::ObservedVolume;
use crate::model::volume::VolumeSpec;

use super::{DockerEngine, convert_list, if_found, path_part};

pub(super) async fn list(engine: &DockerEngine) -> Result<Vec<ObservedVolume>, EngineError> {
    let volumes = engine.docker.list_volumes(None::<ListVolumesOptions>);
    let volumes = engine.call("GET /volumes", volumes).await?.volumes.unwrap_or_default();
    Ok(volumes.into_iter().map(convert_list::observed_volume).collect())
}

pub(super) async fn inspect(
    engine: &DockerEngine,
    name: &str,
) -> Result<Option<ObservedVolume>, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /volumes/{name}");
    let part = path_part(&call, name)?;
    let found = if_found(engine.call(&call, engine.docker.inspect_volume(&part)).await)?;
    Ok(found.map(convert_list::observed_volume))
}

pub(super) async fn create(engine: &DockerEngine, spec: &VolumeSpec) -> Result<ObservedVolume, EngineError> {
    engine.negotiated().await?;
    let call = format!("POST /volumes/create ({})", spec.name);
    let answer = engine.docker.create_volume(create_request(spec));
    engine.call(&call, answer).await.map(convert_list::observed_volume)
}

pub(super) fn create_request(spec: &VolumeSpec) -> VolumeCreateRequest {
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
    VolumeCreateRequest {
        name: Some(name.clone()),
        driver: Some(driver.clone()),
        driver_opts: Some(driver_options.clone().into_iter().collect()),
        labels: Some(labels.clone().into_iter().collect()),
        cluster_volume_spec: None,
    }
}

pub(super) async fn remove(engine: &DockerEngine, name: &str) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let call = format!("DELETE /volumes/{name}");
    let part = path_part(&call, name)?;
    engine.call(&call, engine.docker.remove_volume(&part, None::<RemoveVolumeOptions>)).await
}
