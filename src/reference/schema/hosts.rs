//! Inventories, and plain files of clients.

use serde_json::{Value, json};

use super::forms::{any_of, defined, list, matching, names_to, null, number, or_null, switched_off};
use super::{Builder, Definitions};
use crate::reference::Place;
use crate::source::read_host::{LOGIN_WITHOUT_EFFECT, WITHOUT_EFFECT};
use crate::source::read_inventory::INVENTORY_KEYS;

/// Schemes that lead to an Engine, or none; a host name, a socket.
const BASE_URL: &str = r"^(?![A-Za-z][A-Za-z0-9+.-]*://)|^(unix|http\+unix|tcp|http|ssh)://";
/// A number of seconds that leaves some time.
const FROM_ONE: &str = "^[1-9][0-9]*$";
/// `auto`, a version, or what may become one.
const VERSION: &str = r"^(auto|[0-9]+\.[0-9]+)$|\{";

/// The root: a file with any key of inventories is one.
pub(super) fn inventory_or_clients() -> Value {
    json!({ "anyOf": [defined("inventory"), defined("clients")] })
}

impl Builder<'_> {
    pub(super) fn host_definitions(&self) -> Definitions {
        [
            ("inventory", self.inventory()),
            ("clients", clients()),
            ("host", self.host()),
            ("login", self.login()),
        ]
        .into_iter()
        .map(|(name, form)| (name.to_owned(), form))
        .collect()
    }

    fn inventory(&self) -> Value {
        let hosts = || or_null(names_to(defined("host")));
        let mut inventory = self.object(
            Place::Inventory,
            [
                ("hosts", hosts()),
                ("clients", hosts()),
                ("defaults", defined("host")),
                ("groups", or_null(names_to(defined("names")))),
                ("default_host", or_null(defined("name"))),
                ("maps", maps()),
                ("map_defaults", or_null(defined("map"))),
            ],
        );
        inventory["not"] = json!({ "type": "object", "required": ["hosts", "clients"] });
        inventory
    }

    fn host(&self) -> Value {
        let text = || or_null(defined("text"));
        let texts = || defined("texts");
        let without_effect = WITHOUT_EFFECT.into_iter().map(|key| (key, json!({})));
        let own = [
            ("base_url", or_null(any_of([matching(BASE_URL), defined("from_outside")]))),
            ("fabric_host", text()),
            (
                "version",
                or_null(any_of([json!({ "type": "number" }), matching(VERSION), defined("outside_text")])),
            ),
            ("timeout", or_null(number(1, i64::from(u32::MAX), FROM_ONE))),
            ("wait_timeout", or_null(number(1, i64::from(u32::MAX), FROM_ONE))),
            ("stop_timeout", defined("seconds")),
            ("tunnel_remote_port", defined("port")),
            ("domainname", text()),
            ("interfaces", addresses("ipv4")),
            ("interfaces_ipv6", addresses("ipv6")),
            ("auth_configs", or_null(names_to(defined("login")))),
            ("ssh_config", any_of([defined("switch"), text()])),
            ("user", text()),
            ("port", defined("port")),
            ("identity_file", texts()),
            ("identity_files", texts()),
            ("known_hosts", texts()),
            ("proxy_jump", any_of([switched_off(), texts()])),
            ("docker_socket", text()),
            ("tls", switched_off()),
            ("tunnel_local_port", json!({})),
        ];
        self.object_or_null(Place::Host, own.into_iter().chain(without_effect))
    }

    fn login(&self) -> Value {
        let text = || defined("text");
        let without_effect = LOGIN_WITHOUT_EFFECT.into_iter().map(|key| (key, json!({ "deprecated": true })));
        let own = [("username", text()), ("password", text()), ("email", or_null(text()))];
        let mut login = self.object(Place::Login, own.into_iter().chain(without_effect));
        login["required"] = json!(["username", "password"]);
        login
    }
}

/// Hosts and nothing else, as Docker-Map and Docker-Fabric keep them.
fn clients() -> Value {
    json!({
        "title": "clients",
        "description": "A plain file of clients: hosts by name",
        "type": "object",
        "propertyNames": { "minLength": 1, "not": { "enum": INVENTORY_KEYS } },
        "additionalProperties": defined("host"),
    })
}

/// A path, or a list or a mapping of paths and maps.
fn maps() -> Value {
    let path = || defined("nonempty_text");
    let named = json!({ "allOf": [defined("map"), { "required": ["name"] }] });
    let item = any_of([path(), named]);
    any_of([path(), list(item), names_to(any_of([path(), defined("map")])), null()])
}

fn addresses(family: &str) -> Value {
    or_null(names_to(defined(family)))
}
