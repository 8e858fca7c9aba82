//! What an Engine reports of a container or an image, as settings.
//!
//! An Engine reports every field, whether anybody asked for it or not. What it fills in by
//! itself is taken away here, so that what is read back equals what was sent, merged with the
//! image's defaults (`plan::effective`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use bollard::models::{
    ContainerConfig, ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, EndpointSettings,
    HealthConfig, HealthStatusEnum, HostConfig, ImageConfig, Mount as ApiMount, MountType, PortMap,
};
use serde_json::Value;

use crate::model::container::{
    ContainerSettings, DetailedMount, Endpoint, Healthcheck, Link, Mount, MountKind, MountSource,
    NetworkMode, Port, PublishedPort,
};
use crate::model::host_options::{OWN_FIELDS, normalised, without_empty_members};
use crate::model::observed::{Attachment, ContainerStatus, Health, ObservedContainer, ObservedImage};
use crate::model::secret::{self, SensitiveText};
use crate::model::signal;

/// How many characters of its id a container answers to, and is called by its host name.
const SHORT_ID_LENGTH: usize = 12;

/// A container that was found.
///
/// # Errors
/// If its `HostConfig` cannot be written as JSON, which would be a bug of the API crate.
pub(super) fn observed_container(
    inspected: ContainerInspectResponse,
) -> Result<ObservedContainer, serde_json::Error> {
    let id = inspected.id.unwrap_or_default();
    let config = inspected.config.unwrap_or_default();
    let mounts = inspected.mounts.unwrap_or_default();
    let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let host_config = inspected.host_config.unwrap_or_default();
    Ok(ObservedContainer {
        name: own_name(inspected.name.as_deref().unwrap_or_default()).to_owned(),
        image_id: inspected.image.unwrap_or_default(),
        image_name: config.image.clone().unwrap_or_default(),
        status: inspected.state.as_ref().map_or(ContainerStatus::Created, status),
        started_at: inspected.state.as_ref().and_then(started_at),
        process_id: inspected.state.as_ref().and_then(|state| state.pid).filter(|process| *process > 0),
        labels: config.labels.clone().unwrap_or_default().into_iter().collect(),
        volume_names: super::convert_list::volume_names(mounts),
        attachment: Some(attachment(&host_config, &networks)),
        settings: Some(settings(&id, config, &host_config, networks)?),
        id,
    })
}

fn attachment(host_config: &HostConfig, networks: &HashMap<String, EndpointSettings>) -> Attachment {
    let id = |endpoint: &EndpointSettings| endpoint.network_id.clone().unwrap_or_default();
    Attachment {
        main_network: first_network(host_config.network_mode.as_deref().unwrap_or_default()).to_owned(),
        network_ids: networks.iter().map(|(name, endpoint)| (name.clone(), id(endpoint))).collect(),
    }
}

/// The Engine's times are in UTC and drop zeros at their end, which would spoil their order.
fn started_at(state: &ContainerState) -> Option<String> {
    let time = state.started_at.as_deref()?.strip_suffix('Z')?;
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    // The year 1 stands for never.
    (!seconds.starts_with("0001-")).then(|| format!("{seconds}.{fraction:0<9}"))
}

/// The name without its slash.
pub(super) fn own_name(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

fn status(state: &ContainerState) -> ContainerStatus {
    let exit_code = state.exit_code.unwrap_or_default();
    match state.status {
        Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING) => {
            ContainerStatus::Running { health: health(state) }
        }
        Some(ContainerStateStatusEnum::PAUSED) => ContainerStatus::Paused,
        Some(ContainerStateStatusEnum::RESTARTING) => ContainerStatus::Restarting,
        Some(ContainerStateStatusEnum::EXITED) => ContainerStatus::Exited { exit_code },
        Some(ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING) => ContainerStatus::Dead,
        Some(ContainerStateStatusEnum::CREATED | ContainerStateStatusEnum::EMPTY) | None => {
            ContainerStatus::Created
        }
    }
}

fn health(state: &ContainerState) -> Option<Health> {
    match state.health.as_ref()?.status? {
        HealthStatusEnum::STARTING => Some(Health::Starting),
        HealthStatusEnum::HEALTHY => Some(Health::Healthy),
        HealthStatusEnum::UNHEALTHY => Some(Health::Unhealthy),
        HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => None,
    }
}

fn settings(
    id: &str,
    config: ContainerConfig,
    host_config: &HostConfig,
    networks: HashMap<String, EndpointSettings>,
) -> Result<ContainerSettings, serde_json::Error> {
    // `image`, `labels` and the state are the container's own; streams, shell and the rest belong
    // to clients and builds. `NetworkDisabled` goes with the network mode.
    let ContainerConfig {
        hostname,
        domainname,
        user,
        attach_stdin: _,
        attach_stdout: _,
        attach_stderr: _,
        exposed_ports,
        tty,
        open_stdin,
        stdin_once: _,
        env,
        cmd,
        healthcheck,
        args_escaped: _,
        image: _,
        volumes,
        working_dir,
        entrypoint,
        network_disabled: _,
        on_build: _,
        labels,
        stop_signal,
        stop_timeout,
        shell: _,
    } = config;
    let mode = host_config.network_mode.clone().unwrap_or_default();
    let network_mode = network_mode(&mode);
    let shares_network = matches!(network_mode, NetworkMode::Container(_));
    let mounts: BTreeMap<_, _> = host_config.binds.iter().flatten().filter_map(|bind| mount(bind)).collect();
    let detailed_mounts = detailed_mounts(host_config)?;
    let mac_address = mac_address(&network_mode, &mode, &networks);
    let short_id = id.get(..SHORT_ID_LENGTH).unwrap_or(id);
    let own_hostname = text(hostname).filter(|name| name != short_id && !shares_network);
    let own_aliases = [short_id, own_hostname.as_deref().unwrap_or(short_id)];
    let endpoints = endpoints(&mode, &network_mode, networks, &own_aliases);
    let is_unmounted = |path: &String| !mounts.contains_key(path) && !detailed_mounts.contains_key(path);
    Ok(ContainerSettings {
        command: words(cmd),
        entrypoint: words(entrypoint),
        environment: environment(env),
        labels: labels.unwrap_or_default().into_iter().collect(),
        user: text(user),
        hostname: own_hostname,
        domainname: text(domainname).filter(|_| !shares_network),
        working_dir: text(working_dir),
        exposed_ports: ports(exposed_ports),
        published_ports: published_ports(host_config.port_bindings.as_ref()),
        // A mount hides the anonymous volume at its path.
        anonymous_volumes: volumes.into_iter().flatten().filter(is_unmounted).collect(),
        mounts,
        detailed_mounts,
        volumes_from: host_config.volumes_from.iter().flatten().map(|source| volumes_from(source)).collect(),
        links: host_config.links.iter().flatten().filter_map(|text| link(text)).collect(),
        endpoints,
        network_mode,
        mac_address,
        stop_signal: text(stop_signal).filter(|typed| signal::number(typed) != Some(signal::USUAL_STOP)),
        stop_timeout_seconds: stop_timeout.and_then(|seconds| u32::try_from(seconds).ok()),
        healthcheck: healthcheck.and_then(health_check),
        tty: tty.unwrap_or_default(),
        open_stdin: open_stdin.unwrap_or_default(),
        host_options: host_options(host_config)?,
    })
}

/// The defaults that an image gives.
pub(super) fn observed_image(id: String, config: ImageConfig, platform: Option<String>) -> ObservedImage {
    let ImageConfig {
        user,
        exposed_ports,
        env,
        cmd,
        healthcheck,
        args_escaped: _,
        volumes,
        working_dir,
        entrypoint,
        on_build: _,
        labels,
        stop_signal,
        shell: _,
    } = config;
    let defaults = ContainerSettings {
        command: words(cmd),
        entrypoint: words(entrypoint),
        environment: environment(env),
        labels: labels.unwrap_or_default().into_iter().collect(),
        user: text(user),
        working_dir: text(working_dir),
        exposed_ports: ports(exposed_ports),
        anonymous_volumes: volumes.into_iter().flatten().collect(),
        stop_signal: text(stop_signal),
        healthcheck: healthcheck.and_then(health_check),
        ..ContainerSettings::default()
    };
    ObservedImage { id, defaults, platform }
}

/// `default` and `bridge` are one network; the name of a joined network is said by the endpoints.
fn network_mode(mode: &str) -> NetworkMode {
    match mode {
        "none" => NetworkMode::None,
        "host" => NetworkMode::Host,
        other => match other.strip_prefix("container:") {
            Some(name) => NetworkMode::Container(name.to_owned()),
            None => NetworkMode::Default,
        },
    }
}

/// Networks joined, that of the mode first and the others by name: the Engine keeps no order.
/// Who has only the default bridge has asked for nothing.
fn endpoints(
    mode: &str,
    network_mode: &NetworkMode,
    networks: HashMap<String, EndpointSettings>,
    own_aliases: &[&str],
) -> Vec<Endpoint> {
    if *network_mode != NetworkMode::Default || networks.keys().all(|name| name == "bridge") {
        return Vec::new();
    }
    let first_name = first_network(mode);
    let mut endpoints: Vec<_> =
        networks.into_iter().map(|(name, settings)| endpoint(name, settings, own_aliases)).collect();
    endpoints.sort_by(|one, other| {
        let key = |endpoint: &Endpoint| (endpoint.network_name != first_name, endpoint.network_name.clone());
        key(one).cmp(&key(other))
    });
    endpoints
}

fn endpoint(network_name: String, settings: EndpointSettings, own_aliases: &[&str]) -> Endpoint {
    let fixed = settings.ipam_config.unwrap_or_default();
    // Before API 1.45, the short id and the host name are listed as further aliases.
    let aliases = settings
        .aliases
        .unwrap_or_default()
        .into_iter()
        .filter(|alias| !own_aliases.contains(&alias.as_str()));
    Endpoint {
        network_name,
        aliases: aliases.collect(),
        links: settings.links.iter().flatten().filter_map(|text| link(text)).collect(),
        ipv4_address: text(fixed.ipv4_address),
        ipv6_address: text(fixed.ipv6_address),
        link_local_addresses: fixed.link_local_ips.unwrap_or_default().into_iter().collect(),
        // Every place in a network has one, whether it was asked for or not.
        mac_address: None,
        driver_options: settings.driver_opts.unwrap_or_default().into_iter().collect(),
    }
}

/// `/m.db:/m.web/alias` as a container reports it, `m.db:alias` as an endpoint does.
fn link(text: &str) -> Option<Link> {
    let (container_name, alias) = text.split_once(':').unwrap_or((text, text));
    let alias = alias.rsplit('/').next().filter(|alias| !alias.is_empty())?;
    Some(Link { container_name: own_name(container_name).to_owned(), alias: alias.to_owned() })
}

/// `source:path[:mode]`.
fn mount(bind: &str) -> Option<(String, Mount)> {
    let mut parts = bind.splitn(3, ':');
    let (source, path) = (parts.next()?, parts.next()?);
    let mut modes: BTreeSet<String> =
        parts.next().into_iter().flat_map(|modes| modes.split(',')).map(str::to_owned).collect();
    let read_only = modes.contains("ro");
    modes.retain(|mode| !matches!(mode.as_str(), "" | "ro" | "rw"));
    let source = if source.starts_with('/') {
        MountSource::HostPath(source.to_owned())
    } else {
        MountSource::Volume(source.to_owned())
    };
    Some((path.to_owned(), Mount { source, read_only, modes }))
}

fn volumes_from(source: &str) -> (String, bool) {
    let (name, modes) = source.split_once(':').unwrap_or((source, ""));
    (own_name(name).to_owned(), modes.split(',').any(|mode| mode == "ro"))
}

/// Mounts in the long form, as they were asked for.
fn detailed_mounts(config: &HostConfig) -> Result<BTreeMap<String, DetailedMount>, serde_json::Error> {
    let read = |mount: &ApiMount| {
        let mut options: BTreeMap<String, Value> =
            serde_json::from_value(without_empty_members(&serde_json::to_value(mount)?))?;
        options.retain(|name, _| !["Target", "Type", "Source", "ReadOnly"].contains(&name.as_str()));
        let detailed = DetailedMount {
            kind: mount_kind(mount.typ),
            source: text(mount.source.clone()),
            read_only: mount.read_only.unwrap_or_default(),
            options,
        };
        Ok((mount.target.clone().unwrap_or_default(), detailed))
    };
    config.mounts.iter().flatten().map(read).collect()
}

/// Images and volumes of a cluster cannot be asked for here; they are read as volumes, which differ
/// from everything that can be.
fn mount_kind(kind: Option<MountType>) -> MountKind {
    match kind {
        Some(MountType::BIND) => MountKind::Bind,
        Some(MountType::TMPFS) => MountKind::Tmpfs,
        Some(MountType::NPIPE) => MountKind::Npipe,
        Some(MountType::VOLUME | MountType::CLUSTER | MountType::IMAGE) | None => MountKind::Volume,
    }
}

/// The hardware address in the network of the mode; only a running container has one.
fn mac_address(
    network_mode: &NetworkMode,
    mode: &str,
    networks: &HashMap<String, EndpointSettings>,
) -> Option<String> {
    let first = networks.get(first_network(mode)).filter(|_| *network_mode == NetworkMode::Default);
    text(first?.mac_address.clone())
}

fn first_network(mode: &str) -> &str {
    if matches!(mode, "" | "default") { "bridge" } else { mode }
}

fn environment(variables: Option<Vec<String>>) -> BTreeMap<String, Option<SensitiveText>> {
    let variables = variables.unwrap_or_default();
    let read = |variable: &String| match variable.split_once('=') {
        Some((name, value)) if secret::is_secret_name(name) => {
            (name.to_owned(), Some(SensitiveText::secret(value)))
        }
        Some((name, value)) => (name.to_owned(), Some(SensitiveText::open(value))),
        None => (variable.clone(), None),
    };
    variables.iter().map(read).collect()
}

fn ports(ports: Option<Vec<String>>) -> BTreeSet<Port> {
    ports.unwrap_or_default().iter().filter_map(|port| Port::parse(port)).collect()
}

fn published_ports(bindings: Option<&PortMap>) -> BTreeSet<PublishedPort> {
    let mut published = BTreeSet::new();
    for (port, bindings) in bindings.into_iter().flatten() {
        let Some(container_port) = Port::parse(port) else { continue };
        for binding in bindings.iter().flatten() {
            let address = binding.host_ip.as_deref().and_then(|text| text.parse().ok());
            published.insert(PublishedPort {
                container_port,
                host_address: address.filter(|address: &IpAddr| !address.is_unspecified()),
                host_port: binding.host_port.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0),
            });
        }
    }
    published
}

/// A check that says nothing is none.
fn health_check(config: HealthConfig) -> Option<Healthcheck> {
    // An interval for the start (API 1.44) is nothing that can be asked for here.
    let HealthConfig { test, interval, timeout, retries, start_period, start_interval: _ } = config;
    let count = |nanoseconds: Option<i64>| u64::try_from(nanoseconds.unwrap_or(0)).unwrap_or(0);
    let check = Healthcheck {
        test: test.unwrap_or_default(),
        interval_nanoseconds: count(interval),
        timeout_nanoseconds: count(timeout),
        retries: u32::try_from(retries.unwrap_or(0)).unwrap_or(0),
        start_period_nanoseconds: count(start_period),
    };
    let says_nothing = check.test.is_empty()
        && check.retries == 0
        && count(interval) + count(timeout) + count(start_period) == 0;
    (!says_nothing).then_some(check)
}

fn host_options(config: &HostConfig) -> Result<BTreeMap<String, Value>, serde_json::Error> {
    let mut fields: BTreeMap<String, Value> = serde_json::from_value(serde_json::to_value(config)?)?;
    fields.retain(|name, _| !OWN_FIELDS.contains(&name.as_str()));
    Ok(normalised(&fields))
}

fn words(words: Option<Vec<String>>) -> Option<Vec<String>> {
    words.filter(|words| !words.is_empty())
}

/// The Engine reports an empty text where nobody asked.
fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_as_both_report_them() {
        let expected = Some(Link { container_name: "m.db".to_owned(), alias: "alias".to_owned() });
        assert_eq!(link("/m.db:/m.web/alias"), expected);
        assert_eq!(link("m.db:alias"), expected);
        assert_eq!(link(""), None);
    }

    #[test]
    fn binds_are_read_with_and_without_mode() {
        let read = |bind| mount(bind).map(|(path, mount)| format!("{path} {mount}"));
        assert_eq!(read("/srv:/data").as_deref(), Some("/data /srv:rw"));
        assert_eq!(read("m.log:/log:ro,z").as_deref(), Some("/log m.log:ro,z"));
        assert_eq!(read("/data"), None);
    }

    #[test]
    fn variables_with_the_name_of_a_secret_are_secrets() {
        let environment = environment(Some(vec!["DB_PASSWORD=a=b".to_owned(), "LANG".to_owned()]));
        assert!(environment["DB_PASSWORD"].as_ref().is_some_and(SensitiveText::is_secret));
        assert_eq!(environment["DB_PASSWORD"].as_ref().map(SensitiveText::expose), Some("a=b"));
        assert_eq!(environment["LANG"], None);
    }
}
