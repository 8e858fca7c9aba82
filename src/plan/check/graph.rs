//! Which steps come before which, over any number of others.

use crate::plan::{Plan, StepId};

const BITS: usize = u64::BITS as usize;

/// For each step, all steps that are done by the time it begins: a row of bits.
pub(super) struct Order {
    rows: Vec<Vec<u64>>,
}

impl Order {
    /// Steps that wait for later ones are a mistake of their own and come before nothing.
    pub(super) fn of(plan: &Plan) -> Self {
        let words = plan.steps.len().div_ceil(BITS);
        let mut rows: Vec<Vec<u64>> = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let mut row = vec![0; words];
            for wait in &step.after {
                let Some(earlier) = rows.get(wait.0) else { continue };
                row.iter_mut().zip(earlier).for_each(|(word, other)| *word |= other);
                row[wait.0 / BITS] |= 1 << (wait.0 % BITS);
            }
            rows.push(row);
        }
        Self { rows }
    }

    /// Whether `one` has ended when `other` begins.
    pub(super) fn is_before(&self, one: StepId, other: StepId) -> bool {
        let word = self.rows.get(other.0).and_then(|row| row.get(one.0 / BITS));
        word.is_some_and(|word| word & (1 << (one.0 % BITS)) != 0)
    }
}
