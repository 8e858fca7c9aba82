//! Names of options: docker-py's, and the Engine API's own beside them.

use std::collections::HashMap;

use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::raw::RawName;
use crate::source::read_container::CONTAINER_KEYS;
use crate::wording;

use super::super::context::Context;
use super::super::host_options;
use super::super::resources::{NETWORK_KEYWORDS, VOLUME_KEYWORDS};

/// Keywords of `create_options`, each with the API's name; docker-py alone knows `detach`.
pub(super) const CREATE_KEYWORDS: [(&str, &str); 22] = [
    ("command", "Cmd"),
    ("detach", ""),
    ("domainname", "Domainname"),
    ("entrypoint", "Entrypoint"),
    ("environment", "Env"),
    ("healthcheck", "Healthcheck"),
    ("host_config", "HostConfig"),
    ("hostname", "Hostname"),
    ("labels", "Labels"),
    ("mac_address", "MacAddress"),
    ("network_disabled", "NetworkDisabled"),
    ("networking_config", "NetworkingConfig"),
    ("platform", "Platform"),
    ("ports", "ExposedPorts"),
    ("stdin_open", "OpenStdin"),
    ("stop_signal", "StopSignal"),
    ("stop_timeout", "StopTimeout"),
    ("tty", "Tty"),
    ("user", "User"),
    ("volumes", "Volumes"),
    ("working_dir", "WorkingDir"),
    // Beside `HostConfig.Runtime`, docker-py knows it here.
    ("runtime", "Runtime"),
];

/// Keywords of `host_config` that concern what properties describe, too.
pub(super) const SHARED_HOST_KEYWORDS: [(&str, &str); 6] = [
    ("binds", "Binds"),
    ("links", "Links"),
    ("mounts", "Mounts"),
    ("network_mode", "NetworkMode"),
    ("port_bindings", "PortBindings"),
    ("volumes_from", "VolumesFrom"),
];

/// docker-py's name of an option; of one that nobody knows, the name itself.
pub(in crate::resolve) fn canonical(name: &str) -> &str {
    find(&CREATE_KEYWORDS, name)
        .or_else(|| find(&SHARED_HOST_KEYWORDS, name))
        .or_else(|| host_options::canonical(name))
        .unwrap_or(name)
}

/// docker-py's name of an entry of one of the lists, in either spelling.
pub(super) fn find(keywords: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    let is_meant =
        |(keyword, api_name): &&(&str, &str)| *keyword == name || (!api_name.is_empty() && *api_name == name);
    keywords.iter().find(is_meant).map(|(keyword, _)| *keyword)
}

/// What has options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionsOf {
    /// `create_options` and `host_config`.
    Container,
    Network,
    Volume,
}

/// The API's name of an option of docker-py; both are taken.
pub(crate) fn api_name(of: OptionsOf, keyword: &str) -> Option<&'static str> {
    let of_host = host_options::keywords().chain(SHARED_HOST_KEYWORDS);
    let keywords: Vec<_> = match of {
        OptionsOf::Container => CREATE_KEYWORDS.into_iter().chain(of_host).collect(),
        OptionsOf::Network => NETWORK_KEYWORDS.to_vec(),
        OptionsOf::Volume => VOLUME_KEYWORDS.to_vec(),
    };
    let found = keywords.into_iter().find(|(known, _)| *known == keyword);
    found.map(|(_, api_name)| api_name).filter(|api_name| !api_name.is_empty())
}

/// Reports every option that stands there in both spellings, and gives all others.
pub(in crate::resolve) fn without_doubles<'n>(
    context: &Context<'_>,
    parent: &str,
    entries: impl IntoIterator<Item = (RawName, &'n Node)>,
    canonical: impl Fn(&str) -> String,
) -> Vec<(RawName, &'n Node)> {
    let mut kept: Vec<(RawName, &Node)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, node) in entries {
        let keyword = canonical(&name.value);
        match places.get(&keyword) {
            Some(place) => {
                let first = &kept[*place].0;
                let (one, other) = (&first.value, &name.value);
                let message = format!("`{parent}` has both `{one}` and `{other}`, two names of one option");
                context.report(
                    Diagnostic::error(message)
                        .at(name.span, "set again here")
                        .also(first.span, "first set here")
                        .help("remove one of them"),
                );
            }
            None => {
                places.insert(keyword, kept.len());
                kept.push((name, node));
            }
        }
    }
    kept
}

/// The name most like a wrong one, in the spelling that was tried.
pub(in crate::resolve) fn nearest<'k>(
    wrong: &str,
    keywords: impl Iterator<Item = (&'k str, &'k str)>,
) -> Option<&'k str> {
    let is_api_name = wrong.starts_with(|letter: char| letter.is_ascii_uppercase());
    let spelled = keywords.map(|(keyword, api_name)| if is_api_name { api_name } else { keyword });
    wording::nearest(wrong, spelled.filter(|name| !name.is_empty()))
}

/// Where a name that is no option belongs: a property, an option of `create_options`, a word of Docker's
/// command line or of Docker Compose.
pub(super) fn elsewhere(wrong: &str, parent: &str) -> Option<String> {
    let option = match wrong {
        "restart" => Some("restart_policy"),
        "memory" => Some("mem_limit"),
        "env" => Some("environment"),
        "workdir" => Some("working_dir"),
        "cpus" => Some("nano_cpus"),
        "cpuset" => Some("cpuset_cpus"),
        "ipc" => Some("ipc_mode"),
        "pid" => Some("pid_mode"),
        "logging" => Some("log_config"),
        _ => None,
    };
    let words = match wrong {
        "cpus" => "write `nano_cpus`, in billionths: 500000000 is a half".to_owned(),
        "name" | "container_name" => "take it out: a container is called `map.configuration`".to_owned(),
        _ if option.is_some() => format!("write `{}`", option.unwrap_or_default()),
        _ if find(&CREATE_KEYWORDS, wrong).is_some() => {
            format!("move it to `create_options`: `{parent}` does not have it")
        }
        _ if CONTAINER_KEYS.contains(&wrong) => {
            format!("move it beside `{parent}`: it is a property of containers")
        }
        _ => return None,
    };
    Some(words)
}

/// All names that `create_options` or `host_config` may hold.
pub(super) fn known(parent: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let create = if parent == "create_options" { &CREATE_KEYWORDS[..] } else { &[] };
    create.iter().copied().chain(SHARED_HOST_KEYWORDS).chain(host_options::keywords())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_spellings_mean_one_option() {
        for (typed, keyword) in [
            ("Cmd", "command"),
            ("command", "command"),
            ("UTSMode", "uts_mode"),
            ("Mounts", "mounts"),
            ("Memory", "mem_limit"),
            ("detach", "detach"),
            ("", ""),
            ("other", "other"),
        ] {
            assert_eq!(canonical(typed), keyword, "{typed}");
        }
    }

    #[test]
    fn suggestions_keep_to_the_spelling() {
        let nearest = |wrong| super::nearest(wrong, known("create_options"));
        assert_eq!(nearest("WorkingDri"), Some("WorkingDir"));
        assert_eq!(nearest("workingdir"), Some("working_dir"));
        assert_eq!(nearest("Mount"), Some("Mounts"));
        assert_eq!(nearest("memlimit"), Some("mem_limit"));
        assert_eq!(nearest("Banana"), None);
    }

    /// What is in that file is held against the Engine's API by a test beside the conversion.
    #[test]
    fn every_option_has_a_sample_in_both_spellings() {
        let samples = include_str!("samples.txt");
        let names_of = |section: &str| -> BTreeSet<&str> {
            let (_, rest) = samples.split_once(&format!("[{section}]\n")).expect("the section");
            let text = rest.split("\n[").next().unwrap_or_default();
            let options = text.lines().filter(|line| !line.starts_with("=>"));
            options.filter_map(|line| line.split_once(": ")).flat_map(|(names, _)| names.split('|')).collect()
        };
        let host_options = || host_options::keywords().chain(SHARED_HOST_KEYWORDS);
        let both = |(keyword, api_name)| [keyword, api_name];
        for (section, known) in [
            ("create_options", CREATE_KEYWORDS.into_iter().flat_map(both).collect::<Vec<_>>()),
            ("host_config", host_options().flat_map(both).chain(host_options::WITHOUT_EFFECT).collect()),
            ("networks", NETWORK_KEYWORDS.into_iter().flat_map(both).collect()),
            ("volumes", VOLUME_KEYWORDS.into_iter().flat_map(both).collect()),
        ] {
            let sampled = names_of(section);
            let missing: Vec<_> =
                known.iter().filter(|name| !name.is_empty() && !sampled.contains(*name)).collect();
            assert!(missing.is_empty(), "{section}: {missing:?}");
        }
    }
}
