//! Owner and mode of a volume's files where the host's shell cannot set them: by a container that
//! mounts the volume, and goes when it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::host::engine::Engine;
use crate::host::engine_error::EngineError;
use crate::model::container::{ContainerSettings, Mount, MountSource, NetworkMode};
use crate::model::image::ImageReference;
use crate::model::observed::ContainerStatus;
use crate::model::ownership::{MAP_LABEL, PURPOSE_LABEL};
use crate::model::volume::Preparation;

use super::prepare::{PrepareError, preparation_script};

/// Where the container finds the volume.
const MOUNT_PATH: &str = "/volume-tmp";
/// Added to the volume's name.
const NAME_SUFFIX: &str = ".dmfab-prepare";
/// What [`PURPOSE_LABEL`] says of the container.
const PURPOSE: &str = "prepare";
/// Between two looks at the container.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Lines of its log that go into the message about a failure.
const LOG_LINES: usize = 5;

/// A container that prepares a volume.
pub(super) struct PreparingContainer<'a> {
    pub(super) volume_name: &'a str,
    pub(super) map_name: &'a str,
    pub(super) image: &'a ImageReference,
    /// How long it may take.
    pub(super) deadline: Duration,
}

impl PreparingContainer<'_> {
    /// Sets owner and mode of everything in the volume. The container is removed in any case; one that
    /// an interrupted run left is removed before.
    pub(super) async fn run(
        &self,
        engine: &impl Engine,
        preparation: &Preparation,
        only_if_empty: bool,
    ) -> Result<(), PrepareError> {
        let script =
            preparation_script(MOUNT_PATH, preparation, only_if_empty).ok_or(PrepareError::NulByte)?;
        let name = format!("{}{NAME_SUFFIX}", self.volume_name);
        self.clear(engine, &name).await?;
        engine.create_container(&name, self.image, &self.settings(script)).await?;
        let ended = self.watch(engine, &name).await;
        let cleared = self.clear(engine, &name).await;
        ended?;
        Ok(cleared?)
    }

    async fn watch(&self, engine: &impl Engine, name: &str) -> Result<(), PrepareError> {
        engine.start_container(name).await?;
        let started = Instant::now();
        loop {
            let found = engine.inspect_container(name).await?;
            match found.map(|container| container.status) {
                Some(ContainerStatus::Exited { exit_code: 0 }) => return Ok(()),
                Some(ContainerStatus::Exited { exit_code }) => {
                    let log = engine.container_log_tail(name, LOG_LINES).await?;
                    return Err(PrepareError::failed(exit_code, &log));
                }
                None => return Err(PrepareError::failed(-1, "somebody has removed the container")),
                Some(_) if started.elapsed() >= self.deadline => {
                    return Err(PrepareError::Late { after: self.deadline });
                }
                // It takes as long as the volume is large.
                Some(_) => tokio::time::sleep(LOOK_INTERVAL).await,
            }
        }
    }

    /// Only what bears our label is taken away.
    async fn clear(&self, engine: &impl Engine, name: &str) -> Result<(), EngineError> {
        let Some(found) = engine.inspect_container(name).await? else { return Ok(()) };
        if found.labels.get(PURPOSE_LABEL).map(String::as_str) != Some(PURPOSE) {
            return Ok(());
        }
        if found.status.is_active() {
            engine.stop_container(name, Some(0)).await?;
        }
        engine.remove_container(name).await
    }

    fn settings(&self, script: String) -> ContainerSettings {
        let source = MountSource::Volume(self.volume_name.to_owned());
        // Mounting an empty volume must not fill it from the image.
        let mount = Mount { source, read_only: false, modes: BTreeSet::from(["nocopy".to_owned()]) };
        let labels = [(MAP_LABEL, self.map_name), (PURPOSE_LABEL, PURPOSE)];
        ContainerSettings {
            entrypoint: Some(["sh", "-c"].map(str::to_owned).to_vec()),
            command: Some(vec![script]),
            user: Some("root".to_owned()),
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            mounts: BTreeMap::from([(MOUNT_PATH.to_owned(), mount)]),
            network_mode: NetworkMode::None,
            ..ContainerSettings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::host::engine::EngineReader;
    use crate::host::fake::{FakeEngine, FakeProgram};
    use crate::model::observed::ObservedImage;
    use crate::model::place::Places;
    use crate::model::volume::VolumeSpec;

    use super::*;

    async fn engine(program: FakeProgram) -> FakeEngine {
        let engine = FakeEngine::new();
        engine.add_image("busybox:latest", ObservedImage::default());
        engine.set_program("busybox:latest", program);
        let volume = VolumeSpec {
            name: "m.data".to_owned(),
            map_name: "m".to_owned(),
            config_name: "app".to_owned(),
            driver: "nfs".to_owned(),
            driver_options: BTreeMap::new(),
            labels: BTreeMap::new(),
            preparation: Preparation::default(),
            places: Places::default(),
        };
        engine.create_volume(&volume).await.expect("a volume");
        engine
    }

    async fn prepare(engine: &FakeEngine, deadline: Duration) -> Result<(), PrepareError> {
        let image = ImageReference::parse("busybox", "latest");
        let container = PreparingContainer { volume_name: "m.data", map_name: "m", image: &image, deadline };
        let preparation = Preparation { owner: Some("7:7".to_owned()), mode: None };
        container.run(engine, &preparation, false).await
    }

    async fn is_gone(engine: &FakeEngine) -> bool {
        engine.inspect_container("m.data.dmfab-prepare").await.expect("an answer").is_none()
    }

    // features: PRM-04
    #[tokio::test]
    async fn the_container_runs_the_script_and_goes() {
        let engine = engine(FakeProgram { exit_code: Some(0), ..FakeProgram::default() }).await;
        prepare(&engine, Duration::from_secs(60)).await.expect("prepared");
        assert!(is_gone(&engine).await);
    }

    #[tokio::test]
    async fn a_failure_tells_what_chown_said_and_leaves_nothing() {
        let log = "chown: /volume-tmp: Operation not permitted\n".to_owned();
        let engine = engine(FakeProgram { exit_code: Some(1), log, ..FakeProgram::default() }).await;
        let error = prepare(&engine, Duration::from_secs(60)).await.expect_err("a failure");
        let words = "chown or chmod ended with exit status 1: chown: /volume-tmp: Operation not permitted";
        assert_eq!(error.to_string(), words);
        assert!(is_gone(&engine).await);
    }

    #[tokio::test]
    async fn what_takes_too_long_or_was_left_is_taken_away() {
        let engine = engine(FakeProgram::default()).await;
        assert!(matches!(prepare(&engine, Duration::ZERO).await, Err(PrepareError::Late { .. })));
        assert!(is_gone(&engine).await);
        engine.fail_next("stop_container", EngineError::from_status("POST /stop", 500, "no luck"));
        prepare(&engine, Duration::ZERO).await.expect_err("late");
        assert!(!is_gone(&engine).await, "left behind");
        prepare(&engine, Duration::ZERO).await.expect_err("late again");
        assert!(is_gone(&engine).await);
    }
}
