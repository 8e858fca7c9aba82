//! The fake Engine's calls about containers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::host::engine::{ExecOutcome, ListedContainer};
use crate::host::engine_error::EngineError;
use crate::model::container::{ContainerSettings, Link, NetworkMode};
use crate::model::effective::effective_settings;
use crate::model::host_options::{is_nothing, normalised};
use crate::model::image::{ImageReference, is_platform};
use crate::model::observed::{ContainerStatus, Health, ObservedContainer, ObservedProcess};
use crate::model::signal;
use crate::model::update::{ContainerUpdate, is_limit};

use super::FakeProgram;
use super::places::Places;
use super::state::{FakeContainer, FakeState, local_volume};

/// First minor version of the API in which a container is created in all of its networks.
const SEVERAL_NETWORKS: u32 = 44;
/// Exit code of what was killed.
const KILLED: i64 = 137;
/// What a created container answers to where names are asked for.
const SHORT_ID_LENGTH: usize = 12;

impl FakeState {
    pub(super) fn listed_containers(&self) -> Vec<ListedContainer> {
        self.containers.iter().map(|(name, container)| self.listed_container(name, container)).collect()
    }

    fn listed_container(&self, name: &str, container: &FakeContainer) -> ListedContainer {
        let FakeContainer { id, image_id, image_name, status, settings, places, .. } = container;
        let words = settings.entrypoint.iter().chain(&settings.command).flatten();
        let (state, shown) = shown_status(*status);
        ListedContainer {
            id: id.clone(),
            name: name.to_owned(),
            image_name: image_name.clone(),
            image_id: image_id.clone(),
            command: words.cloned().collect::<Vec<_>>().join(" "),
            state: state.to_owned(),
            status: shown,
            created_seconds: 0,
            labels: settings.labels.clone(),
            ports: settings.published_ports.iter().map(ToString::to_string).collect(),
            held_ports: if status.is_active() { settings.published_ports.clone() } else { BTreeSet::new() },
            volume_names: self.volume_names(settings).into_iter().collect(),
            network_names: places.names().map(str::to_owned).collect(),
        }
    }

    /// One container; each look takes the next answer of its health check.
    pub(super) fn observed_container(&mut self, name_or_id: &str) -> Option<ObservedContainer> {
        let name = self.container_name(name_or_id)?;
        let container = self.containers.get_mut(&name)?;
        if let ContainerStatus::Running { health: Some(health) } = &mut container.status
            && !container.program.health.is_empty()
        {
            *health = container.program.health.remove(0);
        }
        let container = self.containers.get(&name)?;
        let endpoints = container.places.reported(&container.settings.network_mode);
        let settings = ContainerSettings { endpoints, ..container.settings.clone() };
        Some(ObservedContainer {
            id: container.id.clone(),
            name,
            image_id: container.image_id.clone(),
            image_name: container.image_name.clone(),
            status: container.status,
            started_at: container.start_number.map(|number| format!("{number:09}")),
            process_id: container
                .start_number
                .filter(|_| container.status.is_active())
                .and_then(|number| i64::try_from(number).ok()),
            labels: settings.labels.clone(),
            volume_names: self.volume_names(&settings),
            settings: Some(settings),
            attachment: Some(container.places.attachment()),
        })
    }

    pub(super) fn log_tail(&self, name: &str, line_count: usize) -> Result<String, EngineError> {
        let log = &self.container(&format!("GET /containers/{name}/logs"), name)?.log;
        let lines: Vec<_> = log.split_inclusive('\n').collect();
        Ok(lines[lines.len().saturating_sub(line_count)..].concat())
    }

    pub(super) fn create_container(
        &mut self,
        name: &str,
        image: &ImageReference,
        settings: &ContainerSettings,
    ) -> Result<(), EngineError> {
        let call = format!("POST /containers/create?name={name}");
        self.check_name(&call, name)?;
        let Some(found) = self.image(&image.to_string()).cloned() else {
            return Err(EngineError::from_status(call, 404, format!("No such image: {image}")));
        };
        let is_for_others =
            |wanted: &str| found.platform.as_deref().is_some_and(|platform| !is_platform(platform, wanted));
        if image.platform.as_deref().is_some_and(is_for_others) {
            let message =
                format!("image with reference {image} was found but does not match the specified platform");
            return Err(EngineError::from_status(call, 404, message));
        }
        let reported = effective_settings(settings, &found.defaults);
        for link in &reported.links {
            self.existing(&call, 400, &link.container_name)?;
        }
        for source in reported.volumes_from.keys() {
            self.existing(&call, 400, source)?;
        }
        let count = if self.joins_several_networks() { reported.endpoints.len() } else { 1 };
        self.create_mounted_volumes(&reported);
        let container = FakeContainer {
            id: self.next_id(),
            image_id: found.id,
            image_name: image.to_string(),
            status: ContainerStatus::Created,
            start_number: None,
            program: self.program(image, &reported),
            places: Places::new(&reported, count),
            settings: reported,
            log: String::new(),
            error_log: String::new(),
            files: BTreeMap::new(),
            services: Vec::new(),
        };
        self.containers.insert(name.to_owned(), container);
        Ok(())
    }

    /// Keeps to what Engines do: 0 and empty leave a limit as it is, and processors by count and by quota
    /// exclude one another.
    pub(super) fn update_container(
        &mut self,
        name: &str,
        update: &ContainerUpdate,
    ) -> Result<(), EngineError> {
        let call = format!("POST /containers/{name}/update");
        let container = self.container_mut(&call, name)?;
        let options = &mut container.settings.host_options;
        let refused = |message: &str| {
            Err(EngineError::from_status(call.clone(), 409, format!("Cannot update container: {message}")))
        };
        let number = |options: &BTreeMap<String, Value>, name: &str| {
            options.get(name).and_then(Value::as_i64).unwrap_or_default()
        };
        let (asked, has) =
            (|name: &str| number(&update.options, name) > 0, |name: &str| number(options, name) > 0);
        if asked("NanoCpus") && (has("CpuPeriod") || has("CpuQuota"))
            || (asked("CpuPeriod") || asked("CpuQuota")) && has("NanoCpus")
        {
            return refused("Conflicting options");
        }
        let swap = number(&update.options, "MemorySwap");
        if swap == 0 && asked("Memory") && number(&update.options, "Memory") > number(options, "MemorySwap") {
            return refused("Memory limit should be smaller than already set memoryswap limit");
        }
        for (option, value) in &update.options {
            let is_left = !matches!(option.as_str(), "PidsLimit" | "RestartPolicy") && is_nothing(value);
            if !is_left && (is_limit(option) || option == "RestartPolicy") {
                options.insert(option.clone(), value.clone());
            }
        }
        *options = normalised(options);
        Ok(())
    }

    pub(super) fn start_container(&mut self, name: &str) -> Result<(), EngineError> {
        let call = format!("POST /containers/{name}/start");
        let container = self.container(&call, name)?;
        if matches!(container.status, ContainerStatus::Running { .. }) {
            return Ok(());
        }
        self.check_shared_network(&call, &container.settings)?;
        self.check_ports(&call, name, &container.settings)?;
        self.check_ties(&call, &container.settings)?;
        self.join_networks(&call, name)?;
        self.starts += 1;
        let start_number = self.starts;
        let container = self.container_mut(&call, name)?;
        container.start_number = Some(start_number);
        container.services.clear();
        container.log.push_str(&container.program.log);
        container.error_log.push_str(&container.program.error_log);
        let written = container.program.files.iter();
        container.files.extend(written.map(|(path, text)| (path.clone(), text.clone().into_bytes())));
        container.status = match container.program.exit_code {
            Some(exit_code) => ContainerStatus::Exited { exit_code },
            None => ContainerStatus::Running { health: first_health(container) },
        };
        Ok(())
    }

    pub(super) fn stop_container(&mut self, name: &str) -> Result<(), EngineError> {
        let container = self.container_mut(&format!("POST /containers/{name}/stop"), name)?;
        if container.status.is_active() {
            let exit_code = if container.program.ignores_signals { KILLED } else { 0 };
            container.status = ContainerStatus::Exited { exit_code };
        }
        Ok(())
    }

    /// Programs end with 0 when they are asked to end; what else a signal means to them is not known.
    pub(super) fn kill_container(&mut self, name: &str, typed: &str) -> Result<(), EngineError> {
        let call = format!("POST /containers/{name}/kill?signal={typed}");
        let Some(number) = signal::number(typed) else {
            return Err(EngineError::from_status(call, 400, format!("Invalid signal: {typed}")));
        };
        let container = self.container_mut(&call, name)?;
        if !container.status.is_active() {
            let message = format!("Cannot kill container: {name}: Container {} is not running", container.id);
            return Err(EngineError::from_status(call, 409, message));
        }
        if number == signal::KILL {
            container.status = ContainerStatus::Exited { exit_code: KILLED };
        } else if number == signal::USUAL_STOP && !container.program.ignores_signals {
            container.status = ContainerStatus::Exited { exit_code: 0 };
        }
        Ok(())
    }

    pub(super) fn rename_container(&mut self, name: &str, new_name: &str) -> Result<(), EngineError> {
        let call = format!("POST /containers/{name}/rename?name={new_name}");
        self.container(&call, name)?;
        if name == new_name {
            let message = "Renaming a container with the same name as its current name";
            return Err(EngineError::from_status(call, 400, message));
        }
        self.check_name(&call, new_name)?;
        if let Some(container) = self.containers.remove(name) {
            self.containers.insert(new_name.to_owned(), container);
        }
        self.rename_link_targets(name, new_name);
        Ok(())
    }

    pub(super) fn remove_container(&mut self, name: &str) -> Result<(), EngineError> {
        let call = format!("DELETE /containers/{name}?v=false&force=false");
        let container = self.container(&call, name)?;
        if container.status.is_active() {
            let message = format!("You cannot remove a running container {}", container.id);
            return Err(EngineError::from_status(call, 409, message));
        }
        self.containers.remove(name);
        Ok(())
    }

    pub(super) fn exec(
        &mut self,
        name: &str,
        arguments: &[String],
        user: Option<&str>,
    ) -> Result<ExecOutcome, EngineError> {
        self.check_runs(&format!("POST /containers/{name}/exec"), name)?;
        let command = arguments.join(" ");
        let done = ExecOutcome { exit_code: Some(0), output: String::new() };
        let outcome = self.exec_outcomes.get(&command).cloned().unwrap_or(done);
        if outcome.exit_code.is_none() {
            let container = self.container_mut(name, name)?;
            let uid = Some(uid(user.or(container.settings.user.as_deref())));
            container.services.push(ObservedProcess { uid, command });
        }
        Ok(outcome)
    }

    /// The first process, and the commands that go on.
    pub(super) fn processes(&self, name: &str) -> Result<Vec<ObservedProcess>, EngineError> {
        let call = format!("GET /containers/{name}/top");
        self.check_runs(&call, name)?;
        let container = self.container(&call, name)?;
        let settings = &container.settings;
        let words: Vec<_> = settings.entrypoint.iter().chain(&settings.command).flatten().cloned().collect();
        let first = ObservedProcess { uid: Some(uid(settings.user.as_deref())), command: words.join(" ") };
        Ok(std::iter::once(first).chain(container.services.iter().cloned()).collect())
    }

    fn check_runs(&self, call: &str, name: &str) -> Result<(), EngineError> {
        let container = self.container(call, name)?;
        if matches!(container.status, ContainerStatus::Running { .. }) {
            return Ok(());
        }
        let message = format!("Container {} is not running", container.id);
        Err(EngineError::from_status(call, 409, message))
    }

    /// Named volumes that a container mounts, those of its volume sources included.
    pub(super) fn volume_names(&self, settings: &ContainerSettings) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut waiting = vec![settings];
        let mut seen = BTreeSet::new();
        while let Some(settings) = waiting.pop() {
            names.extend(settings.volume_names().map(str::to_owned));
            for source in settings.volumes_from.keys().filter(|source| seen.insert(source.as_str())) {
                waiting.extend(self.containers.get(source).map(|container| &container.settings));
            }
        }
        names
    }

    fn create_mounted_volumes(&mut self, settings: &ContainerSettings) {
        for name in settings.volume_names() {
            self.volumes.entry(name.to_owned()).or_insert_with(|| local_volume(name));
        }
    }

    /// A link follows its renamed container, and keeps the last name of one that was removed.
    fn rename_link_targets(&mut self, name: &str, new_name: &str) {
        for container in self.containers.values_mut() {
            let links = std::mem::take(&mut container.settings.links);
            container.settings.links = links
                .into_iter()
                .map(|Link { container_name, alias }| {
                    let is_meant = container_name == name;
                    Link {
                        container_name: if is_meant { new_name.to_owned() } else { container_name },
                        alias,
                    }
                })
                .collect();
            // The Engine keeps the id of the container whose network is shared.
            if container.settings.network_mode == NetworkMode::Container(name.to_owned()) {
                container.settings.network_mode = NetworkMode::Container(new_name.to_owned());
            }
        }
    }

    fn check_ties(&self, call: &str, settings: &ContainerSettings) -> Result<(), EngineError> {
        let is_running = |name: &str| self.containers.get(name).is_some_and(|found| found.status.is_active());
        match settings.links.iter().find(|link| !is_running(&link.container_name)) {
            Some(link) => {
                let message = format!("Cannot link to a non running container: /{}", link.container_name);
                Err(EngineError::from_status(call, 500, message))
            }
            None => Ok(()),
        }
    }

    fn check_shared_network(&self, call: &str, settings: &ContainerSettings) -> Result<(), EngineError> {
        if let NetworkMode::Container(name) = &settings.network_mode {
            let other = self.container(call, name)?;
            if !other.status.is_active() {
                let message = format!("cannot join network of a non running container: {}", other.id);
                return Err(EngineError::from_status(call, 409, message));
            }
        }
        Ok(())
    }

    fn check_ports(&self, call: &str, name: &str, settings: &ContainerSettings) -> Result<(), EngineError> {
        let others = self
            .containers
            .iter()
            .filter(|(other, container)| *other != name && container.status.is_active());
        let mut taken = others.flat_map(|(_, container)| &container.settings.published_ports);
        let clash =
            taken.find(|taken| settings.published_ports.iter().any(|wanted| wanted.clashes_with(taken)));
        clash.map_or(Ok(()), |port| {
            let message = format!("Bind for 0.0.0.0:{} failed: port is already allocated", port.host_port);
            Err(EngineError::from_status(call, 500, message))
        })
    }

    fn check_name(&self, call: &str, name: &str) -> Result<(), EngineError> {
        let Some(container) = self.containers.get(name) else { return Ok(()) };
        let id = &container.id;
        let message =
            format!("Conflict. The container name \"/{name}\" is already in use by container \"{id}\".");
        Err(EngineError::from_status(call, 409, message))
    }

    fn program(&self, image: &ImageReference, settings: &ContainerSettings) -> FakeProgram {
        let by_image = self.programs.get(&image.to_string());
        let word = settings.command.as_ref().or(settings.entrypoint.as_ref()).and_then(|words| words.first());
        by_image.or_else(|| self.programs.get(word?)).cloned().unwrap_or_default()
    }

    pub(super) fn joins_several_networks(&self) -> bool {
        let minor = self.version.api_version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
        minor.is_some_and(|minor| minor >= SEVERAL_NETWORKS)
    }

    fn container_name(&self, name_or_id: &str) -> Option<String> {
        let is_meant = |(name, container): &(&String, &FakeContainer)| {
            *name == name_or_id
                || container.id == name_or_id
                || container.id.get(..SHORT_ID_LENGTH) == Some(name_or_id)
        };
        self.containers.iter().find(is_meant).map(|(name, _)| name.clone())
    }

    fn existing(&self, call: &str, status: u16, name: &str) -> Result<&FakeContainer, EngineError> {
        self.container_name(name)
            .and_then(|name| self.containers.get(&name))
            .ok_or_else(|| EngineError::from_status(call, status, format!("No such container: {name}")))
    }

    pub(super) fn container(&self, call: &str, name: &str) -> Result<&FakeContainer, EngineError> {
        self.existing(call, 404, name)
    }

    pub(super) fn container_mut(
        &mut self,
        call: &str,
        name: &str,
    ) -> Result<&mut FakeContainer, EngineError> {
        let missing = || EngineError::from_status(call, 404, format!("No such container: {name}"));
        let name = self.container_name(name).ok_or_else(missing)?;
        self.containers.get_mut(&name).ok_or_else(missing)
    }
}

/// Only the image knows the numbers of users by name; in tests, all of them are nobody.
fn uid(user: Option<&str>) -> u32 {
    let name = user.and_then(|user| user.split(':').next()).unwrap_or_default();
    if matches!(name, "" | "root") { 0 } else { name.parse().unwrap_or(65534) }
}

/// What a health check says right after the start: nothing yet, unless a test has said otherwise.
fn first_health(container: &mut FakeContainer) -> Option<Health> {
    let check = container.settings.healthcheck.as_ref()?;
    if check.test.first().is_some_and(|word| word == "NONE") {
        return None;
    }
    if container.program.health.is_empty() {
        container.program.health.push(Health::Healthy);
    }
    Some(Health::Starting)
}

fn shown_status(status: ContainerStatus) -> (&'static str, String) {
    match status {
        ContainerStatus::Created => ("created", "Created".to_owned()),
        ContainerStatus::Running { health: None } => ("running", "Up 1 second".to_owned()),
        ContainerStatus::Running { health: Some(Health::Starting) } => {
            ("running", "Up 1 second (health: starting)".to_owned())
        }
        ContainerStatus::Running { health: Some(Health::Healthy) } => {
            ("running", "Up 1 second (healthy)".to_owned())
        }
        ContainerStatus::Running { health: Some(Health::Unhealthy) } => {
            ("running", "Up 1 second (unhealthy)".to_owned())
        }
        ContainerStatus::Paused => ("paused", "Up 1 second (Paused)".to_owned()),
        ContainerStatus::Restarting => ("restarting", "Restarting (1) 1 second ago".to_owned()),
        ContainerStatus::Exited { exit_code } => ("exited", format!("Exited ({exit_code}) 1 second ago")),
        ContainerStatus::Dead => ("dead", "Dead".to_owned()),
    }
}
