//! Failures on demand.

use crate::host::engine_error::EngineError;

/// A failure that waits for its call.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// What the call answers.
    pub(super) error: EngineError,
    /// Strikes every time.
    pub(super) is_lasting: bool,
    /// Strikes after the work is done.
    pub(super) does_the_work: bool,
}

/// Failures that wait, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(String, Fault)>);

impl Faults {
    pub(super) fn add(&mut self, call: &str, fault: Fault) {
        self.0.push((call.to_owned(), fault));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of a call (`start_container m.web`), if one waits for it.
    pub(super) fn take(&mut self, call: &str) -> Option<Fault> {
        let method = call.split(' ').next().unwrap_or(call);
        let index = self.0.iter().position(|(name, _)| name == "*" || name == method || name == call)?;
        if self.0[index].1.is_lasting {
            return Some(self.0[index].1.clone());
        }
        Some(self.0.remove(index).1)
    }
}
