//! What an Engine changes of a container without making it anew: limits, and when it is started again.
//!
//! `POST /containers/{name}/update` takes more fields than it acts on, and takes 0 and empty for
//! "leave it". What it really does was found on Engines 20.10, 26 and 28, which do alike; the
//! contract suite holds them and the fake one to it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// Limits that the Engine changes in place; any value but "none".
const LIMITS: [&str; 13] = [
    "BlkioWeight",
    "CpuPeriod",
    "CpuQuota",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
];

/// The policy of containers that nobody starts again.
const NO_RESTART: &str = "no";

/// Fields of `HostConfig` with their new values, by their API name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct ContainerUpdate {
    /// The values, as the Engine is told them.
    pub options: BTreeMap<String, Value>,
}

impl ContainerUpdate {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.options.is_empty()
    }

    /// Adds what changes an option from one value to another; `false` if the Engine cannot. `found` and
    /// `wanted` are all options of the container, normalised.
    ///
    /// | option | taken away by |
    /// |---|---|
    /// | `PidsLimit` | 0 |
    /// | `CpuQuota` | -1 |
    /// | `RestartPolicy` | `no` |
    /// | all others | nothing: 0 leaves them as they are |
    ///
    /// Processors by count and by quota exclude one another, and the Engine forgets neither.
    pub fn add(
        &mut self,
        name: &str,
        wanted: &BTreeMap<String, Value>,
        found: &BTreeMap<String, Value>,
    ) -> bool {
        let Some(value) = updated_value(name, wanted.get(name), found) else { return false };
        self.options.insert(name.to_owned(), value);
        // The one is refused where it exceeds the other, so both are always said.
        if matches!(name, "Memory" | "MemorySwap") {
            for both in ["Memory", "MemorySwap"] {
                self.options.extend(wanted.get(both).map(|value| (both.to_owned(), value.clone())));
            }
        }
        true
    }
}

/// Whether an option is a limit of what a container may use.
pub fn is_limit(name: &str) -> bool {
    LIMITS.contains(&name)
}

fn updated_value(name: &str, wanted: Option<&Value>, found: &BTreeMap<String, Value>) -> Option<Value> {
    let is_found = |name: &str| found.get(name).and_then(Value::as_i64).is_some_and(|value| value > 0);
    match (name, wanted) {
        ("RestartPolicy", wanted) => Some(wanted.map_or_else(|| json!({"Name": NO_RESTART}), Value::clone)),
        ("PidsLimit", None) => Some(Value::from(0)),
        ("CpuQuota", None) => Some(Value::from(-1)),
        ("NanoCpus", Some(_)) if is_found("CpuPeriod") || is_found("CpuQuota") => None,
        ("CpuPeriod" | "CpuQuota", Some(_)) if is_found("NanoCpus") => None,
        (name, Some(value)) if is_limit(name) => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    fn update(name: &str, wanted: Value, found: Value) -> Option<Value> {
        let mut update = ContainerUpdate::default();
        let is_added = update.add(name, &options(wanted), &options(found));
        assert_eq!(is_added, !update.is_empty());
        is_added.then(|| serde_json::to_value(update).expect("JSON"))
    }

    #[test]
    fn limits_are_changed_to_any_value_and_few_are_taken_away() {
        for (name, wanted, found, sent) in [
            ("CpuShares", json!({"CpuShares": 5}), json!({}), Some(json!({"CpuShares": 5}))),
            ("CpuShares", json!({}), json!({"CpuShares": 5}), None),
            (
                "Memory",
                json!({"Memory": 5, "MemorySwap": 10}),
                json!({}),
                Some(json!({"Memory": 5, "MemorySwap": 10})),
            ),
            ("Memory", json!({}), json!({"Memory": 5}), None),
            ("PidsLimit", json!({}), json!({"PidsLimit": 5}), Some(json!({"PidsLimit": 0}))),
            ("CpuQuota", json!({}), json!({"CpuQuota": 5}), Some(json!({"CpuQuota": -1}))),
            (
                "RestartPolicy",
                json!({}),
                json!({"RestartPolicy": {"Name": "always"}}),
                Some(json!({"RestartPolicy": {"Name": "no"}})),
            ),
            ("OomKillDisable", json!({"OomKillDisable": true}), json!({}), None),
            ("Ulimits", json!({"Ulimits": []}), json!({}), None),
        ] {
            assert_eq!(update(name, wanted, found), sent, "{name}");
        }
    }

    #[test]
    fn processors_by_count_and_by_quota_exclude_one_another() {
        assert_eq!(update("NanoCpus", json!({"NanoCpus": 5}), json!({"CpuPeriod": 5})), None);
        assert_eq!(update("CpuQuota", json!({"CpuQuota": 5}), json!({"NanoCpus": 5})), None);
        assert!(update("NanoCpus", json!({"NanoCpus": 5}), json!({"NanoCpus": 6})).is_some());
    }
}
