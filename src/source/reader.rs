//! Reads single values and says in one form what is wrong with them.
//!
//! All readers go through here, so that `` `x` of container `y` needs z, found w `` reads the
//! same everywhere.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue};
use super::raw::{RawName, RawText, Setting};
use super::scalar::{boolean, decimal_number, doubtful_number, whole_number};
use super::slips;
use super::span::{Span, Spanned};
use crate::wording;

/// A key and its value.
pub(super) type Entry = (Node, Node);

/// Texts in messages are cut here: the source line is shown anyway.
const SHOWN_CHARACTERS: usize = 40;

/// Subjects are repeated in every message about them.
const SUBJECT_CHARACTERS: usize = 200;

/// Reads the properties of one thing, the `subject` of all messages.
pub(super) struct Reader<'d> {
    subject: String,
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Reader<'d> {
    /// `subject` is what has the properties: `` container `web` ``.
    pub(super) fn new(subject: impl Into<String>, diagnostics: &'d mut Diagnostics) -> Self {
        Self { subject: subject_of(subject.into()), diagnostics }
    }

    /// The same for a part of the subject, or another subject.
    pub(super) fn with_subject(&mut self, subject: impl Into<String>) -> Reader<'_> {
        Reader { subject: subject_of(subject.into()), diagnostics: self.diagnostics }
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// `` `property` of subject needs expected, found that ``. Always `None`.
    pub(super) fn wrong<T>(&mut self, node: &Node, property: &str, expected: &str) -> Option<T> {
        self.wrong_with(node, property, expected, None)
    }

    /// As [`Self::wrong`], with a help.
    pub(super) fn wrong_with<T>(
        &mut self,
        node: &Node,
        property: &str,
        expected: &str,
        help: Option<&str>,
    ) -> Option<T> {
        if node.tag.is_some() {
            // It is needed before values from elsewhere are known.
            let message = format!("`{property}` of {} cannot have a tag", self.subject);
            let diagnostic = Diagnostic::error(message).at(node.span, format!("expected {expected}"));
            self.report(diagnostic.help("write the value itself"));
            return None;
        }
        let found = describe(node);
        let message = format!("`{property}` of {} needs {expected}, found {found}", self.subject);
        let mut diagnostic = Diagnostic::error(message).at(node.span, "not expected here");
        diagnostic.help = help.map(str::to_owned);
        self.report(diagnostic);
        None
    }

    /// Reports all keys of a property's record that are not known.
    pub(super) fn refuse_unknown_keys(&mut self, property: &str, entries: &[Entry], known: &[&str]) {
        let subject = format!("`{property}` of {}", self.subject);
        let mut reader = self.with_subject(subject);
        for (key, _) in entries {
            if !key.as_text().is_some_and(|text| known.contains(&text)) {
                reader.unknown_key(key, known);
            }
        }
    }

    /// A key that nothing is known about.
    pub(super) fn unknown_key(&mut self, key: &Node, known: &[&str]) {
        self.unknown_key_with(key, known, None);
    }

    /// As [`Self::unknown_key`], with the help for a word of another program.
    pub(super) fn unknown_key_with(&mut self, key: &Node, known: &[&str], help: Option<String>) {
        let name = key.as_text().unwrap_or_default();
        let message = format!("unknown key `{name}` in {}", self.subject);
        let diagnostic = Diagnostic::error(message).at(key.span, "unknown key");
        if let Some(help) = help.or_else(|| slips::key_without_space(name, known)) {
            self.report(diagnostic.help(help));
            return;
        }
        self.report(match wording::nearest(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if known.len() <= 8 => diagnostic.help(format!("use {}", wording::one_of(known))),
            None => diagnostic.help("check the spelling, or remove it"),
        });
    }

    /// The entries of a mapping; none for null.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, property: &str) -> &'n [Entry] {
        match &node.value {
            NodeValue::Mapping(entries) => entries,
            _ if node.is_null() => &[],
            _ => {
                let help = slips::without_space(node).or_else(|| slips::list_of_names(node, property));
                self.wrong_with(node, property, "a mapping", help.as_deref()).unwrap_or_default()
            }
        }
    }

    /// The items of a list; none for null, and a single value is a list of one.
    pub(super) fn items<'n>(&mut self, node: &'n Node, property: &str) -> &'n [Node] {
        match &node.value {
            NodeValue::Sequence(items) => items,
            NodeValue::Scalar { .. } if node.is_null() => &[],
            NodeValue::Scalar { .. } => std::slice::from_ref(node),
            NodeValue::Mapping(_) => {
                self.wrong(node, property, "a list or a single value").unwrap_or_default()
            }
        }
    }

    /// Any text, as typed; not null.
    pub(super) fn text(&mut self, node: &Node, property: &str) -> Option<RawText> {
        match &node.value {
            NodeValue::Scalar { text, .. } if !node.is_null() => {
                Some(RawText { text: text.clone(), tag: node.tag.clone(), span: node.span })
            }
            _ => self.wrong(node, property, "text"),
        }
    }

    /// As [`Self::text`]; null is as good as absent.
    pub(super) fn optional_text(&mut self, node: &Node, property: &str) -> Option<RawText> {
        if node.is_null() { None } else { self.text(node, property) }
    }

    /// A text that is not empty and not taken from elsewhere.
    pub(super) fn name(&mut self, node: &Node, property: &str) -> Option<RawName> {
        match &node.value {
            NodeValue::Scalar { text, .. } if !node.is_null() && !text.is_empty() && node.tag.is_none() => {
                Some(Spanned::new(text.clone(), node.span))
            }
            _ => self.wrong(node, property, "a name"),
        }
    }

    /// The key of a mapping as a name; empty ones are refused.
    pub(super) fn key(&mut self, key: &Node, property: &str) -> Option<RawName> {
        match key.to_name() {
            Some(name) if !name.value.is_empty() => Some(name),
            _ => self.wrong(key, property, "names as keys"),
        }
    }

    /// A list of names, or a single one.
    pub(super) fn names(&mut self, node: &Node, property: &str) -> Vec<RawName> {
        let items = self.items(node, property);
        items.iter().filter_map(|item| self.name(item, property)).collect()
    }

    /// A list of texts, or a single one.
    pub(super) fn texts(&mut self, node: &Node, property: &str) -> Vec<RawText> {
        let items = self.items(node, property);
        items.iter().filter_map(|item| self.text(item, property)).collect()
    }

    /// Names with texts, in order.
    pub(super) fn text_entries(&mut self, node: &Node, property: &str) -> Vec<(RawName, RawText)> {
        let entries = self.entries(node, property);
        let pairs =
            entries.iter().map(|(key, value)| Some((self.key(key, property)?, self.text(value, property)?)));
        pairs.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Names with whatever they have; for options of the Engine.
    pub(super) fn node_entries(&mut self, node: &Node, property: &str) -> Vec<(RawName, Node)> {
        let entries = self.entries(node, property);
        let pairs = entries.iter().map(|(key, value)| Some((self.key(key, property)?, value.clone())));
        pairs.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// A switch; null is as good as absent.
    pub(super) fn switch(&mut self, node: &Node, property: &str) -> Option<Spanned<bool>> {
        if node.is_null() {
            return None;
        }
        if let Some(value) = node.as_plain_text().and_then(boolean) {
            return Some(Spanned::new(value, node.span));
        }
        let is_quoted = node.as_text().and_then(boolean).is_some();
        let help = is_quoted.then_some("remove the quotes");
        self.wrong_with(node, property, "`true` or `false`", help)
    }

    /// A whole number of a type, for instance seconds; null is as good as absent.
    pub(super) fn whole<T: TryFrom<i64>>(
        &mut self,
        node: &Node,
        property: &str,
        expected: &str,
    ) -> Option<Spanned<T>> {
        if node.is_null() {
            return None;
        }
        let number = node.as_text().filter(|_| node.tag.is_none()).and_then(whole_number);
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(value) => Some(Spanned::new(value, node.span)),
            None => self.not_a_number(node, property, expected),
        }
    }

    /// A number of seconds with or without a fraction, not negative; null is as good as absent.
    pub(super) fn seconds(&mut self, node: &Node, property: &str) -> Option<Spanned<f64>> {
        if node.is_null() {
            return None;
        }
        let number = node.as_text().filter(|_| node.tag.is_none()).and_then(decimal_number);
        match number.filter(|seconds| *seconds >= 0.0) {
            Some(value) => Some(Spanned::new(value, node.span)),
            None => self.not_a_number(node, property, "a number of seconds"),
        }
    }

    /// Says what YAML makes of a number that is not written plainly.
    fn not_a_number<T>(&mut self, node: &Node, property: &str, expected: &str) -> Option<T> {
        let Some(text) = node.as_text().filter(|_| node.tag.is_none()) else {
            return self.wrong(node, property, expected);
        };
        let Some(doubtful) = doubtful_number(text) else {
            let help = seconds_with_unit(text).map(|digits| format!("write `{digits}`, without a unit"));
            return self.wrong_with(node, property, expected, help.as_deref());
        };
        let message = format!("`{property}` of {} needs {expected}, found `{text}`", self.subject);
        let label = format!("YAML 1.1 reads this as {}", doubtful.yaml_1_1);
        let help = format!("write {}", wording::one_of(&doubtful.meant));
        self.report(Diagnostic::error(message).at(node.span, label).help(help));
        None
    }

    /// A property in which null overrides what is inherited.
    pub(super) fn setting<T>(
        &mut self,
        node: &Node,
        read: impl FnOnce(&mut Self, &Node) -> Option<Spanned<T>>,
    ) -> Setting<T> {
        if node.is_null() {
            return Setting::Null(node.span);
        }
        read(self, node).map_or(Setting::Unset, Setting::Value)
    }

    /// As [`Self::setting`], for texts.
    pub(super) fn text_setting(&mut self, node: &Node, property: &str) -> Setting<RawText> {
        self.setting(node, |reader, node| {
            let text = reader.text(node, property)?;
            if text.text.is_empty() && text.tag.is_none() {
                return reader.wrong(node, property, "text");
            }
            Some(Spanned::new(text, node.span))
        })
    }
}

/// The digits of `10s` and the like, if that is what a text is.
fn seconds_with_unit(text: &str) -> Option<&str> {
    let digits = text.strip_suffix("seconds").or(text.strip_suffix("sec")).or(text.strip_suffix('s'))?.trim();
    whole_number(digits).map(|_| digits)
}

/// What a value is, for messages.
pub(super) fn describe(node: &Node) -> String {
    match &node.value {
        _ if node.is_null() => node.kind().to_owned(),
        NodeValue::Scalar { text, .. } if text.is_empty() => "an empty text".to_owned(),
        NodeValue::Scalar { text, plain: true } => format!("`{}`", shortened(text)),
        NodeValue::Scalar { text, plain: false } => format!("the text `{}`", shortened(text)),
        NodeValue::Sequence(items) => format!("a list of {}", wording::count(items.len(), "item")),
        NodeValue::Mapping(entries) => format!("a mapping of {}", wording::count(entries.len(), "key")),
    }
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line.to_owned(),
    }
}

fn subject_of(text: String) -> String {
    match text.char_indices().nth(SUBJECT_CHARACTERS) {
        Some((at, _)) => format!("{}...`", &text[..at]),
        None => text,
    }
}

/// From the first of several nodes to the last, for pairs.
pub(super) fn span_over(first: Span, last: Span) -> Span {
    // An alias' value stands elsewhere, even in another order.
    if first.file == last.file && first.start <= last.start && last.end - first.start < 200 {
        first.to(last)
    } else {
        first
    }
}
