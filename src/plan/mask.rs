//! Takes secrets out of what a plan shows; what it does is not touched.

use crate::model::secret::{REDACTED, Secrets};

use super::{Action, Cause, Difference, Notice, Plan};

/// Hides the secrets in causes, notices and command lines.
pub(super) fn hide(plan: &mut Plan, secrets: &Secrets) {
    for step in &mut plan.steps {
        for cause in &mut step.causes {
            if let Cause::Changed(difference) = cause {
                hide_difference(difference, secrets);
            }
        }
        for action in std::iter::once(&mut step.action).chain(&mut step.undo) {
            if let Action::RunCommand { shown, .. } | Action::RunScript { shown, .. } = action {
                *shown = secrets.mask(shown);
            }
        }
    }
    for notice in &mut plan.notices {
        if let Notice::Deviates { difference, .. } = notice {
            hide_difference(difference, secrets);
        }
    }
}

/// What stands where a secret is wanted was one, too, some time ago.
fn hide_difference(difference: &mut Difference, secrets: &Secrets) {
    let Some(wanted) = &difference.wanted else {
        difference.found = difference.found.as_deref().map(|found| secrets.mask(found));
        return;
    };
    let masked = secrets.mask(wanted);
    let found = difference.found.take();
    difference.found = match found {
        Some(_) if masked != *wanted => Some(REDACTED.to_owned()),
        Some(found) => Some(secrets.mask(&found)),
        None => None,
    };
    difference.wanted = Some(masked);
}
