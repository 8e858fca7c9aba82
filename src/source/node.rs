//! A YAML document as a tree in which everything knows its place.
//!
//! Scalars keep their source text: what `0750` or `yes` means is decided by whoever reads the
//! property, because only the property says whether a text, a number or a switch is wanted.
//! Anchors, aliases and merge keys are gone; `!!` tags are folded into `plain`.

use super::span::{Span, Spanned};
use super::tag::Tag;

/// One value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value itself.
    pub value: NodeValue,
    /// Where the value comes from. Only scalars carry a tag: on a list or mapping it has been handed
    /// down to the first level of its values, or has made a scalar of it.
    pub tag: Option<Tag>,
    /// Where it stands. An alias' value stands where it was anchored.
    pub span: Span,
}

/// The three kinds of YAML values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeValue {
    /// A single value.
    Scalar {
        /// Unquoted and unfolded, otherwise as typed.
        text: String,
        /// Written without quotes, so that it may also be a number, a switch or null.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the document's order; keys are scalars and unique.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Nothing, at a place.
    pub(super) fn null(span: Span) -> Self {
        Self { value: NodeValue::Scalar { text: String::new(), plain: true }, tag: None, span }
    }

    /// Whether nothing was given: no text, `~` or `null` without quotes and tag.
    pub fn is_null(&self) -> bool {
        match &self.value {
            NodeValue::Scalar { text, plain: true } => self.tag.is_none() && is_null_text(text),
            _ => false,
        }
    }

    /// The text of a scalar, null's too.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar without quotes and tag.
    pub fn as_plain_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar { text, plain: true } if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entries = self.as_mapping()?;
        let (_, value) = entries.iter().find(|(k, _)| k.as_text() == Some(key))?;
        Some(value)
    }

    /// The text of a scalar with its place; what mapping keys are turned into.
    pub fn to_name(&self) -> Option<Spanned<String>> {
        let text = self.as_text()?;
        Some(Spanned::new(text.to_owned(), self.span))
    }

    /// What it is, for messages: `a list`, `a mapping`, `text`, `nothing`.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_null() => "nothing",
            NodeValue::Scalar { .. } => "text",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
        }
    }
}

/// What an unquoted scalar may look like to be null.
fn is_null_text(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
