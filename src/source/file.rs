//! The files that were read, so that spans can be shown as lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
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
    /// Characters before each stretch of [`STRETCH_BYTES`], since columns count characters and lines
    /// may be as long as the file. Empty if each character is one byte.
    characters_before: Vec<u32>,
    /// What is not to be shown: start and end of stretches that do not touch one another.
    hidden: BTreeMap<u32, u32>,
}

/// Characters are counted within so many bytes.
const STRETCH_BYTES: usize = 1024;

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
            characters_before: characters_before(&text),
            text,
            hidden: BTreeMap::new(),
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
        let column = match found.characters_until(offset_in_file as usize) {
            Some(characters) => {
                characters - found.characters_until(found.start_of(line)).unwrap_or(characters)
            }
            None => 0,
        };
        (offset(line) + 1, offset(column) + 1)
    }

    /// From now on the text at a span is shown as asterisks.
    pub(super) fn hide(&mut self, span: Span) {
        if let Some(found) = self.files.get_mut(span.file.0 as usize) {
            found.hide(span);
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
        let mut shown = String::with_capacity(text.len());
        let mut at = part.start;
        for (start, end) in found.hidden_within(&part) {
            shown.push_str(found.text.get(at..start).unwrap_or_default());
            at = end;
            for character in found.text.get(start..end).unwrap_or_default().chars() {
                match character {
                    '\n' => shown.push('\n'),
                    _ => shown.extend(std::iter::repeat_n('*', character.len_utf8())),
                }
            }
        }
        if at == part.start {
            return Cow::Borrowed(text);
        }
        shown.push_str(found.text.get(at..part.end).unwrap_or_default());
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

    /// Characters before a byte offset; `None` if it is not between two characters.
    fn characters_until(&self, offset: usize) -> Option<usize> {
        if !self.text.is_char_boundary(offset) {
            return None;
        }
        let stretch = offset / STRETCH_BYTES;
        let Some(before) = self.characters_before.get(stretch) else { return Some(offset) };
        // A character belongs to the stretch that it begins in.
        let is_first = |byte: &&u8| (**byte & 0b1100_0000) != 0b1000_0000;
        let within = self.text.as_bytes()[stretch * STRETCH_BYTES..offset].iter().filter(is_first).count();
        Some(*before as usize + within)
    }

    /// Adds a stretch to what is hidden, in one with those it touches.
    fn hide(&mut self, span: Span) {
        let (mut start, mut end) = (span.start, span.end);
        while let Some((&other_start, &other_end)) = self.hidden.range(..=end).next_back() {
            if other_end < start {
                break;
            }
            (start, end) = (start.min(other_start), end.max(other_end));
            self.hidden.remove(&other_start);
        }
        self.hidden.insert(start, end);
    }

    /// The hidden stretches of a part in their order, as far as they are within.
    fn hidden_within(&self, part: &Range<usize>) -> Vec<(usize, usize)> {
        let stretches = self.hidden.range(..offset(part.end)).rev();
        let stretches = stretches.map(|(start, end)| (*start as usize, *end as usize));
        let mut within: Vec<_> = stretches
            .take_while(|(_, end)| part.start < *end)
            .map(|(start, end)| (start.max(part.start), end.min(part.end)))
            .collect();
        within.reverse();
        within
    }

    fn start_of(&self, line: usize) -> usize {
        self.line_starts.get(line).map_or(0, |start| *start as usize)
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(breaks.map(|(at, _)| offset(at + 1))).collect()
}

fn characters_before(text: &str) -> Vec<u32> {
    if text.is_ascii() {
        return Vec::new();
    }
    let mut before = 0;
    let stretches = text.as_bytes().chunks(STRETCH_BYTES).map(|stretch| {
        let first_bytes = stretch.iter().filter(|byte| (**byte & 0b1100_0000) != 0b1000_0000).count();
        let before_this = before;
        before += offset(first_bytes);
        before_this
    });
    let mut counts: Vec<u32> = stretches.collect();
    counts.push(before);
    counts
}

/// Files are limited to a few megabytes, so offsets fit.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_file(text: String) -> (SourceMap, FileId) {
        let mut sources = SourceMap::new();
        let file = sources.add(PathBuf::from("a.yaml"), text);
        (sources, file)
    }

    #[test]
    fn columns_count_characters_on_lines_of_any_length() {
        let long = "\u{e9}x\u{1f600}".repeat(3000);
        let text = format!("ab\n{long}\n\u{e9}z");
        let (sources, file) = one_file(text.clone());
        let mut expected = (1, 1);
        for (at, character) in text.char_indices() {
            assert_eq!(sources.line_and_column(file, offset(at)), expected, "byte {at}");
            expected = if character == '\n' { (expected.0 + 1, 1) } else { (expected.0, expected.1 + 1) };
        }
        assert_eq!(sources.line_and_column(file, offset(text.len())), expected);
        assert_eq!(sources.line_and_column(file, 4), (2, 1), "within a character");
        assert_eq!(sources.line_and_column(file, u32::MAX), (3, 1), "behind the end");
    }

    #[test]
    fn columns_of_long_lines_are_found_quickly() {
        // A hundred gigabytes to count, if each place counted from the start of its line.
        let (sources, file) = one_file("\u{e9}".repeat(1_000_000));
        let places = (0..100_000).map(|at| sources.line_and_column(file, at * 20));
        assert_eq!(places.map(|(_, column)| u64::from(column)).max(), Some(999_991));
    }

    #[test]
    fn what_is_hidden_may_overlap() {
        let (mut sources, file) = one_file("abc\u{e9}def\nghij".to_owned());
        for (start, end) in [(9, 11), (1, 3), (3, 5), (2, 4), (10, 11)] {
            sources.hide(Span { file, start, end });
        }
        assert_eq!(sources.shown(file, 0..13), "a****def\n**ij");
        assert_eq!(sources.shown(file, 2..10), "***def\n*");
        assert_eq!(sources.shown(file, 5..8), "def");
    }
}
