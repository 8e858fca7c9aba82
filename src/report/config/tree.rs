//! A document in the making: values in the order they are shown in, each with its origin.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::model::origin::Origin;
use crate::model::secret::Secrets;

/// A part of the document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// A text, a number, a switch or null.
    Leaf(Value, Option<Box<Origin>>),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// A value all of whose parts come from one place.
    pub(super) fn of(value: Value, origin: Option<Origin>) -> Self {
        match value {
            Value::Array(items) => {
                Self::List(items.into_iter().map(|item| Self::of(item, origin.clone())).collect())
            }
            Value::Object(fields) => Self::Map(
                fields.into_iter().map(|(name, value)| (name, Self::of(value, origin.clone()))).collect(),
            ),
            leaf => Self::Leaf(leaf, origin.map(Box::new)),
        }
    }

    /// Whether there is nothing in it. A null is something: it takes away what an image says.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(..) => false,
            Self::List(items) => items.is_empty(),
            Self::Map(fields) => fields.is_empty(),
        }
    }

    /// Takes secrets out of every text.
    pub(super) fn masked(self, secrets: &Secrets) -> Self {
        match self {
            Self::Leaf(Value::String(text), origin) => Self::Leaf(Value::String(secrets.mask(&text)), origin),
            Self::Leaf(..) => self,
            Self::List(items) => Self::List(items.into_iter().map(|item| item.masked(secrets)).collect()),
            Self::Map(fields) => {
                Self::Map(fields.into_iter().map(|(name, tree)| (name, tree.masked(secrets))).collect())
            }
        }
    }

    /// Calls `see` for each value with its JSON pointer from here and its origin.
    pub(super) fn each_origin<'t>(&'t self, pointer: &mut String, see: &mut impl FnMut(&str, &'t Origin)) {
        let length = pointer.len();
        let mut go_down = |pointer: &mut String, name: &str, tree: &'t Self| {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            tree.each_origin(pointer, see);
            pointer.truncate(length);
        };
        match self {
            Self::Leaf(_, Some(origin)) => see(pointer, origin),
            Self::Leaf(_, None) => {}
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    go_down(pointer, &index.to_string(), item);
                }
            }
            Self::Map(fields) => {
                for (name, tree) in fields {
                    go_down(pointer, name, tree);
                }
            }
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value, _) => value.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, tree)| map.serialize_entry(name, tree))?;
                map.end()
            }
        }
    }
}
