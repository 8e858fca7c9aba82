//! What a plan rests on, as single facts that can be kept and compared: with them, a plan that was
//! saved says what has changed since.
//!
//! Facts are as shown: secrets are `[redacted]`, and options of volume drivers, which may be
//! passwords, always. What comes and goes by itself is no fact: health, times, addresses. A container
//! that was made anew has another id, even with the settings of before.
//!
//! ```text
//! container shop.web   found: id 3f0c.., image app:1, status running   and what is not as wanted
//!                      wanted: image app:2, create_options.user 2000
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::container::{ContainerSettings, ExecCommand};
use crate::model::item::{ItemId, ItemKind};
use crate::model::network::NetworkSpec;
use crate::model::observed::{ContainerStatus, EngineFacts, HostState, ObservedContainer};
use crate::model::ownership::lasting_name;
use crate::model::place::Places;
use crate::model::secret::{REDACTED, Secrets};
use crate::model::spec::{ContainerSpec, HostSpec};
use crate::model::volume::VolumeSpec;

use super::{Cause, Difference, Notice, Plan, diff};

/// The field that says whether an item is there, and what it does.
const STATUS: &str = "status";
const ABSENT: &str = "absent";
const PRESENT: &str = "present";
/// A setting that was found absent although it is wanted.
const NOT_SET: &str = "(not set)";

/// Values as shown, by the dotted name of their setting, as differences have it.
pub type Fields = BTreeMap<String, String>;

/// An item as a plan saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenItem {
    /// The item.
    pub item: ItemId,
    /// What was found on the host: whether it is there, and all that is not as wanted.
    pub found: Fields,
    /// What stands in the files; empty for what no file asks for.
    pub wanted: Fields,
}

/// Where a fact is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The host.
    Found,
    /// The files.
    Wanted,
}

/// Something that is no longer as a plan saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub item: ItemId,
    /// Whether it was found on the host, or stands in the files.
    pub side: Side,
    /// Dotted name of the setting.
    pub field: String,
    /// The value that the plan saw; `None` is not set.
    pub then: Option<String>,
    /// The value now; `None` is not set.
    pub now: Option<String>,
}

/// All that a plan rests on, by item.
pub fn seen(host: &HostSpec, state: &HostState, plan: &Plan) -> Vec<SeenItem> {
    let mut facts = Facts { secrets: &host.secrets, items: BTreeMap::new() };
    let noticed = plan.notices.iter().map(noticed_item);
    let items: BTreeSet<&ItemId> =
        plan.changed_items().into_iter().chain(&plan.unchanged).chain(noticed).collect();
    for item in items {
        facts.found(state, host, item);
        facts.wanted(host, item);
    }
    for (item, difference) in differences(plan) {
        facts.difference(item, difference);
    }
    let items = facts.items.into_iter();
    items.map(|(item, [found, wanted])| SeenItem { item, found, wanted }).collect()
}

/// What a notice is about.
pub(super) fn noticed_item(notice: &Notice) -> &ItemId {
    match notice {
        Notice::Adopted { item }
        | Notice::Orphaned { item }
        | Notice::Skipped { item, .. }
        | Notice::CommandsUnchecked { item, .. }
        | Notice::Unhealthy { item }
        | Notice::Deviates { item, .. } => item,
    }
}

/// Differences that steps mend, and that are only told.
fn differences(plan: &Plan) -> impl Iterator<Item = (&ItemId, &Difference)> {
    let of_steps = plan.steps.iter().flat_map(|step| {
        step.causes.iter().filter_map(|cause| match cause {
            Cause::Changed(difference) => Some((&step.item, difference)),
            _ => None,
        })
    });
    let told = plan.notices.iter().filter_map(|notice| match notice {
        Notice::Deviates { item, difference } => Some((item, difference)),
        _ => None,
    });
    of_steps.chain(told)
}

struct Facts<'a> {
    secrets: &'a Secrets,
    /// What was found of an item, and what is wanted of it.
    items: BTreeMap<ItemId, [Fields; 2]>,
}

impl Facts<'_> {
    fn add(&mut self, item: &ItemId, side: Side, field: &str, value: &str) {
        let value = self.secrets.mask(value);
        let fields = &mut self.items.entry(item.clone()).or_default()[side as usize];
        fields.insert(field.to_owned(), value);
    }

    fn add_if_any(&mut self, item: &ItemId, side: Side, field: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(item, side, field, value);
        }
    }

    /// What is not as wanted. Images are facts of their own, with the id and not only the name.
    fn difference(&mut self, item: &ItemId, difference: &Difference) {
        if difference.field != "image" {
            let found = difference.found.as_deref().unwrap_or(NOT_SET);
            self.add(item, Side::Found, &difference.field, found);
        }
    }

    fn found(&mut self, state: &HostState, host: &HostSpec, item: &ItemId) {
        match item.kind {
            ItemKind::Container => self.found_container(state, host, item),
            ItemKind::Volume => {
                let is_there = state.volumes.contains_key(&item.name);
                self.add(item, Side::Found, STATUS, if is_there { PRESENT } else { ABSENT });
            }
            ItemKind::Network => {
                let found = state.networks.get(&item.name);
                self.add(item, Side::Found, STATUS, if found.is_some() { PRESENT } else { ABSENT });
                self.add_if_any(item, Side::Found, "id", found.map(|found| found.id.as_str()));
            }
            ItemKind::Image => self.found_image(state, item),
        }
    }

    fn found_image(&mut self, state: &HostState, item: &ItemId) {
        let id = state.image_ids.get(&item.name);
        self.add(item, Side::Found, STATUS, if id.is_some() { PRESENT } else { ABSENT });
        self.add_if_any(item, Side::Found, "id", id.map(String::as_str));
    }

    /// A container, and those that an interrupted run left of it. Its id stands for the settings that
    /// cannot be changed.
    fn found_container(&mut self, state: &HostState, host: &HostSpec, item: &ItemId) {
        if !state.containers.contains_key(&item.name) {
            self.add(item, Side::Found, STATUS, ABSENT);
        }
        let of_item = state.containers.values().filter(|found| lasting_name(&found.name) == item.name);
        for found in of_item {
            let ObservedContainer { id, name, image_name, status, .. } = found;
            let item = ItemId::container(name);
            self.add(&item, Side::Found, STATUS, &lasting_status(*status));
            self.add(&item, Side::Found, "id", id);
            self.add(&item, Side::Found, "image", image_name);
        }
        let wanted = host.containers.iter().find(|spec| spec.name == item.name);
        if let Some(spec) = wanted {
            self.found_image(state, &ItemId::image(spec.image.to_string()));
        }
    }

    fn wanted(&mut self, host: &HostSpec, item: &ItemId) {
        match item.kind {
            ItemKind::Container => {
                let wanted = host.containers.iter().filter(|spec| spec.name == item.name);
                wanted.for_each(|spec| self.wanted_container(item, spec));
            }
            ItemKind::Volume => {
                let wanted = host.volumes.iter().filter(|volume| volume.name == item.name);
                wanted.for_each(|volume| self.wanted_volume(item, volume));
            }
            ItemKind::Network => {
                let wanted = host.networks.iter().filter(|network| network.name == item.name);
                wanted.for_each(|network| self.wanted_network(item, network));
            }
            // All that is wanted of an image is its name.
            ItemKind::Image => {}
        }
    }

    fn wanted_container(&mut self, item: &ItemId, spec: &ContainerSpec) {
        let ContainerSpec {
            id: _,
            name: _,
            image,
            settings,
            exec_commands,
            start_delay,
            stop_timeout_seconds,
            persistent,
            dependencies: _,
            places: _,
        } = spec;
        self.add(item, Side::Wanted, "image", &image.to_string());
        self.settings(item, settings);
        for (index, command) in exec_commands.iter().enumerate() {
            self.add(item, Side::Wanted, &format!("exec_commands.{}", index + 1), &shown_command(command));
        }
        self.add(item, Side::Wanted, "start_delay", &format!("{start_delay:?}"));
        let timeout = stop_timeout_seconds.map_or("default".to_owned(), |seconds| format!("{seconds}s"));
        self.add(item, Side::Wanted, "stop_timeout of configuration", &timeout);
        self.add(item, Side::Wanted, "persistent", &persistent.to_string());
    }

    /// All that differs from a container without settings is what is set.
    fn settings(&mut self, item: &ItemId, settings: &ContainerSettings) {
        let nothing = ContainerSettings::default();
        let facts = EngineFacts::default();
        for set in diff::container_differences(settings, &nothing, &Places::default(), &facts) {
            self.add(item, Side::Wanted, &set.field, set.wanted.as_deref().unwrap_or(NOT_SET));
        }
        for place in &settings.endpoints {
            let field = format!("networks.{}", place.network_name);
            self.add(item, Side::Wanted, &field, &diff::shown_endpoint(place));
        }
    }

    fn wanted_volume(&mut self, item: &ItemId, volume: &VolumeSpec) {
        let VolumeSpec {
            name: _,
            map_name: _,
            config_name: _,
            driver,
            driver_options,
            labels,
            preparation,
            places: _,
        } = volume;
        self.add(item, Side::Wanted, "driver", driver);
        for name in driver_options.keys() {
            self.add(item, Side::Wanted, &format!("driver_options.{name}"), REDACTED);
        }
        self.texts(item, "labels", labels);
        for (field, value) in [("user", &preparation.owner), ("permissions", &preparation.mode)] {
            self.add_if_any(item, Side::Wanted, field, value.as_deref());
        }
    }

    fn wanted_network(&mut self, item: &ItemId, network: &NetworkSpec) {
        let NetworkSpec {
            name: _,
            map_name: _,
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
        } = network;
        self.add(item, Side::Wanted, "driver", driver);
        self.texts(item, "driver_options", driver_options);
        self.texts(item, "labels", labels);
        let switches = [
            ("internal", internal),
            ("attachable", attachable),
            ("enable_ipv6", enable_ipv6),
            ("ingress", ingress),
        ];
        for (field, is_on) in switches {
            self.add(item, Side::Wanted, field, &is_on.to_string());
        }
        self.add_if_any(item, Side::Wanted, "scope", scope.as_deref());
        self.add_if_any(item, Side::Wanted, "ipam", ipam.as_ref().map(Value::to_string).as_deref());
    }

    fn texts(&mut self, item: &ItemId, field: &str, texts: &BTreeMap<String, String>) {
        for (name, value) in texts {
            self.add(item, Side::Wanted, &format!("{field}.{name}"), value);
        }
    }
}

/// A container that the Engine starts again and again runs at one moment and not at the next.
fn lasting_status(status: ContainerStatus) -> String {
    match status {
        ContainerStatus::Running { .. } | ContainerStatus::Restarting => "running".to_owned(),
        ContainerStatus::Created
        | ContainerStatus::Paused
        | ContainerStatus::Exited { .. }
        | ContainerStatus::Dead => status.to_string(),
    }
}

fn shown_command(command: &ExecCommand) -> String {
    let ExecCommand { arguments, user, only_initially } = command;
    let user = user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
    format!("{}{user}{}", diff::shown_words(arguments), if *only_initially { " initially" } else { "" })
}

/// What is no longer as it was. Of an item that has come or gone, that alone is told; items that
/// only one of both plans is about are left out.
pub fn changes(then: &[SeenItem], now: &[SeenItem]) -> Vec<Change> {
    let now: BTreeMap<&ItemId, &SeenItem> = now.iter().map(|seen| (&seen.item, seen)).collect();
    let both = then.iter().filter_map(|then| Some((then, *now.get(&then.item)?)));
    both.flat_map(|(then, now)| item_changes(then, now)).collect()
}

fn item_changes(then: &SeenItem, now: &SeenItem) -> Vec<Change> {
    let is_absent = |seen: &SeenItem| seen.found.get(STATUS).is_none_or(|status| status == ABSENT);
    if is_absent(then) != is_absent(now) {
        return vec![change(then, now, Side::Found, STATUS)];
    }
    let fields = |side: Side| [then, now].into_iter().flat_map(move |seen| seen.side(side).keys());
    let of_side = |side: Side| {
        let fields: BTreeSet<&String> = fields(side).collect();
        fields.into_iter().map(move |field| change(then, now, side, field))
    };
    let all = of_side(Side::Found).chain(of_side(Side::Wanted));
    all.filter(|change| change.then != change.now).collect()
}

fn change(then: &SeenItem, now: &SeenItem, side: Side, field: &str) -> Change {
    let [then_value, now_value] = [then, now].map(|seen| seen.value(side, field));
    Change { item: then.item.clone(), side, field: field.to_owned(), then: then_value, now: now_value }
}

impl SeenItem {
    fn side(&self, side: Side) -> &Fields {
        match side {
            Side::Found => &self.found,
            Side::Wanted => &self.wanted,
        }
    }

    /// What was found of a setting that is not told apart is what is wanted.
    fn value(&self, side: Side, field: &str) -> Option<String> {
        let own = self.side(side).get(field);
        let value = if side == Side::Found { own.or_else(|| self.wanted.get(field)) } else { own };
        value.filter(|value| *value != NOT_SET).cloned()
    }
}

#[cfg(test)]
mod tests;
