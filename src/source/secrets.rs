//! Keeps secrets out of shown source lines.
//!
//! What is hidden is guessed from names, because messages come before anything is understood. A
//! value that is hidden for nothing costs less than a password in a log.

use super::file::SourceMap;
use super::node::{Node, NodeValue};
use super::span::{FileId, Span};
use super::tag::Tag;
use crate::model::secret::is_secret_name;
use crate::wording;

/// The key of registry logins.
const LOGINS: &str = "auth_configs";
/// Keys of a registry login that are no secret.
const PUBLIC_LOGIN_KEYS: [&str; 3] = ["username", "email", "registry"];
/// Mappings whose keys are names of interfaces, of which `private` is a common one.
const INTERFACE_KEYS: [&str; 2] = ["interfaces", "interfaces_ipv6"];

/// Hides what stands in the logins of `auth_configs` anywhere in a document, and every text whose
/// name sounds secret. Unknown keys of logins are hidden as well: `pasword` is most likely followed
/// by one.
pub(super) fn hide(node: &Node, sources: &mut SourceMap) {
    match &node.value {
        NodeValue::Mapping(entries) => {
            for (key, value) in entries {
                hide_entry(key, value, sources);
            }
        }
        NodeValue::Sequence(items) => {
            let mut is_value_of_secret = false;
            for item in items {
                if is_value_of_secret {
                    hide_texts(item, Span::default(), sources);
                }
                hide(item, sources);
                is_value_of_secret = item.as_text().is_some_and(is_secret_option);
            }
        }
        NodeValue::Scalar { text, .. } => {
            let is_default_of_secret = is_value(node) && node.tag.is_some() && is_secret_name(text);
            if is_default_of_secret || (node.tag.is_none() && holds_secret(text, &['='])) {
                sources.hide(node.span);
            }
        }
    }
}

/// As [`hide`], for one entry of a mapping.
pub(super) fn hide_entry(key: &Node, value: &Node, sources: &mut SourceMap) {
    let name = key.as_text().unwrap_or_default();
    let is_key_alone = value.span == key.span;
    match &value.value {
        NodeValue::Mapping(logins) if name == LOGINS => {
            for (_, login) in logins {
                hide_login(login, sources);
            }
        }
        _ if wording::nearest(name, [LOGINS]).is_some() => hide_texts(value, key.span, sources),
        _ if INTERFACE_KEYS.contains(&name) => {}
        // `{DB_PASSWORD:secret}` without a space is a key.
        _ if is_key_alone || value.is_null() => {
            if holds_secret(name, &['=', ':']) {
                sources.hide(key.span);
            }
        }
        NodeValue::Scalar { .. } if is_secret_name(name) => hide_texts(value, key.span, sources),
        NodeValue::Mapping(entries) if name == "environment" => {
            for (name, value) in entries {
                if is_secret_name(name.as_text().unwrap_or_default()) {
                    hide_texts(value, name.span, sources);
                }
                hide_entry(name, value, sources);
            }
        }
        NodeValue::Sequence(items) if name == "environment" => {
            for item in items {
                hide(item, sources);
                if item.as_text().is_some_and(|text| holds_secret(text, &['=', ':'])) {
                    hide_texts(item, Span::default(), sources);
                }
            }
        }
        _ => hide(value, sources),
    }
}

/// Whether one of the words of a text assigns to a name that sounds secret (`DB_PASSWORD=x`), or is
/// such an option of a command with a value behind it (`--password x`).
fn holds_secret(text: &str, signs: &[char]) -> bool {
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let name = word.split(signs).next().unwrap_or_default();
        let is_assigned = name.len() < word.len() && is_secret_name(name);
        if is_assigned || (is_secret_option(word) && words.peek().is_some()) {
            return true;
        }
    }
    false
}

/// `--password`, whose value is the next word.
fn is_secret_option(word: &str) -> bool {
    let name = word.trim_start_matches(['"', '\'']);
    name.starts_with('-') && !name.contains(['=', ' ']) && is_secret_name(name)
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

/// Whether a text holds a value itself: after a tag it names one, except that `!env` may have a
/// default.
fn is_value(node: &Node) -> bool {
    matches!(&node.tag, None | Some(Tag::Env { default: Some(_) }))
}

/// Hides all texts in a value. The name of a variable is no secret, and a value that was left out
/// stands at its key.
fn hide_texts(node: &Node, key: Span, sources: &mut SourceMap) {
    match &node.value {
        NodeValue::Scalar { .. } if !is_value(node) || node.span == key => {}
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

/// The same for a document that is no YAML: what follows a name that sounds secret on its line, and
/// the lines below that belong to it.
pub(super) fn hide_in_text(file: FileId, sources: &mut SourceMap) {
    let hidden = secret_ranges(sources.text(file));
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    for (start, end) in hidden {
        sources.hide(Span { file, start: offset(start), end: offset(end) });
    }
}

/// From where to where, in bytes.
fn secret_ranges(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    // How far the line is indented whose value goes on below.
    let mut open: Option<(usize, Below)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim_end();
        let indent = line.len() - line.trim_start().len();
        open = open.filter(|(above, _)| content.is_empty() || indent > *above);
        let hides_line = match open {
            Some((_, Below::Text)) => true,
            // A key alone, or one that is public, shows.
            Some((_, Below::Logins)) => !content.ends_with(':') && !is_public_login(content),
            // What is below a key that sounds secret is its value, or other keys.
            Some((_, Below::Unknown)) => !content.contains(": ") && !content.ends_with(':'),
            None => false,
        };
        if hides_line {
            ranges.push((start + indent.min(content.len()), start + content.len()));
        } else if let Some(end) = end_of_secret_name(content) {
            ranges.push((start + end, start + content.len()));
            let value = content[end..].trim_start_matches(['"', '\'']).trim();
            let below = match value {
                ":" if content.trim_start().starts_with(LOGINS) => Below::Logins,
                ":" => Below::Unknown,
                _ => Below::Text,
            };
            open = open.or(Some((indent, below)));
        }
    }
    ranges
}

/// What stands below a line with a secret name, further indented.
#[derive(Clone, Copy)]
enum Below {
    /// The rest of a text.
    Text,
    /// Logins of registries.
    Logins,
    /// A text or further keys.
    Unknown,
}

fn is_public_login(line: &str) -> bool {
    let name = line.trim_start().split(':').next().unwrap_or_default();
    PUBLIC_LOGIN_KEYS.contains(&name)
}

/// Where the first name that sounds secret ends.
fn end_of_secret_name(line: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let mut start = None;
    for (at, letter) in line.char_indices().chain([(line.len(), ' ')]) {
        match (start, is_part(letter)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if is_secret_name(&line[from..at]) {
                    return Some(at);
                }
                start = None;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{inventory, map};

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
            "defaults: {auth_configs: {r: {username: u, password: hunter2, password: hunter22}}}",
            "defaults: {auth_configs: {r: {password: hunter2}, r: {username: u, password: hunter22}}}",
            "defaults: {auth_configs: {r: {username: u, pw: hunter2, pw: hunter22}}}",
        ] {
            let screen = inventory(yaml).screen();
            assert!(screen.contains("error"), "{yaml}");
            assert!(!screen.contains("hunter2"), "{screen}");
        }
    }

    #[test]
    fn values_with_secret_names_are_never_shown() {
        for yaml in [
            "web: {imgae: x, create_options: {environment: {DB_PASSWORD: hunter2}}}",
            "web: {create_options: {environment: {DB_PASSWORD: hunter2, DB_PASSWORD: hunter22}}}",
            "web: {imgae: x, create_options: {environment: {DB_PASSWORD:hunter2}}}",
            "web: {imgae: x, create_options: {environment: [A=b, DB_PASSWORD=hunter2]}}",
            "web: {imgae: x, create_options: {environment: {API_TOKEN: [hunter2]}}}",
            "web: {imgae: x, create_options: {enviroment: {API_TOKEN: 'hunter2'}}}",
            "web: {imgae: x, create_options: {command: run --token hunter2}}",
            "web: {imgae: x, create_options: {command: [run, --token=hunter2]}}",
            "web: {imgae: x, create_options: {command: \"run '--token=hunter2\"}}",
            "web: {imgae: x, create_options: {command: [run, --token, hunter2]}}",
            "web: {imgae: x, create_options: {environment: [DB_PASSWORD:hunter2]}}",
            "web: {imgae: x, auth_config: {r: {user: hunter2}}}",
            // No YAML at all.
            "web: {create_options: {environment: {DB_PASSWORD: hunter2}}",
            "web: {create_options: {command: 'run --token=hunter2}}",
            "web: [\nx:\n  SECRET: |\n    hunter2\n   y: ]\n",
            "web:\n  environment:\n    TOKEN: \"a\n      hunter2\n  x: [\n",
            "web:\n  TOKEN:\n    hunter2\n  x: [\n",
            "auth_configs:\n  r:\n    username: u\n    pasword: hunter2 [\n    x: {\n",
        ] {
            let screen = map(yaml).screen();
            assert!(screen.contains("error"), "{yaml}");
            assert!(!screen.contains("hunter2"), "{screen}");
        }
    }

    #[test]
    fn what_only_sounds_secret_to_a_program_is_shown() {
        for (yaml, shown) in [
            ("hosts: {a: {interfaces: {private: 10.0.0.1}, prot: 1}}", "10.0.0.1"),
            ("hosts: {auth: {prot: 22}}", "prot: 22"),
            (
                "maps: {m: {web: {image: 'r/auth:1', x: 1, create_options: {command: [--no-auth]}}}}",
                "r/auth:1",
            ),
            ("hosts: {a: {auth_configs: {r: {password: !env PW}}, prot: 1}}", "!env PW"),
        ] {
            let screen = inventory(yaml).screen();
            assert!(screen.contains(shown), "{screen}");
        }
    }
}
