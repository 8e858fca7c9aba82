//! What Engines refuse of single values: numbers out of range, words that are no mode.

use crate::source::node::Node;

use super::super::values::OptionReader;

/// The API's field, and what its number lies between.
const RANGES: [(&str, i64, i64); 6] = [
    ("CpuCount", 0, i64::MAX),
    ("CpuPercent", 0, 100),
    ("CpuPeriod", 0, 1_000_000),
    ("CpuShares", 0, i64::MAX),
    ("NanoCpus", 0, i64::MAX),
    ("PidsLimit", -1, i64::MAX),
];

/// The API's field, its words, and whether it may name a container.
const MODES: [(&str, &[&str], bool); 3] = [
    ("IpcMode", &["", "none", "private", "shareable", "host"], true),
    ("PidMode", &["", "host"], true),
    ("UsernsMode", &["", "host"], false),
];

pub(super) fn number(reader: &OptionReader<'_>, field: &str, node: &Node) -> Option<i64> {
    let number = reader.integer(node)?;
    let range = RANGES.iter().find(|(known, ..)| *known == field);
    let Some((_, least, most)) = range.filter(|(_, least, most)| number < *least || number > *most) else {
        return Some(number);
    };
    let expected = if *most == i64::MAX {
        format!("a number from {least}")
    } else {
        format!("a number from {least} to {most}")
    };
    reader.wrong_text(node, &number.to_string(), &expected);
    None
}

/// A text; of some fields, one of a few words or `container:NAME`.
pub(super) fn mode(reader: &OptionReader<'_>, field: &str, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let Some((_, words, may_be_container)) = MODES.iter().find(|(known, ..)| *known == field) else {
        return Some(text);
    };
    let is_container =
        *may_be_container && text.strip_prefix("container:").is_some_and(|name| !name.is_empty());
    if is_container || words.contains(&text.as_str()) {
        return Some(text);
    }
    let mut named: Vec<&str> = words[1..].to_vec();
    named.extend(may_be_container.then_some("container:NAME"));
    reader.wrong_text(node, &text, &crate::wording::one_of(&named));
    None
}
