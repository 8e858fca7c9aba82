//! Slips that YAML takes for something else: a space that was forgotten, a key that stands too far left.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::read_container::CONTAINER_KEYS;
use super::read_host::HOST_KEYS;
use super::reader::{Entry, Reader};
use crate::model::secret::is_secret_name;

/// Properties whose names need no value, so that a list of them says all.
const LISTED: [&str; 5] = ["hosts", "clients", "containers", "networks", "volumes"];

/// Longer texts are no slip of one line.
const LONGEST_SLIP: usize = 60;

/// What to write instead of `image:x` or `-x`, which are texts to YAML.
pub(super) fn without_space(node: &Node) -> Option<String> {
    let text = node.as_plain_text().filter(|text| text.len() <= LONGEST_SLIP)?;
    let first = text.split_whitespace().next()?;
    if first.strip_prefix('-').is_some_and(|item| item.starts_with('/') || is_word(item)) {
        return Some("put a space after each dash".to_owned());
    }
    let (key, value) = first.split_once(':')?;
    let is_pair = is_word(key) && !value.is_empty() && !value.starts_with([':', '/']);
    is_pair.then(|| with_space(key, value))
}

/// The same for a key in braces, `{image:x}`, of which the name is known.
pub(super) fn key_without_space(key: &str, known: &[&str]) -> Option<String> {
    let (name, value) = key.split_once(':').filter(|_| key.len() <= LONGEST_SLIP)?;
    known.contains(&name).then(|| with_space(name, value))
}

fn with_space(key: &str, value: &str) -> String {
    let value = if is_secret_name(key) { "..." } else { value };
    format!("put a space after the colon: `{key}: {value}`")
}

/// Whether a mapping of names holds the keys of one item instead, which is told: `{cmd: .., user: ..}`
/// would be two commands.
pub(super) fn is_one_item(
    entries: &[Entry],
    first: &str,
    known: &[&str],
    property: &str,
    reader: &mut Reader<'_>,
) -> bool {
    let is_known = |(key, _): &Entry| key.as_text().is_some_and(|name| known.contains(&name));
    let lead = entries.iter().find(|(key, _)| key.as_text() == Some(first));
    let (Some((lead, _)), true) = (lead.filter(|_| entries.len() > 1), entries.iter().all(is_known)) else {
        return false;
    };
    let message =
        format!("`{property}` of {} needs a list of items, found the keys of one", reader.subject());
    let diagnostic = Diagnostic::error(message).at(lead.span, "a key of an item");
    reader.report(diagnostic.help(format!("put the keys into an item of a list: `- {first}: ...`")));
    true
}

/// What to write instead of a list of names where each has a value.
pub(super) fn list_of_names(node: &Node, property: &str) -> Option<String> {
    let items = node.as_sequence().filter(|_| LISTED.contains(&property))?;
    let first = items.first()?.as_plain_text().filter(|text| is_word(text) && text.len() <= LONGEST_SLIP)?;
    Some(format!("write each name as a key: `{property}: {{{first}: }}`"))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// Says that `what`, a configuration or host of this name, must be a mapping, and how to make it one.
pub(super) fn report_no_mapping(reader: &mut Reader<'_>, node: &Node, what: &str, name: &str, of: Parts) {
    let message = format!("{what} must be a mapping, found {}", node.kind());
    let diagnostic = Diagnostic::error(message).at(node.span, of.expected());
    let help = if of.keys().contains(&name) {
        Some(format!("indent `{name}` below the name that it belongs to"))
    } else {
        let key = node.as_plain_text().and_then(|text| text.split_once(':')).map_or("", |(key, _)| key);
        let is_slip = of.keys().contains(&key);
        without_space(node).filter(|_| is_slip).or_else(|| of.in_words(name, node))
    };
    reader.report(match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    });
}

/// What has parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    Container,
    Host,
}

impl Parts {
    fn expected(self) -> &'static str {
        match self {
            Self::Container => "expected its properties",
            Self::Host => "expected its settings",
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Container => &CONTAINER_KEYS,
            Self::Host => &HOST_KEYS,
        }
    }

    /// What is most likely meant by a single text or a list.
    fn in_words(self, name: &str, node: &Node) -> Option<String> {
        match (&node.value, self) {
            (NodeValue::Scalar { text, .. }, _) if node.tag.is_some() || text.len() > LONGEST_SLIP => None,
            (NodeValue::Scalar { text, .. }, Self::Container) => {
                Some(format!("write `{name}: {{image: {text}}}`"))
            }
            (NodeValue::Scalar { text, .. }, Self::Host) => {
                Some(format!("write `{name}: {{fabric_host: {text}}}`"))
            }
            (NodeValue::Sequence(_), _) => Some("write `key: value` lines without dashes".to_owned()),
            (NodeValue::Mapping(_), _) => None,
        }
    }
}

/// Where a key of other programs, or of a level below, is written in a container configuration.
pub(super) fn container_key(name: &str) -> Option<String> {
    let known = OTHER_WORDS.iter().find(|(word, _)| *word == name).map(|(_, help)| (*help).to_owned());
    let option = || {
        let parents = [("create_options", &CREATE_OPTIONS[..]), ("host_config", &HOST_OPTIONS[..])];
        let (parent, _) = parents.into_iter().find(|(_, options)| options.contains(&name))?;
        Some(format!("write `{parent}: {{{name}: ...}}`"))
    };
    known.or_else(option)
}

/// Words of Docker Compose, of the command line and of other levels, and what they are here.
const OTHER_WORDS: [(&str, &str); 17] = [
    ("ports", "write `exposes: {80: 8080}`: the container's port, then the host's"),
    ("expose", "write `exposes`"),
    ("volumes", "write `binds: {/path: /host/path}` for paths of the host, `attaches` or `uses` for volumes"),
    ("depends_on", "take it out: what `links`, `uses` and `network_mode` name is started first"),
    ("restart", "write `host_config: {restart_policy: ...}`"),
    ("env", "write `create_options: {environment: ...}`"),
    ("env_file", "write the variables under `create_options: {environment: ...}`"),
    ("cmd", "write `create_options: {command: ...}`"),
    ("build", "write the name of an image that is built already: `image: ...`"),
    ("container_name", "take it out: a container is called `map.configuration`"),
    ("stop_grace_period", "write `stop_timeout`, in seconds"),
    ("scale", "write `instances: [one, two]`"),
    ("replicas", "write `instances: [one, two]`"),
    ("logging", "write `host_config: {log_config: ...}`"),
    ("cpus", "write `host_config: {nano_cpus: ...}`, in billionths"),
    ("default_path", "write it under `volumes` of the map"),
    ("services", "write each service as a configuration of its own"),
];

/// Options that are commonly written a level too high.
const CREATE_OPTIONS: [&str; 12] = [
    "command",
    "domainname",
    "entrypoint",
    "environment",
    "hostname",
    "labels",
    "mac_address",
    "networking_config",
    "platform",
    "stdin_open",
    "tty",
    "working_dir",
];
const HOST_OPTIONS: [&str; 40] = [
    "blkio_weight",
    "cap_add",
    "cap_drop",
    "cgroup_parent",
    "cpu_period",
    "cpu_quota",
    "cpu_shares",
    "cpuset_cpus",
    "device_requests",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "extra_hosts",
    "group_add",
    "init",
    "ipc_mode",
    "log_config",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "mounts",
    "nano_cpus",
    "oom_kill_disable",
    "oom_score_adj",
    "pid_mode",
    "pids_limit",
    "port_bindings",
    "privileged",
    "publish_all_ports",
    "read_only",
    "restart_policy",
    "runtime",
    "security_opt",
    "shm_size",
    "sysctls",
    "tmpfs",
    "ulimits",
    "volumes_from",
];

#[cfg(test)]
mod tests {
    use super::super::testing::{inventory, map};

    fn helps(found: &super::super::diagnostic::Diagnostics) -> Vec<&str> {
        found.iter().map(|found| found.help.as_deref().unwrap_or_default()).collect()
    }

    #[test]
    fn a_forgotten_space_is_told() {
        for (yaml, help) in [
            ("web:\n  image:x\n", "put a space after the colon: `image: x`"),
            ("web: {image:x}", "put a space after the colon: `image: x`"),
            ("web: nginx", "write `web: {image: nginx}`"),
            ("web: nginx:1.27", "write `web: {image: nginx:1.27}`"),
            ("web: {create_options: image:x}", "put a space after the colon: `image: x`"),
            ("web: {create_options: password:x}", "put a space after the colon: `password: ...`"),
            ("volumes: [data]", "write each name as a key: `volumes: {data: }`"),
            ("networks: -data", "put a space after each dash"),
            ("web: [nginx]", "write `key: value` lines without dashes"),
            ("web:\n- image: x", "write `key: value` lines without dashes"),
            ("web:\nimage: x", "indent `image` below the name that it belongs to"),
        ] {
            let read = map(yaml);
            assert_eq!(helps(&read.diagnostics).first().copied().unwrap_or_default(), help, "{yaml}");
        }
        for (yaml, help) in [
            ("hosts: {a: root@b}", "write `a: {fabric_host: root@b}`"),
            ("hosts:\n  a:\n  user: b", "indent `user` below the name that it belongs to"),
            ("hosts:\n  a:\n    user:b", "put a space after the colon: `user: b`"),
        ] {
            assert_eq!(helps(&inventory(yaml).diagnostics), [help], "{yaml}");
        }
    }

    #[test]
    fn words_of_other_programs_are_translated() {
        for (key, help) in [
            ("ports", "write `exposes: {80: 8080}`: the container's port, then the host's"),
            ("environment", "write `create_options: {environment: ...}`"),
            ("mem_limit", "write `host_config: {mem_limit: ...}`"),
            ("command", "write `create_options: {command: ...}`"),
            ("imgae", "did you mean `image`?"),
            ("banana", "check the spelling, or remove it"),
        ] {
            assert_eq!(helps(&map(&format!("web: {{{key}: x}}")).diagnostics), [help], "{key}");
        }
    }
}
