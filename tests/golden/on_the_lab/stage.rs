//! A host of the lab as scenarios expect it: images, registries, files, and nothing else on its Engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::engine::{Engine, escaped};
use super::images::{IDENTITY_LABEL, saved};
use super::registry::{self, Held};
use crate::support::lab::{Lab, OwnHost};

/// Host paths of scenarios are below these.
pub(super) const HOST_ROOTS: [&str; 2] = ["/var/lib/site", "/srv/golden/host"];

/// Images that every scenario has.
const ALWAYS: [(&str, &str); 2] = [("busybox:latest", "busybox-v1"), ("tianon/true:latest", "true-v1")];

/// A host that one scenario at a time has for itself.
pub(super) struct Stage {
    pub(super) engine: Engine,
    folder: PathBuf,
    _host: OwnHost,
}

impl Stage {
    /// A host by name; `address` is the last number of its addresses.
    pub(super) fn set(name: &str, address: u8) -> Self {
        let host = Lab::shared().own_host(name);
        let socket = host.host.docker_sock.clone();
        // The socket is in NODE/run.
        let folder = socket.ancestors().nth(2).expect("a folder of the host").to_owned();
        let outside = folder.to_str().expect("a path");
        host.host.exec(["bash", "-c", include_str!("../stage.sh"), "stage", &address.to_string(), outside]);
        let stage = Self { engine: Engine { socket }, folder, _host: host };
        stage.install();
        stage
    }

    /// Brings dmfab to the host, and a way to start it there from outside.
    fn install(&self) {
        let copied = fs::copy(env!("CARGO_BIN_EXE_dmfab"), self.outside("/srv/dmfab"));
        copied.expect("dmfab on the host");
        let process_id = fs::read_to_string(self.folder.join("pid")).expect("the host's first process");
        let line = format!("exec nsenter --target {} --mount -- /srv/dmfab \"$@\"", process_id.trim());
        let program = self.program();
        fs::write(&program, format!("#!/bin/sh\n{line}\n")).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a script's mode");
    }

    /// dmfab as if it were run on the host: its files are the host's.
    pub(super) fn program(&self) -> PathBuf {
        self.outside("/srv/dmfab-inside")
    }

    /// Where a path of the host is, seen from here.
    pub(super) fn outside(&self, path: &str) -> PathBuf {
        match path.strip_prefix("/var/lib/docker/") {
            Some(rest) => self.folder.join("docker").join(rest),
            None => self.folder.join("root").join(path.trim_start_matches('/')),
        }
    }

    /// Everything as a scenario wants it before its first step.
    pub(super) fn reset(&self, scenario: &Value) {
        let tags = tags(scenario);
        self.clear();
        self.set_images(&tags, &scenario["untagged_images"]);
        self.set_registries(&held(scenario));
        self.set_files(scenario);
    }

    /// Other images in the registries.
    pub(super) fn set_registries(&self, held: &Held) {
        registry::set(&self.folder.join("root/srv"), held);
    }

    fn clear(&self) {
        let engine = &self.engine;
        for container in list(&engine.get("/containers/json?all=1")) {
            let _ = engine.delete(&format!("/containers/{}?force=1&v=1", text(container, "Id")));
        }
        let networks = engine.get("/networks");
        let own = list(&networks).filter(|found| !["bridge", "host", "none"].contains(&text(found, "Name")));
        for network in own {
            let _ = engine.delete(&format!("/networks/{}", text(network, "Id")));
        }
        for volume in list(&engine.get("/volumes")["Volumes"]) {
            let _ = engine.delete(&format!("/volumes/{}?force=1", escaped(text(volume, "Name"))));
        }
    }

    /// Tags move, what is missing is loaded, what is too much goes.
    fn set_images(&self, tags: &Held, untagged: &Value) {
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (tag, identity) in tags {
            wanted.entry(identity.clone()).or_default().insert(tag.clone());
        }
        for identity in list(untagged).filter_map(Value::as_str) {
            wanted.entry(identity.to_owned()).or_default();
        }
        let found = self.engine.get("/images/json?all=1");
        for image in list(&found) {
            let tags: BTreeSet<String> = list(&image["RepoTags"])
                .filter_map(Value::as_str)
                .filter(|tag| !tag.starts_with("<none>"))
                .map(str::to_owned)
                .collect();
            let identity = image["Labels"][IDENTITY_LABEL].as_str().unwrap_or_default();
            if wanted.get(identity) == Some(&tags) {
                wanted.remove(identity);
                continue;
            }
            let _ = self.engine.delete(&format!("/images/{}?force=1", text(image, "Id")));
        }
        if !wanted.is_empty() {
            self.engine.load(&saved(&wanted));
        }
    }

    fn set_files(&self, scenario: &Value) {
        for root in HOST_ROOTS {
            let _ = fs::remove_dir_all(self.outside(root));
        }
        fs::create_dir_all(self.outside("/srv/golden/host")).expect("a folder");
        for place in list(&scenario["host_paths"]) {
            let path = place.as_str().unwrap_or_else(|| text(place, "path"));
            let outside = self.outside(path);
            fs::create_dir_all(&outside).expect("a folder of the scenario");
            set_mode(&outside, &place["mode"], 0o755);
            let number = |key: &str| place[key].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
            chown(&outside, Some(number("uid")), Some(number("gid"))).expect("an owner");
        }
        for (path, file) in scenario["files"].as_object().into_iter().flatten() {
            self.write(path, file);
        }
    }

    /// Writes a file: its text, or a mapping with `content` and `mode`.
    pub(super) fn write(&self, path: &str, file: &Value) {
        let outside = self.outside(path);
        fs::create_dir_all(outside.parent().expect("a folder")).expect("a folder of the scenario");
        let content = file.as_str().or_else(|| file["content"].as_str()).expect("a file's content");
        fs::write(&outside, content).expect("a file of the scenario");
        set_mode(&outside, &file["mode"], 0o644);
    }
}

/// Images that the host has at first.
fn tags(scenario: &Value) -> Held {
    let mut tags: BTreeMap<&str, Option<&str>> =
        ALWAYS.into_iter().map(|(tag, identity)| (tag, Some(identity))).collect();
    let own = scenario["images"].as_object().into_iter().flatten();
    tags.extend(own.map(|(tag, identity)| (tag.as_str(), identity.as_str())));
    tags.into_iter().filter_map(|(tag, identity)| Some((tag.to_owned(), identity?.to_owned()))).collect()
}

/// What registries hold at first: the same as the host, unless the scenario says otherwise.
pub(super) fn held(scenario: &Value) -> Held {
    match &scenario["registry"] {
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .filter_map(|(tag, identity)| Some((tag.clone(), identity.as_str()?.to_owned())));
            entries.collect()
        }
        _ => tags(scenario),
    }
}

/// Modes are octal digits, typed as a number.
fn set_mode(path: &Path, mode: &Value, otherwise: u32) {
    let digits = mode.as_str().map_or_else(|| mode.to_string(), str::to_owned);
    let mode = u32::from_str_radix(&digits, 8).unwrap_or(otherwise);
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
