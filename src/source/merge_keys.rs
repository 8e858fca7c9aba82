//! Finishes a mapping: keys are names and unique, `<<` takes over entries of other mappings.

use std::collections::HashMap;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue};

/// Longer keys name nothing, and every message about what they have would repeat them.
const LONGEST_KEY: usize = 1024;

type Entries = Vec<(Node, Node)>;

/// Checks the keys and applies merge keys. What is left out because its key stands twice is added to
/// `dropped`.
pub(super) fn finish_mapping(
    entries: Entries,
    dropped: &mut Entries,
    diagnostics: &mut Diagnostics,
) -> Entries {
    let mut merged = Vec::new();
    let mut own = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        if key.as_plain_text() == Some("<<") {
            take_over(&mut merged, value, diagnostics);
        } else if is_usable_key(&key, diagnostics) {
            own.push((key, value));
        }
    }
    let own = refuse_duplicates(own, dropped, diagnostics);
    if merged.is_empty() { own } else { later_wins(merged, own) }
}

fn is_usable_key(key: &Node, diagnostics: &mut Diagnostics) -> bool {
    let refused = if key.as_text().is_none() {
        Diagnostic::error(format!("a key must be text, found {}", key.kind())).at(key.span, "expected a name")
    } else if key.is_null() {
        Diagnostic::error("a key is missing").at(key.span, "expected a name before the `:`")
    } else if key.tag.is_some() {
        Diagnostic::error("a key cannot have a tag").at(key.span, "expected a name").help("remove the tag")
    } else if key.as_text().is_some_and(|text| text.len() > LONGEST_KEY) {
        let message = format!("a key is longer than {LONGEST_KEY} bytes");
        Diagnostic::error(message).at(key.span, "expected a name")
    } else {
        return true;
    };
    diagnostics.push(refused);
    false
}

/// The first of equal keys stays. Keys count by their text: `80` and `"80"` name the same port.
fn refuse_duplicates(entries: Entries, dropped: &mut Entries, diagnostics: &mut Diagnostics) -> Entries {
    let is_login = entries.iter().any(|(key, _)| matches!(key.as_text(), Some("username" | "password")));
    let mut seen = HashMap::with_capacity(entries.len());
    let mut kept = Entries::with_capacity(entries.len());
    for (key, value) in entries {
        let text = key.as_text().unwrap_or_default().to_owned();
        if let Some(first) = seen.get(&text) {
            diagnostics.push(
                Diagnostic::error(format!("key `{text}` is defined twice"))
                    .at(key.span, "defined again here")
                    .also(*first, "first defined here")
                    .help("remove or rename one of them"),
            );
            // Whatever a login holds beside the name may be its password, misspelt.
            let name = if is_login { "password".to_owned() } else { text };
            dropped.push((Node { span: key.span, ..Node::text(name) }, value));
        } else {
            seen.insert(text, key.span);
            kept.push((key, value));
        }
    }
    kept
}

/// Adds what a `<<` brings: what is added later wins. So it is with several `<<`, as in `PyYAML`;
/// of a list of mappings, the first wins.
fn take_over(merged: &mut Entries, value: Node, diagnostics: &mut Diagnostics) {
    let span = value.span;
    match value.value {
        NodeValue::Mapping(entries) => merged.extend(entries),
        NodeValue::Sequence(items) if items.iter().all(|item| item.as_mapping().is_some()) => {
            for item in items.into_iter().rev() {
                take_over(merged, item, diagnostics);
            }
        }
        _ => {
            let message = "merge key `<<` needs a mapping or a list of mappings";
            diagnostics.push(Diagnostic::error(message).at(span, "expected an alias of a mapping"));
        }
    }
}

/// Later entries replace earlier ones of the same name, in the place of the earlier.
fn later_wins(merged: Entries, own: Entries) -> Entries {
    let mut result: Entries = Vec::with_capacity(merged.len() + own.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(merged.len() + own.len());
    for (key, value) in merged.into_iter().chain(own) {
        let text = key.as_text().unwrap_or_default();
        if let Some(place) = places.get(text) {
            result[*place] = (key, value);
        } else {
            places.insert(text.to_owned(), result.len());
            result.push((key, value));
        }
    }
    result
}
