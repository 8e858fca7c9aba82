//! What an interrupted run left of a container, and what becomes of it.
//!
//! The names tell how far it came: `X.dmfab-new` was never used and goes. `X.dmfab-old` served
//! until then: it comes back unless X has been started and nothing was left to do but to remove
//! the old one.

use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::ownership::{PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;

/// A container as the plan will find it once leftovers are dealt with.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) container: &'a ObservedContainer,
    /// It served until an interrupted run stopped it.
    pub(super) was_interrupted: bool,
}

/// How leftovers of one container are dealt with.
#[derive(Default)]
pub(super) struct Leftovers<'a> {
    /// Goes before anything else.
    pub(super) stale: Vec<&'a ObservedContainer>,
    /// Gets its name back.
    pub(super) returning: Option<&'a ObservedContainer>,
    /// Goes once the container is as wanted.
    pub(super) settled: Option<&'a ObservedContainer>,
    /// The container as it will be then.
    pub(super) found: Option<Found<'a>>,
}

impl<'a> Leftovers<'a> {
    pub(super) fn of(spec: &ContainerSpec, state: &'a HostState) -> Self {
        let named = |suffix: &str| state.containers.get(&format!("{}{suffix}", spec.name));
        let current = named("");
        let predecessor = named(PREDECESSOR_SUFFIX);
        let stale: Vec<&ObservedContainer> = named(SUCCESSOR_SUFFIX).into_iter().collect();
        match (current, predecessor) {
            (current, None) => Self { stale, found: current.map(as_it_is), ..Self::default() },
            (Some(current), Some(old)) if has_proved_itself(spec, current) => {
                Self { stale, settled: Some(old), found: Some(as_it_is(current)), returning: None }
            }
            (current, Some(old)) => Self {
                stale: stale.into_iter().chain(current).collect(),
                returning: Some(old),
                found: Some(Found { container: old, was_interrupted: true }),
                settled: None,
            },
        }
    }
}

fn as_it_is(container: &ObservedContainer) -> Found<'_> {
    Found { container, was_interrupted: false }
}

/// Started, and without commands that may or may not have been run.
fn has_proved_itself(spec: &ContainerSpec, successor: &ObservedContainer) -> bool {
    successor.status != ContainerStatus::Created && spec.exec_commands.is_empty()
}
