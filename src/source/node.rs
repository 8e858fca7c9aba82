//! A YAML document as a tree in which everything knows its place.
//!
//! Scalars keep their source text: what `0750` or `yes` means is decided by whoever reads the
//! property, because only the property says whether a text, a number or a switch is wanted.
//! Anchors, aliases and merge keys are gone; `!!` tags are folded into `plain`.

use super::scalar::whole_number;
use super::span::{Span, Spanned};
use super::tag::{Tag, TagName};

/// One value of a document. Equal wherever it stands, and however it is written where that has no
/// meaning: `yes` and `"yes"` are the same text, `80` and `"80"` are not.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value itself.
    pub value: NodeValue,
    /// Where the value comes from. Only scalars carry a tag: on a list or mapping it has been handed
    /// down to the first level of its values, or has made a scalar of it.
    pub tag: Option<Tag>,
    /// Where it stands. An alias' value stands where it was anchored.
    pub span: Span,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        let literals = (self.literal(), other.literal());
        let is_same_null = literals == (Some(Literal::Null), Some(Literal::Null));
        is_same_null || (self.tag == other.tag && self.value == other.value && literals.0 == literals.1)
    }
}

impl Eq for Node {}

/// A scalar that is more than its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    Switch(bool),
    Number(i64),
}

/// The three kinds of YAML values. Of scalars the text counts when they are compared.
#[derive(Debug, Clone)]
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
    /// A text that a program made.
    pub fn text(text: impl Into<String>) -> Self {
        Self::made(NodeValue::Scalar { text: text.into(), plain: false })
    }

    /// A value that a program made.
    pub(crate) fn made(value: NodeValue) -> Self {
        Self { value, tag: None, span: Span::default() }
    }

    /// Nothing, at a place.
    pub(crate) fn null(span: Span) -> Self {
        Self { value: NodeValue::Scalar { text: String::new(), plain: true }, tag: None, span }
    }

    /// Whether nothing was given: no text, `~` or `null` without quotes and tag.
    pub fn is_null(&self) -> bool {
        match &self.value {
            NodeValue::Scalar { text, plain: true } => self.tag.is_none() && is_null_text(text),
            _ => false,
        }
    }

    /// What a scalar without quotes and tag is beside its text, in any YAML and in JSON.
    pub(super) fn literal(&self) -> Option<Literal> {
        match self.as_plain_text()? {
            _ if self.is_null() => Some(Literal::Null),
            "true" => Some(Literal::Switch(true)),
            "false" => Some(Literal::Switch(false)),
            "-0" => None,
            text => whole_number(text).map(Literal::Number),
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

/// Values that a program made; what is a number or a switch there is one here.
impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::null(Span::default()),
            Value::String(text) => Self::text(text),
            Value::Bool(_) | Value::Number(_) => {
                Self::made(NodeValue::Scalar { text: value.to_string(), plain: true })
            }
            Value::Array(items) => {
                Self::made(NodeValue::Sequence(items.into_iter().map(Self::from).collect()))
            }
            Value::Object(entries) => {
                if let Some(tagged) = tagged_by_key(&entries) {
                    return tagged;
                }
                let entries = entries.into_iter().map(|(key, value)| (Self::text(key), Self::from(value)));
                Self::made(NodeValue::Mapping(entries.collect()))
            }
        }
    }
}

/// `{"!env": "NAME"}`, as in files of JSON.
fn tagged_by_key(entries: &serde_json::Map<String, serde_json::Value>) -> Option<Node> {
    let (key, value) = entries.iter().next().filter(|_| entries.len() == 1)?;
    let operand = Node::from(value.clone());
    let (value, tag) = TagName::parse(key)?.apply(operand.value, Span::default()).ok()?;
    Some(Node { value, tag, span: Span::default() })
}

impl PartialEq for NodeValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar { text: one, .. }, Self::Scalar { text: other, .. }) => one == other,
            (Self::Sequence(one), Self::Sequence(other)) => one == other,
            // Keys are texts, with or without quotes.
            (Self::Mapping(one), Self::Mapping(other)) => {
                let is_same = |((key, value), (other_key, other_value)): (&(Node, Node), &(Node, Node))| {
                    key.as_text() == other_key.as_text() && value == other_value
                };
                one.len() == other.len() && one.iter().zip(other).all(is_same)
            }
            (Self::Scalar { .. } | Self::Sequence(_) | Self::Mapping(_), _) => false,
        }
    }
}

impl Eq for NodeValue {}

/// What an unquoted scalar may look like to be null.
fn is_null_text(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
