//! Texts and settings, with and without a tag.

use super::{Computed, Name, SecretSource, Setting, Tag, Text, made};
use crate::source::span::Span;

impl Text {
    fn tagged(text: impl Into<String>, tag: Option<Tag>) -> Self {
        Self { text: text.into(), tag, span: Span::default() }
    }

    /// A text as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::tagged(text, None)
    }

    /// A path in which variables and a leading `~` are expanded: `!path`.
    pub fn path(path: impl Into<String>) -> Self {
        Self::tagged(path, Some(Tag::Path))
    }

    /// The value of a variable: `!env NAME`. As there, `NAME:-text` has a default.
    pub fn env(name: impl Into<String>) -> Self {
        let name = name.into();
        match name.split_once(":-") {
            Some((name, default)) => Self::env_or(name, default),
            None => Self::tagged(name, Some(Tag::Env { default: None })),
        }
    }

    /// The value of a variable, or `default` where it is not set: `!env NAME:-default`.
    pub fn env_or(name: impl Into<String>, default: impl Into<String>) -> Self {
        Self::tagged(name, Some(Tag::Env { default: Some(default.into()) }))
    }

    /// The content of a file: `!file`.
    pub fn file(path: impl Into<String>) -> Self {
        Self::tagged(path, Some(Tag::File))
    }

    /// The value of a variable, shown nowhere: `!secret {env: NAME}`.
    pub fn secret_env(name: impl Into<String>) -> Self {
        Self::tagged(name, Some(Tag::Secret(SecretSource::Env)))
    }

    /// The content of a file, shown nowhere: `!secret {file: PATH}`.
    pub fn secret_file(path: impl Into<String>) -> Self {
        Self::tagged(path, Some(Tag::Secret(SecretSource::File)))
    }

    /// What a program prints, shown nowhere: `!secret {command: LINE}`.
    pub fn secret_command(line: impl Into<String>) -> Self {
        Self::tagged(line, Some(Tag::Secret(SecretSource::Command)))
    }

    /// A value that a function computes when it is used; `name` stands for it in messages. Such a
    /// value cannot be written to YAML.
    pub fn computed(name: impl Into<String>, computed: Computed) -> Self {
        Self::tagged(name, Some(Tag::Computed(computed)))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}

impl From<u16> for Text {
    fn from(number: u16) -> Self {
        Self::plain(number.to_string())
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        made(name)
    }
}

impl<T> Setting<T> {
    /// Nothing, which overrides an inherited value.
    pub fn null() -> Self {
        Self::Null(Span::default())
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(&value.value),
            Self::Unset | Self::Null(_) => None,
        }
    }
}

impl<T> From<T> for Setting<T> {
    fn from(value: T) -> Self {
        Self::Value(made(value))
    }
}
