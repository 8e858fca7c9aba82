//! Everything on an Engine that a map can influence, in the form in which it was recorded.
//!
//! Left out or replaced are ids, times, and addresses and ports that the Engine chose. Lists that are sets are sorted. What is compared is here, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::container;
use super::images::IDENTITY_LABEL;
use super::stage::{HOST_ROOTS, Stage, list, text};

/// Dumps one Engine, and knows what was there the last time.
#[derive(Default)]
pub(super) struct Dumper {
    /// Ids and what stands for them.
    names: BTreeMap<String, String>,
    containers: BTreeMap<String, (String, String)>,
    volumes: BTreeMap<String, (u64, i64, i64)>,
    networks: BTreeMap<String, String>,
}

/// How a thing compares with the last dump.
fn since<T: PartialEq>(before: Option<&T>, now: &T) -> &'static str {
    match before {
        None => "new",
        Some(before) if before == now => "same",
        Some(_) => "recreated",
    }
}

impl Dumper {
    pub(super) fn dump(&mut self, stage: &Stage) -> Value {
        let engine = &stage.engine;
        let inspected: Vec<Value> = list(&engine.get("/containers/json?all=1"))
            .filter_map(|found| engine.try_get(&format!("/containers/{}/json", text(found, "Id"))).ok())
            .collect();
        let identities = identities(stage);
        for container in &inspected {
            self.names.insert(text(container, "Id").to_owned(), own_name(container).to_owned());
        }
        let anonymous = anonymous_volumes(&inspected);
        self.names.extend(anonymous.clone());
        let networks: Vec<Value> = list(&engine.get("/networks"))
            .map(|network| engine.get(&format!("/networks/{}", text(network, "Id"))))
            .collect();
        for network in &networks {
            self.names.insert(text(network, "Id").to_owned(), format!("net:{}", text(network, "Name")));
        }
        let state = json!({
            "containers": self.dump_containers(stage, &inspected, &identities),
            "volumes": self.dump_volumes(stage, &anonymous),
            "networks": self.dump_networks(&networks),
            "images": images(stage),
            "host_paths": host_paths(stage, &inspected),
        });
        named(&state, &self.names)
    }

    fn dump_containers(
        &mut self,
        stage: &Stage,
        inspected: &[Value],
        identities: &BTreeMap<String, String>,
    ) -> Value {
        let mut current = BTreeMap::new();
        let mut dumped = Map::new();
        for found in inspected {
            let name = own_name(found).to_owned();
            let identity = identities.get(text(found, "Image")).map_or("<removed image>", String::as_str);
            let mut container = container::dump(&stage.engine, found, identity);
            let now = (text(found, "Id").to_owned(), text(&found["State"], "StartedAt").to_owned());
            container["since_last_step"] = json!(match self.containers.get(&name) {
                None => "new",
                Some((id, _)) if *id != now.0 => "recreated",
                Some((_, started)) if *started == now.1 => "same",
                Some((_, started)) if started.starts_with("0001-") => "started",
                Some(_) => "restarted",
            });
            current.insert(name.clone(), now);
            dumped.insert(name, container);
        }
        self.containers = current;
        dumped.into()
    }

    fn dump_volumes(&mut self, stage: &Stage, anonymous: &BTreeMap<String, String>) -> Value {
        let mut current = BTreeMap::new();
        let mut dumped = Map::new();
        for found in list(&stage.engine.get("/volumes")["Volumes"]) {
            let name = text(found, "Name");
            if anonymous.contains_key(name) || is_id(name) {
                continue;
            }
            let root = stage.outside(text(found, "Mountpoint"));
            let made = root.parent().and_then(|folder| fs::metadata(folder).ok());
            let made = made.map_or((0, 0, 0), |folder| (folder.ino(), folder.mtime(), folder.mtime_nsec()));
            let mut volume = json!({
                "driver": found["Driver"],
                "options": found["Options"].as_object().cloned().unwrap_or_default(),
                "labels": labels(&found["Labels"]),
                "since_last_step": since(self.volumes.get(name), &made),
            });
            if let Some(owner) = owner(&root).filter(|_| found["Driver"] == "local") {
                volume["root"] = owner;
            }
            current.insert(name.to_owned(), made);
            dumped.insert(name.to_owned(), volume);
        }
        self.volumes = current;
        dumped.into()
    }

    fn dump_networks(&mut self, networks: &[Value]) -> Value {
        let mut current = BTreeMap::new();
        let mut dumped = Map::new();
        let own = networks.iter().filter(|found| !["bridge", "host", "none"].contains(&text(found, "Name")));
        for found in own {
            let (name, id) = (text(found, "Name").to_owned(), text(found, "Id").to_owned());
            let members = found["Containers"].as_object().into_iter().flatten();
            let mut members: Vec<&str> = members.map(|(_, member)| text(member, "Name")).collect();
            members.sort_unstable();
            let network = json!({
                "driver": found["Driver"],
                "internal": found["Internal"],
                "ipv6": found["EnableIPv6"],
                "attachable": found["Attachable"],
                "options": found["Options"].as_object().cloned().unwrap_or_default(),
                "labels": labels(&found["Labels"]),
                "ipam": ipam(&found["IPAM"]),
                "containers": members,
                "since_last_step": since(self.networks.get(&name), &id),
            });
            current.insert(name.clone(), id);
            dumped.insert(name, network);
        }
        self.networks = current;
        dumped.into()
    }
}

pub(super) fn own_name(container: &Value) -> &str {
    text(container, "Name").trim_start_matches('/')
}

/// Labels but for those that tell who made a thing.
pub(super) fn labels(labels: &Value) -> Map<String, Value> {
    let labels = labels.as_object().cloned().unwrap_or_default().into_iter();
    labels.filter(|(name, _)| name != IDENTITY_LABEL && !name.starts_with("dmfab.")).collect()
}

/// Identities by the ids of images.
fn identities(stage: &Stage) -> BTreeMap<String, String> {
    let found = stage.engine.get("/images/json?all=1");
    let identity = |image: &Value| {
        Some((
            text(image, "Id").to_owned(),
            image["Labels"][IDENTITY_LABEL].as_str().unwrap_or("?").to_owned(),
        ))
    };
    list(&found).filter_map(identity).collect()
}

/// Identities by tags.
fn images(stage: &Stage) -> Value {
    let mut images = Map::new();
    let mut untagged = Vec::new();
    for image in list(&stage.engine.get("/images/json")) {
        let identity = image["Labels"][IDENTITY_LABEL].as_str().unwrap_or("?");
        let tags = list(&image["RepoTags"]).filter_map(Value::as_str).filter(|tag| *tag != "<none>:<none>");
        let tags: Vec<&str> = tags.collect();
        if tags.is_empty() {
            untagged.push(identity.to_owned());
        }
        images.extend(tags.into_iter().map(|tag| (tag.to_owned(), json!(identity))));
    }
    if !untagged.is_empty() {
        untagged.sort();
        images.insert("<untagged>".to_owned(), json!(untagged));
    }
    images.into()
}

/// Volumes without a name, by the container that has them and their path there.
fn anonymous_volumes(inspected: &[Value]) -> BTreeMap<String, String> {
    let mut containers: Vec<&Value> = inspected.iter().collect();
    containers.sort_by_key(|container| own_name(container));
    let mut found = BTreeMap::new();
    for container in containers {
        let mounts = list(&container["Mounts"])
            .filter(|mount| mount["Type"] == "volume" && is_id(text(mount, "Name")));
        for mount in mounts {
            let name = format!("<anonymous:{}:{}>", own_name(container), text(mount, "Destination"));
            found.entry(text(mount, "Name").to_owned()).or_insert(name);
        }
    }
    found
}

/// Owners of host paths that are mounted.
fn host_paths(stage: &Stage, inspected: &[Value]) -> Value {
    let mounts = inspected.iter().flat_map(|container| list(&container["Mounts"]));
    let sources = mounts.filter(|mount| mount["Type"] == "bind").map(|mount| text(mount, "Source"));
    let own = sources.filter(|path| HOST_ROOTS.iter().any(|root| path.starts_with(root)));
    own.map(|path| (path.to_owned(), owner(&stage.outside(path)).unwrap_or_default()))
        .collect::<Map<_, _>>()
        .into()
}

fn owner(path: &Path) -> Option<Value> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(json!({"uid": found.uid(), "gid": found.gid(), "mode": format!("{:04o}", found.mode() & 0o7777)}))
}

/// Addresses of a network. Those that the Engine took from its own pools are `<auto>`.
fn ipam(ipam: &Value) -> Value {
    let pools = list(&ipam["Config"]).map(|pool| {
        let is_plain = pool
            .as_object()
            .is_some_and(|pool| pool.keys().all(|key| ["Subnet", "Gateway"].contains(&key.as_str())));
        let is_own = ["172.", "192.168."].iter().any(|start| text(pool, "Subnet").starts_with(start));
        if is_plain && is_own { json!("<auto>") } else { pool.clone() }
    });
    container::without_nothing(&json!({
        "driver": ipam["Driver"],
        "options": ipam["Options"],
        "config": pools.collect::<Vec<_>>(),
    }))
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Ids in texts and keys replaced by the names of what they are of.
fn named(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => json!(named_text(text, names)),
        Value::Array(values) => values.iter().map(|value| named(value, names)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (named_text(key, names), named(value, names)));
            fields.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Ids are 64 hexadecimal digits, or the first 12 of them, and stand alone.
pub(super) fn named_text(text: &str, names: &BTreeMap<String, String>) -> String {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        found.push_str(&name_of(word, names).unwrap_or_else(|| word.to_owned()));
        let between = after.find(is_of_word).unwrap_or(after.len());
        found.push_str(&after[..between]);
        rest = &after[between..];
    }
    found
}

fn name_of(word: &str, names: &BTreeMap<String, String>) -> Option<String> {
    match word.len() {
        64 => names.get(word).cloned(),
        12 => {
            let (id, name) = names.range(word.to_owned()..).next()?;
            id.starts_with(word).then(|| format!("<short:{name}>"))
        }
        _ => None,
    }
}
