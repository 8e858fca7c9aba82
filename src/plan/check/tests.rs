//! Each rule finds the plan that breaks it: plans of the planner, spoilt.

use std::collections::BTreeMap;

use crate::model::observed::ObservedVolume;
use crate::plan::{Goal, Options, Request, plan_host};
use crate::testing::host;

use super::*;

const MAP: &str = "\
app: {image: i, attaches: data, user: 1000, networks: [one, two]}
web: {image: i, uses: data}
volumes: {data: /data}
networks: {one: , two: }
";

fn state() -> HostState {
    HostState::default()
}

/// What is found in the plan for an empty host once it is spoilt.
fn found(spoil: impl FnOnce(&mut Plan)) -> Vec<String> {
    found_on(&state(), spoil)
}

fn found_on(state: &HostState, spoil: impl FnOnce(&mut Plan)) -> Vec<String> {
    let host = host(MAP);
    let container_names = host.containers.iter().map(|spec| spec.name.clone()).collect();
    let request = Request { goal: Goal::Deploy, container_names, options: Options::default() };
    let mut plan = plan_host(&host, &HostState::default(), &request).expect("a plan");
    spoil(&mut plan);
    violations(&host, state, &plan)
}

fn position(plan: &Plan, text: &str) -> usize {
    plan.steps.iter().position(|step| step.action.to_string() == text).expect(text)
}

/// Takes away what a step waits for.
fn without_waits(text: &'static str) -> impl FnOnce(&mut Plan) {
    move |plan| {
        let index = position(plan, text);
        plan.steps[index].after.clear();
    }
}

#[track_caller]
fn says(found: &[String], expected: &str) {
    assert!(found.iter().any(|line| line.contains(expected)), "no `{expected}` in {found:#?}");
}

#[test]
fn a_plan_as_it_is_made_breaks_no_rule() {
    assert_eq!(found(|_| {}), Vec::<String>::new());
}

#[test]
fn a_step_that_does_not_wait_for_what_it_needs_is_found() {
    let create = found(without_waits("create container m.app"));
    says(&create, "creates container m.app without waiting for #1");
    let start = found(without_waits("start container m.app"));
    says(&start, "starts m.app without waiting for");
    says(&start, "may touch container m.app at the same time");
    says(&found(without_waits("start container m.web")), "starts m.web without waiting for");
    says(&found(|plan| plan.steps[0].after.push(StepId(0))), "waits for #1, which is not before it");
}

#[test]
fn a_dependent_that_starts_first_is_found() {
    let found = found(|plan| {
        let (app, web) = (position(plan, "start container m.app"), position(plan, "start container m.web"));
        plan.steps[web].after.retain(|wait| *wait != StepId(app));
    });
    assert_eq!(found.len(), 1, "{found:#?}");
    says(&found, "starts m.web without waiting for");
}

#[test]
fn what_is_not_ours_is_found() {
    let mut theirs = state();
    let labels = BTreeMap::from([(MAP_LABEL.to_owned(), "theirs".to_owned())]);
    theirs.volumes.insert("m.data".to_owned(), ObservedVolume { labels, ..ObservedVolume::default() });
    theirs.volumes.insert("other".to_owned(), ObservedVolume::default());
    let found = found_on(&theirs, |plan| {
        let mut step = plan.steps[0].clone();
        step.action = Action::RemoveVolume { volume_name: "other".to_owned() };
        plan.steps.push(step);
    });
    says(&found, "touches volume m.data, which is not ours");
    says(&found, "touches volume other, which is not ours");
}

#[test]
fn a_removal_before_the_replacement_is_found() {
    let found = found(|plan| {
        let mut step = plan.steps[0].clone();
        let container_name = "m.app.dmfab-old".to_owned();
        step.action = Action::RemoveContainer { container_name };
        plan.steps.insert(0, step);
    });
    says(&found, "step #1 removes m.app.dmfab-old without waiting for");
}

#[test]
fn items_are_counted_once_and_have_a_cause() {
    says(&found(|plan| plan.steps[0].causes.clear()), "has no cause");
    let item = ItemId::container("m.app");
    says(&found(|plan| plan.unchanged.push(item)), "container m.app is unchanged and counted once more");
    let item = ItemId::container("m.other");
    says(&found(|plan| plan.unchanged.extend([item.clone(), item])), "container m.other is unchanged");
}

#[test]
fn a_switch_that_cannot_be_undone_is_found() {
    let found = found(|plan| {
        let index = position(plan, "create volume m.data");
        let container_name = "m.app".to_owned();
        plan.steps[index].action = Action::StopContainer { container_name, timeout_seconds: None };
        plan.steps[index].undo = None;
    });
    says(&found, "is part of a replacement and cannot be undone");
}
