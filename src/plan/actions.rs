//! Actions on containers, each from what the planner has at hand.

use std::sync::Arc;

use crate::model::container::Endpoint;
use crate::model::spec::ContainerSpec;

use super::Action;

pub(super) fn create(spec: &ContainerSpec, container_name: &str) -> Action {
    Action::CreateContainer { container_name: container_name.to_owned(), spec: Arc::new(spec.clone()) }
}

pub(super) fn connect(container_name: &str, endpoint: &Endpoint) -> Action {
    Action::ConnectNetwork { container_name: container_name.to_owned(), endpoint: Box::new(endpoint.clone()) }
}

pub(super) fn start(spec: &ContainerSpec) -> Action {
    Action::StartContainer { container_name: spec.name.clone(), delay: spec.start_delay }
}

/// Commands after a start; `initial` ones only where the container was never started before.
pub(super) fn run_commands(spec: &ContainerSpec, is_first_start: bool) -> impl Iterator<Item = Action> {
    let commands = spec.exec_commands.iter().filter(move |command| is_first_start || !command.only_initially);
    commands.map(|command| Action::RunCommand { container_name: spec.name.clone(), command: command.clone() })
}

pub(super) fn stop(spec: &ContainerSpec, container_name: &str) -> Action {
    let timeout_seconds = spec.stop_timeout_seconds;
    Action::StopContainer { container_name: container_name.to_owned(), timeout_seconds }
}

pub(super) fn rename(container_name: &str, new_name: &str) -> Action {
    Action::RenameContainer { container_name: container_name.to_owned(), new_name: new_name.to_owned() }
}

pub(super) fn remove(container_name: &str) -> Action {
    Action::RemoveContainer { container_name: container_name.to_owned() }
}
