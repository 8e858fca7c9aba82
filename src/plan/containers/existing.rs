//! The goals that leave what exists as it is: `create` only makes what is missing, `start` only
//! starts what is there.

use crate::model::observed::ContainerStatus;
use crate::model::spec::ContainerSpec;

use super::super::changes::Changes;
use super::super::judge::Verdict;
use super::super::leftovers::Leftovers;
use super::super::planner::PlanError;
use super::super::{Notice, SkipReason};
use super::throw_away::is_for_script;
use super::{ContainerPlanner, Work};

impl<'a> ContainerPlanner<'a> {
    /// A container that bears its name is left alone with all leftovers: what an interrupted run
    /// stopped would not serve again.
    pub(super) fn judge_creation(
        &mut self,
        spec: &'a ContainerSpec,
        is_selected: bool,
    ) -> Result<Option<Work<'a>>, PlanError> {
        if !is_selected {
            return Ok(None);
        }
        self.check_owner(spec)?;
        if self.state.containers.get(&spec.name).is_some_and(|found| !is_for_script(found)) {
            self.builder.unchanged(spec.item());
            return Ok(None);
        }
        let leftovers = Leftovers::of(spec, self.state);
        let verdict = if leftovers.found.is_some() { Verdict::Keep } else { Verdict::Create };
        Ok(Some(Work {
            spec,
            verdict,
            leftovers,
            changes: Changes::default(),
            replacement: None,
            last: None,
        }))
    }

    /// Creations in the order of their needs: nothing is started, so nothing comes later.
    pub(super) fn create_all(&mut self, mut works: Vec<Work<'a>>) {
        for work in &mut works {
            self.clear_leftovers(work);
            if work.is_new() {
                self.plan_creation(work);
            }
            if let Some(last) = work.last {
                self.builder.finished_by(work.spec.item(), last);
            }
        }
        self.plan_removals(&works);
    }

    /// Containers that nobody selected are started again only where they lose their network.
    pub(super) fn judge_start(
        &mut self,
        spec: &'a ContainerSpec,
        is_selected: bool,
    ) -> Result<Option<Work<'a>>, PlanError> {
        let leftovers = Leftovers::of(spec, self.state);
        let Some(found) = leftovers.found else {
            if is_selected {
                self.builder.notice(Notice::Skipped { item: spec.item(), reason: SkipReason::Absent });
            }
            return Ok(None);
        };
        self.check_owner(spec)?;
        let status = found.container.status;
        let verdict = match status {
            _ if status.is_active() => {
                let causes = self.judge.network_causes(spec, found.container);
                if causes.is_empty() { Verdict::Keep } else { Verdict::Restart(causes) }
            }
            _ if !is_selected => return Ok(None),
            ContainerStatus::Dead => {
                let reason = SkipReason::NotRunning { status };
                self.builder.notice(Notice::Skipped { item: spec.item(), reason });
                return Ok(None);
            }
            ContainerStatus::Exited { .. } if spec.persistent && !found.was_interrupted => Verdict::Keep,
            _ => Verdict::Start(status),
        };
        if !is_selected && matches!(verdict, Verdict::Keep) {
            return Ok(None);
        }
        self.judge.remember(spec, &verdict);
        Ok(Some(Work {
            spec,
            verdict,
            leftovers,
            changes: Changes::default(),
            replacement: None,
            last: None,
        }))
    }
}
