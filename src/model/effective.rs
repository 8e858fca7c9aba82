//! What an Engine will report for settings on an image: the wanted side of a comparison.
//!
//! An image gives defaults to its containers, and the Engine reports settings and defaults as
//! one. Comparing what was typed with that would find a difference in every image default; so
//! the defaults are merged here by the Engine's own rules, found in its `merge` of container and
//! image configuration and held against real Engines by the contract suite. The planner compares
//! with the result, and the fake Engine reports it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::container::{ContainerSettings, Endpoint, Healthcheck, Link, NetworkMode, PublishedPort};
use super::{host_options, signal};

/// The network an Engine puts containers into that ask for none.
const DEFAULT_NETWORK: &str = "bridge";

/// The settings an Engine reports for a container made from `spec` on an image with
/// `image_defaults`, read back into the form of
/// [`ObservedContainer::settings`](super::observed::ObservedContainer).
///
/// Of the image's defaults only what an image can hold is looked at: command, entry point,
/// environment, labels, user, working directory, exposed ports, anonymous volumes, stop signal,
/// health check.
pub fn effective_settings(spec: &ContainerSettings, image_defaults: &ContainerSettings) -> ContainerSettings {
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
    } = spec;
    let (entrypoint, command) = program(entrypoint.as_ref(), command.as_ref(), image_defaults);
    let exposed = published_ports.iter().map(|port| port.container_port);
    let (links, endpoints) = networking(links, endpoints, network_mode, hostname.as_deref());
    let shares_network = matches!(network_mode, NetworkMode::Container(_));
    let volumes = merged_set(anonymous_volumes, &image_defaults.anonymous_volumes);
    ContainerSettings {
        command,
        entrypoint,
        environment: merged_map(environment, &image_defaults.environment),
        labels: merged_map(labels, &image_defaults.labels),
        user: given(user.as_ref()).or_else(|| given(image_defaults.user.as_ref())),
        // Who shares another container's network has that container's names.
        hostname: given(hostname.as_ref()).filter(|_| !shares_network),
        domainname: given(domainname.as_ref()).filter(|_| !shares_network),
        working_dir: given(working_dir.as_ref())
            .or_else(|| given(image_defaults.working_dir.as_ref()))
            .map(|path| cleaned(&path)),
        exposed_ports: exposed.chain(merged_set(exposed_ports, &image_defaults.exposed_ports)).collect(),
        published_ports: published_ports.iter().map(on_all_addresses).collect(),
        mounts: mounts.clone(),
        detailed_mounts: detailed_mounts.clone(),
        anonymous_volumes: volumes.into_iter().filter(|path| !spec.is_mounted(path)).collect(),
        volumes_from: volumes_from.clone(),
        links,
        network_mode: network_mode.clone(),
        mac_address: mac_address.clone().filter(|_| *network_mode == NetworkMode::Default),
        endpoints,
        stop_signal: given(stop_signal.as_ref())
            .or_else(|| given(image_defaults.stop_signal.as_ref()))
            .filter(|typed| signal::number(typed) != Some(signal::USUAL_STOP)),
        stop_timeout_seconds: *stop_timeout_seconds,
        healthcheck: merged_healthcheck(healthcheck.as_ref(), image_defaults.healthcheck.as_ref()),
        tty: *tty,
        open_stdin: *open_stdin,
        host_options: reported_options(host_options),
    }
}

/// Entry point and command. An image's command is made for the image's entry point: who replaces
/// the one loses the other. An entry point of one empty word takes the image's away.
fn program(
    entrypoint: Option<&Vec<String>>,
    command: Option<&Vec<String>>,
    image: &ContainerSettings,
) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let words = |words: Option<&Vec<String>>| words.filter(|words| !words.is_empty()).cloned();
    let command = words(command);
    match entrypoint {
        Some(entrypoint) if entrypoint.iter().eq([""]) => (None, command),
        Some(entrypoint) if !entrypoint.is_empty() => (Some(entrypoint.clone()), command),
        Some(_) => (None, command.or_else(|| words(image.command.as_ref()))),
        None => (words(image.entrypoint.as_ref()), command.or_else(|| words(image.command.as_ref()))),
    }
}

/// A place in a network as it is reported of a container with that host name. The Engine makes
/// an alias of every host name, so one that is typed as well says nothing; and it gives hardware
/// addresses to all, so those of further networks are told to it and not compared.
pub fn effective_endpoint(endpoint: &Endpoint, hostname: Option<&str>) -> Endpoint {
    let mut endpoint = endpoint.clone();
    endpoint.aliases.retain(|alias| Some(alias.as_str()) != hostname);
    endpoint.mac_address = None;
    endpoint
}

/// Links on the default bridge belong to the container, in other networks to the endpoint. The
/// default bridge is no endpoint that anybody needs to be told of.
fn networking(
    links: &BTreeSet<Link>,
    endpoints: &[Endpoint],
    mode: &NetworkMode,
    hostname: Option<&str>,
) -> (BTreeSet<Link>, Vec<Endpoint>) {
    let mut endpoints: Vec<_> =
        endpoints.iter().map(|endpoint| effective_endpoint(endpoint, hostname)).collect();
    match endpoints.as_mut_slice() {
        _ if *mode != NetworkMode::Default => (links.clone(), Vec::new()),
        [] => (links.clone(), endpoints),
        [only] if only.network_name == DEFAULT_NETWORK => (links.clone(), Vec::new()),
        [first, others @ ..] => {
            others.sort_by(|one, other| one.network_name.cmp(&other.network_name));
            if first.network_name == DEFAULT_NETWORK {
                return (links.clone(), endpoints);
            }
            first.links.extend(links.iter().cloned());
            (BTreeSet::new(), endpoints)
        }
    }
}

/// Members of a health check that are not set are the image's.
fn merged_healthcheck(spec: Option<&Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let merged = match (spec, image) {
        (None, image) => image.cloned()?,
        (Some(spec), None) => spec.clone(),
        (Some(spec), Some(image)) => Healthcheck {
            test: if spec.test.is_empty() { image.test.clone() } else { spec.test.clone() },
            interval_nanoseconds: first_set(spec.interval_nanoseconds, image.interval_nanoseconds),
            timeout_nanoseconds: first_set(spec.timeout_nanoseconds, image.timeout_nanoseconds),
            retries: first_set(spec.retries, image.retries),
            start_period_nanoseconds: first_set(
                spec.start_period_nanoseconds,
                image.start_period_nanoseconds,
            ),
        },
    };
    let says_nothing = Healthcheck {
        test: Vec::new(),
        interval_nanoseconds: 0,
        timeout_nanoseconds: 0,
        retries: 0,
        start_period_nanoseconds: 0,
    };
    (merged != says_nothing).then_some(merged)
}

fn first_set<T: PartialEq + Default>(spec: T, image: T) -> T {
    if spec == T::default() { image } else { spec }
}

/// A limit of memory without one of swap gives as much swap again.
fn reported_options(options: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut options = host_options::normalised(options);
    let memory = options.get("Memory").and_then(Value::as_i64).filter(|memory| *memory > 0);
    if let Some(memory) = memory {
        options.entry("MemorySwap".to_owned()).or_insert_with(|| memory.saturating_mul(2).into());
    }
    options
}

fn on_all_addresses(port: &PublishedPort) -> PublishedPort {
    let host_address = port.host_address.filter(|address: &IpAddr| !address.is_unspecified());
    PublishedPort { host_address, ..port.clone() }
}

fn merged_map<T: Clone>(spec: &BTreeMap<String, T>, image: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut merged = image.clone();
    merged.extend(spec.iter().map(|(name, value)| (name.clone(), value.clone())));
    merged
}

fn merged_set<T: Clone + Ord>(spec: &BTreeSet<T>, image: &BTreeSet<T>) -> BTreeSet<T> {
    spec.union(image).cloned().collect()
}

/// The Engine takes an empty text for none.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// An absolute path as the Engine keeps it: without doubled and trailing slashes, `.` and `..`.
fn cleaned(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::container::{Mount, Port};
    use crate::model::secret::SensitiveText;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn image() -> ContainerSettings {
        ContainerSettings {
            command: Some(words("serve --port 80")),
            entrypoint: Some(words("/entry")),
            environment: BTreeMap::from([
                ("PATH".to_owned(), Some(SensitiveText::open("/bin"))),
                ("LANG".to_owned(), Some(SensitiveText::open("C"))),
            ]),
            user: Some("www".to_owned()),
            stop_signal: Some("SIGQUIT".to_owned()),
            anonymous_volumes: BTreeSet::from(["/data".to_owned(), "/cache".to_owned()]),
            ..ContainerSettings::default()
        }
    }

    #[test]
    fn nothing_wanted_is_what_the_image_says() {
        assert_eq!(effective_settings(&ContainerSettings::default(), &image()), image());
    }

    #[test]
    fn an_entry_point_drops_the_command_of_the_image() {
        for (entrypoint, command, expected_entrypoint, expected_command) in [
            (None, None, Some(words("/entry")), Some(words("serve --port 80"))),
            (None, Some(words("other")), Some(words("/entry")), Some(words("other"))),
            (Some(words("/mine")), None, Some(words("/mine")), None),
            (Some(words("/mine")), Some(words("other")), Some(words("/mine")), Some(words("other"))),
            (Some(Vec::new()), None, None, Some(words("serve --port 80"))),
            (Some(words("")), Some(words("other")), None, Some(words("other"))),
            (None, Some(Vec::new()), Some(words("/entry")), Some(words("serve --port 80"))),
        ] {
            let spec = ContainerSettings { command, entrypoint, ..ContainerSettings::default() };
            let effective = effective_settings(&spec, &image());
            assert_eq!(effective.entrypoint, expected_entrypoint, "{spec:?}");
            assert_eq!(effective.command, expected_command, "{spec:?}");
        }
    }

    #[test]
    fn variables_are_replaced_added_and_removed() {
        let spec = ContainerSettings {
            environment: BTreeMap::from([
                ("LANG".to_owned(), None),
                ("MODE".to_owned(), Some(SensitiveText::open("fast"))),
            ]),
            ..ContainerSettings::default()
        };
        let environment = effective_settings(&spec, &image()).environment;
        let shown: Vec<_> =
            environment.iter().map(|(name, value)| (name.as_str(), value.is_some())).collect();
        assert_eq!(shown, [("LANG", false), ("MODE", true), ("PATH", true)]);
    }

    #[test]
    fn a_health_check_inherits_what_it_does_not_say() {
        let check = |test: &[&str], interval_nanoseconds, retries| Healthcheck {
            test: test.iter().map(|&word| word.to_owned()).collect(),
            interval_nanoseconds,
            timeout_nanoseconds: 0,
            retries,
            start_period_nanoseconds: 0,
        };
        let image = check(&["CMD", "probe"], 5, 3);
        let merged = merged_healthcheck(Some(&check(&[], 9, 0)), Some(&image));
        assert_eq!(merged, Some(check(&["CMD", "probe"], 9, 3)));
        assert_eq!(merged_healthcheck(None, Some(&image)), Some(image));
        assert_eq!(merged_healthcheck(Some(&check(&[], 0, 0)), None), None);
    }

    #[test]
    fn a_published_port_is_exposed_and_an_address_of_zeros_is_all_addresses() {
        let container_port = Port::parse("80").expect("a port");
        let host_address = Some("0.0.0.0".parse().expect("an address"));
        let spec = ContainerSettings {
            published_ports: BTreeSet::from([PublishedPort { container_port, host_address, host_port: 80 }]),
            ..ContainerSettings::default()
        };
        let effective = effective_settings(&spec, &ContainerSettings::default());
        assert!(effective.exposed_ports.contains(&container_port));
        assert!(effective.published_ports.iter().all(|port| port.host_address.is_none()));
    }

    #[test]
    fn a_mount_hides_the_volume_of_the_image() {
        let source = crate::model::container::MountSource::Volume("m.data".to_owned());
        let spec = ContainerSettings {
            mounts: BTreeMap::from([("/data".to_owned(), Mount::new(source, false))]),
            ..ContainerSettings::default()
        };
        let volumes = effective_settings(&spec, &image()).anonymous_volumes;
        assert_eq!(volumes, BTreeSet::from(["/cache".to_owned()]));
    }

    #[test]
    fn working_directories_are_cleaned() {
        for (typed, path) in [
            ("/tmp/", "/tmp"),
            ("/tmp/../var//./lib", "/var/lib"),
            ("/..", "/"),
            ("//", "/"),
            ("srv/", "srv/"),
        ] {
            let spec = ContainerSettings { working_dir: Some(typed.to_owned()), ..Default::default() };
            let wanted = effective_settings(&spec, &ContainerSettings::default());
            assert_eq!(wanted.working_dir.as_deref(), Some(path), "{typed}");
            let of_image = effective_settings(&ContainerSettings::default(), &spec);
            assert_eq!(of_image.working_dir.as_deref(), Some(path), "{typed}");
        }
    }

    #[test]
    fn links_go_to_the_first_network() {
        let link = Link { container_name: "m.db".to_owned(), alias: "db".to_owned() };
        let endpoint = |name: &str| Endpoint { network_name: name.to_owned(), ..Endpoint::default() };
        let spec = |endpoints: &[&str]| ContainerSettings {
            links: BTreeSet::from([link.clone()]),
            endpoints: endpoints.iter().map(|name| endpoint(name)).collect(),
            ..ContainerSettings::default()
        };
        let bridged = effective_settings(&spec(&["bridge"]), &ContainerSettings::default());
        assert_eq!((bridged.links.len(), bridged.endpoints.len()), (1, 0));
        let joined = effective_settings(&spec(&["m.z", "m.b", "m.a"]), &ContainerSettings::default());
        assert!(joined.links.is_empty());
        assert!(joined.endpoints[0].links.contains(&link));
        let names: Vec<_> = joined.endpoints.iter().map(|endpoint| endpoint.network_name.as_str()).collect();
        assert_eq!(names, ["m.z", "m.a", "m.b"]);
    }
}
