//! Tags of YAML that say where a text comes from: `!path`, `!env`, `!file`, `!secret`.
//!
//! A tag is kept with the text and applied when the value is used, so that what nobody uses need
//! not be there. The `_lazy` spellings of Docker-Map mean the same.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::span::Span;
use crate::wording;

/// Where the value of a text comes from. What the text itself is depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `!path`: the text is a path in which variables and a leading `~` are expanded.
    Path,
    /// `!env`: the text names a variable.
    Env {
        /// The value where the variable is not set.
        default: Option<String>,
    },
    /// `!file`: the text is the path of a file, whose content is the value.
    File,
    /// `!secret`: a value that is shown nowhere.
    Secret(SecretSource),
    /// A function of the program that uses the library; the text describes it in messages.
    Computed(Computed),
}

/// What the text of a secret names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A variable.
    Env,
    /// A file that holds the secret.
    File,
    /// A command that prints the secret: a line, split as a shell does.
    Command,
}

impl Tag {
    /// Whether the value may be known to nobody but the operator.
    pub fn is_from_outside(&self) -> bool {
        match self {
            Self::Env { .. } | Self::Secret(_) | Self::Computed(_) => true,
            Self::Path | Self::File => false,
        }
    }
}

/// A text that is computed when it is used.
///
/// ```
/// use dmfab::source::tag::Computed;
///
/// let port = Computed::once(|| Ok("8080".to_owned()));
/// assert_eq!(port.value(), Ok("8080".to_owned()));
/// ```
#[derive(Clone)]
pub struct Computed(Arc<dyn Fn() -> Result<String, String> + Send + Sync>);

impl Computed {
    /// Calls `compute` at each use; its error is the end of the sentence "cannot be computed: ...".
    pub fn each_time(compute: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(compute))
    }

    /// Calls `compute` at the first use and keeps what it returns.
    pub fn once(compute: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        let kept = OnceLock::new();
        Self::each_time(move || kept.get_or_init(&compute).clone())
    }

    /// The value now.
    ///
    /// # Errors
    /// What the function says.
    pub fn value(&self) -> Result<String, String> {
        (self.0)()
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Computed")
    }
}

/// Two are equal if they are the same function value: what functions do cannot be compared.
impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Computed {}

/// A tag as it is typed, before it is known what it stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagName {
    Path,
    Env,
    File,
    Secret,
}

/// What a tag makes of the value behind it.
type Tagged = Result<(NodeValue, Option<Tag>), Diagnostic>;

impl TagName {
    /// Reads a tag with its exclamation mark.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "!path" | "!path_lazy" => Some(Self::Path),
            "!env" | "!env_lazy" => Some(Self::Env),
            "!file" => Some(Self::File),
            "!secret" => Some(Self::Secret),
            _ => None,
        }
    }

    /// Applies the tag to a value that stands at `span`.
    pub(super) fn apply(self, value: NodeValue, span: Span) -> Tagged {
        match (self, value) {
            (_, NodeValue::Scalar { text, plain }) => self.apply_to_text(text, plain, span),
            (Self::Path, value) => Ok((hand_down(value), None)),
            (Self::Env, NodeValue::Sequence(items)) => match items.as_slice() {
                [name, default] => env(name, Some(default), span),
                _ => Err(wrong_env(span)),
            },
            (Self::Env, NodeValue::Mapping(entries)) => env_of_mapping(&entries, span),
            (Self::Secret, NodeValue::Mapping(entries)) => match entries.as_slice() {
                [(key, value)] => secret(key, value, span),
                _ => Err(wrong_secret(span)),
            },
            (Self::File, _) => Err(Diagnostic::error("tag `!file` needs the path of one file")
                .at(span, "expected text")
                .help("write `!file PATH`")),
            (Self::Secret, _) => Err(wrong_secret(span)),
        }
    }

    fn apply_to_text(self, text: String, plain: bool, span: Span) -> Tagged {
        let (text, tag) = match self {
            Self::Path => (text, Tag::Path),
            Self::File if !text.is_empty() => (text, Tag::File),
            Self::File => return Self::File.apply(NodeValue::Sequence(Vec::new()), span),
            Self::Env => {
                let (name, default) = match text.split_once(":-") {
                    Some((name, default)) => (name.to_owned(), Some(default.to_owned())),
                    None => (text, None),
                };
                if name.is_empty() {
                    return Err(wrong_env(span));
                }
                (name, Tag::Env { default })
            }
            Self::Secret if text.is_empty() => return Err(wrong_secret(span)),
            Self::Secret => (text, Tag::Secret(SecretSource::Env)),
        };
        Ok((NodeValue::Scalar { text, plain }, Some(tag)))
    }
}

/// `!path` on a list or mapping concerns the texts of its first level. Nested values have been
/// expanded already if they have the tag themselves, and are meant as they are if not.
fn hand_down(mut value: NodeValue) -> NodeValue {
    let children: Box<dyn Iterator<Item = &mut Node>> = match &mut value {
        NodeValue::Sequence(items) => Box::new(items.iter_mut()),
        NodeValue::Mapping(entries) => Box::new(entries.iter_mut().map(|(_, value)| value)),
        NodeValue::Scalar { .. } => Box::new(std::iter::empty()),
    };
    for child in children {
        if child.as_text().is_some() && !child.is_null() {
            child.tag.get_or_insert(Tag::Path);
        }
    }
    value
}

/// A text without a tag that may be empty, but is not null.
fn own_text(node: &Node) -> Option<&str> {
    node.as_text().filter(|_| node.tag.is_none() && !node.is_null())
}

fn env(name: &Node, default: Option<&Node>, span: Span) -> Tagged {
    let is_name = |name: &&str| !name.is_empty() && !name.contains(":-");
    let name = own_text(name).filter(is_name).ok_or_else(|| wrong_env(span))?;
    let default = match default {
        Some(node) => Some(own_text(node).ok_or_else(|| wrong_env(node.span))?.to_owned()),
        None => None,
    };
    let value = NodeValue::Scalar { text: name.to_owned(), plain: true };
    Ok((value, Some(Tag::Env { default })))
}

fn env_of_mapping(entries: &[(Node, Node)], span: Span) -> Tagged {
    let get = |wanted: &str| entries.iter().find(|(key, _)| key.as_text() == Some(wanted)).map(|(_, v)| v);
    let unknown = entries.iter().find(|(key, _)| !matches!(key.as_text(), Some("name" | "default")));
    match (get("name"), unknown) {
        (Some(name), None) => env(name, get("default"), span),
        _ => Err(wrong_env(span)),
    }
}

fn secret(key: &Node, value: &Node, span: Span) -> Tagged {
    let source = match key.as_text() {
        Some("env") => SecretSource::Env,
        Some("file") => SecretSource::File,
        Some("command") => SecretSource::Command,
        _ => {
            let near = wording::nearest(key.as_text().unwrap_or_default(), ["env", "file", "command"]);
            let diagnostic = wrong_secret(key.span);
            return Err(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
        }
    };
    let text = match (&value.value, source) {
        (NodeValue::Sequence(words), SecretSource::Command) => command_line(words),
        _ => own_text(value).map(str::to_owned),
    };
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| wrong_secret(span))?;
    Ok((NodeValue::Scalar { text, plain: true }, Some(Tag::Secret(source))))
}

/// The words of a command as one line that a shell would split into them again.
fn command_line(words: &[Node]) -> Option<String> {
    let words: Option<Vec<&str>> = words.iter().map(own_text).collect();
    shlex::try_join(words?).ok()
}

fn wrong_env(span: Span) -> Diagnostic {
    Diagnostic::error("tag `!env` needs the name of one variable")
        .at(span, "expected text")
        .help("write `!env NAME`, or `!env NAME:-default` for a value where it is not set")
}

fn wrong_secret(span: Span) -> Diagnostic {
    Diagnostic::error("tag `!secret` needs one source")
        .at(span, "expected `env`, `file` or `command`")
        .help("write `!secret {env: NAME}`, `!secret {file: PATH}` or `!secret {command: LINE}`")
}

#[cfg(test)]
mod tests {
    use super::super::node::Node;
    use super::super::testing::document;
    use super::*;

    fn tagged(yaml: &str) -> (String, Option<Tag>) {
        let root = document(format!("a: {yaml}")).good();
        let value: &Node = root.get("a").expect("a value");
        (value.as_text().expect("a text").to_owned(), value.tag.clone())
    }

    #[test]
    fn tags_say_where_a_value_comes_from() {
        let env = |default: Option<&str>| Tag::Env { default: default.map(str::to_owned) };
        for (yaml, text, tag) in [
            ("!env A", "A", env(None)),
            ("!env A:-x y", "A", env(Some("x y"))),
            ("!env 'A:-'", "A", env(Some(""))),
            ("!env [A, 80]", "A", env(Some("80"))),
            ("!env {name: A, default: x}", "A", env(Some("x"))),
            ("!env {name: A}", "A", env(None)),
            ("!path ~/x", "~/x", Tag::Path),
            ("!file a.txt", "a.txt", Tag::File),
            ("!secret A", "A", Tag::Secret(SecretSource::Env)),
            ("!secret {env: A}", "A", Tag::Secret(SecretSource::Env)),
            ("!secret {file: p.txt}", "p.txt", Tag::Secret(SecretSource::File)),
            ("!secret {command: pass show db}", "pass show db", Tag::Secret(SecretSource::Command)),
            ("!secret {command: [pass, 'a b']}", "pass 'a b'", Tag::Secret(SecretSource::Command)),
            ("{'!env': A}", "A", env(None)),
            ("{\"!env\": [A, x]}", "A", env(Some("x"))),
            ("{\"!secret\": {\"file\": \"p\"}}", "p", Tag::Secret(SecretSource::File)),
            ("{'!path_lazy': $A}", "$A", Tag::Path),
        ] {
            assert_eq!(tagged(yaml), (text.to_owned(), Some(tag)), "{yaml}");
        }
    }

    #[test]
    fn wrong_tags_say_what_to_write() {
        let env = "tag `!env` needs the name of one variable";
        let secret = "tag `!secret` needs one source";
        let file = "tag `!file` needs the path of one file";
        for (yaml, message) in [
            ("!env", env),
            ("!env :-x", env),
            ("!env [A]", env),
            ("!env [A, ]", env),
            ("!env [A, ~]", env),
            ("!env [A, [x]]", env),
            ("!env {nam: A}", env),
            ("!env {name: A, defualt: x}", env),
            ("!file", file),
            ("!file [a]", file),
            ("!secret", secret),
            ("!secret [a]", secret),
            ("!secret {}", secret),
            ("!secret {env: A, file: b}", secret),
            ("!secret {fiel: b}", secret),
            ("!secret {file: }", secret),
            ("!secret {file: [a]}", secret),
            ("!secret {command: []}", secret),
            ("!secret {env: !env A}", secret),
        ] {
            assert_eq!(document(format!("a: {yaml}\n")).messages(), [message], "{yaml}");
        }
    }

    #[test]
    fn a_function_is_called_once_or_each_time() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let calls = Arc::new(AtomicU32::new(0));
        let counting = |calls: &Arc<AtomicU32>| {
            let calls = Arc::clone(calls);
            move || Ok(calls.fetch_add(1, Ordering::Relaxed).to_string())
        };
        let once = Computed::once(counting(&calls));
        assert_eq!((once.value(), once.value()), (Ok("0".into()), Ok("0".into())));
        let each = Computed::each_time(counting(&calls));
        assert_eq!((each.value(), each.value()), (Ok("1".into()), Ok("2".into())));
        assert_eq!(once, once.clone());
        assert_ne!(once, each);
    }
}
