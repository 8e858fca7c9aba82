//! Diagnostics as text for people and as plain records for programs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::diagnostic::{Counts, Diagnostic, Diagnostics, Label, Severity};
use super::file::SourceMap;
use super::span::{FileId, Span};
use crate::wording;

/// More than this is not laid out as a whole.
const WHOLE_LINES_BYTES: usize = 8 * 1024;

/// Of a long line, so much is laid out on either side of a label: more than a terminal shows.
const MARGIN_BYTES: usize = 512;

/// So many diagnostics are shown; nobody reads more at a time, and of ten thousand most have one cause.
const SHOWN: usize = 100;

/// How to show diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns of the terminal; longer source lines are cut around the caret.
    pub width: usize,
    /// With ANSI colours. The meaning is complete without.
    pub colour: bool,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { width: 100, colour: false }
    }
}

/// The diagnostics in their order, each with its source lines, and a line that counts them. Of more
/// than a hundred, errors are shown before warnings. Empty if there are none.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap, options: RenderOptions) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if options.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(options.width);
    let mut text = String::new();
    let (shown, left_out) = chosen(diagnostics);
    for diagnostic in shown {
        let group = group(diagnostic, sources);
        let report = renderer.render(&[group]);
        for line in report.trim_end().lines().filter(|line| !is_empty_place(line)) {
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    if left_out > 0 {
        text.push_str(&format!("{left_out} more, not shown here; `dmfab check --json` lists all\n\n"));
    }
    text + &summary(diagnostics, sources) + "\n"
}

/// Those to show, and how many are left out.
fn chosen(diagnostics: &Diagnostics) -> (Vec<&Diagnostic>, usize) {
    let Counts { errors, warnings } = diagnostics.counts();
    let mut errors_left = errors.min(SHOWN);
    let mut warnings_left = warnings.min(SHOWN - errors_left);
    let left_out = errors + warnings - errors_left - warnings_left;
    let is_chosen = |diagnostic: &&Diagnostic| {
        let left = match diagnostic.severity {
            Severity::Error => &mut errors_left,
            Severity::Warning => &mut warnings_left,
        };
        let is_chosen = *left > 0;
        *left -= usize::from(is_chosen);
        is_chosen
    };
    (diagnostics.iter().filter(is_chosen).collect(), left_out)
}

/// Whether a line is a mere `:::`, which is put before a part of a line because the part has no path
/// of its own.
fn is_empty_place(line: &str) -> bool {
    let is_mark = |part: &str| part.split_once('m').map_or(part, |(_, shown)| shown).trim().is_empty();
    match line.split_once(":::") {
        // Around it there may be colours: an escape character, digits and an `m`.
        Some((before, after)) => before.split('\u{1b}').chain(after.split('\u{1b}')).all(is_mark),
        None => false,
    }
}

/// `2 errors, 1 warning in 2 files`.
fn summary(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let Counts { errors, warnings } = diagnostics.counts();
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(wording::count(errors, "error"));
    }
    if warnings > 0 {
        parts.push(wording::count(warnings, "warning"));
    }
    let files = diagnostics.iter().filter_map(|found| Some(found.span()?.file));
    let files: BTreeSet<FileId> = files.filter(|file| sources.has(*file)).collect();
    let found = parts.join(", ");
    if files.is_empty() { found } else { format!("{found} in {}", wording::count(files.len(), "file")) }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message));
    for (file, labels) in by_file(&diagnostic.labels).into_iter().filter(|(file, _)| sources.has(*file)) {
        group = with_lines(group, file, &labels, diagnostic.span(), sources);
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

/// Labels by file, the files in the order in which they are first named.
fn by_file(labels: &[Label]) -> Vec<(FileId, Vec<&Label>)> {
    let mut files: Vec<(FileId, Vec<&Label>)> = Vec::new();
    for label in labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, found)) => found.push(label),
            None => files.push((label.span.file, vec![label])),
        }
    }
    files
}

/// Adds the lines of one file that the labels point at. Only these are handed on, and of very long
/// lines only what is around the label, so that a thousand mistakes in a large file stay quick to show.
fn with_lines<'a>(
    group: Group<'a>,
    file: FileId,
    labels: &[&'a Label],
    primary: Option<Span>,
    sources: &'a SourceMap,
) -> Group<'a> {
    let path = sources.path(file).to_string_lossy();
    let start = labels.iter().map(|label| label.span.start).min().unwrap_or(0);
    let end = labels.iter().map(|label| label.span.end).max().unwrap_or(0);
    let (lines, first_line) = sources.lines_around(file, start, end);
    if lines.len() <= WHOLE_LINES_BYTES {
        let snippet = snippet(sources.shown(file, lines.clone()), lines.start, first_line, labels, primary);
        return group.element(snippet.path(path));
    }
    labels.iter().fold(group, |group, label| {
        let (line, column) = sources.line_and_column(file, label.span.start);
        let part = sources.part_of_line(file, label.span.start, MARGIN_BYTES);
        let snippet = snippet(sources.shown(file, part.clone()), part.start, line, &[*label], primary);
        let origin = Origin::path(path.clone()).line(line as usize).char_column(column as usize);
        group.element(origin).element(snippet)
    })
}

/// `text` begins at byte `offset` of its file, in line `first_line`.
fn snippet<'a>(
    text: Cow<'a, str>,
    offset: usize,
    first_line: u32,
    labels: &[&'a Label],
    primary: Option<Span>,
) -> Snippet<'a, Annotation<'a>> {
    let annotations = labels.iter().map(|label| {
        let is_primary = primary == Some(label.span);
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(label.span, offset, &text));
        let words = (!label.text.is_empty()).then_some(label.text.as_str());
        annotation.label(words)
    });
    let annotations: Vec<_> = annotations.collect();
    Snippet::source(text).line_start(first_line as usize).annotations(annotations)
}

/// A span as a range of `text`, which begins at byte `offset` of the file: within it, and between
/// characters, whatever the span says.
fn within(span: Span, offset: usize, text: &str) -> Range<usize> {
    let clamp = |at: u32| {
        let mut at = (at as usize).saturating_sub(offset).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clamp(span.start);
    start..clamp(span.end).max(start)
}

/// One diagnostic for a program: `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiagnosticRecord {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// One sentence.
    pub message: String,
    /// Where to go; no fields when it concerns no place in a file.
    #[serde(flatten)]
    pub place: Option<LabelRecord>,
    /// Further places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<LabelRecord>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A place of a [`DiagnosticRecord`]. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelRecord {
    /// Path of the file as it was opened.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// What is to be said about the place.
    pub label: String,
}

/// All diagnostics in their order.
pub fn records(diagnostics: &Diagnostics, sources: &SourceMap) -> Vec<DiagnosticRecord> {
    diagnostics.iter().map(|diagnostic| record(diagnostic, sources)).collect()
}

fn record(diagnostic: &Diagnostic, sources: &SourceMap) -> DiagnosticRecord {
    let in_files = diagnostic.labels.iter().filter(|label| sources.has(label.span.file));
    let mut labels = in_files.map(|label| label_record(label, sources));
    DiagnosticRecord {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: diagnostic.message.clone(),
        place: labels.next(),
        also: labels.collect(),
        help: diagnostic.help.clone(),
    }
}

fn label_record(label: &Label, sources: &SourceMap) -> LabelRecord {
    let Span { file, start, end } = label.span;
    let (line, column) = sources.line_and_column(file, start);
    let (end_line, end_column) = sources.line_and_column(file, end);
    let file = sources.path(file).to_string_lossy().into_owned();
    LabelRecord { file, line, column, end_line, end_column, label: label.text.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{document, inventory, map};
    use super::*;

    #[test]
    fn a_screen_has_everything_in_order() {
        let yaml = "\
web:
  imgae: nginx
  stop_timeout: 0750
  network: host
  exposes: {80: 8080}
  exposes: 81
";
        insta::assert_snapshot!(map(yaml).screen(), @"
        error: unknown key `imgae` in container `web`
         --> map.yaml:2:3
          |
        2 |   imgae: nginx
          |   ^^^^^ unknown key
          |
          = help: did you mean `image`?

        error: `stop_timeout` of container `web` needs a whole number of seconds, found `0750`
         --> map.yaml:3:17
          |
        3 |   stop_timeout: 0750
          |                 ^^^^ YAML 1.1 reads this as 488
          |
          = help: write `488` or `750`

        warning: `network` of container `web` is called `network_mode` today
         --> map.yaml:4:3
          |
        4 |   network: host
          |   ^^^^^^^ old name
          |
          = help: rename it to `network_mode`

        error: key `exposes` is defined twice
         --> map.yaml:6:3
          |
        5 |   exposes: {80: 8080}
          |   ------- first defined here
        6 |   exposes: 81
          |   ^^^^^^^ defined again here
          |
          = help: remove or rename one of them

        3 errors, 1 warning in 1 file
        ");
    }

    #[test]
    fn syntax_is_explained() {
        insta::assert_snapshot!(document("web:\n  image: nginx\n\tuser: app\n").screen(), @"
        error: line is indented with a tab
         --> map.yaml:3:1
          |
        3 |     user: app
          | ^^^^ this is a tab
          |
          = help: indent with spaces

        1 error in 1 file
        ");
        insta::assert_snapshot!(document("web:\n  command: echo: x\n").screen(), @"
        error: `key: value` cannot stand here
         --> map.yaml:2:16
          |
        2 |   command: echo: x
          |                ^ this `:` starts a value where none can be
          |
          = help: put quotes around a text that contains `: `, or check the indentation

        1 error in 1 file
        ");
        insta::assert_snapshot!(document("a: !pth x\n").screen(), @"
        error: tag `!pth` cannot be used here
         --> map.yaml:1:4
          |
        1 | a: !pth x
          |    ^^^^^^ unknown tag
          |
          = help: did you mean `!path`?

        1 error in 1 file
        ");
        insta::assert_snapshot!(document("").screen(), @"
        error: `map.yaml` is empty

        1 error
        ");
    }

    #[test]
    fn host_keys_are_explained() {
        let yaml = "hosts:\n  caf\u{e9}: {fabric_hots: x, tls: true}\n  b: {features: {x: true}}\n";
        insta::assert_snapshot!(inventory(yaml).screen(), @"
        error: unknown key `fabric_hots` in host `café`
         --> map.yaml:2:10
          |
        2 |   café: {fabric_hots: x, tls: true}
          |          ^^^^^^^^^^^ unknown key
          |
          = help: did you mean `fabric_host`?

        error: `tls` of host `café` is not supported yet
         --> map.yaml:2:31
          |
        2 |   café: {fabric_hots: x, tls: true}
          |                               ^^^^ not supported yet
          |
          = help: connect through SSH: remove `tls` and set `fabric_host`

        warning: `features` of host `b` has no effect
         --> map.yaml:3:7
          |
        3 |   b: {features: {x: true}}
          |       ^^^^^^^^ has no effect
          |
          = help: remove it

        2 errors, 1 warning in 1 file
        ");
    }

    #[test]
    fn records_have_all_places() {
        let read = document("a: 1\nb: 2\na: 3\n");
        let records = records(&read.diagnostics, &read.sources);
        let json = serde_json::to_string_pretty(&records).expect("plain data");
        insta::assert_snapshot!(json, @r#"
        [
          {
            "severity": "error",
            "message": "key `a` is defined twice",
            "file": "map.yaml",
            "line": 3,
            "column": 1,
            "end_line": 3,
            "end_column": 2,
            "label": "defined again here",
            "also": [
              {
                "file": "map.yaml",
                "line": 1,
                "column": 1,
                "end_line": 1,
                "end_column": 2,
                "label": "first defined here"
              }
            ],
            "help": "remove or rename one of them"
          }
        ]
        "#);
    }

    #[test]
    fn spans_that_point_nowhere_do_no_harm() {
        let read = document("\u{e9}\u{e9}: 1\n");
        let file = read.value.as_ref().map(|node| node.span.file).unwrap_or_default();
        let mut diagnostics = Diagnostics::new();
        for (start, end) in [(0, 0), (1, 2), (1, 900), (900, 901), (5, 3), (7, 7), (u32::MAX, u32::MAX)] {
            diagnostics.push(Diagnostic::error("x").at(Span { file, start, end }, "y"));
        }
        diagnostics.push(Diagnostic::error("x").at(Span { file: FileId(7), start: 3, end: 4 }, "y"));
        assert!(
            render(&diagnostics, &read.sources, RenderOptions { width: 20, colour: true })
                .contains("8 errors in 1 file")
        );
        assert_eq!(super::records(&diagnostics, &read.sources).len(), 8);
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        for words in [200, 20_000] {
            let read = document(format!("a: [{}!x y, {}]\n", "aaaa, ".repeat(words), "bbbb, ".repeat(words)));
            let screen = read.screen();
            assert!(screen.lines().all(|line| line.chars().count() <= 101), "{screen}");
            assert!(screen.contains(&format!("--> map.yaml:1:{}\n", words * 6 + 5)), "{screen}");
            assert!(screen.contains("aaaa, !x y, bbbb") && screen.contains("^^^^ unknown tag"), "{screen}");
        }
    }

    #[test]
    fn far_lines_are_shown_apart() {
        let yaml = format!(
            "a: 1\n{}a: 2\n",
            (0..5000).map(|line| format!("b{line}: 1\n")).collect::<Vec<_>>().concat()
        );
        insta::assert_snapshot!(document(yaml).screen(), @"
        error: key `a` is defined twice
            --> map.yaml:5002:1
             |
        5002 | a: 2
             | ^ defined again here
            ::: map.yaml:1:1
             |
           1 | a: 1
             | - first defined here
             |
             = help: remove or rename one of them

        1 error in 1 file
        ");
    }

    #[test]
    fn of_many_mistakes_the_first_hundred_errors_are_shown() {
        let warnings = (0..150).map(|number| format!("w{number}: {{network: host}}"));
        let errors = (0..60).map(|number| format!("c{number}: {{imgae: x}}"));
        let screen = map(&warnings.chain(errors).collect::<Vec<_>>().join("\n")).screen();
        let count = |start: &str| screen.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!((count("error:"), count("warning:")), (60, 40));
        let end = "\n\n110 more, not shown here; `dmfab check --json` lists all\n\n60 errors, 150 warnings in 1 file\n";
        assert!(screen.ends_with(end), "{screen}");
    }

    #[test]
    fn many_mistakes_in_one_line_are_shown_quickly() {
        let containers: Vec<String> = (0..1000).map(|number| format!("c{number}: {{imgae: x}}, ")).collect();
        let start = std::time::Instant::now();
        let screen = map(&format!("{{{}}}", containers.concat())).screen();
        assert!(screen.ends_with("1000 errors in 1 file\n"));
        // A twentieth of a second; several if the whole line is laid out each time.
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "took {:?}", start.elapsed());
    }
}
