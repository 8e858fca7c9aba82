//! Tree -> YAML or JSON.

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_saphyr::Tagged;

use super::node::{Literal, Node, NodeValue};
use super::tag::{SecretSource, Tag};

/// Why a tree cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be written: {0}")]
pub struct WriteError(String);

/// Writes a tree as YAML, with tags.
///
/// # Errors
/// A value that a function computes.
pub fn to_yaml(node: &Node) -> Result<String, WriteError> {
    let document = Written { node, format: Format::Yaml };
    serde_saphyr::to_string(&document).map_err(|error| WriteError(error.to_string()))
}

/// Writes a tree as JSON; tags are keys: `{"!env": "NAME"}`.
///
/// # Errors
/// A value that a function computes.
pub fn to_json(node: &Node) -> Result<String, WriteError> {
    let document = Written { node, format: Format::Json };
    serde_json::to_string_pretty(&document).map_err(|error| WriteError(error.to_string()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
}

#[derive(Clone, Copy)]
struct Written<'n> {
    node: &'n Node,
    format: Format,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = |node| Written { node, format: self.format };
        match &self.node.value {
            NodeValue::Scalar { text, .. } => self.scalar(text, serializer),
            NodeValue::Sequence(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&inner(item))?;
                }
                list.end()
            }
            NodeValue::Mapping(entries) => {
                let mut mapping = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    mapping.serialize_entry(key.as_text().unwrap_or_default(), &inner(value))?;
                }
                mapping.end()
            }
        }
    }
}

impl Written<'_> {
    fn scalar<S: Serializer>(&self, text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.node.tag, self.node.literal()) {
            (Some(tag), _) => {
                let (name, value) = tagged(tag, text).map_err(S::Error::custom)?;
                match self.format {
                    Format::Yaml => Tagged(value, Some(name.to_owned())).serialize(serializer),
                    Format::Json => {
                        let mut mapping = serializer.serialize_map(Some(1))?;
                        mapping.serialize_entry(name, &value)?;
                        mapping.end()
                    }
                }
            }
            (None, Some(Literal::Null)) => serializer.serialize_unit(),
            (None, Some(Literal::Switch(is_on))) => serializer.serialize_bool(is_on),
            (None, Some(Literal::Number(number))) => serializer.serialize_i64(number),
            (None, None) => serializer.serialize_str(text),
        }
    }
}

/// What stands behind a tag.
#[derive(Serialize)]
#[serde(untagged)]
enum Operand<'n> {
    Text(&'n str),
    WithDefault(String),
    Source(std::collections::BTreeMap<&'static str, &'n str>),
}

fn tagged<'n>(tag: &'n Tag, text: &'n str) -> Result<(&'static str, Operand<'n>), String> {
    Ok(match tag {
        Tag::Path => ("!path", Operand::Text(text)),
        Tag::Env { default: None } => ("!env", Operand::Text(text)),
        Tag::Env { default: Some(default) } => ("!env", Operand::WithDefault(format!("{text}:-{default}"))),
        Tag::File => ("!file", Operand::Text(text)),
        Tag::Secret(source) => ("!secret", Operand::Source([(source_name(*source), text)].into())),
        Tag::Computed(_) => return Err(format!("`{text}` is computed by a function")),
    })
}

fn source_name(source: SecretSource) -> &'static str {
    match source {
        SecretSource::Env => "env",
        SecretSource::File => "file",
        SecretSource::Command => "command",
    }
}
