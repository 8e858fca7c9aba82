//! Reads the values of option mappings, whose keys decide what is expected.

use serde_json::{Map, Value};

use crate::source::diagnostic::Diagnostic;
use crate::source::node::{Node, NodeValue};
use crate::source::raw::RawText;
use crate::source::span::Span;
use crate::source::tag::{SecretSource, Tag};
use crate::wording;

use super::context::Context;

/// Digits of a fraction that count: the largest unit has as many.
const LONGEST_FRACTION: usize = 13;

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

    /// A text that is looked at.
    fn known_text(&self, node: &Node) -> Option<String> {
        match raw_text(node) {
            Some(raw) => self.context.text(&raw),
            None => self.text(node),
        }
    }

    pub(super) fn integer(&self, node: &Node) -> Option<i64> {
        let text = self.known_text(node)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong_text(node, &text, "a whole number");
        }
        number
    }

    pub(super) fn boolean(&self, node: &Node) -> Option<bool> {
        let text = self.known_text(node)?;
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
        let text = self.known_text(node)?;
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

    /// A path from the root.
    pub(super) fn absolute_path(&self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        // Windows has drives.
        if text.is_empty() || text.starts_with('/') || text.get(1..2) == Some(":") {
            return Some(text);
        }
        self.wrong_text(node, &text, "a path that begins with `/`");
        None
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
                        let field = format!("{}.{}", self.field, key.as_text().unwrap_or_default());
                        OptionReader { context: self.context, field }.wrong(value, "text");
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
            self.context.report(
                Diagnostic::error(format!("an item of `{}` is {}", self.field, node.kind()))
                    .at(node.span, "expected `name=value`")
                    .help("write `NAME=value`, or a mapping: `NAME: value` lines without dashes"),
            );
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

    /// The members of a record by their API names, each written in one of two spellings: docker-py's
    /// name and the API's. Null is as good as absent. `None` if anything about them was reported.
    pub(super) fn members<'n>(
        &self,
        node: &'n Node,
        known: &[(&'static str, &'static str)],
        expected: &str,
    ) -> Option<Vec<(&'static str, &'n Node)>> {
        let Some(entries) = node.as_mapping() else {
            self.wrong(node, expected);
            return None;
        };
        let mut is_good = true;
        let mut members: Vec<(&'static str, &Node, Span)> = Vec::new();
        for (key, value) in entries {
            let name = key.as_text().unwrap_or_default();
            let found = known
                .iter()
                .find(|(keyword, member)| !name.is_empty() && (*keyword == name || *member == name));
            let Some((_, member)) = found else {
                self.unknown_member(key, name, known, expected);
                is_good = false;
                continue;
            };
            if let Some((.., first)) = members.iter().find(|(first, ..)| first == member) {
                self.report_double(member, key.span, *first);
                is_good = false;
            }
            members.push((member, value, key.span));
        }
        let given = members.into_iter().filter(|(_, value, _)| !value.is_null());
        is_good.then(|| given.map(|(member, value, _)| (member, value)).collect())
    }

    fn unknown_member(&self, key: &Node, name: &str, known: &[(&'static str, &'static str)], expected: &str) {
        let diagnostic = Diagnostic::error(format!("unknown key `{name}` in `{}`", self.field))
            .at(key.span, format!("expected {expected}"));
        let nearest = super::options::names::nearest(name, known.iter().copied());
        self.context.report(match nearest {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic,
        });
    }

    /// One member that stands there twice, in two spellings or in two places.
    pub(super) fn report_double(&self, member: &str, again: Span, first: Span) {
        self.context.report(
            Diagnostic::error(format!("`{}` has `{member}` twice", self.field))
                .at(again, "set again here")
                .also(first, "first set here")
                .help("remove one of them"),
        );
    }

    /// One of some words.
    pub(super) fn choice(&self, node: &Node, known: &[&str]) -> Option<String> {
        let text = self.text(node)?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let named: Vec<&str> = known.iter().copied().filter(|word| !word.is_empty()).collect();
        self.wrong_text(node, &text, &wording::one_of(&named));
        None
    }

    /// A mapping of texts as the API takes it.
    pub(super) fn text_mapping(&self, node: &Node) -> Option<Value> {
        let entries = self.text_entries(node)?;
        let values: Option<Map<String, Value>> = entries
            .into_iter()
            .map(|(key, raw)| {
                let value = self.context.named_text(&key, &raw)?;
                Some((key, Value::String(value)))
            })
            .collect();
        values.map(Value::Object)
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

/// As docker-py reads sizes: a suffix of 1024, to which `b` may be added, and a fraction of it.
fn parse_bytes(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: i64 = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        "t" | "tb" => 1 << 40,
        _ => return None,
    };
    let digits = digits.trim();
    let Some((whole, fraction)) = digits.split_once('.') else {
        return digits.parse::<i64>().ok()?.checked_mul(unit);
    };
    // A part of a byte is none, and below a negative number there is nothing to add to.
    if unit == 1 || whole.starts_with('-') || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (mut part, mut scale) = (0, 1);
    for digit in fraction.bytes().take(LONGEST_FRACTION) {
        part = part * 10 + i128::from(digit - b'0');
        scale *= 10;
    }
    let part = i64::try_from(i128::from(unit) * part / scale).ok()?;
    whole.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn sizes_are_read_with_docker_s_suffixes() {
        for (text, bytes) in [
            ("0", 0),
            ("-1", -1),
            ("10", 10),
            ("1k", 1024),
            ("64KB", 65_536),
            ("3g", 3 << 30),
            ("5b", 5),
            ("1.5g", 3 << 29),
            ("0.25k", 256),
            ("2.0000001m", 2 << 20),
            ("1tb", 1 << 40),
        ] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        for wrong in
            ["", "g", "1x", "1.5", "1.5b", "-1.5g", "1.5.5g", "1e3", ".", "99999999999g", "1 g x", "1kk"]
        {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }
}
