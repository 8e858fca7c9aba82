//! Inventories: hosts and groups of them.

use super::{ContainerMap, Host, Inventory, Text, made, names, put};

impl Inventory {
    /// An inventory without hosts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a host, or a range of hosts: `apps1-3`.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>, host: Host) -> Self {
        put(&mut self.hosts, name, host);
        self
    }

    /// What every host starts from.
    #[must_use]
    pub fn defaults(self, host: Host) -> Self {
        Self { defaults: Some(host), ..self }
    }

    /// What every map starts from.
    #[must_use]
    pub fn map_defaults(self, map: ContainerMap) -> Self {
        Self { map_defaults: Some(Box::new(map)), ..self }
    }

    /// Sets a group of hosts, as selection terms.
    #[must_use]
    pub fn group(
        mut self,
        name: impl Into<String>,
        terms: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        put(&mut self.groups, name, names(terms));
        self
    }

    /// The host for maps that name none.
    #[must_use]
    pub fn default_host(self, name: impl Into<String>) -> Self {
        Self { default_host: Some(made(name)), ..self }
    }
}

impl Host {
    /// A host to log in to: `[user@]host[:port]`.
    pub fn at(login: impl Into<Text>) -> Self {
        Self { fabric_host: Some(login.into()), ..Self::default() }
    }

    /// An Engine by its URL: `unix:///var/run/docker.sock`, `tcp://127.0.0.1:2375`.
    pub fn engine(url: impl Into<Text>) -> Self {
        Self { base_url: Some(url.into()), ..Self::default() }
    }

    /// Sets the IPv4 address of an interface, by alias.
    #[must_use]
    pub fn interface(mut self, alias: impl Into<String>, address: impl Into<Text>) -> Self {
        put(&mut self.interfaces, alias, address.into());
        self
    }

    /// Sets the IPv6 address of an interface, by alias.
    #[must_use]
    pub fn interface_ipv6(mut self, alias: impl Into<String>, address: impl Into<Text>) -> Self {
        put(&mut self.interfaces_ipv6, alias, address.into());
        self
    }
}
