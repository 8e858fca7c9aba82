//! YAML text -> [`Node`] tree. The only place that knows the YAML parser.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, Tag as ParsedTag};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue, Tag};
use super::span::{FileId, Span};
use super::tree::{Opening, TreeBuilder};
use super::yaml_errors::{explain, tab_in_indentation};
use crate::wording;

/// What may follow an exclamation mark.
const TAGS: [&str; 11] = [
    "!path",
    "!path_lazy",
    "!env",
    "!env_lazy",
    "!!str",
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!seq",
    "!!map",
];

/// Reads the one document of a text. `None` without a diagnostic says that there is none.
///
/// Mistakes within the document (duplicate keys, unknown tags) are collected; a mistake of syntax
/// ends the reading, since what follows it would be guessed.
pub(super) fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut builder = TreeBuilder::new(diagnostics);
    let mut reading = Reading { file, text, offsets: Offsets::new(text), documents: 0 };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, marks)) => reading.step(event, marks, &mut builder),
            Err(error) => Err(reading.syntax_error(&error)),
        };
        if let Err(stopped) = step {
            builder.report(stopped);
            return None;
        }
    }
    builder.into_root()
}

struct Reading<'t> {
    file: FileId,
    text: &'t str,
    offsets: Offsets,
    documents: usize,
}

impl Reading<'_> {
    fn step(
        &mut self,
        event: Event<'_>,
        marks: Marks,
        builder: &mut TreeBuilder<'_>,
    ) -> Result<(), Diagnostic> {
        let span = self.span(marks);
        match event {
            Event::DocumentStart(_) => self.start_document(span),
            Event::Alias(anchor) => builder.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    self.refuse_tab_before(span)?;
                }
                let node = scalar(&text, style, tag, span, builder);
                builder.scalar(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let tag = tag.and_then(|tag| collection_tag(&tag, "seq", span, builder));
                builder.open(self.opening(false, anchor, tag, span))
            }
            Event::MappingStart(anchor, tag) => {
                let tag = tag.and_then(|tag| collection_tag(&tag, "map", span, builder));
                builder.open(self.opening(true, anchor, tag, span))
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn start_document(&mut self, span: Span) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(Diagnostic::error("a file holds one document, found a second one")
            .at(span, "the second document starts here")
            .help("move it to a file of its own, or remove the `---`"))
    }

    fn opening(&self, is_mapping: bool, anchor: usize, tag: Option<Tag>, span: Span) -> Opening {
        // The parser's mark of a collection in brackets ends with the bracket; any other has no
        // length or ends with the anchor or tag before it, which cannot hold a bracket.
        let is_flow = self.text[..span.end as usize].ends_with(['[', '{']) && span.start < span.end;
        Opening { is_mapping, is_flow, anchor, tag, span }
    }

    /// The parser lets tabs before the first key pass; Docker-Map's did not, and neither does the
    /// eye see where such a key stands.
    fn refuse_tab_before(&self, span: Span) -> Result<(), Diagnostic> {
        let before = &self.text[..span.start as usize];
        let indentation = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        if !indentation.contains('\t') || !indentation.trim().is_empty() {
            return Ok(());
        }
        tab_in_indentation(self.file, self.text, span.start).map_or(Ok(()), Err)
    }

    fn syntax_error(&self, error: &ScanError) -> Diagnostic {
        let at = self.offsets.byte(error.marker().index());
        explain(error.info(), self.file, self.text, at)
    }

    fn span(&self, marks: Marks) -> Span {
        let start = self.offsets.byte(marks.start.index());
        let end = self.offsets.byte(marks.end.index()).max(start);
        Span { file: self.file, start, end }
    }
}

/// The parser counts characters, spans count bytes.
enum Offsets {
    /// One byte each.
    Ascii { length: u32 },
    /// The byte offset of every character, and of the end.
    Table(Vec<u32>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        // Files are limited to a few megabytes.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if text.is_ascii() {
            return Self::Ascii { length };
        }
        let starts = text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX));
        Self::Table(starts.chain([length]).collect())
    }

    fn byte(&self, character: usize) -> u32 {
        match self {
            Self::Ascii { length } => u32::try_from(character).unwrap_or(u32::MAX).min(*length),
            Self::Table(starts) => starts.get(character).or(starts.last()).copied().unwrap_or(0),
        }
    }
}

fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<Cow<'_, ParsedTag>>,
    span: Span,
    builder: &mut TreeBuilder<'_>,
) -> Node {
    let mut plain = style == ScalarStyle::Plain;
    let mut text = text.to_owned();
    let mut kept = None;
    match tag.map(|tag| (name_of(&tag), tag)) {
        None => {}
        Some((name, _)) => match name.as_str() {
            "!path" | "!path_lazy" => kept = Some(Tag::Path),
            "!env" | "!env_lazy" => kept = Some(Tag::Env),
            "!" | "!!str" => plain = false,
            "!!int" | "!!float" | "!!bool" => plain = true,
            "!!null" => (text, plain) = (String::new(), true),
            _ => builder.report(unknown_tag(&name, span)),
        },
    }
    Node { value: NodeValue::Scalar { text, plain }, tag: kept, span }
}

fn collection_tag(tag: &ParsedTag, own: &str, span: Span, builder: &mut TreeBuilder<'_>) -> Option<Tag> {
    let name = name_of(tag);
    match name.as_str() {
        "!path" | "!path_lazy" => return Some(Tag::Path),
        "!env" | "!env_lazy" => return Some(Tag::Env),
        "!" => {}
        _ if name.strip_prefix("!!") == Some(own) => {}
        _ => builder.report(unknown_tag(&name, span)),
    }
    None
}

/// The tag as it is usually typed.
fn name_of(tag: &ParsedTag) -> String {
    match tag.handle.as_str() {
        "tag:yaml.org,2002:" => format!("!!{}", tag.suffix),
        // A verbatim tag `!<...>`, and the lone `!` that says "text".
        "" => match tag.suffix.strip_prefix("tag:yaml.org,2002:") {
            Some(suffix) => format!("!!{suffix}"),
            None => tag.suffix.clone(),
        },
        handle => format!("{handle}{}", tag.suffix),
    }
}

fn unknown_tag(name: &str, span: Span) -> Diagnostic {
    let known = wording::one_of(&TAGS);
    let diagnostic = Diagnostic::error(format!("tag `{name}` cannot be used here"));
    match wording::nearest(name, TAGS) {
        Some(near) if near != name => {
            diagnostic.at(span, "unknown tag").help(format!("did you mean `{near}`? Known tags are {known}"))
        }
        _ => diagnostic.at(span, "unknown tag").help(format!("use one of {known}, or quote the text")),
    }
}
