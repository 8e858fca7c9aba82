//! The inventory that says what a request's maps and clients say.

use serde_json::{Map, Value, json};

/// As long as other commands are waited for.
const COMMAND_SECONDS: u64 = 3;

/// A document whose hosts are the clients.
pub(super) fn document(request: &Value) -> Value {
    let mut document = json!({"maps": maps(request), "hosts": hosts(request)});
    if let Some(defaults) = request.get("map_defaults") {
        document["map_defaults"] = defaults.clone();
    }
    document
}

/// Clients as they are. Docker-Map waits for no command, and for scripts as long as they take; dmfab waits
/// for first commands as long as a host says.
fn hosts(request: &Value) -> Value {
    let mut hosts = request["clients"].clone();
    if request["step"]["action"] != "run_script" {
        for host in
            hosts.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
        {
            host.entry("wait_timeout").or_insert(json!(COMMAND_SECONDS));
        }
    }
    hosts
}

/// Files by the names of their maps. A name that begins with `_` leaves the naming to the file.
fn maps(request: &Value) -> Value {
    let maps = request["maps"].as_object().cloned().unwrap_or_default();
    if maps.keys().any(|name| name.starts_with('_')) {
        maps.into_iter().map(|(_, path)| path).collect()
    } else {
        maps.into_iter().collect::<Map<_, _>>().into()
    }
}
