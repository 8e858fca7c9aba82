//! Reads the values of option mappings, whose keys decide what is expected.

use serde_json::{Map, Value};

use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue};
use crate::source::raw::RawText;
use crate::source::scalar::whole_number;
use crate::source::tag::{SecretSource, Tag};

use super::context::Context;

/// One option and its value on the way to the Engine.
pub(super) struct OptionReader<'a> {
    pub(super) context: &'a Context<'a>,
    /// `create_options.environment`, for messages.
    pub(super) field: String,
}

/// A name with a text, of a mapping or of a list of `name=value`.
pub(super) struct TextEntry {
    pub(super) name: String,
    pub(super) value: RawText,
    /// Whether there is more than the name: not null, or with an equals sign.
    pub(super) has_value: bool,
}

impl OptionReader<'_> {
    pub(super) fn wrong(&self, node: &Node, expected: &str) {
        self.context.report(
            Diagnostic::error(format!("`{}` is {}", self.field, node.kind()))
                .at(node.span, format!("expected {expected}")),
        );
    }

    pub(super) fn text(&self, node: &Node) -> Option<String> {
        let Some(raw) = raw_text(node) else {
            self.wrong(node, "text");
            return None;
        };
        self.context.free_text(&raw)
    }

    pub(super) fn integer(&self, node: &Node) -> Option<i64> {
        let text = self.text(node)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong_text(node, &text, "a whole number");
        }
        number
    }

    pub(super) fn boolean(&self, node: &Node) -> Option<bool> {
        let text = self.text(node)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => {
                self.wrong_text(node, &text, "`true` or `false`");
                None
            }
        }
    }

    /// A number of bytes, or a number with a suffix of 1024: `512m`, `3g`, `64kb`.
    pub(super) fn bytes(&self, node: &Node) -> Option<i64> {
        let text = self.text(node)?;
        let bytes = parse_bytes(&text);
        if bytes.is_none() {
            self.wrong_text(node, &text, "a size such as `512m` or `3g`");
        }
        bytes
    }

    /// What comes from outside the file may be secret and is not repeated.
    pub(super) fn wrong_text(&self, node: &Node, text: &str, expected: &str) {
        let found = raw_text(node).map_or_else(|| format!("`{text}`"), |raw| shown_value(&raw, text));
        self.context.report(
            Diagnostic::error(format!("`{}` is {found}", self.field))
                .at(node.span, format!("expected {expected}")),
        );
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&self, node: &Node) -> Option<Vec<String>> {
        match &node.value {
            NodeValue::Sequence(items) => items.iter().map(|item| self.text(item)).collect(),
            NodeValue::Scalar { .. } => Some(vec![self.text(node)?]),
            NodeValue::Mapping(_) => {
                self.wrong(node, "a list of texts");
                None
            }
        }
    }

    /// Words of a command line: a list as it is, a text split as a shell does.
    pub(super) fn words(&self, node: &Node) -> Option<Vec<String>> {
        let NodeValue::Scalar { .. } = &node.value else { return self.texts(node) };
        let line = self.text(node)?;
        let words = shlex::split(&line);
        if words.is_none() {
            // The line is not repeated here: it may hold a password.
            let message = format!("the quotes of `{}` are not closed", self.field);
            self.context.error(message, node.span, "expected a command line");
        }
        words
    }

    /// A mapping of texts; a list of `name=value` is one too. A name alone has the empty text.
    pub(super) fn text_entries(&self, node: &Node) -> Option<Vec<(String, RawText)>> {
        let entries = self.entries(node)?;
        Some(entries.into_iter().map(|entry| (entry.name, entry.value)).collect())
    }

    /// As [`Self::text_entries`], for those to whom a name alone means something.
    pub(super) fn entries(&self, node: &Node) -> Option<Vec<TextEntry>> {
        match &node.value {
            NodeValue::Mapping(entries) => entries
                .iter()
                .map(|(key, value)| match (key.as_text(), raw_text(value)) {
                    (Some(key), Some(raw)) => {
                        Some(TextEntry { name: key.to_owned(), value: raw, has_value: !value.is_null() })
                    }
                    _ => {
                        self.wrong(value, "text");
                        None
                    }
                })
                .collect(),
            NodeValue::Sequence(items) => items.iter().map(|item| self.assignment(item)).collect(),
            NodeValue::Scalar { .. } if node.is_null() => Some(Vec::new()),
            NodeValue::Scalar { .. } => {
                self.wrong(node, "a mapping, or a list of `name=value`");
                None
            }
        }
    }

    fn assignment(&self, node: &Node) -> Option<TextEntry> {
        let Some(raw) = raw_text(node).filter(|_| !node.is_null()) else {
            self.wrong(node, "`name=value`");
            return None;
        };
        if let Some(tag) = raw.tag.as_ref().and_then(tag_of_outside) {
            // The value would be a name and a secret in one text.
            self.context.report(
                Diagnostic::error(format!("`{tag}` on an item of the list `{}`", self.field))
                    .at(node.span, "expected `name=value`")
                    .help(format!("write a mapping instead: `NAME: {tag} {}`", raw.text)),
            );
            return None;
        }
        let text = self.context.free_text(&raw)?;
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        let value = RawText { text: value.to_owned(), tag: None, span: node.span };
        Some(TextEntry { name: name.to_owned(), value, has_value: text.contains('=') })
    }

    /// Any value as the API takes it. Plain numbers and switches are what they look like.
    pub(super) fn json(&self, node: &Node) -> Option<Value> {
        match &node.value {
            NodeValue::Scalar { .. } if node.is_null() => Some(Value::Null),
            NodeValue::Scalar { plain, .. } => {
                let text = self.text(node)?;
                Some(if *plain { plain_json(&text) } else { Value::String(text) })
            }
            NodeValue::Sequence(items) => {
                items.iter().map(|item| self.json(item)).collect::<Option<Vec<_>>>().map(Value::Array)
            }
            NodeValue::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    object.insert(key.as_text()?.to_owned(), self.json(value)?);
                }
                Some(Value::Object(object))
            }
        }
    }
}

fn plain_json(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => whole_number(text).map_or_else(|| Value::String(text.to_owned()), Value::from),
    }
}

/// A scalar with its tag; null is the empty text.
pub(super) fn raw_text(node: &Node) -> Option<RawText> {
    let text = if node.is_null() { "" } else { node.as_text()? };
    Some(RawText { text: text.to_owned(), tag: node.tag.clone(), span: node.span })
}

/// A value in a message: one from outside the files may be secret, and is named instead.
pub(super) fn shown_value(raw: &RawText, value: &str) -> String {
    match &raw.tag {
        None | Some(Tag::Path) => format!("`{value}`"),
        Some(Tag::Env { .. } | Tag::Secret(SecretSource::Env)) => format!("the value of `{}`", raw.text),
        Some(Tag::File | Tag::Secret(SecretSource::File)) => format!("the content of `{}`", raw.text),
        Some(Tag::Secret(SecretSource::Command)) => format!("the output of `{}`", raw.text),
        Some(Tag::Computed(_)) => format!("the computed `{}`", raw.text),
    }
}

/// The tags whose values nobody knows here.
fn tag_of_outside(tag: &Tag) -> Option<&'static str> {
    match tag {
        Tag::Env { .. } => Some("!env"),
        Tag::File => Some("!file"),
        Tag::Secret(_) => Some("!secret"),
        Tag::Path | Tag::Computed(_) => None,
    }
}

fn parse_bytes(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &lower[digits.len()..];
    let unit = match suffix.strip_suffix('b').unwrap_or(suffix) {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1_i64 << 40,
        _ => return None,
    };
    digits.trim().parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn sizes_are_read_with_docker_s_suffixes() {
        for (text, bytes) in
            [("0", 0), ("-1", -1), ("10", 10), ("1k", 1024), ("64KB", 65_536), ("3g", 3 << 30), ("5b", 5)]
        {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        for wrong in ["", "g", "1x", "1.5g", "99999999999g"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }
}
