//! Ports that others hold are known before anything is stopped.
//!
//! Whatever this plan stops or removes gives its ports free, and so does a container that is replaced:
//! it has the name of its successor. What is no container holds ports that no Engine knows of.

use std::collections::BTreeSet;

use crate::model::container::{NetworkMode, Port, PublishedPort};
use crate::model::item::ItemId;
use crate::model::observed::HostState;
use crate::model::ownership::lasting_name;
use crate::model::spec::{ContainerSpec, HostSpec};

use super::{Action, Notice, Plan, PlanError};

/// Refuses to start what could not get its ports.
pub(super) fn refuse_taken(host: &HostSpec, state: &HostState, plan: &Plan) -> Result<(), PlanError> {
    let starts = named(plan, |action| match action {
        Action::StartContainer { container_name, .. } => Some(container_name),
        _ => None,
    });
    let ends = named(plan, |action| match action {
        Action::StopContainer { container_name, .. }
        | Action::RemoveContainer { container_name }
        | Action::TakeAwayContainer { container_name, .. } => Some(container_name),
        _ => None,
    });
    let started: BTreeSet<&str> = starts.into_iter().map(lasting_name).collect();
    for spec in host.containers.iter().filter(|spec| started.contains(spec.name.as_str())) {
        let others = state
            .held_ports
            .iter()
            .filter(|(name, _)| lasting_name(name) != spec.name && !ends.contains(name.as_str()));
        for (holder, held) in others {
            refuse_clash(spec, holder, held, plan)?;
        }
    }
    Ok(())
}

fn refuse_clash(
    spec: &ContainerSpec,
    holder: &str,
    held: &BTreeSet<PublishedPort>,
    plan: &Plan,
) -> Result<(), PlanError> {
    if spec.settings.network_mode != NetworkMode::Default {
        return Ok(());
    }
    let wanted = &spec.settings.published_ports;
    let clash = wanted.iter().find(|wanted| held.iter().any(|held| wanted.clashes_with(held)));
    clash.map_or(Ok(()), |wanted| {
        let port = Port { number: wanted.host_port, protocol: wanted.container_port.protocol };
        let (container_name, holder) = (spec.name.clone(), holder.to_owned());
        let orphan = Notice::Orphaned { item: ItemId::container(&holder) };
        let is_orphan = plan.notices.contains(&orphan);
        Err(PlanError::PortTaken { container_name, port, holder, is_orphan })
    })
}

/// Containers of the steps that do this.
fn named<'p>(plan: &'p Plan, name: impl Fn(&'p Action) -> Option<&'p String>) -> BTreeSet<&'p str> {
    plan.steps.iter().filter_map(|step| name(&step.action)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Goal;
    use crate::plan::tests::{deployed, try_plan};
    use crate::testing::host;

    const MAP: &str = "app: {image: app:1, exposes: {80: 8080}}";

    /// A host with our container, and another one that holds a port.
    fn beside(port: &str, address: &str) -> (HostSpec, HostState) {
        let wanted = host(MAP);
        let mut state = deployed(&host(&MAP.replace("app:1", "app:0")));
        state.image_ids.extend(deployed(&wanted).image_ids);
        let held = PublishedPort {
            container_port: Port::parse(port).expect("a port"),
            host_address: address.parse().ok(),
            host_port: 8080,
        };
        state.held_ports.insert("their-proxy".to_owned(), [held].into());
        (wanted, state)
    }

    #[test]
    fn a_port_that_another_container_holds_is_known_before_anything_is_stopped() {
        for address in ["", "0.0.0.0", "10.0.0.1"] {
            let (wanted, state) = beside("9000", address);
            let error = try_plan(&wanted, &state, Goal::Deploy, &[]).expect_err("the port is taken");
            assert_eq!(
                error.to_string(),
                "container `m.app` is to publish port 8080/tcp, which container `their-proxy` holds"
            );
            let help = error.help().expect("a remedy");
            assert_eq!(help, "stop container `their-proxy` on the host, or publish another port");
        }
        let (wanted, state) = beside("9000/udp", "");
        assert!(try_plan(&wanted, &state, Goal::Deploy, &[]).is_ok(), "another protocol");
    }

    #[test]
    fn a_container_that_runs_already_or_is_stopped_does_not_ask_for_its_port() {
        let (wanted, mut state) = beside("9000", "");
        assert!(try_plan(&wanted, &state, Goal::Stop, &[]).is_ok());
        state.containers = deployed(&wanted).containers;
        assert!(try_plan(&wanted, &state, Goal::Deploy, &[]).is_ok());
    }

    #[test]
    fn what_is_replaced_or_stopped_by_the_plan_gives_its_port_free() {
        let before = host("a: {image: i, exposes: {80: 8080}}\nb: {image: i, exposes: {80: 8081}}");
        let after = host("a: {image: i, exposes: {80: 8081}}\nb: {image: i, exposes: {80: 8080}}");
        let mut state = deployed(&before);
        for spec in &before.containers {
            state.held_ports.insert(spec.name.clone(), spec.settings.published_ports.clone());
        }
        let plan = try_plan(&after, &state, Goal::Deploy, &[]).expect("they change places");
        assert!(plan.destroys());
    }
}
