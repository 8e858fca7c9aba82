//! Whether a started container is as it should be.

use std::time::Duration;

use tokio::time::Instant;

use crate::host::engine::EngineReader;
use crate::host::engine_error::EngineError;
use crate::model::observed::{ContainerStatus, Health, ObservedContainer};

/// Between the first two looks at a container; each further time is twice as long, up to the longest.
const FIRST_INTERVAL: Duration = Duration::from_millis(200);
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// Why a started container is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It ended.
    #[error("the container ended with exit code {exit_code} after {} s", .after.as_secs())]
    Ended {
        /// Exit code of its process.
        exit_code: i64,
        /// When that was seen.
        after: Duration,
    },
    /// It ends and is started again by its restart policy.
    #[error("the container ends again and again, and its restart policy starts it again")]
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

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the first word of a health check.
    pub(super) health_deadline: Duration,
    /// How long a container without health check must run.
    pub(super) settle: Duration,
}

/// Watches a container that was just started.
pub(super) async fn verify(
    engine: &impl EngineReader,
    container_name: &str,
    patience: Patience,
) -> Result<(), VerifyError> {
    let started = Instant::now();
    let mut interval = FIRST_INTERVAL;
    let mut first_start = None;
    loop {
        let found = engine.inspect_container(container_name).await?.ok_or(VerifyError::Gone)?;
        if was_restarted(&mut first_start, &found) {
            return Err(VerifyError::Restarting);
        }
        if let Some(verdict) = verdict(found.status, started.elapsed(), patience) {
            return verdict;
        }
        // The Engine has no call that waits for health; time itself is the subject here.
        let rest = patience.settle.saturating_sub(started.elapsed());
        tokio::time::sleep(if rest.is_zero() { interval } else { interval.min(rest) }).await;
        interval = LONGEST_INTERVAL.min(interval * 2);
    }
}

/// Whether a container runs that was started at another time than at the first look.
fn was_restarted(first_start: &mut Option<String>, found: &ObservedContainer) -> bool {
    if first_start.is_none() {
        first_start.clone_from(&found.started_at);
    }
    *first_start != found.started_at
}

/// `None` means to look again.
fn verdict(
    status: ContainerStatus,
    elapsed: Duration,
    patience: Patience,
) -> Option<Result<(), VerifyError>> {
    let Patience { health_deadline, settle } = patience;
    match status {
        ContainerStatus::Running { health: Some(Health::Healthy) } => Some(Ok(())),
        ContainerStatus::Running { health: Some(Health::Unhealthy) } => Some(Err(VerifyError::Unhealthy)),
        ContainerStatus::Running { health: Some(Health::Starting) } => {
            (elapsed >= health_deadline).then_some(Err(VerifyError::NotHealthy(health_deadline)))
        }
        ContainerStatus::Running { health: None } | ContainerStatus::Paused => {
            (elapsed >= settle).then_some(Ok(()))
        }
        ContainerStatus::Exited { exit_code: 0 } => Some(Ok(())),
        ContainerStatus::Exited { exit_code } => Some(Err(VerifyError::Ended { exit_code, after: elapsed })),
        ContainerStatus::Restarting => Some(Err(VerifyError::Restarting)),
        ContainerStatus::Created | ContainerStatus::Dead => Some(Err(VerifyError::Gone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { health_deadline: Duration::from_secs(30), settle: Duration::from_secs(3) };

    #[test]
    fn a_container_is_good_when_it_runs_for_a_while_is_healthy_or_has_done_its_work() {
        let running = |health| ContainerStatus::Running { health };
        let (soon, later) = (Duration::from_millis(2900), Duration::from_secs(60));
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
            let verdict = verdict(status, elapsed, PATIENCE);
            assert_eq!(verdict.map(|verdict| verdict.is_ok()), expected, "{status:?} after {elapsed:?}");
        }
    }

    #[test]
    fn without_a_settle_time_one_look_is_enough() {
        let patience = Patience { settle: Duration::ZERO, ..PATIENCE };
        let running = ContainerStatus::Running { health: None };
        assert!(matches!(verdict(running, Duration::ZERO, patience), Some(Ok(()))));
    }
}
