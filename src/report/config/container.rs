//! A container in the document. Records are taken apart without `..`, so that a new setting does
//! not compile until it is shown here with its origin.

use serde_json::{Value, json};

use crate::model::container::{
    ContainerSettings, DetailedMount, Endpoint, ExecCommand, Healthcheck, Mount, MountKind, MountSource,
    NetworkMode, PublishedPort,
};
use crate::model::item::{ItemId, ItemKind};
use crate::model::origin::Origin;
use crate::model::ownership::LABEL_PREFIX;
use crate::model::secret::SensitiveText;
use crate::model::spec::ContainerSpec;

use super::fields::{DMFAB, Fields, Finder};
use super::tree::Tree;

/// One container.
pub(super) fn container(spec: &ContainerSpec, find: Finder<'_>) -> Tree {
    let ContainerSpec {
        id,
        name,
        image,
        settings,
        exec_commands,
        start_delay,
        stop_timeout_seconds,
        persistent,
        dependencies,
        places: _,
    } = spec;
    let mut fields = Fields::new(find);
    fields.field("name", name.as_str(), "");
    let mut parts = Fields::new(find);
    parts.field("map_name", id.map_name.as_str(), "map");
    parts.field("config_name", id.config_name.as_str(), "");
    parts.optional("instance_name", id.instance_name.as_deref(), "instance");
    fields.tree("id", parts.into_tree());
    fields.field("image", image.to_string(), "image");
    fields.optional("platform", image.platform.as_deref(), "create_options.platform");
    fields.tree("settings", self::settings(settings, find));
    let commands =
        exec_commands.iter().enumerate().map(|(index, command)| exec_command(index, command, find));
    fields.tree("exec_commands", Tree::List(commands.collect()));
    if !start_delay.is_zero() {
        fields.field("start_delay_seconds", start_delay.as_secs_f64(), "start_delay");
    }
    if let Some(seconds) = stop_timeout_seconds {
        fields.add("stop_timeout_seconds", *seconds, find.at_first(&["stop", "stop_timeout"]));
    }
    fields.field("persistent", *persistent, "persistent");
    let needed = dependencies.iter().map(|item| {
        let fields = fields_of_dependency(item, settings);
        let origin = find.at_first(&fields.iter().map(String::as_str).collect::<Vec<_>>());
        Tree::of(json!({ "kind": item.kind, "name": item.name }), origin)
    });
    fields.tree("dependencies", Tree::List(needed.collect()));
    fields.into_tree()
}

fn settings(settings: &ContainerSettings, find: Finder<'_>) -> Tree {
    let ContainerSettings {
        command,
        entrypoint,
        environment,
        labels,
        user,
        hostname,
        domainname,
        working_dir,
        exposed_ports,
        published_ports,
        mounts,
        detailed_mounts,
        anonymous_volumes,
        volumes_from,
        links,
        network_mode,
        mac_address,
        endpoints,
        stop_signal,
        stop_timeout_seconds,
        healthcheck,
        tty,
        open_stdin,
        host_options,
    } = settings;
    let mut fields = Fields::new(find);
    fields.list("command", command.iter().flatten(), |index, _| format!("create_options.command.{index}"));
    fields.list("entrypoint", entrypoint.iter().flatten(), |index, _| {
        format!("create_options.entrypoint.{index}")
    });
    fields.map("environment", environment, shown_variable, |find, name| {
        find.at(&format!("create_options.environment.{name}"))
    });
    fields.map("labels", labels, |text| text.as_str().into(), container_label);
    fields.optional("user", user.as_deref(), "user");
    if let Some(hostname) = hostname {
        let origin = match find.places.get("hostname") {
            Some(_) => find.at("hostname"),
            None => find.made_of("the names of container and host"),
        };
        fields.add("hostname", hostname.as_str(), origin);
    }
    fields.optional("domainname", domainname.as_deref(), "domainname");
    fields.optional("working_dir", working_dir.as_deref(), "working_dir");
    fields.list("exposed_ports", exposed_ports, |_, port| format!("exposes.{port}"));
    let published = published_ports.iter().map(|port| published_port(port, find));
    fields.tree("published_ports", Tree::List(published.collect()));
    fields.map("mounts", mounts, shown_mount, |find, path| find.at(&format!("binds.{path}")));
    fields.map(
        "detailed_mounts",
        detailed_mounts,
        |mount| json!(mount),
        |find, path| find.at(&format!("host_config.Mounts.{path}")),
    );
    fields.list("anonymous_volumes", anonymous_volumes, |_, path| format!("shares.{path}"));
    fields.map(
        "volumes_from",
        volumes_from,
        |read_only| (*read_only).into(),
        |find, name| find.at(&format!("uses.{name}")),
    );
    fields.tree("links", self::links(links, "links", find));
    fields.field("network_mode", shown_mode(network_mode), "network_mode");
    fields.optional("mac_address", mac_address.as_deref(), "create_options.mac_address");
    fields.tree("endpoints", Tree::List(endpoints.iter().map(|found| endpoint(found, find)).collect()));
    fields.optional("stop_signal", stop_signal.as_deref(), "stop_signal");
    fields.optional("stop_timeout_seconds", *stop_timeout_seconds, "stop_timeout");
    if let Some(check) = healthcheck {
        fields.tree("healthcheck", self::healthcheck(check, find));
    }
    fields.field("tty", *tty, "create_options.tty");
    fields.field("open_stdin", *open_stdin, "create_options.stdin_open");
    fields.map("host_options", host_options, Value::clone, |find, name| {
        find.at(&format!("host_config.{name}"))
    });
    fields.into_tree()
}

/// A variable without a value is taken away from the image's.
#[expect(clippy::ref_option, reason = "the values of a map are handed over as they are")]
fn shown_variable(value: &Option<SensitiveText>) -> Value {
    value.as_ref().map_or(Value::Null, |text| text.shown().into())
}

fn container_label(find: &Finder<'_>, name: &str) -> Option<Origin> {
    label_origin(find, name, "create_options.labels")
}

/// Labels under `field`, or dmfab's own.
pub(super) fn label_origin(find: &Finder<'_>, name: &str, field: &str) -> Option<Origin> {
    if name.starts_with(LABEL_PREFIX) { find.by(DMFAB) } else { find.at(&format!("{field}.{name}")) }
}

fn published_port(port: &PublishedPort, find: Finder<'_>) -> Tree {
    let PublishedPort { container_port, host_address, host_port } = port;
    let origin = find.at(&format!("exposes.{port}"));
    let mut fields = Fields::new(find);
    fields.add("container_port", container_port.to_string(), origin.clone());
    if let Some(address) = host_address {
        fields.add("host_address", address.to_string(), origin.clone());
    }
    fields.add("host_port", *host_port, origin);
    fields.into_tree()
}

fn shown_mount(mount: &Mount) -> Value {
    let Mount { source, read_only, modes } = mount;
    let mut shown = json!({ "source": self::source(source), "read_only": read_only });
    if !modes.is_empty() {
        shown["modes"] = json!(modes);
    }
    shown
}

fn source(source: &MountSource) -> Value {
    match source {
        MountSource::HostPath(path) => json!({ "host_path": path }),
        MountSource::Volume(name) => json!({ "volume": name }),
    }
}

fn links<'l>(
    links: impl IntoIterator<Item = &'l crate::model::container::Link>,
    field: &str,
    find: Finder<'_>,
) -> Tree {
    let shown = links.into_iter().map(|link| {
        let origin = find.at(&format!("{field}.{link}"));
        Tree::of(json!({ "container_name": link.container_name, "alias": link.alias }), origin)
    });
    Tree::List(shown.collect())
}

fn shown_mode(mode: &NetworkMode) -> Value {
    match mode {
        NetworkMode::Default => "default".into(),
        NetworkMode::None => "none".into(),
        NetworkMode::Host => "host".into(),
        NetworkMode::Container(name) => json!({ "container": name }),
    }
}

fn endpoint(endpoint: &Endpoint, find: Finder<'_>) -> Tree {
    let Endpoint {
        network_name,
        aliases,
        links,
        ipv4_address,
        ipv6_address,
        link_local_addresses,
        mac_address,
        driver_options,
    } = endpoint;
    let field = format!("networks.{network_name}");
    let part = |_: usize, text: &str| format!("{field}.{text}");
    let mut fields = Fields::new(find);
    fields.field("network_name", network_name.as_str(), &field);
    fields.list("aliases", aliases, part);
    fields.tree("links", self::links(links, &field, find));
    for (name, address) in [("ipv4_address", ipv4_address), ("ipv6_address", ipv6_address)] {
        if let Some(address) = address {
            fields.field(name, address.as_str(), &format!("{field}.{address}"));
        }
    }
    fields.list("link_local_addresses", link_local_addresses, part);
    fields.optional("mac_address", mac_address.as_deref(), &field);
    fields.map("driver_options", driver_options, |text| text.as_str().into(), |find, _| find.at(&field));
    fields.into_tree()
}

/// What is 0 is left to the image and the Engine.
fn healthcheck(check: &Healthcheck, find: Finder<'_>) -> Tree {
    let Healthcheck { test, interval_nanoseconds, timeout_nanoseconds, retries, start_period_nanoseconds } =
        check;
    let mut fields = Fields::new(find);
    fields.list("test", test, |_, _| "healthcheck.test".to_owned());
    let numbers = [
        ("interval_nanoseconds", *interval_nanoseconds, "interval"),
        ("timeout_nanoseconds", *timeout_nanoseconds, "timeout"),
        ("retries", u64::from(*retries), "retries"),
        ("start_period_nanoseconds", *start_period_nanoseconds, "start_period"),
    ];
    for (name, number, key) in numbers {
        let field = format!("healthcheck.{key}");
        let is_set = number != 0 || find.places.get(&field).is_some();
        let origin = if is_set { find.at(&field) } else { find.by(super::fields::DEFAULT) };
        fields.add(name, number, origin);
    }
    fields.into_tree()
}

fn exec_command(index: usize, command: &ExecCommand, find: Finder<'_>) -> Tree {
    let ExecCommand { arguments, user, only_initially } = command;
    let field = format!("exec_commands.{index}");
    let mut fields = Fields::new(find);
    fields.list("arguments", arguments, |index, _| format!("{field}.arguments.{index}"));
    fields.optional("user", user.as_deref(), &format!("{field}.user"));
    fields.field("only_initially", *only_initially, &field);
    fields.into_tree()
}

/// The settings that a dependency follows from, as they are looked for; the last is asked for where
/// none is known.
fn fields_of_dependency(item: &ItemId, settings: &ContainerSettings) -> Vec<String> {
    let name = &item.name;
    match item.kind {
        ItemKind::Network => vec![format!("networks.{name}")],
        ItemKind::Volume => {
            let mounts = settings.mounts.iter();
            let mounted = mounts.filter(|(_, mount)| mount.source == MountSource::Volume(name.clone()));
            let is_meant = |mount: &DetailedMount| {
                mount.kind == MountKind::Volume && mount.source.as_ref() == Some(name)
            };
            let detailed = settings.detailed_mounts.iter().filter(|(_, mount)| is_meant(mount));
            let detailed = detailed.map(|(path, _)| format!("host_config.Mounts.{path}"));
            mounted.map(|(path, _)| format!("binds.{path}")).chain(detailed).collect()
        }
        ItemKind::Container => {
            let endpoint_links = settings.endpoints.iter().flat_map(|endpoint| {
                endpoint.links.iter().map(move |link| (format!("networks.{}", endpoint.network_name), link))
            });
            let links = settings.links.iter().map(|link| ("links".to_owned(), link)).chain(endpoint_links);
            let linked = links.filter(|(_, link)| link.container_name == *name);
            let mut fields: Vec<String> = linked.map(|(field, link)| format!("{field}.{link}")).collect();
            fields.push(format!("uses.{name}"));
            if settings.network_mode == NetworkMode::Container(name.clone()) {
                fields.push("network_mode".to_owned());
            }
            let shared = format!("container:{name}");
            let options = settings.host_options.iter().filter(|(_, value)| **value == *shared);
            fields.extend(options.map(|(option, _)| format!("host_config.{option}")));
            fields
        }
        ItemKind::Image => Vec::new(),
    }
}
