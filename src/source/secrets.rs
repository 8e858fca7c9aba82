//! Keeps passwords out of shown source lines.

use super::file::SourceMap;
use super::node::Node;
use super::span::{FileId, Span};

/// Keys of a registry login that are no secret.
const PUBLIC_LOGIN_KEYS: [&str; 3] = ["username", "email", "registry"];

/// Hides what stands in the logins of `auth_configs` anywhere in a document. Unknown keys are hidden
/// as well: `pasword` is most likely followed by one.
pub(super) fn hide(node: &Node, sources: &mut SourceMap) {
    for (key, value) in node.as_mapping().unwrap_or_default() {
        if key.as_text() == Some("auth_configs") {
            for (_, login) in value.as_mapping().unwrap_or_default() {
                hide_login(login, sources);
            }
        } else {
            hide(value, sources);
        }
    }
    for item in node.as_sequence().unwrap_or_default() {
        hide(item, sources);
    }
}

fn hide_login(login: &Node, sources: &mut SourceMap) {
    let Some(entries) = login.as_mapping() else {
        // A login that is no mapping may be anything, a password too.
        return sources.hide(login.span);
    };
    for (key, value) in entries {
        let is_public = key.as_text().is_some_and(|text| PUBLIC_LOGIN_KEYS.contains(&text));
        if !is_public && value.tag.is_none() && value.span != key.span {
            sources.hide(value.span);
        }
    }
}

/// The same for a document that is no YAML: what follows `password` on its line.
pub(super) fn hide_in_text(file: FileId, sources: &mut SourceMap) {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let text = sources.text(file).to_ascii_lowercase();
    let hidden: Vec<Span> = text
        .match_indices("password")
        .map(|(at, word)| {
            let start = at + word.len();
            let end = text[start..].find('\n').map_or(text.len(), |line_break| start + line_break);
            Span { file, start: offset(start), end: offset(end) }
        })
        .collect();
    for span in hidden {
        sources.hide(span);
    }
}
