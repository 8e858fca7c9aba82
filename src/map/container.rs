//! Container configurations, property by property.

use super::{
    Attach, Bind, Container, Endpoint, ExecCommand, Healthcheck, Link, Name, NetworkMode, Port, Text, Use,
    User, made, names, put,
};
use crate::source::node::{Node, NodeValue};
use crate::source::span::Span;

impl Container {
    /// A configuration without any property.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only a base for others.
    #[must_use]
    pub fn into_abstract(self) -> Self {
        Self { is_abstract: Some(made(true)), ..self }
    }

    /// Whether this is only a base for others.
    pub fn is_abstract(&self) -> bool {
        self.is_abstract.as_ref().is_some_and(|flag| flag.value)
    }

    /// Adds a base.
    #[must_use]
    pub fn extends(mut self, base: impl Into<String>) -> Self {
        self.extends.push(made(base));
        self
    }

    /// The image, if it is not called as the configuration is.
    #[must_use]
    pub fn image(self, image: impl Into<Text>) -> Self {
        Self { image: image.into().into(), ..self }
    }

    /// Adds instances: one container for each.
    #[must_use]
    pub fn instances(mut self, instances: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.instances.extend(names(instances));
        self
    }

    /// Adds hosts that count instead of the map's, as selection terms.
    #[must_use]
    pub fn clients(mut self, clients: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.clients.extend(names(clients));
        self
    }

    /// Adds a path that is kept in an anonymous volume.
    #[must_use]
    pub fn share(mut self, path: impl Into<Text>) -> Self {
        self.shares.push(path.into());
        self
    }

    /// Adds a path of the host.
    #[must_use]
    pub fn bind(mut self, bind: impl Into<Bind>) -> Self {
        self.binds.push(made(bind));
        self
    }

    /// Adds a volume of its own.
    #[must_use]
    pub fn attach(mut self, attach: impl Into<Attach>) -> Self {
        self.attaches.push(made(attach));
        self
    }

    /// Adds a volume of another configuration, or all of a container.
    #[must_use]
    pub fn uses(mut self, used: impl Into<Use>) -> Self {
        self.uses.push(made(used));
        self
    }

    /// Adds a link.
    #[must_use]
    pub fn link(mut self, link: impl Into<Link>) -> Self {
        self.links.push(made(link));
        self
    }

    /// Adds a port.
    #[must_use]
    pub fn expose(mut self, port: impl Into<Port>) -> Self {
        self.exposes.push(made(port));
        self
    }

    /// User of the process, and owner of attached volumes.
    #[must_use]
    pub fn user(self, user: impl Into<User>) -> Self {
        Self { user: user.into().into(), ..self }
    }

    /// Mode of attached volumes, in `chmod` notation.
    #[must_use]
    pub fn permissions(self, mode: impl Into<Text>) -> Self {
        Self { permissions: mode.into().into(), ..self }
    }

    /// Seconds until a stopping container is killed.
    #[must_use]
    pub fn stop_timeout(self, seconds: u32) -> Self {
        Self { stop_timeout: seconds.into(), ..self }
    }

    /// The signal that stops it, by name or number.
    #[must_use]
    pub fn stop_signal(self, signal: impl Into<Text>) -> Self {
        Self { stop_signal: signal.into().into(), ..self }
    }

    /// Seconds to wait after each start.
    #[must_use]
    pub fn start_delay(self, seconds: f64) -> Self {
        Self { start_delay: seconds.into(), ..self }
    }

    /// How it is networked.
    #[must_use]
    pub fn network_mode(self, mode: NetworkMode) -> Self {
        Self { network_mode: mode.into(), ..self }
    }

    /// Adds a network to join.
    #[must_use]
    pub fn network(mut self, endpoint: impl Into<Endpoint>) -> Self {
        self.networks.push(made(endpoint));
        self
    }

    /// Adds a command to run in the started container.
    #[must_use]
    pub fn exec(mut self, command: impl Into<ExecCommand>) -> Self {
        self.exec_commands.push(made(command));
        self
    }

    /// How its health is asked for.
    #[must_use]
    pub fn healthcheck(self, check: Healthcheck) -> Self {
        Self { healthcheck: check.into(), ..self }
    }

    /// Kept when stopped, and not replaced for a new image.
    #[must_use]
    pub fn persistent(self) -> Self {
        Self { persistent: true.into(), ..self }
    }

    /// Sets an option of `create_options`: `container.create_option("tty", true)`, or any
    /// `serde_json` value. As in JSON files, `json!({"!env": "NAME"})` is the value of a variable.
    #[must_use]
    pub fn create_option(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        put(&mut self.create_options, name, Node::from(value.into()));
        self
    }

    /// Sets an option of `host_config`.
    #[must_use]
    pub fn host_option(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        put(&mut self.host_config, name, Node::from(value.into()));
        self
    }

    /// Sets a variable of the environment, beside those that are set.
    #[must_use]
    pub fn environment(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.create_entry(["environment", "Env"], &name.into(), value.into())
    }

    /// Sets a label, beside those that are set.
    #[must_use]
    pub fn label(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.create_entry(["labels", "Labels"], &name.into(), value.into())
    }

    /// Sets an entry of an option that is a mapping, or a list of `name=value`, under whichever of its
    /// two names it has.
    fn create_entry(mut self, [option, api_name]: [&str; 2], name: &str, value: Text) -> Self {
        let is_option = |known: &Name| known.value == option || known.value == api_name;
        let node = match self.create_options.iter_mut().position(|(known, _)| is_option(known)) {
            Some(index) => &mut self.create_options[index].1,
            None => {
                let empty = Node::made(NodeValue::Mapping(Vec::new()));
                self.create_options.push((made(option), empty));
                let last = self.create_options.len() - 1;
                &mut self.create_options[last].1
            }
        };
        let mut entries = mapping_entries(node);
        entries.retain(|(key, _)| key.as_text() != Some(name));
        entries.push((Node::text(name), Node { tag: value.tag, ..Node::text(value.text) }));
        *node = Node { value: NodeValue::Mapping(entries), tag: None, span: node.span };
        self
    }
}

/// The entries of a mapping, or of a list of `name=value` in which a name alone has no value.
fn mapping_entries(node: &Node) -> Vec<(Node, Node)> {
    match &node.value {
        NodeValue::Mapping(entries) => entries.clone(),
        NodeValue::Sequence(items) => {
            let pair = |text: &str| match text.split_once('=') {
                Some((name, value)) => (Node::text(name), Node::text(value)),
                None => (Node::text(text), Node::null(Span::default())),
            };
            items.iter().filter_map(Node::as_text).map(pair).collect()
        }
        NodeValue::Scalar { .. } => Vec::new(),
    }
}
