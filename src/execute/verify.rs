//! Whether a started container is as it should be.

use std::time::Duration;

use tokio::time::Instant;

use crate::host::engine::EngineReader;
use crate::host::engine_error::EngineError;
use crate::model::observed::{ContainerStatus, Health};

/// How long a container without health check must run to be taken for good.
const SETTLE_TIME: Duration = Duration::from_secs(1);
/// Between two looks at a container.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Why a started container is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It ended at once.
    #[error("the container ended with exit code {exit_code}")]
    Ended {
        /// Exit code of its process.
        exit_code: i64,
    },
    /// It ends and is started again by its restart policy.
    #[error("the container ends again and again")]
    Restarting,
    /// Its health check says so.
    #[error("the container is unhealthy")]
    Unhealthy,
    /// Its health check says nothing.
    #[error("the container is not healthy after {} s", .0.as_secs())]
    NotHealthy(Duration),
    /// Somebody has taken it away.
    #[error("the container is gone")]
    Gone,
    /// The Engine could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Watches a container that was just started.
pub(super) async fn verify(
    engine: &impl EngineReader,
    container_name: &str,
    health_deadline: Duration,
) -> Result<(), VerifyError> {
    let started = Instant::now();
    loop {
        let found = engine.inspect_container(container_name).await?.ok_or(VerifyError::Gone)?;
        match verdict(found.status, started.elapsed(), health_deadline) {
            Some(verdict) => return verdict,
            // The Engine has no call that waits for health; time itself is the subject here.
            None => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
}

/// `None` means to look again.
fn verdict(
    status: ContainerStatus,
    elapsed: Duration,
    health_deadline: Duration,
) -> Option<Result<(), VerifyError>> {
    match status {
        ContainerStatus::Running { health: Some(Health::Healthy) } => Some(Ok(())),
        ContainerStatus::Running { health: Some(Health::Unhealthy) } => Some(Err(VerifyError::Unhealthy)),
        ContainerStatus::Running { health: Some(Health::Starting) } => {
            (elapsed >= health_deadline).then_some(Err(VerifyError::NotHealthy(health_deadline)))
        }
        ContainerStatus::Running { health: None } | ContainerStatus::Paused => {
            (elapsed >= SETTLE_TIME).then_some(Ok(()))
        }
        ContainerStatus::Exited { exit_code: 0 } => Some(Ok(())),
        ContainerStatus::Exited { exit_code } => Some(Err(VerifyError::Ended { exit_code })),
        ContainerStatus::Restarting => Some(Err(VerifyError::Restarting)),
        ContainerStatus::Created | ContainerStatus::Dead => Some(Err(VerifyError::Gone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_good_when_it_runs_for_a_moment_is_healthy_or_has_done_its_work() {
        let running = |health| ContainerStatus::Running { health };
        let (soon, later) = (Duration::from_millis(10), Duration::from_secs(60));
        for (status, elapsed, expected) in [
            (running(None), soon, None),
            (running(None), later, Some(true)),
            (running(Some(Health::Healthy)), soon, Some(true)),
            (running(Some(Health::Starting)), soon, None),
            (running(Some(Health::Starting)), later, Some(false)),
            (running(Some(Health::Unhealthy)), soon, Some(false)),
            (ContainerStatus::Exited { exit_code: 0 }, soon, Some(true)),
            (ContainerStatus::Exited { exit_code: 1 }, soon, Some(false)),
            (ContainerStatus::Restarting, soon, Some(false)),
        ] {
            let verdict = verdict(status, elapsed, Duration::from_secs(30));
            assert_eq!(verdict.map(|verdict| verdict.is_ok()), expected, "{status:?} after {elapsed:?}");
        }
    }
}
