//! What is known of a container while the passes go over it.

use crate::model::ownership::SUCCESSOR_SUFFIX;
use crate::model::spec::ContainerSpec;

use super::super::changes::Changes;
use super::super::judge::{Verdict, ties};
use super::super::leftovers::Leftovers;
use super::super::{Cause, ReplacementId, StepId};

/// One container on its way through the passes.
pub(super) struct Work<'a> {
    pub(super) spec: &'a ContainerSpec,
    pub(super) verdict: Verdict,
    pub(super) leftovers: Leftovers<'a>,
    /// What is changed of it as it is.
    pub(super) changes: Changes,
    /// Its replacement, shared with the containers it is tied to.
    pub(super) replacement: Option<ReplacementId>,
    /// The last step so far.
    pub(super) last: Option<StepId>,
}

impl Work<'_> {
    pub(super) fn is_replaced(&self) -> bool {
        matches!(self.verdict, Verdict::Replace(_))
    }

    /// The container is made anew, or for the first time.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.verdict, Verdict::Create | Verdict::Replace(_))
    }

    /// The container stays as it stands, but for what is changed in place.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.verdict, Verdict::Keep)
    }

    /// The old container runs, or did until an interrupted run stopped it.
    pub(super) fn stops(&self) -> bool {
        let found = self.leftovers.found;
        found.is_some_and(|found| found.container.status.is_active() || found.was_interrupted)
    }

    /// Whether the container, as it is wanted or as it is, refers to another one.
    pub(super) fn is_tied_to(&self, other: &Work<'_>) -> bool {
        ties(&self.spec.settings).any(|name| name == other.spec.name) || self.serves_tied_to(other)
    }

    /// Whether the container as it is refers to another one.
    pub(super) fn serves_tied_to(&self, other: &Work<'_>) -> bool {
        let settings = self.leftovers.found.and_then(|found| found.container.settings.as_ref());
        settings.is_some_and(|settings| ties(settings).any(|name| name == other.spec.name))
    }

    /// The name until the container has proved itself. A first creation needs another one only
    /// where commands must succeed before the container may be taken for whole.
    pub(super) fn first_name(&self) -> String {
        match self.replacement {
            Some(_) => format!("{}{SUCCESSOR_SUFFIX}", self.spec.name),
            None => self.spec.name.clone(),
        }
    }

    /// Why; told by the first step.
    pub(super) fn take_causes(&mut self) -> Vec<Cause> {
        match &mut self.verdict {
            Verdict::Create => vec![Cause::Absent { place: self.spec.places.nearest("").cloned() }],
            Verdict::Replace(causes) | Verdict::Restart(causes) => std::mem::take(causes),
            Verdict::Start(status) => vec![Cause::NotRunning { status: *status }],
            Verdict::Keep => Vec::new(),
        }
    }
}
