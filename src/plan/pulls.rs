//! Images: which registries have to be asked, and what a plan may do with the answers.

use std::collections::BTreeSet;

use crate::model::image::ImageReference;
use crate::model::observed::{HostState, RegistryAnswer};
use crate::model::spec::{ContainerSpec, HostSpec};

use super::options::PullPolicy;
use super::order::Containers;
use super::planner::PlanError;
use super::{Action, Plan, Registries, Request};

/// Images whose registries must be asked what their tags point to before a plan can be made. A
/// digest points to the same image for ever.
pub fn registry_questions(host: &HostSpec, request: &Request) -> BTreeSet<ImageReference> {
    if !(request.goal.makes_containers() && request.options.pull == PullPolicy::Always) {
        return BTreeSet::new();
    }
    selected(host, request).map(|spec| spec.image.clone()).filter(|image| image.digest.is_none()).collect()
}

fn selected<'a>(host: &'a HostSpec, request: &Request) -> impl Iterator<Item = &'a ContainerSpec> {
    let names = Containers::new(&host.containers).with_dependencies(&request.container_names);
    host.containers.iter().filter(move |spec| names.contains(spec.name.as_str()))
}

/// Whether the plan knows where tags point to now.
pub(super) fn registries(request: &Request) -> Registries {
    match request.options.pull {
        _ if !request.goal.makes_containers() => Registries::NotNeeded,
        PullPolicy::Always => Registries::Asked,
        PullPolicy::Missing | PullPolicy::Never => Registries::NotAsked,
    }
}

/// A plan that was to know what registries hold is not made without their answers.
pub(super) fn refuse_unanswered(
    host: &HostSpec,
    state: &HostState,
    request: &Request,
) -> Result<(), PlanError> {
    for image in registry_questions(host, request) {
        let reason = match state.registry_answers.get(&image) {
            Some(RegistryAnswer::Digest(_)) => continue,
            Some(RegistryAnswer::None(reason)) => reason.clone(),
            None => "it was not asked".to_owned(),
        };
        return Err(PlanError::RegistryUnanswered { image: image.to_string(), reason });
    }
    Ok(())
}

/// Where nothing may be pulled, everything must be there.
pub(super) fn refuse_pulls(plan: &Plan, request: &Request) -> Result<(), PlanError> {
    let is_allowed = request.options.pull != PullPolicy::Never || !request.goal.makes_containers();
    let pull = plan.steps.iter().find_map(|step| match &step.action {
        Action::PullImage { reference } if !is_allowed => Some(reference.to_string()),
        _ => None,
    });
    pull.map_or(Ok(()), |image| Err(PlanError::ImageAbsent { image }))
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::deployed;
    use crate::plan::{Goal, Options, plan_host, text};
    use crate::testing::host;

    use super::*;

    const MAP: &str =
        "app: {image: 'app:1'}\npinned: {image: 'db@sha256:00'}\nkept: {image: 'app:1', persistent: true}";
    const DIGEST: &str = "sha256:123456789abcdef";

    fn request(pull: PullPolicy, names: &[&str]) -> Request {
        let container_names = names.iter().map(|name| (*name).to_owned()).collect();
        Request { goal: Goal::Deploy, container_names, options: Options { pull, ..Options::default() } }
    }

    fn planned(state: &HostState, pull: PullPolicy) -> Result<String, PlanError> {
        let plan = plan_host(&host(MAP), state, &request(pull, &["m.app", "m.pinned", "m.kept"]))?;
        Ok(text::lines(&plan).join("\n"))
    }

    fn answered(answer: RegistryAnswer) -> HostState {
        let image = ImageReference::parse("app:1", "latest");
        HostState { registry_answers: [(image, answer)].into(), ..deployed(&host(MAP)) }
    }

    #[test]
    fn a_tag_that_was_moved_is_pulled_and_its_containers_are_replaced() {
        let mut state = answered(RegistryAnswer::Digest(DIGEST.to_owned()));
        insta::assert_snapshot!(planned(&state, PullPolicy::Always).unwrap(), @r#"
        #1 pull image app:1  <- image "app:1 (id-of-app:1)" -> "app:1 (123456789abc in the registry)" (inventory.yaml:4)
        #2 create container m.app.dmfab-new  <- image "app:1 (id-of-app:1)" -> "app:1 (123456789abc in the registry)" (inventory.yaml:4)  after #1
        #3 stop container m.app  after #2  interrupts
        #4 start container m.app.dmfab-new  after #3
        #5 verify container m.app.dmfab-new  after #4
        #6 rename container m.app to m.app.dmfab-old  after #5
        #7 rename container m.app.dmfab-new to m.app  after #6
        #8 remove container m.app.dmfab-old  after #7
        "#);
        state.image_ids.insert(format!("app@{DIGEST}"), "id-of-app:1".to_owned());
        assert_eq!(planned(&state, PullPolicy::Always).unwrap(), "", "the host has what the registry has");
        state.image_ids.insert("app:1".to_owned(), "id-of-an-older-one".to_owned());
        assert!(planned(&state, PullPolicy::Always).unwrap().contains("pull image app:1"), "moved back");
    }

    #[test]
    fn only_tags_are_asked_for_and_only_where_it_is_wanted() {
        let images = |pull, names: &[&str]| registry_questions(&host(MAP), &request(pull, names));
        assert_eq!(images(PullPolicy::Always, &["m.pinned"]), BTreeSet::new());
        assert_eq!(images(PullPolicy::Always, &["m.app"]).len(), 1);
        assert_eq!(images(PullPolicy::Missing, &["m.app"]), BTreeSet::new());
    }

    #[test]
    fn without_an_answer_there_is_no_plan() {
        let state = answered(RegistryAnswer::None("GET /distribution/app:1/json: 500, no route".to_owned()));
        let error = planned(&state, PullPolicy::Always).unwrap_err();
        assert!(error.to_string().ends_with("points to: GET /distribution/app:1/json: 500, no route"));
        assert_eq!(planned(&state, PullPolicy::Missing), Ok(String::new()));
    }

    #[test]
    fn what_must_not_be_pulled_must_be_there() {
        let mut state = deployed(&host(MAP));
        assert_eq!(planned(&state, PullPolicy::Never), Ok(String::new()));
        state.image_ids.remove("app:1");
        let absent = PlanError::ImageAbsent { image: "app:1".to_owned() };
        assert_eq!(planned(&state, PullPolicy::Never), Err(absent));
    }
}
