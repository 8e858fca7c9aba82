//! Puts steps into a plan and remembers what later steps have to wait for.

use std::collections::BTreeMap;

use crate::model::item::{ItemId, ItemKind};

use super::{Action, Cause, Finally, Goal, Notice, Plan, ReplacementId, Step, StepId};

/// A plan on its way.
pub(super) struct PlanBuilder {
    plan: Plan,
    /// The step after which an item is as it should be.
    finished: BTreeMap<ItemId, StepId>,
    /// The step before which nothing may be done to an item.
    first: BTreeMap<ItemId, StepId>,
    replacements: usize,
}

impl PlanBuilder {
    pub(super) fn new(host_name: &str, goal: Goal) -> Self {
        let plan = Plan::empty(host_name, goal);
        Self { plan, finished: BTreeMap::new(), first: BTreeMap::new(), replacements: 0 }
    }

    pub(super) fn finish(self) -> Plan {
        self.plan
    }

    pub(super) fn goal(&self) -> Goal {
        self.plan.goal
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.plan.notices.push(notice);
    }

    pub(super) fn unchanged(&mut self, item: ItemId) {
        self.plan.unchanged.push(item);
    }

    pub(super) fn new_replacement(&mut self) -> ReplacementId {
        self.replacements += 1;
        ReplacementId(self.replacements - 1)
    }

    /// Adds a step; what it waits for is kept sorted and without repetition.
    pub(super) fn push(&mut self, mut step: Step) -> StepId {
        step.after.sort_unstable();
        step.after.dedup();
        self.plan.steps.push(step);
        StepId(self.plan.steps.len() - 1)
    }

    /// Whether a step stops something.
    pub(super) fn has_stop(&self, step: Option<StepId>) -> bool {
        let step = step.and_then(|id| self.plan.steps.get(id.0));
        step.is_some_and(|step| matches!(step.action, Action::StopContainer { .. }))
    }

    /// Says after which step an item is as it should be.
    pub(super) fn finished_by(&mut self, item: ItemId, step: StepId) {
        self.finished.insert(item, step);
    }

    /// Lets everything that is done to an item from now on follow a step.
    pub(super) fn must_follow(&mut self, item: ItemId, step: StepId) {
        self.first.insert(item, step);
    }

    /// What has to be waited for before all items of a kind can be used.
    pub(super) fn finished_of(&self, kind: ItemKind) -> Vec<StepId> {
        self.finished.iter().filter(|(item, _)| item.kind == kind).map(|(_, step)| *step).collect()
    }

    /// What has to be waited for before these items can be used.
    pub(super) fn waits_for<'a>(&self, items: impl IntoIterator<Item = &'a ItemId>) -> Vec<StepId> {
        items.into_iter().filter_map(|item| self.finished.get(item).copied()).collect()
    }
}

/// Steps on one item, one after the other.
pub(super) struct Chain<'a> {
    builder: &'a mut PlanBuilder,
    item: ItemId,
    last: Option<StepId>,
    causes: Vec<Cause>,
    replacement: Option<ReplacementId>,
    /// What is changed stands still, so that nobody feels it.
    is_at_rest: bool,
}

impl<'a> Chain<'a> {
    /// The first steps on an item.
    pub(super) fn new(builder: &'a mut PlanBuilder, item: ItemId) -> Self {
        Self::resume(builder, item, None, None)
    }

    /// Further steps on an item after `last`; those of a replacement stand or fall together.
    pub(super) fn resume(
        builder: &'a mut PlanBuilder,
        item: ItemId,
        last: Option<StepId>,
        replacement: Option<ReplacementId>,
    ) -> Self {
        Self { builder, item, last, causes: Vec::new(), replacement, is_at_rest: false }
    }

    /// The last step so far.
    pub(super) fn last(&self) -> Option<StepId> {
        self.last
    }

    /// Says whether what the next steps change stands still.
    pub(super) fn at_rest(&mut self, is_at_rest: bool) -> &mut Self {
        self.is_at_rest = is_at_rest;
        self
    }

    /// Gives the next step its causes.
    pub(super) fn because(&mut self, causes: Vec<Cause>) -> &mut Self {
        self.causes = causes;
        self
    }

    /// Adds a step after the one before it and after `waits`.
    pub(super) fn then(&mut self, action: Action, waits: Vec<StepId>) -> &mut Self {
        self.push(action, waits, None, None)
    }

    /// Adds a step that clears up, whatever becomes of those before it.
    pub(super) fn finally(&mut self, action: Action, finally: Finally) -> &mut Self {
        self.push(action, Vec::new(), None, Some(finally))
    }

    /// Adds a step that `undo` takes back.
    pub(super) fn then_undoable(&mut self, action: Action, waits: Vec<StepId>, undo: Action) -> &mut Self {
        self.push(action, waits, Some(undo), None)
    }

    fn push(
        &mut self,
        action: Action,
        mut waits: Vec<StepId>,
        undo: Option<Action>,
        finally: Option<Finally>,
    ) -> &mut Self {
        waits.extend(self.last);
        if self.last.is_none() {
            waits.extend(self.builder.first.get(&self.item));
        }
        let interrupts_service = match action {
            Action::StopContainer { .. } | Action::SignalContainer { .. } => true,
            Action::DisconnectNetwork { .. } => !self.is_at_rest,
            _ => false,
        };
        let step = Step {
            item: self.item.clone(),
            action,
            causes: std::mem::take(&mut self.causes),
            after: waits,
            interrupts_service,
            replacement: self.replacement,
            undo,
            finally,
        };
        self.last = Some(self.builder.push(step));
        self
    }

    /// Declares the item usable after the last step.
    pub(super) fn usable(&mut self) -> &mut Self {
        if let Some(last) = self.last {
            self.builder.finished_by(self.item.clone(), last);
        }
        self
    }
}
