//! The entries of a container's list properties.

use std::time::Duration;

use super::{
    Attach, Bind, Command, Endpoint, ExecCommand, ExecPolicy, Healthcheck, HostPath, Link, NetworkMode, Port,
    Text, Use, User, made,
};
use crate::source::span::{Span, Spanned};

impl HostPath {
    /// A path for each instance; `default` is for a container without instances.
    pub fn per_instance(paths: impl IntoIterator<Item = (impl Into<String>, impl Into<Text>)>) -> Self {
        let paths = paths.into_iter().map(|(instance_name, path)| (made(instance_name), path.into()));
        Self::PerInstance(paths.collect(), Span::default())
    }
}

impl<T: Into<Text>> From<T> for HostPath {
    fn from(path: T) -> Self {
        Self::One(path.into())
    }
}

impl Bind {
    /// An alias of `host` and `volumes`.
    pub fn alias(name: impl Into<String>) -> Self {
        Self::Alias { name: made(name), read_only: false }
    }

    /// A path of the host at a path of the container.
    pub fn path(container_path: impl Into<Text>, host_path: impl Into<HostPath>) -> Self {
        Self::Path { container_path: container_path.into(), host_path: host_path.into(), read_only: false }
    }

    /// The same, read-only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        match &mut self {
            Self::Alias { read_only, .. } | Self::Path { read_only, .. } => *read_only = true,
        }
        self
    }
}

impl From<&str> for Bind {
    fn from(alias: &str) -> Self {
        Self::alias(alias)
    }
}

impl From<(&str, &str)> for Bind {
    fn from((container_path, host_path): (&str, &str)) -> Self {
        Self::path(container_path, host_path)
    }
}

impl Attach {
    /// A volume at the path of its alias.
    pub fn alias(name: impl Into<String>) -> Self {
        Self { name: made(name), path: None }
    }

    /// The same at another path.
    #[must_use]
    pub fn at(self, path: impl Into<Text>) -> Self {
        Self { path: Some(path.into()), ..self }
    }
}

impl From<&str> for Attach {
    fn from(alias: &str) -> Self {
        Self::alias(alias)
    }
}

impl From<(&str, &str)> for Attach {
    fn from((alias, path): (&str, &str)) -> Self {
        Self::alias(alias).at(path)
    }
}

impl Use {
    /// An attached alias, a container, or `container.instance`.
    pub fn of(name: impl Into<String>) -> Self {
        Self { name: made(name), path: None, read_only: false }
    }

    /// The same at another path.
    #[must_use]
    pub fn at(self, path: impl Into<Text>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The same, read-only.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }
}

impl From<&str> for Use {
    fn from(name: &str) -> Self {
        Self::of(name)
    }
}

impl Link {
    /// A link to `config` or `config.instance`, under its own name.
    pub fn to(container: impl Into<String>) -> Self {
        Self { container: made(container), alias: None }
    }

    /// The same under another name.
    #[must_use]
    pub fn alias(self, alias: impl Into<String>) -> Self {
        Self { alias: Some(made(alias)), ..self }
    }
}

impl From<&str> for Link {
    fn from(container: &str) -> Self {
        Self::to(container)
    }
}

impl From<(&str, &str)> for Link {
    fn from((container, alias): (&str, &str)) -> Self {
        Self::to(container).alias(alias)
    }
}

impl Port {
    /// A TCP port of the container.
    pub fn tcp(port: u16) -> Self {
        Self::of(format!("{port}/tcp"))
    }

    /// A UDP port of the container.
    pub fn udp(port: u16) -> Self {
        Self::of(format!("{port}/udp"))
    }

    /// An SCTP port of the container.
    pub fn sctp(port: u16) -> Self {
        Self::of(format!("{port}/sctp"))
    }

    fn of(exposed_port: String) -> Self {
        Self { exposed_port: made(exposed_port), host_port: None, interface: None, ipv6: false }
    }

    /// Published on a port of the host, on all addresses; 0 is any that is free.
    #[must_use]
    pub fn publish(self, host_port: impl Into<Text>) -> Self {
        Self { host_port: Some(host_port.into()), ..self }
    }

    /// Published only on an interface of the host, by alias.
    #[must_use]
    pub fn on(self, interface: impl Into<Text>) -> Self {
        Self { interface: Some(interface.into()), ipv6: false, ..self }
    }

    /// Published only on the IPv6 address of an interface.
    #[must_use]
    pub fn on_ipv6(self, interface: impl Into<Text>) -> Self {
        Self { interface: Some(interface.into()), ipv6: true, ..self }
    }
}

impl From<u16> for Port {
    fn from(port: u16) -> Self {
        Self::tcp(port)
    }
}

impl From<(u16, u16)> for Port {
    fn from((port, host_port): (u16, u16)) -> Self {
        Self::tcp(port).publish(host_port)
    }
}

impl Endpoint {
    /// A place in a network.
    pub fn in_network(name: impl Into<String>) -> Self {
        Self {
            network: made(name),
            aliases: Vec::new(),
            links: Vec::new(),
            ipv4_address: None,
            ipv6_address: None,
            link_local_ips: Vec::new(),
        }
    }

    /// Adds a name of the container in this network.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<Text>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// Adds a link within this network.
    #[must_use]
    pub fn link(mut self, link: impl Into<Link>) -> Self {
        self.links.push(made(link));
        self
    }

    /// With a fixed IPv4 address.
    #[must_use]
    pub fn ipv4(self, address: impl Into<Text>) -> Self {
        Self { ipv4_address: Some(address.into()), ..self }
    }

    /// With a fixed IPv6 address.
    #[must_use]
    pub fn ipv6(self, address: impl Into<Text>) -> Self {
        Self { ipv6_address: Some(address.into()), ..self }
    }

    /// Adds a link-local address.
    #[must_use]
    pub fn link_local(mut self, address: impl Into<Text>) -> Self {
        self.link_local_ips.push(address.into());
        self
    }
}

impl From<&str> for Endpoint {
    fn from(network_name: &str) -> Self {
        Self::in_network(network_name)
    }
}

impl ExecCommand {
    /// A line, split as a shell splits it.
    pub fn line(line: impl Into<Text>) -> Self {
        Self { command: Command::Line(line.into()), user: None, policy: ExecPolicy::Restart }
    }

    /// A program and its arguments.
    pub fn words(words: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { command: Command::Words(words), user: None, policy: ExecPolicy::Restart }
    }

    /// As another user than the container's.
    #[must_use]
    pub fn user(self, user: impl Into<User>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// Once, after the creation, instead of after every start.
    #[must_use]
    pub fn initially(self) -> Self {
        Self { policy: ExecPolicy::Initial, ..self }
    }
}

impl From<&str> for ExecCommand {
    fn from(line: &str) -> Self {
        Self::line(line)
    }
}

impl User {
    /// A user with a group.
    pub fn with_group(user: impl Into<Text>, group: impl Into<Text>) -> Self {
        Self::Pair(user.into(), group.into())
    }
}

impl From<&str> for User {
    fn from(user: &str) -> Self {
        Self::Text(user.into())
    }
}

impl From<u32> for User {
    fn from(user_id: u32) -> Self {
        Self::Text(Text::plain(user_id.to_string()))
    }
}

impl From<Text> for User {
    fn from(user: Text) -> Self {
        Self::Text(user)
    }
}

impl NetworkMode {
    /// The network of a container of the map: `config` or `config.instance`.
    pub fn of_container(reference: &str) -> Self {
        let (config, instance) = match reference.split_once('.') {
            Some((config, instance)) => (config, Some(instance.to_owned())),
            None => (reference, None),
        };
        Self::Container { config: config.to_owned(), instance }
    }
}

impl Healthcheck {
    /// A program and its arguments.
    pub fn command(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let words = words.into_iter().map(Into::into);
        Self::of(std::iter::once("CMD".to_owned()).chain(words).collect())
    }

    /// A line for the container's shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self::of(vec!["CMD-SHELL".to_owned(), line.into()])
    }

    /// No check, not even the image's.
    pub fn disabled() -> Self {
        Self::of(vec!["NONE".to_owned()])
    }

    fn of(test: Vec<String>) -> Self {
        Self { test: made(test), interval: None, timeout: None, retries: None, start_period: None }
    }

    /// Time between two checks.
    #[must_use]
    pub fn interval(self, time: Duration) -> Self {
        Self { interval: Some(nanoseconds(time)), ..self }
    }

    /// Time that one check may take.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        Self { timeout: Some(nanoseconds(time)), ..self }
    }

    /// Failures until the container is unhealthy.
    #[must_use]
    pub fn retries(self, count: u32) -> Self {
        Self { retries: Some(made(count)), ..self }
    }

    /// Time before failures count.
    #[must_use]
    pub fn start_period(self, time: Duration) -> Self {
        Self { start_period: Some(nanoseconds(time)), ..self }
    }
}

/// Five hundred years are as good as for ever.
fn nanoseconds(time: Duration) -> Spanned<u64> {
    made(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
