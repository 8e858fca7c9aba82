//! One container in the form in which it was recorded.

use serde_json::{Map, Value, json};

use super::engine::Engine;
use super::stage::{list, text};
use super::state::{labels, own_name};

const LIMITS: &[&str] = &[
    "Memory",
    "MemorySwap",
    "MemoryReservation",
    "MemorySwappiness",
    "KernelMemory",
    "NanoCpus",
    "CpuShares",
    "CpuPeriod",
    "CpuQuota",
    "CpusetCpus",
    "CpusetMems",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "BlkioWeight",
    "PidsLimit",
    "OomKillDisable",
    "OomScoreAdj",
    "ShmSize",
    "Ulimits",
    "CgroupParent",
];
const OTHER_OPTIONS: &[&str] = &[
    "Privileged",
    "PublishAllPorts",
    "ReadonlyRootfs",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "GroupAdd",
    "IpcMode",
    "PidMode",
    "UTSMode",
    "UsernsMode",
    "SecurityOpt",
    "CapAdd",
    "CapDrop",
    "Tmpfs",
    "Sysctls",
    "AutoRemove",
    "Devices",
    "Init",
    "VolumeDriver",
    "Isolation",
];

/// What it is and was told, without what two clients may say differently and the Engine takes for the same.
pub(super) fn dump(engine: &Engine, found: &Value, identity: &str) -> Value {
    let (config, host) = (&found["Config"], &found["HostConfig"]);
    let networks = networks(found);
    let mut container = json!({
        "image": config["Image"],
        "image_ident": identity,
        "state": status(&found["State"]),
        "user": config["User"],
        "cmd": config["Cmd"],
        "entrypoint": config["Entrypoint"],
        "workdir": config["WorkingDir"],
        "env": sorted(&config["Env"]),
        "hostname": own(&config["Hostname"], short_id(found), "<short-id>"),
        "domainname": config["Domainname"],
        "labels": labels(&config["Labels"]),
        "exposed_ports": keys(&config["ExposedPorts"]),
        "port_bindings": ports(&host["PortBindings"]),
        "published": ports(&found["NetworkSettings"]["Ports"]),
        "binds": sorted(&host["Binds"]),
        "mounts": mounts(found),
        "volumes_from": sorted(&host["VolumesFrom"]),
        "links": sorted(&host["Links"]),
        "network_mode": host["NetworkMode"],
        "networks": networks,
        "restart_policy": host["RestartPolicy"],
        "limits": said(host, LIMITS),
        "host_config_other": said(host, OTHER_OPTIONS),
        "stop_signal": config["StopSignal"],
        "stop_timeout": config["StopTimeout"],
        "healthcheck": config["Healthcheck"],
    });
    if found["State"]["Running"] == true {
        container["processes"] = processes(engine, own_name(found));
    }
    container
}

fn short_id(container: &Value) -> &str {
    &text(container, "Id")[..12]
}

/// A word in place of what the Engine made up.
fn own(value: &Value, made_up: &str, word: &str) -> Value {
    if value == made_up { json!(word) } else { value.clone() }
}

fn status(state: &Value) -> String {
    match text(state, "Status") {
        "exited" => format!("exited({})", state["ExitCode"]),
        other => other.to_owned(),
    }
}

fn sorted(values: &Value) -> Value {
    let mut values = values.as_array().cloned().unwrap_or_default();
    values.sort_by_key(Value::to_string);
    values.into()
}

fn keys(values: &Value) -> Value {
    let mut keys: Vec<&String> = values.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    keys.sort();
    json!(keys)
}

/// `ADDRESS:PORT` by the container's port.
fn ports(ports: &Value) -> Value {
    let written = |bindings: &Value| {
        let bindings = list(bindings)
            .map(|found| json!(format!("{}:{}", text(found, "HostIp"), text(found, "HostPort"))));
        sorted(&bindings.collect())
    };
    let ports = ports.as_object().into_iter().flatten();
    ports.map(|(port, bindings)| (port.clone(), written(bindings))).collect::<Map<_, _>>().into()
}

fn mounts(container: &Value) -> Value {
    let mounts = list(&container["Mounts"]).map(|mount| {
        let source = if mount["Type"] == "volume" { &mount["Name"] } else { &mount["Source"] };
        json!({"type": mount["Type"], "source": source, "destination": mount["Destination"], "rw": mount["RW"]})
    });
    let mut mounts: Vec<Value> = mounts.collect();
    mounts.sort_by_key(|mount| mount["destination"].to_string());
    mounts.into()
}

fn networks(container: &Value) -> Value {
    let networks = container["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
    let networks = networks.map(|(name, endpoint)| {
        let aliases = list(&endpoint["Aliases"]).map(|alias| own(alias, short_id(container), "<short-id>"));
        let value = json!({
            "aliases": sorted(&aliases.collect()),
            "links": sorted(&endpoint["Links"]),
            "ipam": without_nothing(&endpoint["IPAMConfig"]).as_object().cloned().unwrap_or_default(),
            "connected": !text(endpoint, "EndpointID").is_empty(),
        });
        (name.clone(), value)
    });
    networks.collect::<Map<_, _>>().into()
}

/// Options that are not what they are when nothing is said.
fn said(host: &Value, options: &[&str]) -> Value {
    let is_default = |name: &str, value: &Value| match name {
        "ShmSize" => *value == 67_108_864,
        "IpcMode" => value == "private",
        "MemorySwappiness" => *value == -1,
        _ => false,
    };
    let values = options.iter().map(|name| ((*name).to_owned(), host[name].clone()));
    let said = values.filter(|(name, value)| !says_nothing(value) && !is_default(name, value));
    said.collect::<Map<_, _>>().into()
}

pub(super) fn without_nothing(value: &Value) -> Value {
    let fields = value.as_object().into_iter().flatten();
    let said = fields.filter(|(_, value)| !says_nothing(value));
    said.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// `USER COMMAND LINE` of each process.
fn processes(engine: &Engine, name: &str) -> Value {
    let Ok(found) = engine.try_get(&format!("/containers/{name}/top?ps_args=-eo%20pid,uid,args")) else {
        return Value::Null;
    };
    let line = |process: &Value| json!(format!("{} {}", text_at(process, 1), text_at(process, 2)));
    sorted(&list(&found["Processes"]).map(line).collect())
}

fn text_at(values: &Value, index: usize) -> &str {
    values[index].as_str().unwrap_or_default()
}
