//! Settings as the body of `POST /containers/create`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig,
    Mount as ApiMount, NetworkingConfig, PortBinding, PortMap,
};
use serde_json::{Map, Value};

use crate::model::container::{
    ContainerSettings, DetailedMount, Endpoint, Healthcheck, Link, Mount, NetworkMode, PublishedPort,
};
use crate::model::host_options::OWN_FIELDS;
use crate::model::image::ImageReference;
use crate::model::secret::SensitiveText;
use crate::model::update::ContainerUpdate;

/// The network of containers that ask for none.
const DEFAULT_BRIDGE: &str = "bridge";

/// The body that creates a container.
///
/// Joins the first of the networks, or all of them where `joins_all` says that the Engine takes
/// more than one (API 1.44). Such an Engine is also told the hardware address with the network,
/// older ones by [`with_mac_address`].
///
/// # Errors
/// A sentence about the first of `host_options` and mounts that this API does not know, or that
/// has a setting of its own.
pub(super) fn create_body(
    image: &ImageReference,
    settings: &ContainerSettings,
    joins_all: bool,
) -> Result<ContainerCreateBody, String> {
    let ContainerSettings {
        command,
        entrypoint,
        environment,
        labels,
        user,
        hostname,
        domainname,
        working_dir,
        exposed_ports,
        published_ports,
        mounts,
        detailed_mounts,
        anonymous_volumes,
        volumes_from,
        links,
        network_mode,
        mac_address,
        endpoints,
        stop_signal,
        stop_timeout_seconds,
        healthcheck,
        tty,
        open_stdin,
        host_options,
    } = settings;
    // The Engine refuses names where the network is another container's, and takes that one's.
    let has_names = !matches!(network_mode, NetworkMode::Container(_));
    let mac_address = mac_address.as_ref().filter(|_| joins_all && *network_mode == NetworkMode::Default);
    let endpoints = joined_at_creation(network_mode, endpoints, mac_address);
    let endpoints = endpoints.as_slice();
    let own = HostConfig {
        binds: Some(mounts.iter().map(|(path, mount)| bind(path, mount)).collect()),
        port_bindings: Some(port_bindings(published_ports)),
        links: Some(outer_links(links, endpoints).iter().map(ToString::to_string).collect()),
        volumes_from: Some(volumes_from.iter().map(|(name, read_only)| source(name, *read_only)).collect()),
        network_mode: Some(mode_text(network_mode, endpoints)),
        mounts: api_mounts(detailed_mounts)?,
        ..HostConfig::default()
    };
    let published = published_ports.iter().map(|port| port.container_port);
    let exposed: BTreeSet<_> = exposed_ports.iter().copied().chain(published).collect();
    Ok(ContainerCreateBody {
        image: Some(image.to_string()),
        hostname: hostname.clone().filter(|_| has_names),
        domainname: domainname.clone().filter(|_| has_names),
        user: user.clone(),
        exposed_ports: Some(exposed.iter().map(ToString::to_string).collect()),
        tty: Some(*tty),
        open_stdin: Some(*open_stdin),
        env: Some(environment.iter().map(|(name, value)| variable(name, value.as_ref())).collect()),
        cmd: command.clone(),
        entrypoint: entrypoint.clone(),
        healthcheck: healthcheck.as_ref().map(health_config),
        volumes: Some(anonymous_volumes.iter().cloned().collect()),
        working_dir: working_dir.clone(),
        network_disabled: Some(*network_mode == NetworkMode::None),
        labels: Some(labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
        stop_signal: stop_signal.clone(),
        stop_timeout: stop_timeout_seconds.map(i64::from),
        host_config: Some(with_options(&own, host_options)?),
        networking_config: networking_config(endpoints, links, joins_all),
        ..ContainerCreateBody::default()
    })
}

/// A place in a network, as it is sent.
pub(super) fn endpoint_settings(endpoint: &Endpoint, outer_links: &BTreeSet<Link>) -> EndpointSettings {
    let Endpoint {
        network_name: _,
        aliases,
        links,
        ipv4_address,
        ipv6_address,
        link_local_addresses,
        mac_address,
        driver_options,
    } = endpoint;
    let has_addresses = ipv4_address.is_some() || ipv6_address.is_some() || !link_local_addresses.is_empty();
    let ipam_config = EndpointIpamConfig {
        ipv4_address: ipv4_address.clone(),
        ipv6_address: ipv6_address.clone(),
        link_local_ips: some_if_any(link_local_addresses.iter().cloned().collect()),
    };
    EndpointSettings {
        aliases: some_if_any(aliases.iter().cloned().collect()),
        links: some_if_any(links.union(outer_links).map(ToString::to_string).collect()),
        ipam_config: has_addresses.then_some(ipam_config),
        mac_address: mac_address.clone(),
        driver_opts: (!driver_options.is_empty()).then(|| driver_options.clone().into_iter().collect()),
        ..EndpointSettings::default()
    }
}

/// The networks of a container; the first has the container's hardware address. The default bridge is
/// named only where it must bear one.
fn joined_at_creation(
    mode: &NetworkMode,
    endpoints: &[Endpoint],
    mac_address: Option<&String>,
) -> Vec<Endpoint> {
    if *mode != NetworkMode::Default {
        return Vec::new();
    }
    let mut endpoints = endpoints.to_vec();
    if let Some(mac_address) = mac_address {
        if endpoints.is_empty() {
            endpoints.push(Endpoint { network_name: DEFAULT_BRIDGE.to_owned(), ..Endpoint::default() });
        }
        endpoints[0].mac_address = Some(mac_address.clone());
    }
    endpoints
}

/// A body with the hardware address where Engines before API 1.44 look for it. The API crate knows
/// newer Engines only, so its requests are given this body in place of theirs.
pub(super) fn with_mac_address(body: &ContainerCreateBody, mac_address: &str) -> Result<String, String> {
    let unwritable = |error: serde_json::Error| format!("the body cannot be written: {error}");
    let mut body = serde_json::to_value(body).map_err(unwritable)?;
    body["MacAddress"] = Value::from(mac_address);
    serde_json::to_string(&body).map_err(unwritable)
}

fn networking_config(
    endpoints: &[Endpoint],
    links: &BTreeSet<Link>,
    joins_all: bool,
) -> Option<NetworkingConfig> {
    let count = if joins_all { endpoints.len() } else { 1 };
    let config: HashMap<_, _> = endpoints
        .iter()
        .take(count)
        .enumerate()
        .map(|(index, endpoint)| {
            // The Engine looks at a container's own links on the default bridge only.
            let is_first = index == 0 && !is_default_bridge(endpoint);
            let none = BTreeSet::new();
            let links = if is_first { links } else { &none };
            (endpoint.network_name.clone(), endpoint_settings(endpoint, links))
        })
        .collect();
    (!config.is_empty()).then_some(NetworkingConfig { endpoints_config: Some(config) })
}

/// Links of the container itself; in other networks than the default bridge they are part of
/// the first endpoint.
fn outer_links<'a>(links: &'a BTreeSet<Link>, endpoints: &[Endpoint]) -> Vec<&'a Link> {
    match endpoints.first() {
        Some(first) if !is_default_bridge(first) => Vec::new(),
        _ => links.iter().collect(),
    }
}

fn is_default_bridge(endpoint: &Endpoint) -> bool {
    endpoint.network_name == DEFAULT_BRIDGE
}

/// Naming the first network keeps newer Engines from joining the default bridge as well.
fn mode_text(mode: &NetworkMode, endpoints: &[Endpoint]) -> String {
    match (mode, endpoints.first()) {
        (NetworkMode::Default, Some(first)) => first.network_name.clone(),
        _ => mode.to_string(),
    }
}

fn bind(path: &str, mount: &Mount) -> String {
    format!("{}:{path}:{}", mount.source.text(), mount.mode())
}

/// Mounts in the long form, each field known to the API.
fn api_mounts(mounts: &BTreeMap<String, DetailedMount>) -> Result<Option<Vec<ApiMount>>, String> {
    let api_mount = |(path, mount): (&String, &DetailedMount)| {
        let DetailedMount { kind, source, read_only, options } = mount;
        let mut fields: Map<String, Value> = options.clone().into_iter().collect();
        fields.insert("Target".to_owned(), Value::from(path.as_str()));
        fields.insert("Type".to_owned(), Value::from(kind.word()));
        fields.insert("ReadOnly".to_owned(), Value::from(*read_only));
        fields.extend(source.iter().map(|source| ("Source".to_owned(), Value::from(source.as_str()))));
        let wanted = Value::Object(fields);
        let field = format!("HostConfig.Mounts[{path}]");
        let unreadable = |error: serde_json::Error| format!("`{field}` has a wrong value: {error}");
        let sent: ApiMount = serde_json::from_value(wanted.clone()).map_err(unreadable)?;
        check_kept(&field, &wanted, Some(&serde_json::to_value(&sent).map_err(unreadable)?))?;
        Ok(sent)
    };
    let mounts: Vec<_> = mounts.iter().map(api_mount).collect::<Result<_, String>>()?;
    Ok((!mounts.is_empty()).then_some(mounts))
}

fn source(container_name: &str, read_only: bool) -> String {
    let mode = if read_only { ":ro" } else { "" };
    format!("{container_name}{mode}")
}

fn variable(name: &str, value: Option<&SensitiveText>) -> String {
    // A name alone takes the image's variable away.
    value.map_or_else(|| name.to_owned(), |value| format!("{name}={}", value.expose()))
}

fn port_bindings(ports: &BTreeSet<PublishedPort>) -> PortMap {
    let mut bindings = PortMap::new();
    for PublishedPort { container_port, host_address, host_port } in ports {
        let binding = PortBinding {
            host_ip: Some(host_address.map(|address| address.to_string()).unwrap_or_default()),
            host_port: Some(if *host_port == 0 { String::new() } else { host_port.to_string() }),
        };
        let of_port = bindings.entry(container_port.to_string()).or_insert_with(|| Some(Vec::new()));
        of_port.get_or_insert_default().push(binding);
    }
    bindings
}

fn health_config(check: &Healthcheck) -> HealthConfig {
    let Healthcheck { test, interval_nanoseconds, timeout_nanoseconds, retries, start_period_nanoseconds } =
        check;
    let nanoseconds = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    HealthConfig {
        test: some_if_any(test.clone()),
        interval: Some(nanoseconds(*interval_nanoseconds)),
        timeout: Some(nanoseconds(*timeout_nanoseconds)),
        retries: Some(i64::from(*retries)),
        start_period: Some(nanoseconds(*start_period_nanoseconds)),
        start_interval: None,
    }
}

/// Adds the further options by their API names. What the API does not know would be dropped
/// without a word, so everything must be found again in what is sent.
fn with_options(own: &HostConfig, options: &BTreeMap<String, Value>) -> Result<HostConfig, String> {
    if let Some(name) = options.keys().find(|name| OWN_FIELDS.contains(&name.as_str())) {
        return Err(format!("`HostConfig.{name}` has a setting of its own"));
    }
    let unreadable = |error: serde_json::Error| format!("`HostConfig` has a wrong value: {error}");
    let mut merged = serde_json::to_value(own).map_err(unreadable)?;
    if let Value::Object(fields) = &mut merged {
        fields.extend(options.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let config: HostConfig = serde_json::from_value(merged).map_err(unreadable)?;
    let sent = serde_json::to_value(&config).map_err(unreadable)?;
    for (name, value) in options {
        check_kept(&format!("HostConfig.{name}"), value, sent.get(name))?;
    }
    Ok(config)
}

fn check_kept(path: &str, wanted: &Value, sent: Option<&Value>) -> Result<(), String> {
    match (wanted, sent) {
        (Value::Null, None) => Ok(()),
        (_, None) => Err(format!("`{path}` is not known to the Engine's API")),
        (Value::Object(members), Some(sent)) => members
            .iter()
            .try_for_each(|(name, value)| check_kept(&format!("{path}.{name}"), value, sent.get(name))),
        (Value::Array(elements), Some(sent)) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check_kept(&format!("{path}[{index}]"), value, sent.get(index))),
        (_, Some(_)) => Ok(()),
    }
}

/// The body that changes a container in place.
///
/// # Errors
/// A sentence about an option that the API does not know.
pub(super) fn update_body(update: &ContainerUpdate) -> Result<ContainerUpdateBody, String> {
    let unreadable = |error: serde_json::Error| format!("the update has a wrong value: {error}");
    let wanted = serde_json::to_value(update).map_err(unreadable)?;
    let body: ContainerUpdateBody = serde_json::from_value(wanted.clone()).map_err(unreadable)?;
    check_kept("HostConfig", &wanted, Some(&serde_json::to_value(&body).map_err(unreadable)?))?;
    Ok(body)
}

fn some_if_any(words: Vec<String>) -> Option<Vec<String>> {
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(settings: &ContainerSettings, joins_all: bool) -> Value {
        let image = ImageReference::parse("app:1", "latest");
        serde_json::to_value(create_body(&image, settings, joins_all).expect("a body")).expect("JSON")
    }

    fn endpoint(name: &str) -> Endpoint {
        Endpoint { network_name: name.to_owned(), ..Endpoint::default() }
    }

    #[test]
    fn further_options_are_merged_and_unknown_ones_are_named() {
        let options = |value: Value| ContainerSettings {
            host_options: serde_json::from_value(value).expect("an object"),
            ..ContainerSettings::default()
        };
        let sent = body(&options(json!({"Memory": 64, "RestartPolicy": {"Name": "always"}})), false);
        assert_eq!(sent["HostConfig"]["Memory"], 64);
        assert_eq!(sent["HostConfig"]["RestartPolicy"]["Name"], "always");
        let image = ImageReference::parse("app:1", "latest");
        for (wrong, sentence) in [
            (json!({"Memroy": 64}), "`HostConfig.Memroy` is not known to the Engine's API"),
            (
                json!({"LogConfig": {"Type": "syslog", "Option": {}}}),
                "`HostConfig.LogConfig.Option` is not known to the Engine's API",
            ),
            (json!({"Binds": []}), "`HostConfig.Binds` has a setting of its own"),
        ] {
            assert_eq!(create_body(&image, &options(wrong), false).expect_err("refused"), sentence);
        }
    }

    #[test]
    fn only_engines_that_take_more_than_one_network_get_more() {
        let settings =
            ContainerSettings { endpoints: vec![endpoint("m.b"), endpoint("m.a")], ..Default::default() };
        let old = body(&settings, false);
        assert_eq!(old["HostConfig"]["NetworkMode"], "m.b");
        assert_eq!(old["NetworkingConfig"]["EndpointsConfig"], json!({"m.b": {}}));
        assert_eq!(
            body(&settings, true)["NetworkingConfig"]["EndpointsConfig"],
            json!({"m.a": {}, "m.b": {}})
        );
    }

    #[test]
    fn who_shares_a_network_has_no_names_and_no_endpoints() {
        let settings = ContainerSettings {
            hostname: Some("web".to_owned()),
            domainname: Some("example.com".to_owned()),
            network_mode: NetworkMode::Container("m.db".to_owned()),
            endpoints: vec![endpoint("m.a")],
            ..ContainerSettings::default()
        };
        let sent = body(&settings, true);
        assert_eq!(sent["HostConfig"]["NetworkMode"], "container:m.db");
        assert!(sent.get("Hostname").is_none() && sent.get("Domainname").is_none());
        assert!(sent.get("NetworkingConfig").is_none());
    }
}
