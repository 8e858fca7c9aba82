//! Calls about images.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptions};
use futures_util::TryStreamExt;
use secrecy::ExposeSecret;

use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::image::ImageReference;
use crate::model::observed::ObservedImage;
use crate::model::spec::RegistryLogin;

use super::{DockerEngine, convert_inspect, convert_list, if_found, path_part, within};

/// How long a pull may show no progress. The Engine is silent while it checks a large layer;
/// how long the whole pull takes is the network's affair.
const PULL_SILENCE: Duration = Duration::from_secs(300);
/// Docker Hub's name in credentials.
const HUB_ADDRESS: &str = "https://index.docker.io/v1/";

pub(super) async fn list(engine: &DockerEngine) -> Result<BTreeMap<String, String>, EngineError> {
    let images = engine.docker.list_images(None::<ListImagesOptions>);
    Ok(convert_list::image_ids(engine.call("GET /images/json", images).await?))
}

pub(super) async fn inspect(
    engine: &DockerEngine,
    name_or_id: &str,
) -> Result<Option<ObservedImage>, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /images/{name_or_id}/json");
    let part = path_part(&call, name_or_id)?;
    let found = if_found(engine.call(&call, engine.docker.inspect_image(&part)).await)?;
    Ok(found.map(|image| {
        let id = image.id.unwrap_or_default();
        let platform = [image.os, image.architecture, image.variant];
        let platform: Vec<String> = platform.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let platform = (platform.len() > 1).then(|| platform.join("/"));
        convert_inspect::observed_image(id, image.config.unwrap_or_default(), platform)
    }))
}

pub(super) async fn pull(
    engine: &DockerEngine,
    reference: &ImageReference,
    login: Option<&RegistryLogin>,
) -> Result<(), EngineError> {
    engine.negotiated().await?;
    let ImageReference { repository, tag, digest, platform } = reference;
    let version = digest.as_ref().or(tag.as_ref()).map_or("latest", String::as_str);
    let call = format!("POST /images/create?fromImage={repository}&tag={version}");
    let platform = platform.as_deref().unwrap_or_default();
    let options =
        CreateImageOptionsBuilder::new().from_image(repository).tag(version).platform(platform).build();
    let credentials = login.map(|login| credentials(reference, login));
    let mut progress = Box::pin(engine.docker.create_image(Some(options), None, credentials));
    loop {
        match within(&call, PULL_SILENCE, progress.try_next()).await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => return Err(pull_error(reference, error)),
        }
    }
}

pub(super) async fn registry_digest(
    engine: &DockerEngine,
    reference: &ImageReference,
    login: Option<&RegistryLogin>,
) -> Result<String, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /distribution/{reference}/json");
    let name = path_part(&call, &reference.to_string())?;
    let credentials = login.map(|login| credentials(reference, login));
    let answer = engine.call(&call, engine.docker.inspect_registry_image(&name, credentials)).await?;
    let digest = answer.descriptor.digest.filter(|digest| !digest.is_empty());
    digest.ok_or_else(|| EngineError::unsupported(call, "the answer names no digest"))
}

/// An error in the middle of the stream has no status of its own.
fn pull_error(reference: &ImageReference, error: EngineError) -> EngineError {
    match error.kind {
        EngineErrorKind::Refused { status: 200, message } => {
            EngineError::new(error.call, EngineErrorKind::Pull { image: reference.to_string(), message })
        }
        kind => EngineError::new(error.call, kind),
    }
}

fn credentials(reference: &ImageReference, login: &RegistryLogin) -> DockerCredentials {
    let RegistryLogin { username, password, email } = login;
    let address = match reference.registry() {
        "docker.io" => HUB_ADDRESS,
        other => other,
    };
    DockerCredentials {
        username: Some(username.clone()),
        password: Some(password.expose_secret().to_owned()),
        email: email.clone(),
        serveraddress: Some(address.to_owned()),
        ..DockerCredentials::default()
    }
}

#[cfg(test)]
mod tests {
    use bollard::errors::Error;

    use super::*;

    #[test]
    fn an_error_in_the_stream_of_a_pull_names_the_image() {
        let error = Error::DockerStreamError { error: "no space left on device".to_owned() };
        let error = super::super::failure::engine_error("POST /images/create", error, PULL_SILENCE);
        let error = pull_error(&ImageReference::parse("app:1", "latest"), error);
        assert_eq!(error.to_string(), "POST /images/create: pull of `app:1` failed: no space left on device");
    }

    #[test]
    fn the_hub_has_an_address_of_its_own() {
        let login = RegistryLogin { username: "me".to_owned(), password: "x".to_owned().into(), email: None };
        let address = |name| credentials(&ImageReference::parse(name, "latest"), &login).serveraddress;
        assert_eq!(address("org/app").as_deref(), Some(HUB_ADDRESS));
        assert_eq!(address("registry.example.com/app").as_deref(), Some("registry.example.com"));
    }
}
