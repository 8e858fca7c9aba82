//! Rules that every plan keeps. Tests run each plan they make through [`violations`].

use std::collections::BTreeSet;

use crate::model::item::ItemKind;
use crate::model::ownership::{PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};

use super::{Action, Cause, Plan, Step, StepId};

/// What is wrong with a plan, one line each; empty for every plan the planner makes.
pub fn violations(plan: &Plan) -> Vec<String> {
    let checks = [
        waits_only_for_earlier_steps,
        creates_after_its_needs,
        removes_after_its_replacement,
        undoes_the_switch,
    ];
    plan.steps
        .iter()
        .enumerate()
        .flat_map(|(index, step)| checks.iter().filter_map(move |check| check(plan, StepId(index), step)))
        .collect()
}

/// Nothing can wait for itself: each step waits only for earlier ones.
fn waits_only_for_earlier_steps(_plan: &Plan, id: StepId, step: &Step) -> Option<String> {
    let later = step.after.iter().find(|wait| **wait >= id)?;
    Some(format!("step {id} waits for {later}, which is not before it"))
}

/// A container is created after the networks, volumes and images that the same plan makes for it.
fn creates_after_its_needs(plan: &Plan, id: StepId, step: &Step) -> Option<String> {
    let Action::CreateContainer { spec, .. } = &step.action else { return None };
    let before = all_before(plan, id);
    let is_own = |maker: &Step| !matches!(maker.item.kind, ItemKind::Container);
    let makers =
        plan.steps.iter().enumerate().filter(|(_, maker)| is_own(maker) && makes(&maker.action, spec));
    let missed = makers.map(|(index, _)| StepId(index)).find(|maker| !before.contains(maker))?;
    Some(format!("step {id} creates {} without waiting for {missed}", step.item))
}

fn makes(action: &Action, spec: &crate::model::spec::ContainerSpec) -> bool {
    let needs = |name: &str| spec.dependencies.iter().any(|item| item.name == name);
    match action {
        Action::CreateNetwork { network } => needs(&network.name),
        Action::CreateVolume { volume } => needs(&volume.name),
        Action::PrepareVolume { volume_name, .. } => needs(volume_name),
        Action::PullImage { reference } => *reference == spec.image,
        _ => false,
    }
}

/// What served until now is removed only after its successor has got its name.
fn removes_after_its_replacement(plan: &Plan, id: StepId, step: &Step) -> Option<String> {
    let Action::RemoveContainer { container_name } = &step.action else { return None };
    let name = container_name.strip_suffix(PREDECESSOR_SUFFIX)?;
    let before = all_before(plan, id);
    // A leftover goes before the replacement that needs its name; then no successor has the name yet.
    let is_leftover = step.causes.contains(&Cause::Leftover);
    let switches = plan.steps.iter().enumerate().filter(|(_, other)| is_renamed_to(&other.action, name));
    let missed = switches.map(|(index, _)| StepId(index)).find(|switch| !before.contains(switch))?;
    (!is_leftover).then(|| format!("step {id} removes {container_name} without waiting for {missed}"))
}

fn is_renamed_to(action: &Action, name: &str) -> bool {
    matches!(action, Action::RenameContainer { new_name, .. } if new_name == name)
}

/// Every step between the creation of a successor and its proof can be taken back.
fn undoes_the_switch(_plan: &Plan, id: StepId, step: &Step) -> Option<String> {
    let switches = match &step.action {
        Action::RenameContainer { .. } | Action::StopContainer { .. } => true,
        Action::CreateContainer { container_name, .. } => container_name.ends_with(SUCCESSOR_SUFFIX),
        _ => false,
    };
    let is_lost = switches && step.replacement.is_some() && step.undo.is_none();
    is_lost.then(|| format!("step {id} is part of a replacement and cannot be undone"))
}

fn all_before(plan: &Plan, id: StepId) -> BTreeSet<StepId> {
    let mut before = BTreeSet::new();
    let mut open = vec![id];
    while let Some(step) = open.pop().and_then(|id| plan.steps.get(id.0)) {
        open.extend(step.after.iter().filter(|wait| before.insert(**wait)));
    }
    before
}
