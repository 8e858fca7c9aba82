//! Keeps passwords out of shown source lines.

use super::file::SourceMap;
use super::node::{Node, NodeValue};
use super::span::{FileId, Span};

/// Keys of a registry login that are no secret.
const PUBLIC_LOGIN_KEYS: [&str; 3] = ["username", "email", "registry"];

/// Hides what stands in the logins of `auth_configs` anywhere in a document. Unknown keys are hidden
/// as well: `pasword` is most likely followed by one.
pub(super) fn hide(node: &Node, sources: &mut SourceMap) {
    for (key, value) in node.as_mapping().unwrap_or_default() {
        match (key.as_text(), value.as_mapping()) {
            (Some("auth_configs"), Some(logins)) => {
                for (_, login) in logins {
                    hide_login(login, sources);
                }
            }
            (Some("auth_configs"), None) => hide_texts(value, key.span, sources),
            _ => hide(value, sources),
        }
    }
    for item in node.as_sequence().unwrap_or_default() {
        hide(item, sources);
    }
}

fn hide_login(login: &Node, sources: &mut SourceMap) {
    let Some(entries) = login.as_mapping() else {
        return hide_texts(login, Span::default(), sources);
    };
    for (key, value) in entries {
        let name = key.as_text().unwrap_or_default();
        if name.contains(':') {
            // `{password:secret}` without a space is a key.
            sources.hide(key.span);
        } else if !PUBLIC_LOGIN_KEYS.contains(&name) {
            hide_texts(value, key.span, sources);
        }
    }
}

/// Hides all texts in a value. The name of a variable is no secret, and a value that was left out
/// stands at its key.
fn hide_texts(node: &Node, key: Span, sources: &mut SourceMap) {
    match &node.value {
        NodeValue::Scalar { .. } if node.tag.is_some() || node.span == key => {}
        NodeValue::Scalar { .. } => sources.hide(node.span),
        NodeValue::Sequence(items) => {
            for item in items {
                hide_texts(item, key, sources);
            }
        }
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                sources.hide(key.span);
                hide_texts(value, key.span, sources);
            }
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

#[cfg(test)]
mod tests {
    use super::super::testing::inventory;

    #[test]
    fn passwords_are_never_shown() {
        for yaml in [
            "hosts: {a: {auth_configs: {r: {username: u, passwrd: hunter2}}}}",
            "hosts: {a: {auth_configs: {r: {user: u, password: hunter2}}}}",
            "hosts: {a: {auth_configs: {r: hunter2}}}",
            "hosts: {a: {auth_configs: {r: {password: 'hunter2', x: }}, prot: 1}}",
            "hosts: {a: {auth_configs: {r: {password: hunter2}}}",
            "hosts: {a: {auth_configs: hunter2}}",
            "hosts: {a: {auth_configs: [{r: hunter2}]}}",
            "hosts: {a: {auth_configs: {r: {password: [x, hunter2], x: }}}}",
            "hosts: {a: {auth_configs: {r: {username: u, password:hunter2}}}}",
            "hosts:\n  a:\n    auth_configs:\n      r:\n        password: |\n          hunter2\n         x: y\n    prot: 1\n",
            "defaults: {auth_configs: {r: {password: hunter2, email: [x]}}}",
        ] {
            let screen = inventory(yaml).screen();
            assert!(screen.contains("error"), "{yaml}");
            assert!(!screen.contains("hunter2"), "{screen}");
        }
    }
}
