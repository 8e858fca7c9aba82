//! States that are listed as different: which of the entries are needed.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::super::listed::{entries, text};
use super::compare::Difference;

/// One entry.
struct Exception {
    scenario: String,
    step: Option<u64>,
    item: Regex,
    field: Regex,
    shown: String,
}

/// All entries, and which of them were needed.
pub(super) struct Exceptions {
    entries: Vec<Exception>,
    used: BTreeSet<usize>,
}

impl Exceptions {
    pub(super) fn read() -> Self {
        let entries = entries("states").iter().map(Exception::of).collect();
        Self { entries, used: BTreeSet::new() }
    }

    /// Whether a difference is listed.
    pub(super) fn cover(&mut self, difference: &Difference) -> bool {
        let covers = |entry: &&Exception| entry.covers(difference);
        let found: Vec<usize> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| covers(entry))
            .map(|(index, _)| index)
            .collect();
        self.used.extend(&found);
        !found.is_empty()
    }

    /// Entries of these scenarios that no difference needs any more.
    pub(super) fn unused(&self, scenarios: &BTreeSet<&str>) -> Vec<String> {
        let entries = self.entries.iter().enumerate();
        let unused = entries.filter(|(index, entry)| {
            !self.used.contains(index) && scenarios.contains(entry.scenario.as_str())
        });
        unused.map(|(_, entry)| format!("listed as different, but is the same: {}", entry.shown)).collect()
    }
}

impl Exception {
    fn of(entry: &Value) -> Self {
        let pattern = |key: &str| {
            let pattern = entry[key].as_str().unwrap_or(".*");
            Regex::new(&format!("^(?:{pattern})$")).unwrap_or_else(|error| panic!("{entry}: {error}"))
        };
        Self {
            scenario: text(entry, "scenario").to_owned(),
            step: entry["step"].as_u64(),
            item: pattern("item"),
            field: pattern("field"),
            shown: entry.to_string(),
        }
    }

    fn covers(&self, difference: &Difference) -> bool {
        self.scenario == difference.scenario
            && self.step.is_none_or(|step| step == difference.step as u64)
            && self.item.is_match(&difference.item)
            && self.field.is_match(&difference.field)
    }
}
