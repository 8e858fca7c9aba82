//! Actions on containers and their volumes, each from what the planner has at hand.

use std::sync::Arc;
use std::time::Duration;

use crate::model::container::{Endpoint, ExecCommand, Healthcheck};
use crate::model::spec::ContainerSpec;
use crate::model::volume::VolumeSpec;

use super::{Action, Preparer, diff};

/// For health checks that come with an image: Docker's own defaults, three checks of 30 s each
/// with 30 s between.
const DEFAULT_HEALTH_DEADLINE: Duration = Duration::from_secs(180);

pub(super) fn create(spec: &ContainerSpec, container_name: &str) -> Action {
    Action::CreateContainer { container_name: container_name.to_owned(), spec: Arc::new(spec.clone()) }
}

pub(super) fn prepare(volume: &VolumeSpec, only_if_empty: bool, by: Preparer) -> Action {
    Action::PrepareVolume {
        volume_name: volume.name.clone(),
        preparation: volume.preparation.clone(),
        only_if_empty,
        by,
    }
}

pub(super) fn connect(container_name: &str, endpoint: &Endpoint) -> Action {
    Action::ConnectNetwork { container_name: container_name.to_owned(), endpoint: Box::new(endpoint.clone()) }
}

pub(super) fn disconnect(container_name: &str, network_name: &str) -> Action {
    Action::DisconnectNetwork {
        container_name: container_name.to_owned(),
        network_name: network_name.to_owned(),
    }
}

pub(super) fn start(spec: &ContainerSpec, container_name: &str) -> Action {
    Action::StartContainer { container_name: container_name.to_owned(), delay: spec.start_delay }
}

pub(super) fn verify(spec: &ContainerSpec, container_name: &str, settle: Duration) -> Action {
    let health_deadline = spec.settings.healthcheck.as_ref().map_or(DEFAULT_HEALTH_DEADLINE, health_deadline);
    Action::VerifyContainer { container_name: container_name.to_owned(), health_deadline, settle }
}

/// Until then a container that will become healthy has become it, by its own settings.
fn health_deadline(check: &Healthcheck) -> Duration {
    let or = |nanoseconds: u64, default: u64| match nanoseconds {
        0 => Duration::from_secs(default),
        nanoseconds => Duration::from_nanos(nanoseconds),
    };
    let retries = if check.retries == 0 { 3 } else { check.retries };
    let one_check = or(check.interval_nanoseconds, 30) + or(check.timeout_nanoseconds, 30);
    or(check.start_period_nanoseconds, 0) + one_check * retries
}

/// Commands after a start; `initial` ones only where the container was never started before.
pub(super) fn run_commands(
    spec: &ContainerSpec,
    container_name: &str,
    is_first_start: bool,
) -> impl Iterator<Item = Action> {
    let commands = spec.exec_commands.iter().filter(move |command| is_first_start || !command.only_initially);
    commands.map(|command| run_command(container_name, command))
}

pub(super) fn run_command(container_name: &str, command: &ExecCommand) -> Action {
    Action::RunCommand {
        container_name: container_name.to_owned(),
        shown: diff::shown_words(&command.arguments),
        command: command.clone(),
    }
}

/// The time a stop may take is the configuration's, else the container's own.
pub(super) fn stop(spec: &ContainerSpec, container_name: &str) -> Action {
    let timeout_seconds = spec.stop_timeout_seconds.or(spec.settings.stop_timeout_seconds);
    Action::StopContainer { container_name: container_name.to_owned(), timeout_seconds }
}

pub(super) fn rename(container_name: &str, new_name: &str) -> Action {
    Action::RenameContainer { container_name: container_name.to_owned(), new_name: new_name.to_owned() }
}

pub(super) fn remove(container_name: &str) -> Action {
    Action::RemoveContainer { container_name: container_name.to_owned() }
}
