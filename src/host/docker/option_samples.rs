//! Every option of a map, in both spellings and all forms, held against what is sent.

use std::collections::BTreeSet;

use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use serde_json::Value;

use crate::model::spec::HostSpec;

use super::{convert_create, networks, volumes};

const SAMPLES: &str = include_str!("../../resolve/options/samples.txt");

/// One option in one spelling, and what the request must hold.
struct Sample {
    section: &'static str,
    name: &'static str,
    value: &'static str,
    expected: Value,
}

fn samples() -> Vec<Sample> {
    let (mut section, mut waiting, mut samples) = ("", Vec::new(), Vec::new());
    for line in SAMPLES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some(json) = line.strip_prefix("=> ") {
            let expected: Value =
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{line}: {error}"));
            for (name, value) in waiting.drain(..) {
                samples.push(Sample { section, name, value, expected: expected.clone() });
            }
        } else {
            let (names, value) = line.split_once(": ").expect("`names: value`");
            waiting.extend(names.split('|').map(|name| (name, value)));
        }
    }
    assert!(waiting.is_empty(), "nothing is expected of {waiting:?}");
    samples
}

/// What is sent for the container, network or volume that has the option.
fn sent(section: &str, option: &str) -> Value {
    let map = |web: &str, network: &str, volume: &str| {
        format!(
            "set_hostname: false\nweb:\n  attaches: data\n{web}db:\nnetworks:\n  front:\n{network}\
             volumes:\n  data:\n    default_path: /attached\n{volume}"
        )
    };
    let under = |key: &str, depth: &str| format!("{depth}{key}:\n{depth}  {option}\n");
    match section {
        "networks" => {
            let host = crate::testing::host(&map("", &under("create_options", "    "), ""));
            let request = networks::create_request(&host.networks[0]).expect("a request");
            serde_json::to_value::<NetworkCreateRequest>(request).expect("JSON")
        }
        "volumes" => {
            let host = crate::testing::host(&map("", "", &under("create_options", "    ")));
            let request = volumes::create_request(&host.volumes[0]);
            serde_json::to_value::<VolumeCreateRequest>(request).expect("JSON")
        }
        of_container => container_request(&crate::testing::host(&map(&under(of_container, "  "), "", ""))),
    }
}

fn container_request(host: &HostSpec) -> Value {
    let container =
        host.containers.iter().find(|container| container.name == "m.web").expect("the container");
    let mut settings = container.settings.clone();
    settings.mounts.remove("/attached");
    let body = convert_create::create_body(&container.image, &settings, true).expect("a body");
    let mut sent = serde_json::to_value::<ContainerCreateBody>(body).expect("JSON");
    if let Some(platform) = &container.image.platform {
        sent["?platform"] = Value::from(platform.as_str());
    }
    sent
}

/// Whether everything that is expected is there; lists are the same, records may hold more.
fn holds(sent: &Value, expected: &Value) -> bool {
    match (sent, expected) {
        (Value::Object(sent), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| sent.get(name).is_some_and(|found| holds(found, value)))
        }
        (sent, expected) => sent == expected,
    }
}

#[test]
fn every_option_is_sent_as_the_api_has_it() {
    let mut wrong = Vec::new();
    for Sample { section, name, value, expected } in samples() {
        let sent = sent(section, &format!("{name}: {value}"));
        if !holds(&sent, &expected) {
            wrong.push(format!("{section}.{name}: {value}\n  sent     {sent}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only what says nothing may leave no trace.
#[test]
fn every_sample_says_something() {
    let silent: BTreeSet<&str> = samples()
        .iter()
        .filter(|sample| sample.expected == Value::Object(serde_json::Map::new()))
        .map(|sample| sample.name)
        .collect();
    let known = [
        "AutoRemove",
        "CheckDuplicate",
        "LxcConf",
        "auto_remove",
        "check_duplicate",
        "detach",
        "lxc_conf",
        "version",
    ];
    assert_eq!(silent.into_iter().collect::<Vec<_>>(), known);
}
