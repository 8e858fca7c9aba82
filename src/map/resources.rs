//! Maps as a whole, their volumes and their networks.

use super::{Container, ContainerMap, HostPath, Network, Setting, Text, User, Volume, made, names, put};
use crate::source::node::Node;

impl ContainerMap {
    /// Prefix of image names.
    #[must_use]
    pub fn repository(self, repository: impl Into<Text>) -> Self {
        Self { repository: Some(repository.into()), ..self }
    }

    /// Tag of images that name none.
    #[must_use]
    pub fn default_tag(self, tag: impl Into<Text>) -> Self {
        Self { default_tag: Some(tag.into()), ..self }
    }

    /// Domain name of the containers.
    #[must_use]
    pub fn default_domain(self, domain: impl Into<Text>) -> Self {
        Self { default_domain: Some(domain.into()), ..self }
    }

    /// Where relative host paths start.
    #[must_use]
    pub fn host_root(self, path: impl Into<Text>) -> Self {
        Self { host_root: Some(path.into()), ..self }
    }

    /// Whether containers get a host name made of their own.
    #[must_use]
    pub fn set_hostname(self, is_set: bool) -> Self {
        Self { set_hostname: Some(made(is_set)), ..self }
    }

    /// Whether attached volumes carry their parent's name.
    #[must_use]
    pub fn use_attached_parent_name(self, is_used: bool) -> Self {
        Self { use_attached_parent_name: Some(made(is_used)), ..self }
    }

    /// Adds hosts it runs on, as selection terms.
    #[must_use]
    pub fn clients(mut self, clients: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.clients.extend(names(clients));
        self
    }

    /// Sets a group of containers.
    #[must_use]
    pub fn group(
        mut self,
        name: impl Into<String>,
        items: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        put(&mut self.groups, name, names(items));
        self
    }

    /// Sets an alias of volumes: a path, or settings.
    #[must_use]
    pub fn volume(mut self, alias: impl Into<String>, volume: impl Into<Volume>) -> Self {
        put(&mut self.volumes, alias, volume.into());
        self
    }

    /// Sets an alias of host paths.
    #[must_use]
    pub fn host(mut self, alias: impl Into<String>, path: impl Into<HostPath>) -> Self {
        put(&mut self.host, alias, path.into());
        self
    }

    /// Sets a network.
    #[must_use]
    pub fn network(mut self, name: impl Into<String>, network: Network) -> Self {
        put(&mut self.networks, name, network);
        self
    }

    /// Sets a container configuration.
    #[must_use]
    pub fn container(mut self, name: impl Into<String>, container: Container) -> Self {
        put(&mut self.containers, name, container);
        self
    }
}

impl Volume {
    /// A volume with a path inside containers.
    pub fn at(path: impl Into<Text>) -> Self {
        Self { default_path: Some(path.into()), ..Self::default() }
    }

    /// Kept by a driver.
    #[must_use]
    pub fn driver(self, driver: impl Into<Text>) -> Self {
        Self { driver: Some(driver.into()), ..self }
    }

    /// Sets an option of the driver.
    #[must_use]
    pub fn driver_option(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        put(&mut self.driver_options, name, value.into());
        self
    }

    /// Sets an option of its creation.
    #[must_use]
    pub fn create_option(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        put(&mut self.create_options, name, Node::from(value.into()));
        self
    }

    /// Owner of its files.
    #[must_use]
    pub fn user(self, user: impl Into<User>) -> Self {
        Self { user: Setting::from(user.into()), ..self }
    }

    /// Mode of its files, in `chmod` notation.
    #[must_use]
    pub fn permissions(self, mode: impl Into<Text>) -> Self {
        Self { permissions: Setting::from(mode.into()), ..self }
    }
}

impl From<&str> for Volume {
    fn from(path: &str) -> Self {
        Self::at(path)
    }
}

impl From<Text> for Volume {
    fn from(path: Text) -> Self {
        Self::at(path)
    }
}

impl Network {
    /// A bridge without settings.
    pub fn bridge() -> Self {
        Self::default()
    }

    /// Made by a driver.
    #[must_use]
    pub fn driver(self, driver: impl Into<Text>) -> Self {
        Self { driver: Some(driver.into()), ..self }
    }

    /// Sets an option of the driver.
    #[must_use]
    pub fn driver_option(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        put(&mut self.driver_options, name, value.into());
        self
    }

    /// Without a way to the outside.
    #[must_use]
    pub fn internal(self) -> Self {
        Self { internal: Some(made(true)), ..self }
    }

    /// Sets an option of its creation.
    #[must_use]
    pub fn create_option(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        put(&mut self.create_options, name, Node::from(value.into()));
        self
    }
}
