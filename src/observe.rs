//! One look at a host: its Engine becomes a [`HostState`].
//!
//! Reads only, and judges nothing: what the found things mean is the planner's affair. Two round
//! trips, whatever the number of containers:
//!
//! ```text
//! version, facts, containers, images, volumes, networks, registries   at the same time
//! inspect each container of ours, each image, roots, processes        at the same time
//! ```
//!
//! A container is inspected if it is wanted, if it is on its way in or out for one that is
//! wanted, if it carries our label for one of the host's maps, or if it is in one of their networks,
//! which may have to be made anew around it. All others are taken from the
//! list, without settings.

pub mod paths;
pub mod roots;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::future::try_join_all;

use crate::host::engine::{EngineReader, ListedContainer};
use crate::host::engine_error::EngineError;
use crate::model::container::NetworkMode;
use crate::model::image::ImageReference;
use crate::model::observed::{
    ContainerStatus, Health, HostState, ObservedContainer, ObservedImage, ObservedProcess, ObservedVolume,
    RegistryAnswer, RootShell, VolumeRoot,
};
use crate::model::ownership::{self, MAP_LABEL};
use crate::model::spec::{HostSpec, login_for};
use crate::model::volume::VolumeSpec;

/// Says whether volumes are as the Engine made them, without the Engine.
pub trait VolumeRoots: Sync {
    /// One answer for each of `mountpoints` (absolute paths on the host), in their order; or a
    /// sentence about why commands cannot be run as root there. Without paths, only that is asked.
    fn are_untouched(&self, mountpoints: &[String])
    -> impl Future<Output = Result<Vec<bool>, String>> + Send;
}

/// What is asked only where a plan needs the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// Images whose registries are asked what their tags point to.
    pub images: BTreeSet<ImageReference>,
    /// Containers whose processes are listed, where they run.
    pub processes_of: BTreeSet<String>,
}

/// Reads everything from a host that planning needs.
///
/// `roots` is asked only where volumes have to be prepared, and then about those that exist and are
/// mounted by no container; if it has no answer, their `root` stays unknown.
///
/// # Errors
/// The first call of the Engine that fails.
pub async fn observe<E: EngineReader>(
    engine: &E,
    host: &HostSpec,
    roots: &impl VolumeRoots,
    questions: &Questions,
) -> Result<HostState, EngineError> {
    let (version, facts, listed, image_ids, volumes, networks, registry_answers) = tokio::try_join!(
        engine.version(),
        engine.facts(),
        engine.list_containers(),
        engine.list_images(),
        engine.list_volumes(),
        engine.list_networks(),
        ask_registries(engine, host, &questions.images),
    )?;
    let mut state = HostState {
        engine: version,
        facts,
        containers: listed.iter().map(|listed| (listed.name.clone(), from_list(listed))).collect(),
        image_ids,
        registry_answers,
        images: BTreeMap::new(),
        volumes: volumes.into_iter().map(|volume| (volume.name.clone(), volume)).collect(),
        networks: networks.into_iter().map(|network| (network.name.clone(), network)).collect(),
        paths: BTreeMap::new(),
        network_members: network_members(&listed),
        held_ports: listed.iter().map(|listed| (listed.name.clone(), listed.held_ports.clone())).collect(),
        processes: BTreeMap::new(),
        root_shell: RootShell::NotAsked,
    };
    let ours: Vec<_> = listed.iter().filter(|listed| is_ours(listed, host)).collect();
    let image_ids = wanted_images(host, &state, &ours);
    let unused = unused_volumes(host, &state);
    let (containers, images, roots, processes) = tokio::join!(
        try_join_all(ours.iter().map(|listed| engine.inspect_container(&listed.id))),
        try_join_all(image_ids.iter().map(|id| engine.inspect_image(id))),
        root_facts(roots, host, &unused),
        list_processes(engine, &state, &questions.processes_of),
    );
    let (containers, processes) = (containers?, processes?);
    replace_inspected(&mut state, &ours, containers);
    state.processes = processes;
    state.images =
        images?.into_iter().flatten().map(|image: ObservedImage| (image.id.clone(), image)).collect();
    let (root_shell, roots) = roots;
    state.root_shell = root_shell;
    for (name, root) in roots {
        state.volumes.entry(name).and_modify(|volume| volume.root = Some(root));
    }
    Ok(state)
}

/// A host whose `ps` cannot say it is no failure, nor is a container that has ended by now.
async fn list_processes<E: EngineReader>(
    engine: &E,
    state: &HostState,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, Result<Vec<ObservedProcess>, String>>, EngineError> {
    let runs = |name: &&String| {
        let found = state.containers.get(*name);
        found.is_some_and(|found| matches!(found.status, ContainerStatus::Running { .. }))
    };
    let answers = names.iter().filter(runs).map(|name| async {
        match engine.container_processes(name).await {
            Err(error) if error.is_connection_lost() => Err(error),
            answer => Ok((name.clone(), answer.map_err(|error| error.to_string()))),
        }
    });
    Ok(try_join_all(answers).await?.into_iter().collect())
}

/// A registry that does not answer is no failure of the host: what that means is the planner's affair.
async fn ask_registries<E: EngineReader>(
    engine: &E,
    host: &HostSpec,
    images: &BTreeSet<ImageReference>,
) -> Result<BTreeMap<ImageReference, RegistryAnswer>, EngineError> {
    let answers = images.iter().map(|reference| async {
        let login = login_for(&host.registry_logins, reference);
        match engine.registry_digest(reference, login).await {
            Ok(digest) => Ok((reference.clone(), RegistryAnswer::Digest(digest))),
            Err(error) if error.is_connection_lost() => Err(error),
            Err(error) => Ok((reference.clone(), RegistryAnswer::None(error.to_string()))),
        }
    });
    Ok(try_join_all(answers).await?.into_iter().collect())
}

fn network_members(listed: &[ListedContainer]) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for container in listed {
        for network_name in &container.network_names {
            members.entry(network_name.clone()).or_default().insert(container.name.clone());
        }
    }
    members
}

fn is_ours(listed: &ListedContainer, host: &HostSpec) -> bool {
    let name = ownership::lasting_name(&listed.name);
    host.containers.iter().any(|container| container.name == name)
        || listed.labels.get(MAP_LABEL).is_some_and(|map_name| host.has_map(map_name))
        || is_in_network_of(listed, host)
}

fn is_in_network_of(listed: &ListedContainer, host: &HostSpec) -> bool {
    host.networks.iter().any(|network| listed.network_names.contains(&network.name))
}

/// Images that containers are to be made from, and those that they were made from.
fn wanted_images(host: &HostSpec, state: &HostState, ours: &[&ListedContainer]) -> BTreeSet<String> {
    let wanted = host.containers.iter().filter_map(|container| state.image_id(&container.image));
    let used = ours.iter().map(|listed| listed.image_id.as_str()).filter(|id| !id.is_empty());
    wanted.chain(used).map(str::to_owned).collect()
}

/// Mountpoints by volume name, where a root is worth a look.
fn unused_volumes(host: &HostSpec, state: &HostState) -> BTreeMap<String, String> {
    let mounted = state.mounted_volumes();
    let existing = |name: &str| state.volumes.get(name).filter(|_| !mounted.contains(name));
    let prepared = host.volumes.iter().filter(|volume| is_prepared_on_the_host(volume));
    prepared
        .filter_map(|volume| existing(&volume.name))
        .map(|ObservedVolume { name, mountpoint, .. }| (name.clone(), mountpoint.clone()))
        .collect()
}

async fn root_facts(
    roots: &impl VolumeRoots,
    host: &HostSpec,
    mountpoints: &BTreeMap<String, String>,
) -> (RootShell, Vec<(String, VolumeRoot)>) {
    if !host.volumes.iter().any(is_prepared_on_the_host) {
        return (RootShell::NotAsked, Vec::new());
    }
    let paths: Vec<_> = mountpoints.values().cloned().collect();
    match roots.are_untouched(&paths).await {
        Ok(answers) => {
            let facts = mountpoints.keys().cloned().zip(answers);
            let roots = facts.map(|(name, is_untouched)| (name, VolumeRoot { is_untouched })).collect();
            (RootShell::Works, roots)
        }
        Err(reason) => {
            tracing::debug!(reason, "volume roots were not looked at");
            (RootShell::Fails(reason), Vec::new())
        }
    }
}

fn is_prepared_on_the_host(volume: &VolumeSpec) -> bool {
    !volume.preparation.is_empty() && volume.is_on_the_host()
}

/// A container that has gone between the list and the look is gone.
fn replace_inspected(
    state: &mut HostState,
    ours: &[&ListedContainer],
    inspected: Vec<Option<ObservedContainer>>,
) {
    let names_by_id: BTreeMap<String, String> =
        state.containers.values().map(|container| (container.id.clone(), container.name.clone())).collect();
    for (listed, found) in ours.iter().zip(inspected) {
        state.containers.remove(&listed.name);
        if let Some(mut container) = found {
            name_shared_containers(&mut container, &names_by_id);
            state.containers.insert(container.name.clone(), container);
        }
    }
}

/// Engines report by id whose network and namespaces a container shares; what is wanted says it
/// by name.
fn name_shared_containers(container: &mut ObservedContainer, names_by_id: &BTreeMap<String, String>) {
    let Some(settings) = &mut container.settings else { return };
    if let NetworkMode::Container(id) = &mut settings.network_mode
        && let Some(name) = names_by_id.get(id)
    {
        id.clone_from(name);
    }
    for field in ["IpcMode", "PidMode"] {
        let name = settings
            .host_options
            .get(field)
            .and_then(|value| value.as_str()?.strip_prefix("container:"))
            .and_then(|id| names_by_id.get(id));
        if let Some(name) = name {
            settings.host_options.insert(field.to_owned(), format!("container:{name}").into());
        }
    }
}

fn from_list(listed: &ListedContainer) -> ObservedContainer {
    let ListedContainer {
        id,
        name,
        image_name,
        image_id,
        command: _,
        state,
        status,
        created_seconds: _,
        labels,
        ports: _,
        held_ports: _,
        volume_names,
        network_names: _,
    } = listed;
    ObservedContainer {
        id: id.clone(),
        name: name.clone(),
        image_id: image_id.clone(),
        image_name: image_name.clone(),
        status: listed_status(state, status),
        started_at: None,
        process_id: None,
        labels: labels.clone(),
        volume_names: volume_names.iter().cloned().collect(),
        settings: None,
        attachment: None,
    }
}

/// The list says in words what an inspection says in fields.
fn listed_status(state: &str, shown: &str) -> ContainerStatus {
    match state {
        "running" | "stopping" => ContainerStatus::Running { health: listed_health(shown) },
        "paused" => ContainerStatus::Paused,
        "restarting" => ContainerStatus::Restarting,
        "exited" => ContainerStatus::Exited { exit_code: listed_exit_code(shown).unwrap_or_default() },
        "dead" | "removing" => ContainerStatus::Dead,
        _ => ContainerStatus::Created,
    }
}

fn listed_health(shown: &str) -> Option<Health> {
    match in_parentheses(shown)? {
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        "health: starting" => Some(Health::Starting),
        _ => None,
    }
}

fn listed_exit_code(shown: &str) -> Option<i64> {
    in_parentheses(shown)?.parse().ok()
}

fn in_parentheses(text: &str) -> Option<&str> {
    text.split_once('(')?.1.split_once(')').map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests;
