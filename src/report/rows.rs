//! The steps of a plan gathered by item: what happens to each, in how many words a reader needs.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use crate::model::item::{ItemId, ItemKind};
use crate::model::volume::Preparation;
use crate::plan::{Action, Cause, Plan, Step};
use crate::wording::count;

/// What happens to an item, in the order in which a total counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// Made for a script, and taken away after it.
    RunScript,
    /// Made for the first time.
    Create,
    /// Made anew; the old one goes once the new one runs.
    Replace,
    /// Started as it is.
    Start,
    /// Commands are run in it.
    Run,
    /// Gets back the name an interrupted run took from it.
    PutBack,
    /// Taken away.
    Remove,
    /// Something of it that an interrupted run left is taken away.
    ClearUp,
    /// An image is fetched.
    Pull,
    /// Owner and mode of its files are set.
    Prepare,
    /// Stopped, and kept.
    Stop,
    /// Stopped and started as it is.
    Restart,
    /// Gets a signal.
    Signal,
    /// Anything else.
    Alter,
}

/// An item and everything that is done to it.
pub(super) struct Row<'a> {
    pub(super) item: &'a ItemId,
    steps: Vec<&'a Step>,
}

/// Items that a plan changes, in the order of their first steps.
pub(super) fn rows(plan: &Plan) -> Vec<Row<'_>> {
    let mut steps: IndexMap<&ItemId, Vec<&Step>> = IndexMap::new();
    for step in &plan.steps {
        steps.entry(&step.item).or_default().push(step);
    }
    steps.into_iter().map(|(item, steps)| Row { item, steps }).collect()
}

impl Row<'_> {
    /// What happens, by the step that says most.
    pub(super) fn change(&self) -> Change {
        let changes = self.steps.iter().map(|step| change_of(&step.action, &self.item.name));
        match changes.min_by_key(|change| rank(*change)).unwrap_or(Change::Alter) {
            Change::Start if self.stops_itself() => Change::Restart,
            Change::Create if self.becomes(Change::Remove) => Change::Replace,
            change => change,
        }
    }

    fn becomes(&self, change: Change) -> bool {
        self.steps.iter().any(|step| change_of(&step.action, &self.item.name) == change)
    }

    /// Whether something that runs now is stopped.
    pub(super) fn interrupts_service(&self) -> bool {
        self.steps.iter().any(|step| step.interrupts_service)
    }

    fn stops_itself(&self) -> bool {
        let is_own = |action: &Action| matches!(action, Action::StopContainer { container_name, .. } if *container_name == self.item.name);
        self.steps.iter().any(|step| is_own(&step.action))
    }

    /// Why, each cause once. That the operator asked for it is no news.
    pub(super) fn causes(&self) -> Vec<&Cause> {
        let mut causes: Vec<&Cause> = Vec::new();
        for cause in self.steps.iter().flat_map(|step| &step.causes) {
            if *cause != Cause::Requested && !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        causes
    }

    /// What happens, in words: `create, start`.
    pub(super) fn what(&self) -> String {
        let mut words = vec![self.main_word().to_owned()];
        // A container's steps may prepare a volume once more; that is told where the volume is.
        let of_volume = self.steps.iter().filter(|step| step.item.kind == ItemKind::Volume);
        words.extend(of_volume.filter_map(|step| preparation_words(&step.action)));
        words.retain(|word| !word.is_empty());
        if self.steps.iter().any(|step| matches!(step.action, Action::RemoveVolume { .. })) {
            words.push("its files are lost".to_owned());
        }
        let starts = self.steps.iter().any(|step| matches!(step.action, Action::StartContainer { .. }));
        if self.change() == Change::Create && starts {
            words.push("start".to_owned());
        }
        match self.steps.iter().filter(|step| matches!(step.action, Action::RunCommand { .. })).count() {
            0 => {}
            commands => words.push(format!("run {}", count(commands, "command"))),
        }
        words.join(", ")
    }

    fn main_word(&self) -> &'static str {
        match (self.change(), self.interrupts_service()) {
            (Change::RunScript, _) => "run script",
            (Change::Create, _) => "create",
            (Change::Replace, _) => "replace",
            (Change::Start, _) => "start",
            (Change::PutBack, _) => "put back",
            (Change::Remove, true) => "stop, remove",
            (Change::Remove, false) => "remove",
            (Change::ClearUp, _) => "clear up",
            (Change::Pull, _) => "pull",
            (Change::Prepare | Change::Run, _) => "",
            (Change::Stop, _) => "stop",
            (Change::Restart, _) => "restart",
            (Change::Signal, _) => "signal",
            (Change::Alter, _) => "alter",
        }
    }

    /// What service feels of it.
    pub(super) fn interruption(&self) -> Option<&'static str> {
        match self.change() {
            _ if !self.interrupts_service() => None,
            Change::Replace if self.item.kind == ItemKind::Container && !self.becomes(Change::Remove) => {
                Some("stops for the switch")
            }
            Change::Remove | Change::Stop | Change::Restart => None,
            _ => Some("interrupts service"),
        }
    }
}

fn change_of(action: &Action, item_name: &str) -> Change {
    match action {
        // Only what is replaced gives its name away.
        Action::RenameContainer { container_name, .. } if container_name == item_name => Change::Replace,
        Action::CreateContainer { .. } | Action::CreateNetwork { .. } | Action::CreateVolume { .. } => {
            Change::Create
        }
        Action::StartContainer { .. } => Change::Start,
        Action::RenameContainer { .. } => Change::PutBack,
        Action::RemoveContainer { container_name } if container_name != item_name => Change::ClearUp,
        Action::RemoveContainer { .. } | Action::RemoveVolume { .. } | Action::RemoveNetwork { .. } => {
            Change::Remove
        }
        Action::PullImage { .. } => Change::Pull,
        Action::PrepareVolume { .. } => Change::Prepare,
        Action::RunScript { .. } => Change::RunScript,
        Action::TakeAwayContainer { .. } => Change::ClearUp,
        Action::ConnectNetwork { .. }
        | Action::DisconnectNetwork { .. }
        | Action::UpdateContainer { .. }
        | Action::VerifyContainer { .. }
        | Action::UploadFiles { .. }
        | Action::DownloadFiles { .. } => Change::Alter,
        Action::RunCommand { .. } => Change::Run,
        Action::StopContainer { .. } => Change::Stop,
        Action::SignalContainer { .. } => Change::Signal,
    }
}

/// The first is what a row is called by: a replacement also starts, renames and removes.
fn rank(change: Change) -> u8 {
    match change {
        Change::RunScript => 0,
        Change::Replace => 0,
        Change::Create => 1,
        Change::Start => 2,
        Change::PutBack => 3,
        Change::Remove => 4,
        Change::ClearUp => 5,
        Change::Pull => 6,
        Change::Prepare => 7,
        Change::Stop | Change::Restart => 8,
        Change::Signal => 9,
        Change::Run => 10,
        Change::Alter => 11,
    }
}

fn preparation_words(action: &Action) -> Option<String> {
    let Action::PrepareVolume { preparation: Preparation { owner, mode }, .. } = action else { return None };
    let owner = owner.iter().map(|owner| format!("chown {owner}"));
    let mode = mode.iter().map(|mode| format!("chmod {mode}"));
    Some(owner.chain(mode).collect::<Vec<_>>().join(", "))
}

/// How much plans do, over all hosts.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Items to be changed, by what happens to them.
    pub(super) changes: BTreeMap<Change, usize>,
    /// Items whose change stops something that runs.
    pub(super) interruptions: BTreeMap<Change, usize>,
    /// Items that are as they should be.
    pub(super) unchanged: usize,
    /// Hosts that were planned for.
    pub(super) hosts: usize,
    /// Hosts on which something is to be done.
    pub(super) changed_hosts: usize,
}

impl Counts {
    pub(super) fn of(plans: &[Plan]) -> Self {
        let mut counts = Self { hosts: plans.len(), ..Self::default() };
        for plan in plans {
            counts.unchanged += plan.unchanged.len();
            counts.changed_hosts += usize::from(!plan.is_empty());
            for row in rows(plan) {
                *counts.changes.entry(row.change()).or_default() += 1;
                if row.interrupts_service() {
                    *counts.interruptions.entry(row.change()).or_default() += 1;
                }
            }
        }
        counts
    }
}
