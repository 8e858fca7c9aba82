//! A tree as YAML in block style, origins as comments behind the values.
//!
//! Single values are written by `serde-saphyr`, which knows what must be quoted. The lines around
//! them are written here, because each has to know whether a comment belongs behind it.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use crate::model::origin::{Origin, Outside};
use crate::report::shown::one_line;

use super::tree::Tree;

/// Spaces for each level.
const STEP: usize = 2;
/// Comments are put below one another up to this column; a longer line has its comment right behind.
const LAST_COLUMN: usize = 72;

/// A tree whose first level is indented by `indent`.
pub(super) fn write(tree: &Tree, indent: usize) -> Result<String, fmt::Error> {
    let mut writer = Writer { lines: Vec::new(), blocks: 0 };
    writer.children(tree, indent, true)?;
    Ok(writer.text())
}

struct Writer {
    lines: Vec<Line>,
    blocks: usize,
}

struct Line {
    text: String,
    comment: Option<String>,
    /// Lines of one mapping or list have their comments below one another.
    block: usize,
}

impl Writer {
    /// The lines of a mapping or list; without comments where a line above has it for all of them.
    fn children(&mut self, tree: &Tree, indent: usize, with_comments: bool) -> fmt::Result {
        self.blocks += 1;
        let block = self.blocks;
        match tree {
            Tree::Leaf(..) => {}
            Tree::Map(fields) => {
                for (name, child) in fields {
                    let key = scalar(&Value::from(name.as_str()))?;
                    let head = format!("{:indent$}{key}:", "");
                    // A list stands as far to the right as its key.
                    let below = if matches!(child, Tree::List(_)) { indent } else { indent + STEP };
                    self.entry(head, child, below, block, with_comments)?;
                }
            }
            Tree::List(items) => {
                for item in items {
                    self.item(item, indent, block, with_comments)?;
                }
            }
        }
        Ok(())
    }

    /// A key and its value.
    fn entry(
        &mut self,
        head: String,
        child: &Tree,
        below: usize,
        block: usize,
        with_comments: bool,
    ) -> fmt::Result {
        if let Some((value, origin)) = single(child) {
            let comment = origin.filter(|_| with_comments).map(shown);
            return self.value(&head, &value, comment, below, block);
        }
        let common = with_comments.then(|| common_origin(child)).flatten().map(shown);
        let with_comments = with_comments && common.is_none();
        self.lines.push(Line { text: head, comment: common, block });
        self.children(child, below, with_comments)
    }

    /// An item of a list: a dash in place of the indentation of its first line.
    fn item(&mut self, item: &Tree, indent: usize, block: usize, with_comments: bool) -> fmt::Result {
        if let Some((value, origin)) = single(item) {
            let comment = origin.filter(|_| with_comments).map(shown);
            return self.value(&format!("{:indent$}-", ""), &value, comment, indent + STEP, block);
        }
        let first = self.lines.len();
        self.children(item, indent + STEP, with_comments)?;
        if let Some(line) = self.lines.get_mut(first) {
            line.text.replace_range(indent..=indent, "-");
        }
        Ok(())
    }

    /// A value behind a key or dash; of several lines, those below the first are indented.
    fn value(
        &mut self,
        head: &str,
        value: &Value,
        comment: Option<String>,
        below: usize,
        block: usize,
    ) -> fmt::Result {
        let text = scalar(value)?;
        let mut lines = text.lines();
        let text = format!("{head} {}", lines.next().unwrap_or_default());
        self.lines.push(Line { text, comment, block });
        for line in lines {
            // The writer of the value has indented it by one step.
            let rest = line.get(STEP..).unwrap_or_default();
            let text = if rest.is_empty() { String::new() } else { format!("{:below$}{rest}", "") };
            self.lines.push(Line { text, comment: None, block });
        }
        Ok(())
    }

    fn text(self) -> String {
        let mut columns = vec![0; self.blocks + 1];
        for line in self.lines.iter().filter(|line| line.comment.is_some()) {
            let width = line.text.width();
            if width <= LAST_COLUMN {
                columns[line.block] = width.max(columns[line.block]);
            }
        }
        let mut text = String::new();
        for Line { text: line, comment, block } in self.lines {
            text.push_str(&line);
            if let Some(comment) = comment {
                let padding = columns[block].saturating_sub(line.width());
                text.push_str(&format!("{:padding$}  # {comment}", ""));
            }
            text.push('\n');
        }
        text
    }
}

/// A value that stands behind its key: no mapping or list with something in it.
fn single(tree: &Tree) -> Option<(Cow<'_, Value>, Option<&Origin>)> {
    match tree {
        Tree::Leaf(value, origin) => Some((Cow::Borrowed(value), origin.as_deref())),
        Tree::List(items) if items.is_empty() => Some((Cow::Owned(Value::Array(Vec::new())), None)),
        Tree::Map(fields) if fields.is_empty() => Some((Cow::Owned(Value::Object(Map::new())), None)),
        Tree::List(_) | Tree::Map(_) => None,
    }
}

/// A single value, of several lines if it is long.
fn scalar(value: &Value) -> Result<String, fmt::Error> {
    let text = serde_saphyr::to_string(value).map_err(|_| fmt::Error)?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The origin of all values in a mapping or list of several, if it is one.
fn common_origin(tree: &Tree) -> Option<&Origin> {
    let mut found: Vec<&Origin> = Vec::new();
    tree.each_origin(&mut String::new(), &mut |_, origin| found.push(origin));
    let (first, others) = found.split_first()?;
    (!others.is_empty() && others.iter().all(|origin| origin == first)).then_some(first)
}

/// An origin in words: `map.yaml:12, by base <- web, variable DB_PASSWORD`.
fn shown(origin: &Origin) -> String {
    let Origin { place, giver, through, outside, parts } = origin;
    let mut words: Vec<String> = Vec::new();
    words.extend(place.as_ref().map(ToString::to_string));
    words.extend(giver.clone());
    if !through.is_empty() {
        words.push(format!("by {}", through.join(" <- ")));
    }
    words.extend(outside.as_ref().map(shown_outside));
    let own = std::iter::once(words.join(", "));
    let parts = parts.iter().map(|(name, part)| format!("{name} {}", shown(part)));
    one_line(&own.chain(parts).collect::<Vec<_>>().join("; "))
}

fn shown_outside(outside: &Outside) -> String {
    match outside {
        Outside::Variable(name) => format!("variable {name}"),
        Outside::DefaultOfVariable(name) => format!("default of variable {name}"),
        Outside::ContentOfFile(path) => format!("content of file {path}"),
        Outside::OutputOfCommand(line) => format!("output of command {line}"),
        Outside::Computed(description) => format!("computed: {description}"),
    }
}
