//! Lays raw values over one another, as Docker-Map's `update` and `merge` do.

use std::collections::{HashMap, HashSet};

use super::raw::{RawContainer, RawName, RawNetwork, RawVolume, Setting};

impl RawContainer {
    /// Lays another configuration over this one: a property that it sets replaces this one's. A list
    /// counts as set if it is not empty.
    pub fn update(&mut self, other: Self) {
        let Self {
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
        } = other;
        replace(&mut self.is_abstract, is_abstract);
        replace_list(&mut self.extends, extends);
        replace_setting(&mut self.image, image);
        replace_list(&mut self.instances, instances);
        replace_list(&mut self.clients, clients);
        replace_list(&mut self.shares, shares);
        replace_list(&mut self.binds, binds);
        replace_list(&mut self.attaches, attaches);
        replace_list(&mut self.uses, uses);
        replace_list(&mut self.links, links);
        replace_list(&mut self.exposes, exposes);
        replace_setting(&mut self.user, user);
        replace_setting(&mut self.permissions, permissions);
        replace_setting(&mut self.stop_timeout, stop_timeout);
        replace_setting(&mut self.stop_signal, stop_signal);
        replace_setting(&mut self.start_delay, start_delay);
        replace_setting(&mut self.network_mode, network_mode);
        replace_list(&mut self.networks, networks);
        replace_list(&mut self.exec_commands, exec_commands);
        replace_setting(&mut self.healthcheck, healthcheck);
        replace_setting(&mut self.persistent, persistent);
        replace_list(&mut self.create_options, create_options);
        replace_list(&mut self.host_config, host_config);
    }
}

impl RawVolume {
    /// Lays other settings over these: what they set replaces; options merge by key.
    pub fn merge(&mut self, other: Self) {
        let Self { default_path, driver, driver_options, create_options, user, permissions } = other;
        replace(&mut self.default_path, default_path);
        replace(&mut self.driver, driver);
        insert_all(&mut self.driver_options, driver_options);
        insert_all(&mut self.create_options, create_options);
        replace_setting(&mut self.user, user);
        replace_setting(&mut self.permissions, permissions);
    }

    /// As [`Self::merge`], but options replace as a whole.
    pub fn update(&mut self, other: Self) {
        replace_list(&mut self.driver_options, other.driver_options.clone());
        replace_list(&mut self.create_options, other.create_options.clone());
        self.merge(other);
    }
}

impl RawNetwork {
    /// Lays other settings over these: what they set replaces; options merge by key.
    pub fn merge(&mut self, other: Self) {
        let Self { driver, driver_options, internal, create_options } = other;
        replace(&mut self.driver, driver);
        insert_all(&mut self.driver_options, driver_options);
        replace(&mut self.internal, internal);
        insert_all(&mut self.create_options, create_options);
    }

    /// As [`Self::merge`], but options replace as a whole.
    pub fn update(&mut self, other: Self) {
        replace_list(&mut self.driver_options, other.driver_options.clone());
        replace_list(&mut self.create_options, other.create_options.clone());
        self.merge(other);
    }
}

/// Only a value that is there replaces.
pub(crate) fn replace<T>(target: &mut Option<T>, source: Option<T>) {
    if source.is_some() {
        *target = source;
    }
}

/// Only a list that is not empty replaces.
pub(crate) fn replace_list<T>(target: &mut Vec<T>, source: Vec<T>) {
    if !source.is_empty() {
        *target = source;
    }
}

fn replace_setting<T>(target: &mut Setting<T>, source: Setting<T>) {
    if !matches!(source, Setting::Unset) {
        *target = source;
    }
}

/// Adds names that are not there yet.
pub(crate) fn unite(target: &mut Vec<RawName>, source: Vec<RawName>) {
    let mut known: HashSet<String> = target.iter().map(|name| name.value.clone()).collect();
    target.extend(source.into_iter().filter(|name| known.insert(name.value.clone())));
}

/// Lays named entries over others: those of the same name are combined, others added with their
/// places.
pub(crate) fn lay<T>(target: &mut Vec<(RawName, T)>, source: Vec<(RawName, T)>, combine: impl Fn(&mut T, T)) {
    let mut known: HashMap<String, usize> =
        target.iter().enumerate().map(|(index, (name, _))| (name.value.clone(), index)).collect();
    for (name, value) in source {
        match known.get(&name.value) {
            Some(index) => combine(&mut target[*index].1, value),
            None => {
                known.insert(name.value.clone(), target.len());
                target.push((name, value));
            }
        }
    }
}

/// Lays named entries over others: those of the same name are replaced.
pub(crate) fn insert_all<T>(target: &mut Vec<(RawName, T)>, source: Vec<(RawName, T)>) {
    lay(target, source, |present, value| *present = value);
}
