//! Explanations as text for a terminal of eighty columns.
//!
//! ```text
//! container.stop_timeout
//!
//!   seconds until a stopping container is killed
//!
//!     stop_timeout: 10
//!
//!   ...
//! ```

use unicode_width::UnicodeWidthStr;

use super::commented::split_comment;
use super::{Block, Entry, Forms, Place, Reference, Table};

/// Columns of the usual terminal.
const WIDTH: usize = 80;
/// What is said about a key stands below its name.
const INDENT: usize = 2;
/// The example stands apart from what is said.
const EXAMPLE_INDENT: usize = 4;
/// Blanks between two columns.
const GAP: usize = 2;
const COMMENT_MARK: &str = "# ";
/// In the list of all, longer keys do not widen their column.
const LONGEST_KEY: usize = 20;
/// Code up to this width is not broken at its blanks.
const UNBROKEN_CODE: usize = 36;

/// All that is known about some keys, one below the other.
pub fn explanation(entries: &[&Entry]) -> String {
    let parts: Vec<String> = entries.iter().map(|entry| one(entry)).collect();
    parts.join("\n")
}

/// All keys with their summaries, by place.
pub fn overview(reference: &Reference) -> String {
    let places: String = Place::ALL.into_iter().map(|place| keys_of(reference, place)).collect();
    places + "`dmfab explain KEY` shows one in full, with an example and all its forms.\n"
}

/// The keys of one place with their summaries; empty if it has none.
pub fn keys_of(reference: &Reference, place: Place) -> String {
    let entries: Vec<&Entry> = reference.entries().iter().filter(|entry| entry.place == place).collect();
    if entries.is_empty() {
        return String::new();
    }
    let path = if place.path().is_empty() { String::new() } else { format!("  ({})", place.path()) };
    let mut shown = format!("{}{path}\n", place.title());
    push(&mut shown, INDENT, &columns(&overview_rows(&entries), WIDTH - INDENT));
    shown.push('\n');
    shown
}

/// Key and summary; a long key has a line of its own.
fn overview_rows(entries: &[&Entry]) -> Vec<Vec<String>> {
    let rows = entries.iter().flat_map(|entry| {
        let summary = entry.summary.clone();
        if entry.key.len() <= LONGEST_KEY {
            vec![vec![entry.key.clone(), summary]]
        } else {
            vec![vec![entry.key.clone()], vec![String::new(), summary]]
        }
    });
    rows.collect()
}

fn one(entry: &Entry) -> String {
    let mut shown = format!("{}\n", entry.path);
    let mut paragraph = |indent: usize, lines: &[String]| {
        if !lines.is_empty() {
            shown.push('\n');
            push(&mut shown, indent, lines);
        }
    };
    paragraph(INDENT, &wrapped(&entry.summary, WIDTH - INDENT));
    paragraph(EXAMPLE_INDENT, &example(entry, WIDTH - EXAMPLE_INDENT));
    for block in entry.forms.iter().flat_map(|forms| &forms.blocks) {
        paragraph(INDENT, &block_lines(block, WIDTH - INDENT));
    }
    for remark in remarks(entry) {
        paragraph(INDENT, &wrapped(&remark, WIDTH - INDENT));
    }
    shown
}

fn remarks(entry: &Entry) -> Vec<String> {
    let api_name = entry.api_name.map(|name| format!("The API's name `{name}` is taken as well."));
    let merging = entry.merging.as_ref().map(|rule| format!("With `extends`: {rule}."));
    let page = entry.forms.as_ref().map(page);
    [api_name, merging, page].into_iter().flatten().collect()
}

fn page(forms: &Forms) -> String {
    format!("Guide: docs/guide/{}, \"{}\"", forms.page, forms.section)
}

fn push(shown: &mut String, indent: usize, lines: &[String]) {
    for line in lines {
        let indented = format!("{:indent$}{line}", "");
        *shown += indented.trim_end();
        shown.push('\n');
    }
}

fn block_lines(block: &Block, width: usize) -> Vec<String> {
    match block {
        Block::Text(text) => wrapped(text, width),
        Block::Table(Table { headers, rows }) => {
            let headers = headers.iter().map(|header| header.to_uppercase()).collect();
            let rows: Vec<_> = std::iter::once(headers).chain(rows.iter().cloned()).collect();
            columns(&rows, width)
        }
    }
}

/// The example with its comments in a column; those that do not fit stand above their line.
fn example(entry: &Entry, width: usize) -> Vec<String> {
    let lines: Vec<Commented<'_>> = entry.example.iter().map(|line| Commented::of(line)).collect();
    let fitting = lines.iter().filter(|line| line.width() <= width);
    let column = fitting.map(|line| line.code.width()).max().unwrap_or_default();
    let mut shown: Vec<String> = lines.iter().flat_map(|line| line.shown(column, width)).collect();
    if entry.is_example_cut {
        shown.push("...".to_owned());
    }
    shown
}

/// A line of an example.
struct Commented<'l> {
    code: &'l str,
    comment: Option<&'l str>,
}

impl<'l> Commented<'l> {
    fn of(line: &'l str) -> Self {
        let (code, comment) = split_comment(line);
        Self { code, comment }
    }

    /// With the comment directly behind the code.
    fn width(&self) -> usize {
        self.code.width() + self.comment.map_or(0, |comment| GAP + COMMENT_MARK.len() + comment.width())
    }

    fn shown(&self, column: usize, width: usize) -> Vec<String> {
        let code = self.code.trim_end();
        let Some(comment) = self.comment else { return vec![code.to_owned()] };
        let is_beside = |blanks: usize| code.width() + blanks + COMMENT_MARK.len() + comment.width() <= width;
        let blanks = column.saturating_sub(code.width()) + GAP;
        match [blanks, GAP].into_iter().find(|blanks| !code.is_empty() && is_beside(*blanks)) {
            Some(blanks) => vec![format!("{code}{:blanks$}{COMMENT_MARK}{comment}", "")],
            None => self.above(comment, width),
        }
    }

    fn above(&self, comment: &str, width: usize) -> Vec<String> {
        let indent = self.code.len() - self.code.trim_start().len();
        let lines = wrapped(comment, width.saturating_sub(indent + COMMENT_MARK.len()));
        let comment = lines.iter().map(|line| format!("{:indent$}{COMMENT_MARK}{line}", ""));
        comment.chain(Some(self.code.trim_end().to_owned()).filter(|code| !code.is_empty())).collect()
    }
}

/// Rows with columns as wide as they need, the widest made narrower until all fit.
fn columns(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths = column_widths(rows, count, width);
    let in_cells =
        |row: &Vec<String>| row.iter().zip(&widths).map(|(cell, width)| wrapped(cell, *width)).collect();
    let rows: Vec<Vec<Vec<String>>> = rows.iter().map(in_cells).collect();
    // Lines end before the width that they may have.
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = rows.iter().filter(|row| row.len() == count).map(|row| &row[column]);
            cells.flatten().map(|line| line.width()).max().unwrap_or_default()
        })
        .collect();
    rows.iter().flat_map(|row| row_lines(row, &widths)).collect()
}

fn row_lines(cells: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let line = |index: usize| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(index).map_or("", String::as_str);
            line += text;
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width()) + GAP));
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// A row of fewer cells widens no column.
fn column_widths(rows: &[Vec<String>], count: usize, width: usize) -> Vec<usize> {
    let whole_rows = || rows.iter().filter(|row| row.len() == count);
    let widest_of = |column: usize, measure: fn(&str) -> usize| {
        whole_rows().map(|row| measure(&row[column])).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..count).map(|column| widest_of(column, UnicodeWidthStr::width)).collect();
    let narrowest: Vec<usize> = (0..count).map(|column| widest_of(column, widest_word)).collect();
    while widths.iter().sum::<usize>() + GAP * count.saturating_sub(1) > width {
        let may_shrink = (0..count).filter(|column| widths[*column] > narrowest[*column]);
        let Some(widest) = may_shrink.max_by_key(|column| widths[*column]) else { break };
        widths[widest] -= 1;
    }
    widths
}

fn widest_word(text: &str) -> usize {
    words(text).into_iter().map(UnicodeWidthStr::width).max().unwrap_or_default()
}

/// A text in lines of a width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What stands between blanks; short code stays in one piece.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut code_start = None;
    let is_short = |from: usize| text[from + 1..].find('`').is_some_and(|length| length <= UNBROKEN_CODE);
    for (at, letter) in text.char_indices() {
        match (letter, code_start) {
            ('`', None) => code_start = Some(at),
            ('`', Some(_)) => code_start = None,
            (' ', from) if !from.is_some_and(is_short) => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_code_is_not_broken() {
        assert_eq!(wrapped("a `b c d` e", 6), ["a", "`b c d`", "e"]);
        let long = "`0123456789 0123456789 0123456789 0123456789`";
        assert_eq!(wrapped(long, 23).len(), 2);
        assert_eq!(wrapped("", 10), [""; 0]);
    }

    #[test]
    fn the_widest_column_gives_way() {
        let row = |one: &str, other: &str| vec![one.to_owned(), other.to_owned()];
        let rows = [row("ITEM", "MEANS"), row("`80: 80`", "published on all addresses"), row("", "x")];
        let expected =
            ["ITEM      MEANS", "`80: 80`  published on", "          all addresses", "          x"];
        assert_eq!(columns(&rows, 24), expected);
    }
}
