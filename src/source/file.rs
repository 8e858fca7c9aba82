//! The files that were read, so that spans can be shown as lines.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::span::{FileId, Span};
use crate::model::place::Place;

/// Texts of all files read, by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

#[derive(Debug, Clone)]
struct SourceFile {
    path: Arc<Path>,
    text: String,
    /// Byte offset of each line's first character.
    line_starts: Vec<u32>,
    /// What is not to be shown.
    hidden: Vec<Span>,
}

impl SourceMap {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file under the path that messages shall show.
    pub fn add(&mut self, path: PathBuf, text: String) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.files.push(SourceFile {
            path: path.into(),
            line_starts: line_starts(&text),
            text,
            hidden: Vec::new(),
        });
        id
    }

    /// Whether a file is one of these; values that a program made stand in none.
    pub fn has(&self, file: FileId) -> bool {
        self.get(file).is_some()
    }

    /// The path given to [`Self::add`]; empty for a file of another map.
    pub fn path(&self, file: FileId) -> &Path {
        self.get(file).map_or(Path::new(""), |found| &found.path)
    }

    /// The whole text; empty for a file of another map.
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |found| &found.text)
    }

    /// Line and column of a span's start, both from 1, the column in characters.
    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.line_and_column(span.file, span.start);
        let file = self.get(span.file).map_or_else(|| Path::new("").into(), |found| found.path.clone());
        Place { file, line, column }
    }

    /// As [`Self::place`], for any offset of a file.
    pub(super) fn line_and_column(&self, file: FileId, offset_in_file: u32) -> (u32, u32) {
        let Some(found) = self.get(file) else {
            return (1, 1);
        };
        let line = found.line_of(offset_in_file);
        let before = found.text.get(found.start_of(line)..offset_in_file as usize);
        let column = before.map_or(0, |text| text.chars().count());
        (offset(line) + 1, offset(column) + 1)
    }

    /// From now on the text at a span is shown as asterisks.
    pub(super) fn hide(&mut self, span: Span) {
        if let Some(found) = self.files.get_mut(span.file.0 as usize) {
            found.hidden.push(span);
        }
    }

    /// The byte range of the whole lines that hold `start..end`, without the last line break, and the
    /// number (from 1) of the first of them.
    pub(super) fn lines_around(&self, file: FileId, start: u32, end: u32) -> (Range<usize>, u32) {
        let Some(found) = self.get(file) else {
            return (0..0, 1);
        };
        let first = found.line_of(start);
        let last = found.line_of(end.saturating_sub(1).max(start));
        let until = found.line_starts.get(last + 1).map_or(found.text.len(), |next| *next as usize - 1);
        (found.start_of(first)..until, offset(first) + 1)
    }

    /// The byte range of the line at an offset, cut to `margin` bytes on either side of the offset.
    pub(super) fn part_of_line(&self, file: FileId, at: u32, margin: usize) -> Range<usize> {
        let (line, _) = self.lines_around(file, at, at);
        let text = self.text(file);
        let at = (at as usize).clamp(line.start, line.end);
        let mut start = at.saturating_sub(margin).max(line.start);
        let mut end = (at + margin).min(line.end);
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    /// A part of the text as it may be shown: of the same length, without what is hidden.
    pub(super) fn shown(&self, file: FileId, part: Range<usize>) -> Cow<'_, str> {
        let Some(found) = self.get(file) else {
            return Cow::Borrowed("");
        };
        let text = found.text.get(part.clone()).unwrap_or_default();
        let overlaps = |span: &&Span| (span.start as usize) < part.end && part.start < span.end as usize;
        let hidden: Vec<&Span> = found.hidden.iter().filter(overlaps).collect();
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let is_hidden =
            |at: usize| hidden.iter().any(|span| (span.start as usize..span.end as usize).contains(&at));
        let mut shown = String::with_capacity(text.len());
        for (at, character) in text.char_indices() {
            match character {
                '\n' => shown.push('\n'),
                _ if is_hidden(part.start + at) => shown.push_str(&"*".repeat(character.len_utf8())),
                _ => shown.push(character),
            }
        }
        Cow::Owned(shown)
    }

    fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }
}

impl SourceFile {
    /// Index of the line that holds a byte offset.
    fn line_of(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn start_of(&self, line: usize) -> usize {
        self.line_starts.get(line).map_or(0, |start| *start as usize)
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(breaks.map(|(at, _)| offset(at + 1))).collect()
}

/// Files are limited to a few megabytes, so offsets fit.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
