//! What an interrupted run left of a container, and what becomes of it.
//!
//! A container that takes another one's place gets the name only when it has proved itself, so
//! the names tell how far a run came:
//!
//! | found | means | becomes |
//! |---|---|---|
//! | X, X.dmfab-new | the new one had not proved itself | it goes; X served until then |
//! | X.dmfab-old, X.dmfab-new | it had, and was about to get the name | it gets it; the old one goes |
//! | X, X.dmfab-old | all was done but the removal | the old one goes |
//! | X.dmfab-new | a first creation whose commands had not ended | it goes |
//! | X.dmfab-old | the new one is lost | the old one comes back |

use crate::model::observed::{ContainerStatus, HostState, ObservedContainer};
use crate::model::ownership::{PREDECESSOR_SUFFIX, SUCCESSOR_SUFFIX};
use crate::model::spec::ContainerSpec;

use super::containers::throw_away::is_for_script;

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
    pub(super) stale: Option<&'a ObservedContainer>,
    /// A script that died left it under the container's name; it goes before anything else.
    pub(super) of_script: Option<&'a ObservedContainer>,
    /// Gets the name.
    pub(super) returning: Option<&'a ObservedContainer>,
    /// Goes once the container is as wanted.
    pub(super) settled: Option<&'a ObservedContainer>,
    /// The container as it will be then.
    pub(super) found: Option<Found<'a>>,
}

impl<'a> Leftovers<'a> {
    pub(super) fn of(spec: &ContainerSpec, state: &'a HostState) -> Self {
        let named = |suffix: &str| state.containers.get(&format!("{}{suffix}", spec.name));
        let (current, successor, predecessor) =
            (named(""), named(SUCCESSOR_SUFFIX), named(PREDECESSOR_SUFFIX));
        if let Some(left) = current.filter(|found| is_for_script(found)) {
            let rest = Self::among(None, successor, predecessor);
            return Self { of_script: Some(left), ..rest };
        }
        Self::among(current, successor, predecessor)
    }

    fn among(
        current: Option<&'a ObservedContainer>,
        successor: Option<&'a ObservedContainer>,
        predecessor: Option<&'a ObservedContainer>,
    ) -> Self {
        let found = |container, was_interrupted| Some(Found { container, was_interrupted });
        match (current, successor, predecessor) {
            (Some(current), stale, settled) => {
                let was_interrupted = stale.is_some() && !current.status.is_active();
                Self { stale, settled, found: found(current, was_interrupted), ..Self::default() }
            }
            (None, Some(proved), Some(old)) if proved.status != ContainerStatus::Created => Self {
                returning: Some(proved),
                settled: Some(old),
                found: found(proved, false),
                ..Self::default()
            },
            (None, stale, Some(old)) => {
                Self { stale, returning: Some(old), found: found(old, true), ..Self::default() }
            }
            (None, stale, None) => Self { stale, ..Self::default() },
        }
    }
}
