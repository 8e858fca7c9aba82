//! Raw values -> tree: the way back of the readers. Each property is written in its one form with
//! names, so that reading it again gives the same value.

use super::node::{Node, NodeValue};
use super::raw::{
    RawAttach, RawBind, RawCommand, RawContainer, RawEndpoint, RawExecCommand, RawExecPolicy, RawHealthcheck,
    RawHostPath, RawLink, RawMap, RawName, RawNetwork, RawNetworkMode, RawPort, RawText, RawUse, RawUser,
    RawVolume, Setting,
};
use super::read_network_mode::mode_of_text;
use super::scalar::whole_number;
use super::span::{Span, Spanned};

/// A mapping that is being written.
#[derive(Default)]
struct Fields(Vec<(Node, Node)>);

impl Fields {
    fn put(&mut self, key: &str, value: Node) {
        self.0.push((quoted(key), value));
    }

    fn some(&mut self, key: &str, value: Option<Node>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// A list that is not empty.
    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&T) -> Node) {
        if !items.is_empty() {
            self.put(key, sequence(items.iter().map(write)));
        }
    }

    /// A mapping that is not empty.
    fn entries<T>(&mut self, key: &str, entries: &[(RawName, T)], write: impl Fn(&T) -> Node) {
        if !entries.is_empty() {
            self.put(key, named(entries, write));
        }
    }

    fn switch(&mut self, key: &str, is_on: bool) {
        if is_on {
            self.put(key, plain("true"));
        }
    }

    fn setting<T>(&mut self, key: &str, setting: &Setting<T>, write: impl Fn(&T) -> Node) {
        match setting {
            Setting::Unset => {}
            Setting::Null(_) => self.put(key, null()),
            Setting::Value(value) => self.put(key, write(value)),
        }
    }

    fn node(self) -> Node {
        Node::made(NodeValue::Mapping(self.0))
    }
}

/// Writes a container map as a document that reads as an equal map.
pub fn write_map(map: &RawMap) -> Node {
    let RawMap {
        name,
        repository,
        default_tag,
        default_domain,
        host_root,
        set_hostname,
        use_attached_parent_name,
        clients,
        groups,
        volumes,
        host,
        networks,
        containers,
        start: _,
    } = map;
    let mut fields = Fields::default();
    fields.some("name", name.as_ref().map(name_node));
    fields.some("repository", repository.as_ref().map(text));
    fields.some("default_tag", default_tag.as_ref().map(text));
    fields.some("default_domain", default_domain.as_ref().map(text));
    fields.some("host_root", host_root.as_ref().map(text));
    fields.some("set_hostname", set_hostname.as_ref().map(switch));
    fields.some("use_attached_parent_name", use_attached_parent_name.as_ref().map(switch));
    fields.list("clients", clients, name_node);
    fields.entries("groups", groups, |items| sequence(items.iter().map(name_node)));
    fields.entries("volumes", volumes, volume);
    fields.entries("host", host, host_path);
    fields.entries("networks", networks, network);
    fields.entries("containers", containers, write_container);
    fields.node()
}

/// Writes a container configuration.
pub fn write_container(container: &RawContainer) -> Node {
    let RawContainer {
        is_abstract,
        extends,
        image,
        instances,
        clients,
        shares,
        binds,
        attaches,
        uses,
        links,
        exposes,
        user,
        permissions,
        stop_timeout,
        stop_signal,
        start_delay,
        network_mode,
        networks,
        exec_commands,
        healthcheck,
        persistent,
        create_options,
        host_config,
    } = container;
    let mut fields = Fields::default();
    fields.some("abstract", is_abstract.as_ref().map(switch));
    fields.list("extends", extends, name_node);
    fields.setting("image", image, text);
    fields.list("instances", instances, name_node);
    fields.list("clients", clients, name_node);
    fields.list("shares", shares, text);
    fields.list("binds", binds, |item| bind(item));
    fields.list("attaches", attaches, |item| attach(item));
    fields.list("uses", uses, |item| used(item));
    fields.list("links", links, |item| link(item));
    fields.list("exposes", exposes, |item| port(item));
    fields.setting("user", user, user_node);
    fields.setting("permissions", permissions, text);
    fields.setting("stop_timeout", stop_timeout, |seconds| plain(seconds.to_string()));
    fields.setting("stop_signal", stop_signal, text);
    fields.setting("start_delay", start_delay, |seconds| plain(seconds.to_string()));
    fields.setting("network_mode", network_mode, mode);
    fields.list("networks", networks, |item| endpoint(item));
    fields.list("exec_commands", exec_commands, |item| exec_command(item));
    fields.setting("healthcheck", healthcheck, check);
    fields.setting("persistent", persistent, |is_on| plain(is_on.to_string()));
    fields.entries("create_options", create_options, Node::clone);
    fields.entries("host_config", host_config, Node::clone);
    fields.node()
}

fn volume(volume: &RawVolume) -> Node {
    let RawVolume { default_path, driver, driver_options, create_options, user, permissions } = volume;
    let mut fields = Fields::default();
    fields.some("default_path", default_path.as_ref().map(text));
    fields.some("driver", driver.as_ref().map(text));
    fields.entries("driver_options", driver_options, text);
    fields.entries("create_options", create_options, Node::clone);
    fields.setting("user", user, user_node);
    fields.setting("permissions", permissions, text);
    fields.node()
}

fn network(network: &RawNetwork) -> Node {
    let RawNetwork { driver, driver_options, internal, create_options } = network;
    let mut fields = Fields::default();
    fields.some("driver", driver.as_ref().map(text));
    fields.entries("driver_options", driver_options, text);
    fields.some("internal", internal.as_ref().map(switch));
    fields.entries("create_options", create_options, Node::clone);
    fields.node()
}

fn bind(bind: &RawBind) -> Node {
    let mut fields = Fields::default();
    match bind {
        RawBind::Alias { name, read_only } => {
            fields.put("name", name_node(name));
            fields.switch("readonly", *read_only);
        }
        RawBind::Path { container_path, host_path: path, read_only } => {
            fields.put("path", text(container_path));
            fields.put("host_path", host_path(path));
            fields.switch("readonly", *read_only);
        }
    }
    fields.node()
}

fn attach(attach: &RawAttach) -> Node {
    let mut fields = Fields::default();
    fields.put("name", name_node(&attach.name));
    fields.some("path", attach.path.as_ref().map(text));
    fields.node()
}

fn used(used: &RawUse) -> Node {
    let mut fields = Fields::default();
    fields.put("name", name_node(&used.name));
    fields.some("path", used.path.as_ref().map(text));
    fields.switch("readonly", used.read_only);
    fields.node()
}

fn link(link: &RawLink) -> Node {
    let mut fields = Fields::default();
    fields.put("container", name_node(&link.container));
    fields.some("alias", link.alias.as_ref().map(name_node));
    fields.node()
}

fn port(port: &RawPort) -> Node {
    let RawPort { exposed_port, host_port, interface, ipv6 } = port;
    let mut fields = Fields::default();
    fields.put("exposed_port", name_node(exposed_port));
    fields.some("host_port", host_port.as_ref().map(text));
    fields.some("interface", interface.as_ref().map(text));
    fields.switch("ipv6", *ipv6);
    fields.node()
}

fn endpoint(endpoint: &RawEndpoint) -> Node {
    let RawEndpoint { network, aliases, links, ipv4_address, ipv6_address, link_local_ips } = endpoint;
    let mut fields = Fields::default();
    fields.put("network_name", name_node(network));
    fields.list("aliases", aliases, text);
    fields.list("links", links, |item| link(item));
    fields.some("ipv4_address", ipv4_address.as_ref().map(text));
    fields.some("ipv6_address", ipv6_address.as_ref().map(text));
    fields.list("link_local_ips", link_local_ips, text);
    fields.node()
}

fn exec_command(command: &RawExecCommand) -> Node {
    let mut fields = Fields::default();
    let RawExecCommand { command, user, policy } = command;
    fields.put(
        "cmd",
        match command {
            RawCommand::Line(line) => text(line),
            RawCommand::Words(words) => sequence(words.iter().map(text)),
        },
    );
    fields.some("user", user.as_ref().map(user_node));
    if *policy == RawExecPolicy::Initial {
        fields.put("policy", quoted("initial"));
    }
    fields.node()
}

fn check(check: &RawHealthcheck) -> Node {
    let RawHealthcheck { test, interval, timeout, retries, start_period } = check;
    let mut fields = Fields::default();
    fields.put("test", sequence(test.iter().map(|word| quoted(word))));
    fields.some("interval", interval.as_ref().map(|time| duration(time.value)));
    fields.some("timeout", timeout.as_ref().map(|time| duration(time.value)));
    fields.some("retries", retries.as_ref().map(|count| plain(count.value.to_string())));
    fields.some("start_period", start_period.as_ref().map(|time| duration(time.value)));
    fields.node()
}

/// In the largest unit of which it is a whole number.
fn duration(nanoseconds: u64) -> Node {
    let unit = [(60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1, "ns")]
        .into_iter()
        .find(|(length, _)| nanoseconds.is_multiple_of(*length));
    let (length, name) = unit.unwrap_or((1, "ns"));
    quoted(&format!("{}{name}", nanoseconds / length))
}

fn mode(mode: &RawNetworkMode) -> Node {
    match mode {
        RawNetworkMode::Preset(name) => quoted(name),
        RawNetworkMode::Disabled => quoted("disabled"),
        RawNetworkMode::Foreign(name) => quoted(&format!("container:{name}")),
        RawNetworkMode::Container { config, instance } => {
            let reference = match instance {
                Some(instance) => format!("{config}.{instance}"),
                None => config.clone(),
            };
            if mode_of_text(&reference).as_ref() == Some(mode) {
                return quoted(&reference);
            }
            // A configuration that is called `host`, or has a dot in its name.
            let instance = instance.as_deref().map_or_else(null, quoted);
            sequence([quoted(config), instance].into_iter())
        }
    }
}

fn user_node(user: &RawUser) -> Node {
    match user {
        RawUser::Text(user) => text(user),
        RawUser::Pair(user, group) => sequence([text(user), text(group)].into_iter()),
    }
}

fn host_path(path: &RawHostPath) -> Node {
    match path {
        RawHostPath::One(path) => text(path),
        RawHostPath::PerInstance(paths, _) => named(paths, text),
    }
}

fn named<T>(entries: &[(RawName, T)], write: impl Fn(&T) -> Node) -> Node {
    let entries = entries.iter().map(|(name, value)| (name_node(name), write(value)));
    Node::made(NodeValue::Mapping(entries.collect()))
}

fn text(raw: &RawText) -> Node {
    // Numbers are easier to read without quotes, and are text all the same.
    let is_number = raw.tag.is_none() && whole_number(&raw.text).is_some();
    let node = if is_number { plain(raw.text.as_str()) } else { quoted(&raw.text) };
    Node { tag: raw.tag.clone(), ..node }
}

fn switch(flag: &Spanned<bool>) -> Node {
    plain(flag.value.to_string())
}

fn name_node(name: &RawName) -> Node {
    quoted(&name.value)
}

fn sequence(items: impl Iterator<Item = Node>) -> Node {
    Node::made(NodeValue::Sequence(items.collect()))
}

fn quoted(text: &str) -> Node {
    Node::text(text)
}

fn plain(text: impl Into<String>) -> Node {
    Node::made(NodeValue::Scalar { text: text.into(), plain: true })
}

fn null() -> Node {
    Node::null(Span::default())
}
