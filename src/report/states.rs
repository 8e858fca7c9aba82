//! How items are before a plan is carried out: a table for people.

use serde_json::Value;

use crate::plan::states::{BaseState, ItemState};

use super::table;

/// One line for each item of each host.
pub fn render(states: &[(&str, &[ItemState])]) -> String {
    let rows: Vec<Vec<String>> =
        states.iter().flat_map(|(host, items)| items.iter().map(|item| row(host, item))).collect();
    table::render(&["host", "item", "state", "flags", "pid"], &rows)
}

fn row(host_name: &str, found: &ItemState) -> Vec<String> {
    let ItemState { item, state, flags, process_id } = found;
    let state = match state {
        BaseState::Absent => "absent",
        BaseState::Present => "present",
        BaseState::Running => "running",
    };
    let flags: Vec<String> = flags.iter().map(|flag| word(&serde_json::json!(flag))).collect();
    let process = process_id.map(|process| process.to_string()).unwrap_or_default();
    vec![host_name.to_owned(), item.to_string(), state.to_owned(), flags.join(" "), process]
}

/// As documents call it.
fn word(flag: &Value) -> String {
    flag.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::item::ItemId;
    use crate::plan::states::StateFlag;

    #[test]
    fn each_item_has_a_line() {
        let container = ItemState {
            item: ItemId::container("shop.app"),
            state: BaseState::Running,
            flags: vec![StateFlag::Persistent, StateFlag::Wanted],
            process_id: Some(4711),
        };
        let absent = ItemState {
            item: ItemId::volume("shop.data"),
            state: BaseState::Absent,
            flags: vec![StateFlag::Wanted],
            process_id: None,
        };
        insta::assert_snapshot!(render(&[("web1", &[container.clone(), absent]), ("web2", &[container])]), @"
        HOST  ITEM                STATE    FLAGS              PID
        web1  container shop.app  running  persistent wanted  4711
        web1  volume shop.data    absent   wanted
        web2  container shop.app  running  persistent wanted  4711
        ");
    }
}
