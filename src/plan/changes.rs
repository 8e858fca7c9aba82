//! What becomes of differences: changed in place, a reason for a new container, or only told.

use crate::model::observed::EngineFacts;
use crate::model::spec::ContainerSpec;
use crate::model::update::{ContainerUpdate, is_limit};

use super::diff::{self, EndpointChange};
use super::{Cause, Difference, Options};

/// What is changed of a container without making it anew.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Changes {
    /// Limits and restart policy.
    pub(super) update: ContainerUpdate,
    /// Why they are changed.
    pub(super) update_causes: Vec<Difference>,
    /// Networks to join, to leave, or to be in differently.
    pub(super) endpoints: Vec<EndpointChange>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.update.is_empty() && self.endpoints.is_empty()
    }

    /// Why, for a container that is made anew after all.
    fn into_causes(self) -> impl Iterator<Item = Cause> {
        let endpoints = self.endpoints.into_iter().map(|change| change.difference);
        self.update_causes.into_iter().chain(endpoints).map(Cause::Changed)
    }
}

/// All differences of a container, by what becomes of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Comparison {
    /// For the operator to know.
    pub(super) told: Vec<Difference>,
    /// What only a new container can have.
    pub(super) replacing: Vec<Difference>,
    /// What the Engine can change.
    pub(super) in_place: Changes,
}

impl Comparison {
    /// Takes out why the container has to be made anew, if it has to, given what else asks for that. A
    /// new one has everything that could have been changed in place.
    pub(super) fn take_causes(&mut self, others: Vec<Cause>) -> Vec<Cause> {
        let mut causes = others;
        causes.extend(std::mem::take(&mut self.replacing).into_iter().map(Cause::Changed));
        if !causes.is_empty() {
            causes.extend(std::mem::take(&mut self.in_place).into_causes());
        }
        causes
    }
}

/// The options of both sides, normalised.
pub(super) type HostOptions = std::collections::BTreeMap<String, serde_json::Value>;

/// Sorts the differences of a container that is there.
pub(super) fn sort(
    differences: Vec<Difference>,
    endpoints: Vec<EndpointChange>,
    (wanted, found): (&HostOptions, &HostOptions),
    facts: &EngineFacts,
    options: &Options,
) -> Comparison {
    let mut sorted = Comparison::default();
    for difference in differences {
        let option = difference.field.strip_prefix("host_config.").unwrap_or_default().to_owned();
        if diff::may_be_unsupported(&difference, facts) {
            sorted.told.push(difference);
        } else if sorted.in_place.update.add(&option, wanted, found) {
            sorted.in_place.update_causes.push(difference);
        } else if options.skip_limit_reset && is_limit(&option) && difference.wanted.is_none() {
            sorted.told.push(difference);
        } else {
            sorted.replacing.push(difference);
        }
    }
    sorted.in_place.endpoints = endpoints;
    sorted
}

/// Whether a place in a network can only be had by a new container.
///
/// Engines tell a container its hardware address when they create it, and newer ones forget it when
/// it leaves. The network of the mode must be there at every start, so who leaves it for good while
/// no map asks for it any more is made anew without it.
pub(super) fn needs_new_container(
    change: &EndpointChange,
    spec: &ContainerSpec,
    main_network: Option<&str>,
    is_declared: impl Fn(&str) -> bool,
) -> bool {
    let is_first = |name: &str| {
        spec.settings.endpoints.first().map_or(name == "bridge", |first| first.network_name == name)
    };
    let has_address = spec.settings.mac_address.is_some() && is_first(&change.network_name);
    let leaves = change.wanted.is_none() && main_network == Some(change.network_name.as_str());
    let stays_there = change.network_name == "bridge" || is_declared(&change.network_name);
    (change.wanted.is_some() && has_address) || (leaves && !stays_there)
}
