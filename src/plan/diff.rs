//! Compares what is wanted with what was found, setting by setting, in both directions.
//!
//! Both sides are taken apart without `..`: a new setting does not compile until it is compared
//! here. What the image or the Engine adds by itself is no difference; see
//! [`effective`](super::effective) for the image's part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::Value;

use crate::model::container::{ContainerSettings, Endpoint, Healthcheck, NetworkMode};
use crate::model::host_options::is_decided_by_daemon;
use crate::model::observed::EngineFacts;
use crate::model::ownership::LABEL_PREFIX;
use crate::model::place::Places;
use crate::model::secret::SensitiveText;
use crate::model::signal;

use super::Difference;

mod endpoints;
mod networks;

pub(super) use endpoints::{EndpointChange, endpoint_changes};
pub(super) use networks::{network_differences, volume_differences};

/// Differences of a container, in the order of the settings.
pub fn container_differences(
    wanted: &ContainerSettings,
    found: &ContainerSettings,
    places: &Places,
    facts: &EngineFacts,
) -> Vec<Difference> {
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
        // Compared by `endpoint_changes`, which also looks at what the settings do not say.
        endpoints: _,
        stop_signal,
        stop_timeout_seconds,
        healthcheck,
        tty,
        open_stdin,
        host_options,
    } = wanted;
    let mut differences = Differences { list: Vec::new(), places };
    differences.words("command", command.as_ref(), found.command.as_ref());
    differences.words("entrypoint", entrypoint.as_ref(), found.entrypoint.as_ref());
    differences.environment(environment, &found.environment);
    differences.labels(labels, &found.labels);
    differences.value("user", user.as_ref(), found.user.as_ref());
    if has_own_hostname(network_mode) || hostname.is_some() {
        differences.value("hostname", hostname.as_ref(), found.hostname.as_ref());
    }
    differences.value("domainname", domainname.as_ref(), found.domainname.as_ref());
    differences.value("working_dir", working_dir.as_ref(), found.working_dir.as_ref());
    differences.set("exposes", exposed_ports, &found.exposed_ports);
    differences.set("exposes", published_ports, &found.published_ports);
    differences.map("binds", mounts, &found.mounts);
    differences.map("host_config.Mounts", detailed_mounts, &found.detailed_mounts);
    differences.set("shares", anonymous_volumes, &found.anonymous_volumes);
    differences.map("uses", volumes_from, &found.volumes_from);
    differences.set("links", links, &found.links);
    differences.value("network_mode", Some(network_mode), Some(&found.network_mode));
    if is_another_address(mac_address.as_ref(), found.mac_address.as_ref()) {
        differences.value("create_options.mac_address", mac_address.as_ref(), found.mac_address.as_ref());
    }
    differences.signal(stop_signal.as_deref(), found.stop_signal.as_deref());
    differences.value("stop_timeout", stop_timeout_seconds.as_ref(), found.stop_timeout_seconds.as_ref());
    differences.healthcheck(healthcheck.as_ref(), found.healthcheck.as_ref());
    differences.value("create_options.tty", Some(tty), Some(&found.tty));
    differences.value("create_options.stdin_open", Some(open_stdin), Some(&found.open_stdin));
    differences.host_options(host_options, &found.host_options, facts);
    differences.list
}

struct Differences<'a> {
    list: Vec<Difference>,
    places: &'a Places,
}

impl Differences<'_> {
    fn push(&mut self, field: String, wanted: Option<String>, found: Option<String>) {
        let place = self.places.nearest(&field).cloned();
        self.list.push(Difference { field, found, wanted, place });
    }

    fn value<T: PartialEq + Display>(&mut self, field: &str, wanted: Option<&T>, found: Option<&T>) {
        if wanted != found {
            self.push(field.to_owned(), wanted.map(T::to_string), found.map(T::to_string));
        }
    }

    /// The Engine reports an empty command and none at all alike.
    fn words(&mut self, field: &str, wanted: Option<&Vec<String>>, found: Option<&Vec<String>>) {
        let wanted = wanted.filter(|words| !words.is_empty());
        let found = found.filter(|words| !words.is_empty());
        if wanted != found {
            self.push(
                format!("create_options.{field}"),
                wanted.map(|words| shown_words(words)),
                found.map(|words| shown_words(words)),
            );
        }
    }

    fn set<T: Ord + Display>(&mut self, field: &str, wanted: &BTreeSet<T>, found: &BTreeSet<T>) {
        for added in wanted.difference(found) {
            self.push(format!("{field}.{added}"), Some(added.to_string()), None);
        }
        for removed in found.difference(wanted) {
            self.push(format!("{field}.{removed}"), None, Some(removed.to_string()));
        }
    }

    fn map<T: PartialEq + Display>(
        &mut self,
        field: &str,
        wanted: &BTreeMap<String, T>,
        found: &BTreeMap<String, T>,
    ) {
        for key in keys_of_both(wanted, found) {
            self.value(&format!("{field}.{key}"), wanted.get(key), found.get(key));
        }
    }

    /// A variable that is wanted without value is wanted absent.
    fn environment(
        &mut self,
        wanted: &BTreeMap<String, Option<SensitiveText>>,
        found: &BTreeMap<String, Option<SensitiveText>>,
    ) {
        for name in keys_of_both(wanted, found) {
            let wanted = wanted.get(name).and_then(Option::as_ref);
            let found = found.get(name).and_then(Option::as_ref);
            if wanted.map(SensitiveText::expose) == found.map(SensitiveText::expose) {
                continue;
            }
            let is_secret = [wanted, found].into_iter().flatten().any(SensitiveText::is_secret);
            let shown = |text: &SensitiveText| shown_text(text, is_secret);
            self.push(format!("create_options.environment.{name}"), wanted.map(shown), found.map(shown));
        }
    }

    /// What is adopted bears no labels of ours; that alone is no reason to make it anew.
    fn labels(&mut self, wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) {
        let is_adopted = !found.keys().any(|name| name.starts_with(LABEL_PREFIX));
        for name in keys_of_both(wanted, found) {
            if !(is_adopted && name.starts_with(LABEL_PREFIX)) {
                self.value(&format!("create_options.labels.{name}"), wanted.get(name), found.get(name));
            }
        }
    }

    fn signal(&mut self, wanted: Option<&str>, found: Option<&str>) {
        // `SIGTERM`, `term` and `15` are one; what is none is compared as it is.
        let meaning = |typed| signal::number(typed).ok_or(typed);
        if wanted.map(meaning) != found.map(meaning) {
            self.push("stop_signal".to_owned(), wanted.map(str::to_owned), found.map(str::to_owned));
        }
    }

    fn healthcheck(&mut self, wanted: Option<&Healthcheck>, found: Option<&Healthcheck>) {
        if wanted != found {
            self.push("healthcheck".to_owned(), wanted.map(shown_healthcheck), found.map(shown_healthcheck));
        }
    }

    fn host_options(
        &mut self,
        wanted: &BTreeMap<String, Value>,
        found: &BTreeMap<String, Value>,
        facts: &EngineFacts,
    ) {
        for name in keys_of_both(wanted, found) {
            let (wanted_value, found_value) = (wanted.get(name), found.get(name));
            if wanted_value != found_value && !is_engines_choice(name, wanted_value, found_value, facts) {
                let field = format!("host_config.{name}");
                self.push(field, wanted_value.map(shown_json), found_value.map(shown_json));
            }
        }
    }
}

/// Limits that the Engine drops with a warning where the kernel has no controller for them, without
/// saying so of the machine. Whether it dropped one or never got it cannot be told from the container.
const DROPPED_WITHOUT_KERNEL_SUPPORT: [&str; 10] = [
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeight",
    "BlkioWeightDevice",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "MemorySwappiness",
    "OomKillDisable",
];

/// Whether a wanted limit may be missing because the host cannot have it. Replacing the container
/// would change nothing there, again and again.
pub(super) fn may_be_unsupported(difference: &Difference, facts: &EngineFacts) -> bool {
    let option = difference.field.strip_prefix("host_config.");
    let is_missing = difference.found.is_none() && difference.wanted.is_some();
    let is_dropped = |option: &str| {
        DROPPED_WITHOUT_KERNEL_SUPPORT.contains(&option) || facts.unsupported_limits.contains(option)
    };
    is_missing && option.is_some_and(is_dropped)
}

/// Whether a hardware address that is wanted is not the one that was found. Every running container
/// has one, most of them chosen by the Engine; one that stands still has none.
fn is_another_address(wanted: Option<&String>, found: Option<&String>) -> bool {
    wanted.zip(found).is_some_and(|(wanted, found)| wanted != found)
}

/// In a network of the host or of another container, the Engine reports a name that nobody chose.
fn has_own_hostname(network_mode: &NetworkMode) -> bool {
    matches!(network_mode, NetworkMode::Default | NetworkMode::None)
}

/// Whether the Engine, and not a wish, made a value what it is: the daemon's configuration where
/// nothing is wanted; no swap limit on machines that do not count swap.
fn is_engines_choice(name: &str, wanted: Option<&Value>, found: Option<&Value>, facts: &EngineFacts) -> bool {
    let is_left_to_the_daemon = wanted.is_none() && is_decided_by_daemon(name);
    let is_uncounted_swap = name == "MemorySwap"
        && facts.unsupported_limits.contains(name)
        && found.and_then(Value::as_i64) == Some(-1);
    is_left_to_the_daemon || is_uncounted_swap
}

fn keys_of_both<'a, T>(one: &'a BTreeMap<String, T>, other: &'a BTreeMap<String, T>) -> BTreeSet<&'a str> {
    one.keys().chain(other.keys()).map(String::as_str).collect()
}

pub(super) fn shown_words(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

fn shown_text(text: &SensitiveText, is_secret: bool) -> String {
    if is_secret { crate::model::secret::REDACTED.to_owned() } else { text.shown().to_owned() }
}

pub(super) fn shown_endpoint(endpoint: &Endpoint) -> String {
    let Endpoint {
        network_name,
        aliases,
        links,
        ipv4_address,
        ipv6_address,
        link_local_addresses,
        mac_address,
        driver_options,
    } = endpoint;
    let mut parts = vec![network_name.clone()];
    parts.extend(aliases.iter().map(|alias| format!("alias {alias}")));
    parts.extend(links.iter().map(|link| format!("link {link}")));
    parts.extend(ipv4_address.iter().chain(ipv6_address).chain(link_local_addresses).cloned());
    parts.extend(mac_address.clone());
    parts.extend(driver_options.iter().map(|(name, value)| format!("option {name}={value}")));
    parts.join(", ")
}

fn shown_healthcheck(check: &Healthcheck) -> String {
    let seconds = |nanoseconds: u64| std::time::Duration::from_nanos(nanoseconds);
    format!(
        "{} every {:?}, at most {:?}, {} retries, {:?} to start",
        shown_words(&check.test),
        seconds(check.interval_nanoseconds),
        seconds(check.timeout_nanoseconds),
        check.retries,
        seconds(check.start_period_nanoseconds)
    )
}

fn shown_json(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
