//! A host in the document: its own settings, then networks, volumes and containers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::connection::{Connection, RemoteEngine, SshConfigSource, SshConnection, SshTarget};
use crate::model::network::NetworkSpec;
use crate::model::origin::Origin;
use crate::model::secret::REDACTED;
use crate::model::spec::{ContainerSpec, EngineSettings, HostSpec, RegistryLogin};
use crate::model::volume::VolumeSpec;

use super::ConfigDocument;
use super::container::{container, label_origin};
use super::fields::{Fields, Finder, Owner};
use super::tree::Tree;

/// The parts of a host, ready to be shown.
pub(super) struct HostTrees {
    pub(super) own: Vec<(String, Tree)>,
    /// `networks`, `volumes` and `containers`, each item with its name.
    pub(super) items: [(&'static str, Vec<(String, Tree)>); 3],
}

impl HostTrees {
    pub(super) fn new(config: &ConfigDocument<'_>, host: &HostSpec) -> Self {
        let masked = |(name, tree): (String, Tree)| (name, tree.masked(&host.secrets));
        let find = |places, owner| Finder { origins: config.origins, places, owner };
        let needed = config.needed(host);
        let shows = |name: &String| needed.as_ref().is_none_or(|needed| needed.contains(name));
        let networks = host.networks.iter().filter(|spec| shows(&spec.name)).map(|spec| {
            masked((
                spec.name.clone(),
                network(spec, find(&spec.places, Owner::Network { map_name: &spec.map_name })),
            ))
        });
        let volumes = host.volumes.iter().filter(|spec| shows(&spec.name)).map(|spec| {
            let owner = Owner::Volume { map_name: &spec.map_name, config_name: &spec.config_name };
            masked((spec.name.clone(), volume(spec, find(&spec.places, owner))))
        });
        let wanted = |spec: &&ContainerSpec| (config.is_wanted)(&spec.id);
        let containers = host.containers.iter().filter(wanted).map(|spec| {
            let owner = Owner::Container { id: &spec.id, host_name: &host.name };
            masked((spec.name.clone(), container(spec, find(&spec.places, owner))))
        });
        let own = settings(config, host, find(&host.places, Owner::Host(&host.name)));
        Self {
            own: own.into_iter().map(masked).collect(),
            items: [
                ("networks", networks.collect()),
                ("volumes", volumes.collect()),
                ("containers", containers.collect()),
            ],
        }
    }

    /// The host as it stands in the document.
    pub(super) fn into_tree(self) -> Tree {
        let mut fields = self.own;
        for (name, items) in self.items {
            if !items.is_empty() {
                fields.push((name.to_owned(), Tree::List(items.into_iter().map(|(_, tree)| tree).collect())));
            }
        }
        Tree::Map(fields)
    }
}

fn settings(config: &ConfigDocument<'_>, host: &HostSpec, find: Finder<'_>) -> Vec<(String, Tree)> {
    let HostSpec {
        name: host_name,
        connection,
        engine: EngineSettings { api_version, call_timeout, wait_timeout },
        interfaces,
        registry_logins,
        withholds_secrets: _,
        secrets: _,
        networks: _,
        volumes: _,
        containers: _,
        map_names: _,
        places: _,
    } = host;
    let mut fields = Fields::new(find);
    fields.add("engine", connection.to_string(), engine_origin(find, connection));
    fields.tree("connection", self::connection(connection, find));
    fields.optional("api_version", api_version.as_deref(), "version");
    fields.optional("call_timeout_seconds", call_timeout.map(|timeout| timeout.as_secs()), "timeout");
    fields.optional("wait_timeout_seconds", wait_timeout.map(|timeout| timeout.as_secs()), "wait_timeout");
    let mut addresses = Fields::new(find);
    for (name, key, found) in
        [("ipv4", "interfaces", &interfaces.ipv4), ("ipv6", "interfaces_ipv6", &interfaces.ipv6)]
    {
        addresses.map(
            name,
            found,
            |address| address.to_string().into(),
            |find, alias| find.at(&format!("{key}.{alias}")),
        );
    }
    fields.tree("interfaces", addresses.into_tree());
    let logins =
        registry_logins.iter().map(|(registry, found)| (registry.clone(), login(registry, found, find)));
    fields.tree("registry_logins", Tree::Map(logins.collect()));
    let groups = config.fleet.host_groups.iter().filter(|(_, members)| members.contains(host_name));
    fields.tree(
        "groups",
        names(groups.map(|(name, _)| name), |name| {
            find.of_place(config.origins.and_then(|origins| origins.groups.get(name)))
        }),
    );
    let maps = config.fleet.maps.iter().filter(|map| map.host_names.contains(host_name));
    fields.tree(
        "maps",
        names(maps.map(|map| &map.name), |name| {
            find.of_place(config.origins.and_then(|origins| origins.maps.get(name)?.place.as_ref()))
        }),
    );
    fields.into_entries()
}

fn names<'n>(names: impl Iterator<Item = &'n String>, origin: impl Fn(&str) -> Option<Origin>) -> Tree {
    Tree::List(names.map(|name| Tree::of(name.as_str().into(), origin(name))).collect())
}

fn login(registry: &str, login: &RegistryLogin, find: Finder<'_>) -> Tree {
    let RegistryLogin { username, password: _, email } = login;
    let field = |name: &str| format!("auth_configs.{registry}.{name}");
    let mut fields = Fields::new(find);
    fields.field("username", username.as_str(), &field("username"));
    fields.field("password", REDACTED, &field("password"));
    fields.optional("email", email.as_deref(), &field("email"));
    fields.into_tree()
}

/// What says where the Engine is; without it, the host's name does.
fn login_origin(find: Finder<'_>, connection: &Connection) -> Option<Origin> {
    let field = match connection {
        Connection::Ssh(_) => "connection.destination",
        Connection::Unix { .. } | Connection::Tcp { .. } => "connection",
    };
    if find.places.get(field).is_some() { find.at(field) } else { find.made_of("the host's name") }
}

/// As [`login_origin`], with the user and the port that have keys of their own.
fn engine_origin(find: Finder<'_>, connection: &Connection) -> Option<Origin> {
    let login = login_origin(find, connection)?;
    let own = [("user", "connection.user"), ("port", "connection.port")];
    let given = own.into_iter().filter(|(_, field)| find.places.get(field).is_some());
    let parts = given.filter_map(|(key, field)| Some((key, find.at(field)?)));
    let parts = parts.filter(|(_, part)| part.place != login.place).collect();
    Some(Origin { parts, ..login })
}

fn connection(connection: &Connection, find: Finder<'_>) -> Tree {
    let mut fields = Fields::new(find);
    match connection {
        Connection::Unix { socket_path } => {
            fields.field("socket_path", socket_path.to_string_lossy(), "connection");
        }
        Connection::Tcp { address } => fields.field("address", address.as_str(), "connection"),
        Connection::Ssh(SshConnection { target, engine }) => {
            fields.add("destination", target.destination.as_str(), login_origin(find, connection));
            ssh(target, &mut fields);
            match engine {
                RemoteEngine::Socket(path) => {
                    fields.field("docker_socket", path.as_str(), "connection.docker_socket");
                }
                RemoteEngine::Tcp { host, port } => {
                    fields.field("engine_address", format!("{host}:{port}"), "connection.engine_address");
                }
            }
        }
    }
    fields.into_tree()
}

/// What is not set here is for `ssh_config` to say.
fn ssh(target: &SshTarget, fields: &mut Fields<'_>) {
    let SshTarget { destination: _, user, port, identity_files, known_hosts_files, jump_hosts, config } =
        target;
    let numbered = |key: &'static str| move |index: usize, _: &str| format!("connection.{key}.{index}");
    fields.optional("user", user.as_deref(), "connection.user");
    fields.optional("port", *port, "connection.port");
    let files = identity_files.iter().map(|path| path.display());
    fields.list("identity_files", files, numbered("identity_files"));
    let files = known_hosts_files.iter().map(|path| path.display());
    fields.list("known_hosts", files, numbered("known_hosts"));
    match jump_hosts.as_deref() {
        Some([]) => fields.field("proxy_jump", "none", "connection.proxy_jump"),
        hops => fields.list("proxy_jump", hops.unwrap_or_default(), numbered("proxy_jump")),
    }
    let config: Value = match config {
        SshConfigSource::User => true.into(),
        SshConfigSource::File(path) => path.to_string_lossy().into(),
        SshConfigSource::Ignore => false.into(),
    };
    fields.field("ssh_config", config, "connection.ssh_config");
}

fn network(spec: &NetworkSpec, find: Finder<'_>) -> Tree {
    let NetworkSpec {
        name,
        map_name,
        driver,
        driver_options,
        internal,
        attachable,
        enable_ipv6,
        labels,
        ingress,
        scope,
        ipam,
        places: _,
    } = spec;
    let mut fields = Fields::new(find);
    fields.field("name", name.as_str(), "");
    fields.field("map_name", map_name.as_str(), "");
    fields.field("driver", driver.as_str(), "driver");
    options(driver_options, &mut fields);
    fields.field("internal", *internal, "internal");
    fields.field("attachable", *attachable, "attachable");
    fields.field("enable_ipv6", *enable_ipv6, "enable_ipv6");
    fields.map(
        "labels",
        labels,
        |text| text.as_str().into(),
        |find, name| label_origin(find, name, "labels"),
    );
    if *ingress {
        fields.field("ingress", true, "ingress");
    }
    fields.optional("scope", scope.as_deref(), "scope");
    fields.optional("ipam", ipam.clone(), "ipam");
    fields.into_tree()
}

fn volume(spec: &VolumeSpec, find: Finder<'_>) -> Tree {
    let VolumeSpec { name, map_name, config_name, driver, driver_options, labels, preparation, places: _ } =
        spec;
    let mut fields = Fields::new(find);
    fields.field("name", name.as_str(), "");
    fields.field("map_name", map_name.as_str(), "");
    fields.field("config_name", config_name.as_str(), "");
    fields.field("driver", driver.as_str(), "driver");
    options(driver_options, &mut fields);
    fields.map(
        "labels",
        labels,
        |text| text.as_str().into(),
        |find, name| label_origin(find, name, "labels"),
    );
    let mut prepared = Fields::new(find);
    prepared.optional("owner", preparation.owner.as_deref(), "owner");
    prepared.optional("mode", preparation.mode.as_deref(), "mode");
    fields.tree("preparation", prepared.into_tree());
    fields.into_tree()
}

fn options(options: &BTreeMap<String, String>, fields: &mut Fields<'_>) {
    fields.map(
        "driver_options",
        options,
        |text| text.as_str().into(),
        |find, name| find.at(&format!("driver_options.{name}")),
    );
}
