//! Changes of containers that stay: limits, restart policy, places in networks.
//!
//! ```text
//! update -> leave networks -> join networks -> start, where it stands still
//! ```
//!
//! Containers may trade fixed addresses, so who joins with one waits for everybody to leave. Places
//! change together or not at all: a container that left a network and cannot join it again would be
//! cut off.

use crate::model::container::Endpoint;
use crate::model::item::ItemId;
use crate::model::observed::ContainerStatus;

use crate::plan::actions::{connect, disconnect};
use crate::plan::builder::Chain;
use crate::plan::changes::Changes;
use crate::plan::diff::EndpointChange;
use crate::plan::{Action, Cause, ReplacementId, StepId};

use super::{ContainerPlanner, Work};

impl ContainerPlanner<'_> {
    pub(super) fn plan_changes(&mut self, works: &mut [Work<'_>]) {
        let mut groups = Vec::new();
        let mut freed = Vec::new();
        for work in works.iter_mut() {
            self.plan_update(work);
            let group = (!work.changes.endpoints.is_empty()).then(|| self.builder.new_replacement());
            groups.push(group);
            if let Some(group) = group {
                self.plan_leaving(work, group, &mut freed);
            }
        }
        for (work, group) in works.iter_mut().zip(groups) {
            if let Some(group) = group {
                self.plan_joining(work, group, &freed);
            }
            if !work.changes.is_empty() && work.is_kept() {
                Chain::resume(self.builder, work.spec.item(), work.last, None).usable();
            }
        }
    }

    fn plan_update(&mut self, work: &mut Work<'_>) {
        let Changes { update, update_causes, .. } = &work.changes;
        if update.is_empty() {
            return;
        }
        let action =
            Action::UpdateContainer { container_name: work.spec.name.clone(), update: update.clone() };
        let causes = update_causes.iter().cloned().map(Cause::Changed).collect();
        let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, None);
        work.last = chain.because(causes).then(action, Vec::new()).last();
    }

    fn plan_leaving(&mut self, work: &mut Work<'_>, group: ReplacementId, freed: &mut Vec<Freed>) {
        let status = work.leftovers.found.map(|found| found.container.status);
        let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, Some(group));
        chain.at_rest(!status.is_some_and(ContainerStatus::is_active));
        for EndpointChange { network_name, found, difference, .. } in &work.changes.endpoints {
            let Some(found) = found else { continue };
            let name = &work.spec.name;
            chain.because(vec![Cause::Changed(difference.clone())]).then_undoable(
                disconnect(name, network_name),
                Vec::new(),
                connect(name, found),
            );
            freed.extend(
                addresses(found).zip(chain.last()).map(|(address, step)| Freed {
                    address: (network_name.clone(), address.to_owned()),
                    step,
                }),
            );
        }
        work.last = chain.last();
    }

    fn plan_joining(&mut self, work: &mut Work<'_>, group: ReplacementId, freed: &[Freed]) {
        let name = &work.spec.name;
        for EndpointChange { network_name, found, wanted, difference } in &work.changes.endpoints {
            let Some(wanted) = wanted else { continue };
            let mut waits = self.builder.waits_for([&ItemId::network(network_name)]);
            let is_awaited = |freed: &&Freed| {
                freed.address.0 == *network_name
                    && addresses(wanted).any(|address| address == freed.address.1)
            };
            waits.extend(freed.iter().filter(is_awaited).map(|freed| freed.step));
            let mut chain = Chain::resume(self.builder, work.spec.item(), work.last, Some(group));
            if found.is_none() {
                chain.because(vec![Cause::Changed(difference.clone())]);
            }
            chain.then_undoable(connect(name, wanted), waits, disconnect(name, network_name));
            work.last = chain.last();
        }
    }
}

/// An address that somebody has left.
struct Freed {
    /// The network, and the address in it.
    address: (String, String),
    step: StepId,
}

fn addresses(endpoint: &Endpoint) -> impl Iterator<Item = &str> {
    endpoint.ipv4_address.iter().chain(&endpoint.ipv6_address).map(String::as_str)
}
