//! Container maps: all but the containers themselves.

use serde_json::{Value, json};

use super::forms::{NAME_PATTERN, any_of, defined, names_to, null, or_null};
use super::{Builder, Definitions};
use crate::reference::Place;

impl Builder<'_> {
    pub(super) fn map_definitions(&self) -> Definitions {
        let mut definitions: Definitions = [
            ("map", self.map()),
            ("volume", self.volume()),
            ("network", self.network()),
            ("host_path", host_path()),
        ]
        .into_iter()
        .map(|(name, form)| (name.to_owned(), form))
        .collect();
        definitions.extend(self.container_definitions());
        definitions
    }

    /// Any key beside the map's own is a container configuration.
    fn map(&self) -> Value {
        let text = || or_null(defined("text"));
        let properties = self.properties(
            Place::Map,
            [
                ("name", defined("name")),
                ("containers", or_null(containers())),
                ("volumes", or_null(names_to(defined("volume")))),
                ("host", self.host_paths()),
                ("host_root", text()),
                ("networks", or_null(names_to(defined("network")))),
                ("repository", text()),
                ("default_tag", text()),
                ("clients", defined("names")),
                ("groups", or_null(names_to(defined("names")))),
                ("default_domain", text()),
                ("set_hostname", defined("switch")),
                ("use_attached_parent_name", defined("switch")),
            ],
        );
        let mut map = containers();
        map["properties"] = Value::Object(properties);
        map
    }

    fn host_paths(&self) -> Value {
        let root = self.properties(Place::HostPaths, [("root", or_null(defined("text")))]);
        let mut paths = names_to(defined("host_path"));
        paths["properties"] = Value::Object(root);
        or_null(paths)
    }

    fn volume(&self) -> Value {
        let settings = self.object(
            Place::Volume,
            [
                ("default_path", or_null(defined("absolute_path"))),
                ("driver", or_null(defined("text"))),
                ("driver_options", driver_options()),
                ("create_options", defined("volume_options")),
                ("user", or_null(defined("user"))),
                ("permissions", or_null(defined("nonempty_text"))),
            ],
        );
        any_of([null(), defined("absolute_path"), settings])
    }

    fn network(&self) -> Value {
        self.object_or_null(
            Place::Network,
            [
                ("driver", or_null(defined("text"))),
                ("driver_options", driver_options()),
                ("internal", defined("switch")),
                ("create_options", defined("network_options")),
            ],
        )
    }
}

fn containers() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME_PATTERN },
        "additionalProperties": defined("container"),
    })
}

fn driver_options() -> Value {
    or_null(names_to(defined("text")))
}

/// A path on the host, or one for each instance.
fn host_path() -> Value {
    let mut per_instance = names_to(defined("text"));
    per_instance["minProperties"] = json!(1);
    any_of([defined("nonempty_text"), per_instance])
}
