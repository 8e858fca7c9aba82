//! The inventory that says what a request's maps and clients say.

use serde_json::{Map, Value, json};

/// A document whose hosts are the clients.
pub(super) fn document(request: &Value) -> Value {
    let mut document = json!({"maps": maps(request), "hosts": request["clients"]});
    if let Some(defaults) = request.get("map_defaults") {
        document["map_defaults"] = defaults.clone();
    }
    document
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
