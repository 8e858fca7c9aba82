//! Reads the values of option mappings, whose keys decide what is expected.

use serde_json::{Map, Value};

use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue, Tag};
use crate::source::raw::{RawText, TextTag};

use super::context::Context;

/// One option and its value on the way to the Engine.
pub(super) struct OptionReader<'a> {
    pub(super) context: &'a Context<'a>,
    /// `create_options.environment`, for messages.
    pub(super) field: String,
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
        self.context.text(&raw)
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

    pub(super) fn wrong_text(&self, node: &Node, text: &str, expected: &str) {
        self.context.report(
            Diagnostic::error(format!("`{}` is `{text}`", self.field))
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
            self.wrong_text(node, &line, "a command line whose quotes are closed");
        }
        words
    }

    /// A mapping of texts; a list of `name=value` is one too.
    pub(super) fn text_entries(&self, node: &Node) -> Option<Vec<(String, RawText)>> {
        match &node.value {
            NodeValue::Mapping(entries) => entries
                .iter()
                .map(|(key, value)| match (key.as_text(), raw_text(value)) {
                    (Some(key), Some(value)) => Some((key.to_owned(), value)),
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

    fn assignment(&self, node: &Node) -> Option<(String, RawText)> {
        let Some(raw) = raw_text(node) else {
            self.wrong(node, "`name=value`");
            return None;
        };
        let (name, value) = raw.text.split_once('=').unwrap_or((&raw.text, ""));
        Some((name.to_owned(), RawText { text: value.to_owned(), tag: None, span: node.span }))
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
        _ => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

/// A scalar with its tag; null is the empty text.
pub(super) fn raw_text(node: &Node) -> Option<RawText> {
    let text = if node.is_null() { "" } else { node.as_text()? };
    let tag = node.tag.map(|tag| match tag {
        Tag::Path => TextTag::Path,
        Tag::Env => TextTag::Env,
    });
    Some(RawText { text: text.to_owned(), tag, span: node.span })
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
