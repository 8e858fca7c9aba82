//! Which version of the API is spoken.

use std::fmt;
use std::sync::Arc;

use bollard::API_DEFAULT_VERSION;
use bollard::models::SystemVersion;

use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::observed::EngineVersion;

use super::DockerEngine;

const CALL: &str = "GET /version";

/// A version of the API, major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ApiVersion(usize, usize);

/// The oldest that is supported: Engine 20.10.
const OLDEST: ApiVersion = ApiVersion(1, 41);
/// The newest that is known.
const NEWEST: ApiVersion = ApiVersion(API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
/// The first that takes more than one network when a container is created.
const SEVERAL_NETWORKS: ApiVersion = ApiVersion(1, 44);
/// The first that has no `CheckDuplicate`, because it always checks.
const UNIQUE_NETWORK_NAMES: ApiVersion = ApiVersion(1, 44);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim_start_matches('v').split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

impl DockerEngine {
    /// The version that is spoken; asks the Engine once. A failed question is asked again by the
    /// next call.
    pub(super) async fn negotiated(&self) -> Result<&EngineVersion, EngineError> {
        self.negotiated.get_or_try_init(|| self.negotiate()).await
    }

    /// Whether a container can be created in several networks at once.
    pub(super) async fn joins_several_networks(&self) -> Result<bool, EngineError> {
        self.speaks(SEVERAL_NETWORKS).await
    }

    /// Whether the Engine itself refuses a second network of the same name.
    pub(super) async fn keeps_network_names_apart(&self) -> Result<bool, EngineError> {
        self.speaks(UNIQUE_NETWORK_NAMES).await
    }

    async fn speaks(&self, version: ApiVersion) -> Result<bool, EngineError> {
        let spoken = &self.negotiated().await?.api_version;
        Ok(ApiVersion::parse(spoken).is_some_and(|spoken| spoken >= version))
    }

    async fn negotiate(&self) -> Result<EngineVersion, EngineError> {
        let answer = self.call(CALL, self.docker.version()).await?;
        let version = engine_version(answer, self.requested_version.as_deref())?;
        (self.pin_api_version)(&version.api_version);
        Ok(version)
    }
}

/// Agrees on a version with an Engine that answered so.
fn engine_version(answer: SystemVersion, requested: Option<&str>) -> Result<EngineVersion, EngineError> {
    let name = answer.version.unwrap_or_default();
    let Some(newest) = answer.api_version.as_deref().and_then(ApiVersion::parse) else {
        let missing = std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer names no API version");
        return Err(EngineError::new(CALL, EngineErrorKind::Answer(Arc::new(missing))));
    };
    let oldest = answer.min_api_version.as_deref().and_then(ApiVersion::parse).unwrap_or(OLDEST);
    let spoken =
        agreed(&name, oldest, newest, requested).map_err(|reason| EngineError::unsupported(CALL, reason))?;
    Ok(EngineVersion {
        version: name,
        api_version: spoken.to_string(),
        operating_system: answer.os.unwrap_or_default(),
        architecture: answer.arch.unwrap_or_default(),
    })
}

/// The newest version that both sides speak, or the one that is asked for.
fn agreed(
    engine: &str,
    oldest: ApiVersion,
    newest: ApiVersion,
    requested: Option<&str>,
) -> Result<ApiVersion, String> {
    if newest < OLDEST {
        return Err(format!(
            "Engine {engine} speaks API {newest} at most, {OLDEST} (Engine 20.10) or newer is needed"
        ));
    }
    if oldest > NEWEST {
        return Err(format!(
            "Engine {engine} speaks API {oldest} at least, {NEWEST} is the newest known here"
        ));
    }
    let Some(requested) = requested else { return Ok(newest.min(NEWEST)) };
    let (from, to) = (oldest.max(OLDEST), newest.min(NEWEST));
    match ApiVersion::parse(requested) {
        Some(version) if (from..=to).contains(&version) => Ok(version),
        _ => Err(format!(
            "API version `{requested}` is asked for, Engine {engine} can be spoken to in {from} to {to}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(oldest: &str, newest: &str) -> SystemVersion {
        SystemVersion {
            version: Some("27.1".to_owned()),
            api_version: Some(newest.to_owned()),
            min_api_version: Some(oldest.to_owned()),
            ..SystemVersion::default()
        }
    }

    fn spoken(oldest: &str, newest: &str, requested: Option<&str>) -> Result<String, String> {
        engine_version(answer(oldest, newest), requested)
            .map(|version| version.api_version)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_newest_that_both_know_is_spoken() {
        assert_eq!(spoken("1.12", "1.41", None).as_deref(), Ok("1.41"));
        assert_eq!(spoken("1.44", "1.99", None), Ok(NEWEST.to_string()));
        assert_eq!(spoken("1.24", "1.51", Some("1.43")).as_deref(), Ok("1.43"));
        assert_eq!(spoken("1.24", "1.51", Some("v1.43")).as_deref(), Ok("1.43"));
    }

    #[test]
    fn what_cannot_be_spoken_is_refused() {
        assert_eq!(
            spoken("1.12", "1.40", None).expect_err("refused"),
            "GET /version: Engine 27.1 speaks API 1.40 at most, 1.41 (Engine 20.10) or newer is needed"
        );
        for requested in ["1.52", "1.19", "auto"] {
            let refused = spoken("1.24", "1.51", Some(requested)).expect_err("refused");
            assert!(refused.contains(&format!("`{requested}`")), "{refused}");
            assert!(refused.ends_with("can be spoken to in 1.41 to 1.51"), "{refused}");
        }
        assert!(spoken("2.0", "2.1", None).is_err());
        assert!(engine_version(SystemVersion::default(), None).is_err());
    }
}
