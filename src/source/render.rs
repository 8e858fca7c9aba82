//! Diagnostics as text for people and as plain records for programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::diagnostic::{Counts, Diagnostic, Diagnostics, Label, Severity};
use super::file::SourceMap;
use super::span::{FileId, Span};
use crate::wording;

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

/// All diagnostics in their order, each with its source lines, and a line that counts them.
/// Empty if there are none.
pub fn render(diagnostics: &Diagnostics, sources: &SourceMap, options: RenderOptions) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if options.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(options.width);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let group = group(diagnostic, sources);
        let report = renderer.render(&[group]);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\n", report.trim_end());
    }
    text + &summary(diagnostics) + "\n"
}

/// `2 errors, 1 warning in 2 files`.
fn summary(diagnostics: &Diagnostics) -> String {
    let Counts { errors, warnings } = diagnostics.counts();
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(wording::count(errors, "error"));
    }
    if warnings > 0 {
        parts.push(wording::count(warnings, "warning"));
    }
    let files: BTreeSet<FileId> = diagnostics.iter().filter_map(|d| Some(d.span()?.file)).collect();
    let found = parts.join(", ");
    if files.is_empty() { found } else { format!("{found} in {}", wording::count(files.len(), "file")) }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message));
    for (file, labels) in by_file(&diagnostic.labels) {
        group = group.element(snippet(file, &labels, diagnostic.span(), sources));
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

/// The lines of one file that the labels point at. Only these are handed on, so that a thousand
/// mistakes in a large file stay quick to show.
fn snippet<'a>(
    file: FileId,
    labels: &[&'a Label],
    primary: Option<Span>,
    sources: &'a SourceMap,
) -> Snippet<'a, Annotation<'a>> {
    let start = labels.iter().map(|label| label.span.start).min().unwrap_or(0);
    let end = labels.iter().map(|label| label.span.end).max().unwrap_or(0);
    let (lines, first_line) = sources.lines_around(file, start, end);
    let text = sources.shown(file, lines.clone());
    let annotations = labels.iter().map(|label| {
        let is_primary = primary == Some(label.span);
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(label.span, lines.start, &text));
        let words = (!label.text.is_empty()).then_some(label.text.as_str());
        annotation.label(words)
    });
    let annotations: Vec<_> = annotations.collect();
    Snippet::source(text)
        .line_start(first_line as usize)
        .path(sources.path(file).to_string_lossy())
        .annotations(annotations)
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
    /// Where to go; absent when it concerns no place in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    let mut labels = diagnostic.labels.iter().map(|label| label_record(label, sources));
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
