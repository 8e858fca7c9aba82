//! Values of options that are records, or lists of them.

use serde_json::{Value, json};

use super::container::{duration, health_test, retries, scalar};
use super::forms::{
    self, PORT, any_of, defined, keys_matching, list, matching, names_to, null, or_null, tuple,
};
use super::options::{choice, mac_address};

const MODE: &str = "(ro|rw|z|Z|nocopy|r?private|r?shared|r?slave)";
const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

/// A record whose members have docker-py's names or the API's; of some there is only the latter. Null is
/// as good as absent.
fn record(members: &[(&str, &str, Value)]) -> Value {
    let names = members.iter().flat_map(|(name, api_name, form)| [(*name, form), (*api_name, form)]);
    let properties: super::Definitions = names
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, form)| (name.to_owned(), or_null(form.clone())))
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// As [`record`], with a member that must be there under one of its names.
fn record_with(required: [&str; 2], members: &[(&str, &str, Value)]) -> Value {
    let mut record = record(members);
    record["anyOf"] = json!([{ "required": [required[0]] }, { "required": [required[1]] }]);
    record
}

fn text() -> Value {
    defined("text")
}

/// 0 is none.
pub(super) fn weight() -> Value {
    let weight = json!({ "type": "integer", "minimum": 10, "maximum": 1000 });
    let typed = matching(r"^(0|[1-9][0-9]{1,2}|1000)$");
    any_of([weight, json!({ "const": 0 }), typed, defined("outside_text")])
}

pub(super) fn weight_devices() -> Value {
    list(record(&[("path", "Path", text()), ("weight", "Weight", weight())]))
}

pub(super) fn throttle_devices() -> Value {
    list(record(&[("path", "Path", text()), ("rate", "Rate", defined("size"))]))
}

pub(super) fn device_requests() -> Value {
    list(record(&[
        ("driver", "Driver", text()),
        ("count", "Count", defined("option_number")),
        ("device_ids", "DeviceIDs", defined("texts")),
        ("capabilities", "Capabilities", list(list(text()))),
        ("options", "Options", defined("text_mapping")),
    ]))
}

/// A word, or a record; only `on-failure` counts retries.
pub(super) fn restart_policy() -> Value {
    let word = matching(r"^((no|always|unless-stopped)?(:0*)?|on-failure(:[0-9]+)?)$");
    let count = |most: u32| {
        any_of([json!({ "type": "integer", "minimum": 0, "maximum": most }), matching("^[0-9]+$")])
    };
    let policy = |names: Value, most: u32| {
        let name = any_of([json!({ "enum": names }), defined("outside_text")]);
        record(&[("name", "Name", name), ("maximum_retry_count", "MaximumRetryCount", count(most))])
    };
    let counting = policy(json!(["on-failure"]), u32::MAX);
    let others = policy(json!(["no", "always", "unless-stopped", ""]), 0);
    // `no` is a switch in YAML 1.1.
    any_of([json!({ "const": false }), word, defined("outside_text"), counting, others])
}

/// A list of `{name, soft, hard}` or `name=soft[:hard]`, or a mapping of name to limits.
pub(super) fn ulimits() -> Value {
    let limit = || defined("option_number");
    let limits = || [("soft", "Soft", limit()), ("hard", "Hard", limit())];
    let any_limit = any_of(["soft", "Soft", "hard", "Hard"].map(|name| json!({ "required": [name] })));
    let [soft, hard] = limits();
    let mut named = record_with(["name", "Name"], &[("name", "Name", text()), soft, hard]);
    named["allOf"] = json!([any_limit]);
    let mut unnamed = record(&limits());
    unnamed["allOf"] = json!([any_limit]);
    let item =
        any_of([matching(r"^[^=]+=\s*[+-]?[0-9]+\s*(:\s*[+-]?[0-9]+\s*)?$"), defined("outside_text"), named]);
    let typed = any_of([limit(), matching(r"^\s*[+-]?[0-9]+\s*:\s*[+-]?[0-9]+\s*$")]);
    any_of([list(item), names_to(any_of([typed, unnamed]))])
}

/// `host[:container[:permissions]]`, or the API's record.
pub(super) fn devices() -> Value {
    let device = any_of([
        matching("^[^:]+(:[^:]*(:[rwm]+)?)?$"),
        defined("outside_text"),
        record_with(
            ["PathOnHost", "PathOnHost"],
            &[("", "PathOnHost", text()), ("", "PathInContainer", text()), ("", "CgroupPermissions", text())],
        ),
    ]);
    any_of([device.clone(), list(device)])
}

pub(super) fn log_config() -> Value {
    record_with(["type", "Type"], &[("type", "Type", text()), ("config", "Config", defined("text_mapping"))])
}

/// `source:path[:mode]`, or sources with where they are mounted.
pub(super) fn binds() -> Value {
    let typed = matching(&format!("^[^:]+:/[^:]*(:({MODE}(,{MODE})*)?)?$"));
    let path = || any_of([matching("^/"), defined("outside_text")]);
    let mode = any_of([matching(&format!("^({MODE}(,{MODE})*)?$")), defined("outside_text")]);
    let propagation = || choice(&[&[""], &PROPAGATIONS[..]].concat());
    let by_mode = [("", "bind", path()), ("", "mode", mode), ("", "propagation", propagation())];
    let by_switch =
        [("", "bind", path()), ("", "ro", defined("option_switch")), ("", "propagation", propagation())];
    let with = |members: &[(&str, &str, Value)]| record_with(["bind", "bind"], members);
    let item = any_of([typed, defined("outside_text")]);
    any_of([forms::list_or_one(item), names_to(any_of([path(), with(&by_mode), with(&by_switch)]))])
}

pub(super) fn links() -> Value {
    let pair = any_of([text(), tuple([text(), text()], 1)]);
    any_of([names_to(or_null(text())), text(), list(pair)])
}

/// Ports of the container with ports of the host, before which an address or an interface may stand.
pub(super) fn port_bindings() -> Value {
    let port = || any_of([forms::number(0, 65535, &format!("^({PORT}|0)?$")), defined("outside_text")]);
    let address = || or_null(text());
    let record = record(&[("", "HostIp", text()), ("", "HostPort", port())]);
    let pair = tuple([address(), or_null(port())], 2);
    let binding = any_of([null(), port(), pair, record]);
    keys_matching(&forms::port_pattern(), any_of([binding.clone(), list(binding)]))
}

/// docker-py's `Mount`, or the API's record with the options of each kind apart.
pub(super) fn mounts() -> Value {
    let switch = || defined("option_switch");
    let mode = || {
        any_of([
            json!({ "type": "integer", "minimum": 0 }),
            matching("^(0o?)?[0-7]+$"),
            defined("outside_text"),
        ])
    };
    let propagation = || choice(&PROPAGATIONS);
    let driver = || record(&[("name", "Name", text()), ("options", "Options", defined("text_mapping"))]);
    let bind_options = record(&[
        ("", "Propagation", propagation()),
        ("", "NonRecursive", switch()),
        ("", "CreateMountpoint", switch()),
        ("", "ReadOnlyNonRecursive", switch()),
        ("", "ReadOnlyForceRecursive", switch()),
    ]);
    let volume_options = record(&[
        ("", "NoCopy", switch()),
        ("", "Labels", defined("text_mapping")),
        ("", "DriverConfig", driver()),
        ("", "Subpath", text()),
    ]);
    let tmpfs_options = record(&[("", "SizeBytes", defined("size")), ("", "Mode", mode())]);
    list(record_with(
        ["target", "Target"],
        &[
            ("target", "Target", defined("absolute_path")),
            ("source", "Source", text()),
            ("type", "Type", choice(&["bind", "volume", "tmpfs", "npipe"])),
            ("read_only", "ReadOnly", switch()),
            ("consistency", "Consistency", choice(&["default", "consistent", "cached", "delegated"])),
            ("propagation", "", propagation()),
            ("no_copy", "", switch()),
            ("labels", "", defined("text_mapping")),
            ("driver_config", "", driver()),
            ("tmpfs_size", "", defined("size")),
            ("tmpfs_mode", "", mode()),
            ("", "BindOptions", bind_options),
            ("", "VolumeOptions", volume_options),
            ("", "TmpfsOptions", tmpfs_options),
        ],
    ))
}

/// The forms of the property, and the API's names. Without a test, that of the image is kept.
pub(super) fn healthcheck() -> Value {
    let test = any_of([health_test(), json!({ "type": "array", "maxItems": 0 })]);
    let settings = record(&[
        ("test", "Test", test),
        ("interval", "Interval", duration()),
        ("timeout", "Timeout", duration()),
        ("retries", "Retries", retries()),
        ("start_period", "StartPeriod", duration()),
    ]);
    let by_position = tuple([health_test(), duration(), duration(), retries(), duration()], 1);
    any_of([null(), scalar(), by_position, settings])
}

/// Networks with the container's place in each; the API has them in a record.
pub(super) fn networking_config() -> Value {
    let addresses = || any_of([defined("texts"), null()]);
    let endpoint = record(&[
        ("aliases", "Aliases", defined("texts")),
        ("links", "Links", links()),
        ("ipv4_address", "IPv4Address", defined("ipv4")),
        ("ipv6_address", "IPv6Address", defined("ipv6")),
        ("link_local_ips", "LinkLocalIPs", addresses()),
        ("mac_address", "MacAddress", mac_address()),
        ("driver_opt", "DriverOpts", defined("text_mapping")),
        (
            "",
            "IPAMConfig",
            record(&[
                ("", "IPv4Address", defined("ipv4")),
                ("", "IPv6Address", defined("ipv6")),
                ("", "LinkLocalIPs", addresses()),
            ]),
        ),
    ]);
    let networks = names_to(or_null(endpoint));
    any_of([record(&[("endpoints_config", "EndpointsConfig", networks.clone())]), networks])
}

/// docker-py's `IPAMConfig`, or the API's record.
pub(super) fn ipam() -> Value {
    let pool = record(&[
        ("subnet", "Subnet", text()),
        ("iprange", "IPRange", text()),
        ("gateway", "Gateway", text()),
        ("aux_addresses", "AuxiliaryAddresses", defined("text_mapping")),
    ]);
    record(&[
        ("driver", "Driver", text()),
        ("pool_configs", "Config", list(pool.clone())),
        ("config", "", list(pool)),
        ("options", "Options", defined("text_mapping")),
    ])
}
