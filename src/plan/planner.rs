//! Turns what is wanted and what was found into a plan. Pure: equal input, equal plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::container::Port;
use crate::model::item::{ItemId, ItemKind};
use crate::model::observed::{HostState, ObservedContainer};
use crate::model::ownership::{self, MAP_LABEL, Owner};
use crate::model::spec::{ContainerSpec, HostSpec};

use super::builder::PlanBuilder;
use super::check;
use super::containers::{Before, ContainerPlanner};
use super::imperative::Imperative;
use super::mask;
use super::networks::plan_networks;
use super::order::Containers;
use super::orphans;
use super::ports;
use super::pulls;
use super::stopping::Stopping;
use super::text;
use super::unneeded::Unneeded;
use super::volumes::VolumePlanner;
use super::{Action, Goal, Notice, Options, Plan, Request};

/// Why no plan can be made for a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A name of ours is taken by something that is not.
    #[error("{item} belongs to map `{owner}`, not to map `{map_name}`")]
    Foreign {
        /// What has the name.
        item: ItemId,
        /// The map its label names.
        owner: String,
        /// The map that asks for it.
        map_name: String,
    },
    /// A container of ours has the name of one that another tool made and looks after.
    #[error("{item} was made by {tool}")]
    OtherTool {
        /// What has the name.
        item: ItemId,
        /// The other tool.
        tool: &'static str,
    },
    /// A registry was to be asked where a tag points to, and did not say.
    #[error("the registry of image `{image}` does not say what the tag points to: {reason}")]
    RegistryUnanswered {
        /// The image.
        image: String,
        /// Why, as the Engine told it.
        reason: String,
    },
    /// A port that a container publishes is held by another one, which this plan does not stop.
    #[error("container `{container_name}` is to publish port {port}, which container `{holder}` holds")]
    PortTaken {
        /// Who wants it.
        container_name: String,
        /// The port of the host.
        port: Port,
        /// Who holds it.
        holder: String,
        /// No map asks for that one any more.
        is_orphan: bool,
    },
    /// A volume is to be made anew, and a container that is not ours to make mounts it.
    #[error("volume `{volume}` cannot be made anew while container `{container}` mounts it")]
    VolumeInUse {
        /// The volume.
        volume: String,
        /// Who mounts it.
        container: String,
    },
    /// A volume is to be made anew, and its files are not given up.
    #[error("volume `{volume}` would lose its files")]
    VolumeKept {
        /// The volume.
        volume: String,
    },
    /// An image is missing and must not be pulled.
    #[error("image `{image}` is not on the host, and nothing is to be pulled")]
    ImageAbsent {
        /// The image.
        image: String,
    },
    /// A script's container would take the name of one that is there.
    #[error("container `{container_name}` existed before the script")]
    ExistedBefore {
        /// The container.
        container_name: String,
        /// An earlier script has made it.
        is_of_script: bool,
    },
    /// A script runs in a container that has the name of one that is to be brought up.
    #[error("a script runs in container `{container_name}`")]
    ScriptRuns {
        /// The container.
        container_name: String,
    },
    /// A script is to run in two containers, of which one needs the other.
    #[error("container `{dependent}` needs container `{container_name}`, and a script is to run in both")]
    NeededByScript {
        /// What is needed.
        container_name: String,
        /// What needs it.
        dependent: String,
    },
    /// The host has nothing at the path of the script.
    #[error("`{path}` is not on the host")]
    PathAbsent {
        /// The path.
        path: String,
    },
}

impl PlanError {
    fn existed_before(is_of_script: bool) -> String {
        let remedy = "stop and remove it with `--remove-existing`";
        if is_of_script {
            format!("{remedy}; an earlier script has left it, or runs in it now")
        } else {
            remedy.to_owned()
        }
    }

    /// What the operator can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Foreign { .. } => None,
            Self::OtherTool { tool, .. } => {
                Some(format!("let {tool} remove it, or give one of the two another name"))
            }
            Self::RegistryUnanswered { .. } => {
                Some("plan without `--pull always`, or check the image's name and its registry".to_owned())
            }
            Self::ExistedBefore { is_of_script, .. } => Some(Self::existed_before(*is_of_script)),
            Self::ScriptRuns { .. } => Some("wait for its end, or end it with `dmfab shutdown`".to_owned()),
            Self::NeededByScript { .. } => Some("run the script in one after the other".to_owned()),
            Self::PathAbsent { .. } => {
                Some("check the path, or upload the script from this machine".to_owned())
            }
            Self::PortTaken { is_orphan: true, .. } => {
                Some("remove it with `--remove-orphans`: no map asks for it any more".to_owned())
            }
            Self::PortTaken { holder, .. } => {
                Some(format!("stop container `{holder}` on the host, or publish another port"))
            }
            Self::VolumeInUse { .. } => {
                Some("remove the container, or plan without `--recreate-volumes`".to_owned())
            }
            Self::VolumeKept { .. } => {
                Some("add `--recreate-volumes` if they may go, or do not force the volume".to_owned())
            }
            Self::ImageAbsent { .. } => Some("load the image, or plan without `--pull never`".to_owned()),
        }
    }
}

/// Plans one host.
///
/// ```text
/// networks   volumes -> preparation   images
///        \         |                 /
///         containers, dependencies first
/// ```
pub fn plan_host(host: &HostSpec, state: &HostState, request: &Request) -> Result<Plan, PlanError> {
    pulls::refuse_unanswered(host, state, request)?;
    let containers = Containers::new(&host.containers);
    let mut builder = PlanBuilder::new(&host.name, request.goal);
    let orphans = orphans::plan(host, state, request, &containers, &mut builder);
    let names = &request.container_names;
    match request.goal {
        Goal::Create | Goal::Startup | Goal::Update | Goal::Deploy | Goal::Script => {
            let mut selected = containers.with_dependencies(names);
            let needed = needed_items(&containers, &selected, ItemKind::Volume);
            let volumes = VolumePlanner::new(host, state, request);
            let state = volumes.take_away(&mut builder, &containers, &needed, &mut selected)?;
            let resets = plan_networks(host, &state, request, &containers, &selected, &mut builder)?;
            let volumes = VolumePlanner::new(host, &state, request);
            let before = Before { new_volumes: volumes.plan(&mut builder, &needed)?, orphans, resets };
            let mut planner = ContainerPlanner::new(host, &state, request, &mut builder, volumes, before);
            if request.goal == Goal::Script {
                planner.run_scripts(&containers, &selected)?;
            } else {
                planner.bring_up(&containers, &selected)?;
            }
        }
        Goal::Start => {
            let selected = containers.with_dependencies(names);
            let volumes = VolumePlanner::new(host, state, request);
            let before = Before { orphans, ..Before::default() };
            ContainerPlanner::new(host, state, request, &mut builder, volumes, before)
                .bring_up(&containers, &selected)?;
        }
        Goal::Stop | Goal::Remove | Goal::Shutdown => {
            let selected = containers.with_dependents(names);
            let ended = Stopping::new(state, request, &mut builder, orphans).end(&containers, &selected)?;
            Unneeded { host, state, builder: &mut builder, ended: &ended }.plan(
                &request.options,
                &containers,
                &selected,
            );
        }
        Goal::Restart => Imperative { state, request, builder: &mut builder }.restart(&containers)?,
        Goal::Signal => Imperative { state, request, builder: &mut builder }.signal(&containers)?,
        Goal::Pull => Imperative { state, request, builder: &mut builder }.pull(&containers),
    }
    let mut plan = builder.finish();
    pulls::refuse_pulls(&plan, request)?;
    ports::refuse_taken(host, state, &plan)?;
    plan.registries = pulls::registries(request);
    limit_stops(&mut plan, &request.options);
    mask::hide(&mut plan, &host.secrets);
    debug_assert_eq!(
        check::violations(host, state, &plan),
        Vec::<String>::new(),
        "{:#?}",
        text::lines(&plan)
    );
    Ok(plan)
}

/// The operator's word about the time of stops goes before that of the maps.
fn limit_stops(plan: &mut Plan, options: &Options) {
    let Some(seconds) = options.stop_timeout_seconds else { return };
    for step in &mut plan.steps {
        for action in std::iter::once(&mut step.action).chain(&mut step.undo) {
            if let Action::StopContainer { timeout_seconds, .. } = action {
                *timeout_seconds = Some(seconds);
            }
        }
    }
}

/// Names of the networks or volumes that the selected containers need.
pub(super) fn needed_items<'a>(
    containers: &Containers<'a>,
    selected: &BTreeSet<&str>,
    kind: ItemKind,
) -> BTreeSet<&'a str> {
    let selected_specs = containers.in_order().filter(|spec| selected.contains(spec.name.as_str()));
    let dependencies = selected_specs.flat_map(|spec: &'a ContainerSpec| &spec.dependencies);
    dependencies.filter(|item| item.kind == kind).map(|item| item.name.as_str()).collect()
}

/// An item that bears the label of another map is not ours to use or change.
pub(super) fn refuse_foreign(
    item: &ItemId,
    labels: &BTreeMap<String, String>,
    map_name: &str,
) -> Result<Owner, PlanError> {
    match ownership::owner(labels, map_name) {
        Owner::OtherMap => Err(PlanError::Foreign {
            item: item.clone(),
            owner: labels.get(MAP_LABEL).cloned().unwrap_or_default(),
            map_name: map_name.to_owned(),
        }),
        owner => Ok(owner),
    }
}

/// A container that bears one of our names: another map's, or another tool's, is refused; one that
/// nobody claims is adopted, and that is told.
pub(super) fn claim(
    spec: &ContainerSpec,
    found: &ObservedContainer,
    builder: &mut PlanBuilder,
) -> Result<(), PlanError> {
    if let Some(tool) = ownership::other_tool(&found.labels) {
        return Err(PlanError::OtherTool { item: spec.item(), tool });
    }
    if refuse_foreign(&spec.item(), &found.labels, &spec.id.map_name)? == Owner::Unknown {
        builder.notice(Notice::Adopted { item: spec.item() });
    }
    Ok(())
}
