//! The parser's complaints in words that say what to do.

use super::diagnostic::Diagnostic;
use super::span::{FileId, Span};

/// Part of the parser's text, our message, our label, our help.
const EXPLANATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "mapping values are not allowed",
        "`key: value` cannot stand here",
        "this `:` starts a value where none can be",
        "put quotes around a text that contains `: `, or check the indentation",
    ),
    (
        "unknown anchor",
        "alias refers to an anchor that is not defined above it",
        "unknown anchor",
        "define it with `&name` before it is used, or quote a text that begins with `*`",
    ),
    (
        "scanning an anchor or alias",
        "alias or anchor has no name",
        "expected a name after it",
        "put quotes around a text that begins with `*` or `&`",
    ),
    (
        "expected ',' or ']'",
        "list is not closed",
        "expected `,` or `]`",
        "close the list with `]`, or quote a text that holds brackets",
    ),
    (
        "expected ',' or '}'",
        "mapping is not closed",
        "expected `,` or `}`",
        "close the mapping with `}`, or quote a text that holds braces",
    ),
    (
        "invalid indentation in quoted scalar",
        "quoted text is not closed",
        "the quote opens here",
        "add the closing quote",
    ),
    (
        "illegal placement of ':' indicator",
        "brackets are not closed before this key",
        "this `:` starts a value where none can be",
        "close the brackets above with `]` or `}`, or quote a text that holds brackets",
    ),
    (
        "block sequence entries are not allowed",
        "list item cannot stand here",
        "this `-` starts an item where none can be",
        "begin the list on a line of its own, or put quotes around a text that begins with `- `",
    ),
    (
        "did not find expected <document start>",
        "line does not belong to what stands above it",
        "this begins something new",
        "begin all keys of the file in the same column, and end each with a `:`",
    ),
    (
        "quoted scalar, found unexpected end",
        "quoted text is not closed",
        "the quote opens here",
        "add the closing quote",
    ),
    (
        "did not find expected key",
        "line does not belong to the mapping above it",
        "expected a key",
        "indent all keys of a mapping by the same number of spaces",
    ),
    (
        "did not find expected '-'",
        "line does not belong to the list above it",
        "expected `- `",
        "indent all items of a list by the same number of spaces",
    ),
    (
        "unexpected character",
        "text cannot begin with this character",
        "needs quotes",
        "put the text in quotes",
    ),
    (
        "simple key expect",
        "line is neither `key: value` nor a list item",
        "expected a `:` before here",
        "add `:` and a value after the key",
    ),
    (
        "unknown escape character",
        "quoted text holds an unknown escape",
        "unknown escape",
        "use single quotes, or write `\\\\` for a backslash",
    ),
    (
        "trailing content",
        "text stands after the closing quote",
        "after the closing quote",
        "put the whole text into one pair of quotes",
    ),
    (
        "misplaced bracket",
        "bracket closes nothing",
        "not opened before",
        "remove the bracket, or quote the text",
    ),
    (
        "did not find expected node content",
        "value is missing",
        "expected a value before here",
        "add a value, or close the brackets before it",
    ),
    ("recursion limit", "document is nested too deeply", "the limit is 64 levels", "nest fewer brackets"),
    (
        "found unprintable character",
        "document holds a character that cannot be printed",
        "not printable",
        "remove the character, or write it as an escape in double quotes",
    ),
];

/// A diagnostic for a complaint at a byte offset.
pub(super) fn explain(complaint: &str, file: FileId, text: &str, at: u32) -> Diagnostic {
    if complaint.contains("tab")
        && let Some(found) = tab_in_indentation(file, text, at)
    {
        return found;
    }
    if complaint.contains("mapping values are not allowed")
        && let Some(found) = key_without_colon(file, text, at)
    {
        return found;
    }
    let span = character_at(file, text, at);
    for &(part, message, label, help) in EXPLANATIONS {
        if complaint.contains(part) {
            return Diagnostic::error(message).at(span, label).help(help);
        }
    }
    // "while scanning x, found y": what it was doing tells the user nothing.
    let short = complaint.rsplit_once(", ").map_or(complaint, |(_, found)| found);
    Diagnostic::error(format!("file is not valid YAML: {short}")).at(span, "the parser stopped here")
}

/// A line that is a lone name, with a deeper `key: value` below it: its colon was forgotten.
fn key_without_colon(file: FileId, text: &str, at: u32) -> Option<Diagnostic> {
    let before = text.get(..at as usize)?;
    let (above, line) = before.rsplit_once('\n')?;
    let name_line = above.rsplit_once('\n').map_or(above, |(_, line)| line);
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let name = name_line.trim();
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !is_name || indentation(name_line) >= indentation(line) {
        return None;
    }
    let start = u32::try_from(above.len() - name_line.len() + indentation(name_line)).ok()?;
    let span = Span { file, start, end: start + u32::try_from(name.len()).ok()? };
    let diagnostic =
        Diagnostic::error(format!("`{name}` has no `:`")).at(span, "what stands below belongs to it");
    Some(diagnostic.help(format!("write `{name}:`")))
}

/// The first tab that indents a line, from the line of a byte offset on.
fn tab_in_indentation(file: FileId, text: &str, at: u32) -> Option<Diagnostic> {
    let before = text.get(..at as usize)?;
    let mut start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let indentation = &line[..line.len() - content.len()];
        if let Some(tab) = indentation.find('\t')
            && !content.trim().is_empty()
        {
            return Some(tab_at(file, start + tab));
        }
        start += line.len();
    }
    None
}

/// A tab at a byte offset, where it indents a line.
pub(super) fn tab_at(file: FileId, at: usize) -> Diagnostic {
    let start = u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { file, start, end: start.saturating_add(1) };
    Diagnostic::error("line is indented with a tab").at(span, "this is a tab").help("indent with spaces")
}

/// The character at a byte offset, as a span. At the end of the text, the last visible one.
fn character_at(file: FileId, text: &str, at: u32) -> Span {
    let mut start = (at as usize).min(text.len());
    if text[start..].trim().is_empty() {
        start = text.trim_end().char_indices().next_back().map_or(0, |(last, _)| last);
    }
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    let offset = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Span { file, start: offset(start), end: offset(start + length) }
}
