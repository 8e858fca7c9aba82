//! YAML text -> [`Node`] tree. The only place that knows the YAML parser.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, Tag as ParsedTag};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Node, NodeValue};
use super::span::{FileId, Span};
use super::tag::TagName;
use super::tree::{Opening, TreeBuilder};
use super::yaml_errors::{explain, tab_at};
use crate::wording;

/// What may follow an exclamation mark.
const TAGS: [&str; 13] = [
    "!path",
    "!path_lazy",
    "!env",
    "!env_lazy",
    "!file",
    "!secret",
    "!!str",
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!seq",
    "!!map",
];

/// Reads the one document of a text. `None` without a diagnostic says that there is none. Beside it
/// are the entries that were left out because their keys stand twice.
///
/// Mistakes within the document (duplicate keys, unknown tags) are collected; a mistake of syntax
/// ends the reading, since what follows it would be guessed.
pub(super) fn parse(
    file: FileId,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> (Option<Node>, Vec<(Node, Node)>) {
    let mut builder = TreeBuilder::new(diagnostics);
    let mut reading = Reading { file, text, offsets: Offsets::new(text), documents: 0, tabs_looked_for: 0 };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, marks)) => reading.step(event, marks, &mut builder),
            Err(error) => Err(reading.syntax_error(&error)),
        };
        if let Err(stopped) = step {
            builder.report(stopped);
            return (None, Vec::new());
        }
    }
    builder.into_root()
}

struct Reading<'t> {
    file: FileId,
    text: &'t str,
    offsets: Offsets,
    documents: usize,
    /// Up to here lines have been looked at for tabs.
    tabs_looked_for: usize,
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

    fn opening(&self, is_mapping: bool, anchor: usize, tag: Option<TagName>, span: Span) -> Opening {
        // The parser's mark of a collection in brackets ends with the bracket; any other has no
        // length or ends with the anchor or tag before it, which cannot hold a bracket.
        let is_flow = self.text[..span.end as usize].ends_with(['[', '{']) && span.start < span.end;
        Opening { is_mapping, is_flow, anchor, tag, span }
    }

    /// The parser lets tabs before the first key pass; Docker-Map's did not, and neither does the
    /// eye see where such a key stands.
    fn refuse_tab_before(&mut self, span: Span) -> Result<(), Diagnostic> {
        let end = span.start as usize;
        let start = self.tabs_looked_for;
        self.tabs_looked_for = start.max(end);
        // A scalar further on in its line is not what the line is indented for.
        let Some(before) = self.text.get(start..end) else { return Ok(()) };
        let indentation = match before.rfind('\n') {
            Some(line_break) => &before[line_break + 1..],
            None if start == 0 => before,
            None => return Ok(()),
        };
        match indentation.find('\t') {
            Some(tab) if indentation.trim().is_empty() => {
                Err(tab_at(self.file, end - indentation.len() + tab))
            }
            _ => Ok(()),
        }
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
    if let Some(name) = tag.map(|tag| name_of(&tag)) {
        if let Some(tag) = TagName::parse(&name) {
            match tag.apply(NodeValue::Scalar { text, plain }, span) {
                Ok((value, tag)) => return Node { value, tag, span },
                Err(refused) => builder.report(refused),
            }
            return Node::null(span);
        }
        match name.as_str() {
            "!" | "!!str" => plain = false,
            "!!int" | "!!float" | "!!bool" => plain = true,
            "!!null" => (text, plain) = (String::new(), true),
            _ => builder.report(unknown_tag(&name, span)),
        }
    }
    Node { value: NodeValue::Scalar { text, plain }, tag: None, span }
}

fn collection_tag(tag: &ParsedTag, own: &str, span: Span, builder: &mut TreeBuilder<'_>) -> Option<TagName> {
    let name = name_of(tag);
    if let Some(known) = TagName::parse(&name) {
        return Some(known);
    }
    match name.as_str() {
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
    let diagnostic = Diagnostic::error(format!("tag `{name}` cannot be used here")).at(span, "unknown tag");
    match wording::nearest(name, TAGS) {
        Some(near) if near != name => diagnostic.help(format!("did you mean `{near}`?")),
        _ => diagnostic
            .help("use `!path`, `!env`, `!file`, `!secret` or `!!str`, or quote a text that begins with `!`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::{Node, NodeValue};
    use super::super::testing::{document, tag_text};

    /// A tree on one line: quoted texts in `'`, tagged ones with their tag.
    fn short(node: &Node) -> String {
        let tag = tag_text(node.tag.as_ref());
        match &node.value {
            NodeValue::Scalar { text, plain: true } => format!("{tag}{text}"),
            NodeValue::Scalar { text, plain: false } => format!("{tag}'{text}'"),
            NodeValue::Sequence(items) => {
                format!("{tag}[{}]", items.iter().map(short).collect::<Vec<_>>().join(", "))
            }
            NodeValue::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", short(key), short(value)));
                format!("{tag}{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn documents_become_trees() {
        for (yaml, tree) in [
            ("a: 1", "{a: 1}"),
            ("\u{feff}a: 1", "{a: 1}"),
            ("a: '1'\nb: \"2\"", "{a: '1', b: '2'}"),
            ("a:\n  - 0750\n  - 1.30\n  - 2000:3000\n  - yes", "{a: [0750, 1.30, 2000:3000, yes]}"),
            ("a: |\n  x\n  y\n", "{a: 'x\ny\n'}"),
            ("{a: [b, {c: }], ? d : e}", "{a: [b, {c: }], d: e}"),
            ("a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"),
            ("%YAML 1.1\n---\na: 1\n...\n", "{a: 1}"),
            ("a: !!str 1.30\nb: ! x\nc: !!int '5'\nd: !!null x", "{a: '1.30', b: 'x', c: 5, d: }"),
            ("a: !!seq [x]\nb: !!map {c: d}", "{a: [x], b: {c: d}}"),
            ("a: !path ~/x\nb: !env_lazy X\nc: !path_lazy y", "{a: !path ~/x, b: !env X, c: !path y}"),
            ("a: !path [x, [y], ~, !env Z]", "{a: [!path x, [y], ~, !env Z]}"),
            ("a: !path {i: x, j: {k: y}}", "{a: {i: !path x, j: {k: y}}}"),
            ("a: !path {i: !path {j: x}}", "{a: {i: {j: !path x}}}"),
            ("a: &x [1]\nb: *x", "{a: [1], b: [1]}"),
            ("a: &x k\n*x : v", "{a: k, k: v}"),
        ] {
            assert_eq!(short(&document(yaml).good()), tree, "{yaml}");
        }
    }

    #[test]
    fn merge_keys_work_as_in_pyyaml() {
        let anchors = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n";
        let anchored = "x: {a: 1, b: 1}, y: {b: 2, c: 2}";
        for (yaml, tree) in [
            ("z: {<<: *x, d: 3}", "{a: 1, b: 1, d: 3}"),
            ("z: {b: 3, <<: *x}", "{a: 1, b: 3}"),
            ("z: {<<: [*x, *y]}", "{b: 1, c: 2, a: 1}"),
            ("z: {<<: [*x, *y], a: 3}", "{b: 1, c: 2, a: 3}"),
            ("z:\n  <<: *x\n  <<: *y", "{a: 1, b: 2, c: 2}"),
            ("z: {<<: {<<: *x, b: 4}}", "{a: 1, b: 4}"),
            ("z: {'<<': *x}", "{'<<': {a: 1, b: 1}}"),
        ] {
            let tree = format!("{{{anchored}, z: {tree}}}");
            assert_eq!(short(&document(format!("{anchors}{yaml}")).good()), tree, "{yaml}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (yaml, message) in [
            ("", "`map.yaml` is empty"),
            ("# nothing\n", "`map.yaml` is empty"),
            ("~", "`map.yaml` is empty"),
            ("a: 1\n---\nb: 2", "a file holds one document, found a second one"),
            ("a: 1\na: 2", "key `a` is defined twice"),
            ("80: 1\n'80': 2", "key `80` is defined twice"),
            ("a: &x [*x]", "alias refers to the value it stands in"),
            ("a: *x", "alias refers to an anchor that is not defined above it"),
            ("[a]: b", "a key must be text, found a list"),
            ("? {a: b}\n: c", "a key must be text, found a mapping"),
            ("{a: b}: c", "a key must be text, found a mapping"),
            ("~: c", "a key is missing"),
            (": c", "a key is missing"),
            ("!path a: c", "a key cannot have a tag"),
            ("<<: x", "merge key `<<` needs a mapping or a list of mappings"),
            ("<<: [x]", "merge key `<<` needs a mapping or a list of mappings"),
            ("a: !pth x", "tag `!pth` cannot be used here"),
            ("a: !!binary x", "tag `!!binary` cannot be used here"),
            ("a: !<x> y", "tag `x` cannot be used here"),
            ("a: !!map [x]", "tag `!!map` cannot be used here"),
            ("a: !env [x]", "tag `!env` needs the name of one variable"),
            ("a: b: c", "`key: value` cannot stand here"),
            ("a:\n  web\n    b: c", "`web` has no `:`"),
            ("web\n  b: c", "`web` has no `:`"),
            ("a: b c\n  d: e", "`key: value` cannot stand here"),
            ("a: 'x\nb: y\n", "quoted text is not closed"),
            ("a: [b\nc: d\n", "brackets are not closed before this key"),
            ("a: - b\n", "list item cannot stand here"),
            (" a: b\nc: d\n", "line does not belong to what stands above it"),
            ("[a]\nb\n", "line does not belong to what stands above it"),
            ("a: [1, 2", "list is not closed"),
            ("a: {b: 2", "mapping is not closed"),
            ("a: 'x", "quoted text is not closed"),
            ("a: \"x", "quoted text is not closed"),
            ("a: \"\\d\"", "quoted text holds an unknown escape"),
            ("a: %x", "text cannot begin with this character"),
            ("a:\n  - b\n- c\n", "line does not belong to the mapping above it"),
            ("a:\n  b: 1\n c: 2\n", "line does not belong to the mapping above it"),
            ("a: 1\nb\nc: 2\n", "line is neither `key: value` nor a list item"),
            ("a: ]", "bracket closes nothing"),
            ("a: [", "value is missing"),
            ("a: *", "alias or anchor has no name"),
            ("a: &x *x", "line does not belong to the mapping above it"),
            ("a: 'x' y", "text stands after the closing quote"),
            ("a: |x\n", "file is not valid YAML: did not find expected comment or line break"),
        ] {
            let read = document(yaml);
            assert_eq!(read.messages(), [message], "{yaml}");
        }
    }

    #[test]
    fn long_keys_are_refused() {
        let read = document(format!("? {}\n: x\n? {}\n: y\n", "a".repeat(1025), "b".repeat(1024)));
        assert_eq!(read.messages(), ["a key is longer than 1024 bytes"]);
    }

    #[test]
    fn long_lines_are_read_in_one_go() {
        // Gigabytes to look at, if each value looked back to the start of its line.
        for start in ["a: ", &format!("a:\n  {}", " ".repeat(500_000))] {
            let read = document(format!("{start}[{}]", "b, ".repeat(300_000)));
            assert_eq!(read.good().get("a").and_then(Node::as_sequence).map(<[Node]>::len), Some(300_000));
        }
    }

    #[test]
    fn tabs_are_shown_where_they_are() {
        for yaml in
            ["a:\n\tb: 1\n", "\ta: 1\n", "a:\n  b: 1\n\tc: 2\n", "a:\n  - b\n \t- c\n", "a: [\n\tb]\n"]
        {
            let read = document(yaml);
            assert_eq!(read.messages(), ["line is indented with a tab"], "{yaml:?}");
            let found = read.diagnostics.iter().next().expect("one diagnostic");
            let span = found.span().expect("a place");
            assert_eq!(&yaml[span.start as usize..span.end as usize], "\t", "{yaml:?}");
        }
        assert!(document("a: |\n  b\n  \tc\nd: x\ty\n").diagnostics.is_empty());
    }

    #[test]
    fn places_count_bytes_where_characters_are_wider() {
        let text = "\u{e9}: '\u{fc}'\r\n\u{e4}: [\u{1f600}]\r\n";
        let root = document(text).good();
        let (key, list) = &root.as_mapping().expect("a mapping")[1];
        let item = &list.as_sequence().expect("a list")[0];
        for (node, expected) in [(key, "\u{e4}"), (list, "[\u{1f600}]"), (item, "\u{1f600}")] {
            assert_eq!(&text[node.span.start as usize..node.span.end as usize], expected);
        }
    }

    #[test]
    fn missing_values_stand_at_their_key_and_blocks_at_their_first_line() {
        let text = "a:\nb:\n  c: d\ne:\n  - f\n  - g\n";
        let root = document(text).good();
        let places = root
            .as_mapping()
            .expect("a mapping")
            .iter()
            .map(|(_, value)| &text[value.span.start as usize..value.span.end as usize]);
        assert_eq!(places.collect::<Vec<_>>(), ["a", "c", "f"]);
    }
}
