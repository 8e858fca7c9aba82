//! Reads `reference.yaml` with its comments, which no YAML parser keeps: each key with what is said
//! about it and the lines that show it.
//!
//! The file is ours and keeps to this form: keys stand in lines of their own, a comment behind its
//! key or in the lines above it, and a key that is commented out has a comment, too.

use super::places::{Inside, Place};

/// A key as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) place: Place,
    pub(super) key: String,
    /// What the file says about it; may be empty.
    pub(super) comment: String,
    /// Its lines, without the indentation of the first and without its comment.
    pub(super) lines: Vec<String>,
}

/// A line taken apart.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    /// Column of the key, or of whatever the line begins with.
    column: usize,
    key: Option<&'t str>,
    /// Key and value.
    code: &'t str,
    comment: Option<&'t str>,
    is_commented_out: bool,
}

/// All keys of the file, in its order.
pub(super) fn occurrences(text: &str) -> Vec<Occurrence> {
    let lines: Vec<&str> = text.lines().collect();
    let mut open: Vec<(usize, Option<Inside>)> = Vec::new();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate().filter_map(|(index, line)| Some((index, key_line(line)?))) {
        let Some(key) = line.key else { continue };
        while open.last().is_some_and(|(column, _)| *column >= line.column) {
            open.pop();
        }
        let context = open.last().map_or(Some(Inside::Keys(Place::Inventory)), |(_, inside)| *inside);
        if let Some(Inside::Keys(place)) = context
            && place.has_key(key)
        {
            let comment =
                line.comment.map_or_else(|| comment_above(&lines[..index], line.column), str::to_owned);
            found.push(Occurrence {
                place,
                key: key.to_owned(),
                comment,
                lines: snippet(line, &lines[index + 1..]),
            });
        }
        let inside = match context {
            Some(Inside::Keys(place)) => place.inside(key),
            Some(Inside::Names(place)) => Some(Inside::Keys(place)),
            None => None,
        };
        if !line.is_commented_out {
            open.push((line.column, inside));
        }
    }
    found
}

/// Lines whose value has a tag, with the tag: `!env`, `password: !env NAME`.
pub(super) fn tagged_lines(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines().filter_map(key_line) {
        let mut words = line.code.split([' ', '[', '{', ',']);
        if let Some(tag) = words.find(|word| word.len() > 1 && word.starts_with('!')) {
            found.push((tag.to_owned(), line.code.to_owned()));
        }
    }
    found
}

/// A line with a key, be it commented out.
fn key_line(line: &str) -> Option<Line<'_>> {
    let body = line.trim_start();
    let indentation = line.len() - body.len();
    if let Some(rest) = body.strip_prefix("# ") {
        let inner = key_of(rest).map(|key| split(rest, indentation, Some(key), true))?;
        return inner.comment.is_some().then_some(inner);
    }
    let rest = body.strip_prefix("- ").unwrap_or(body);
    let key = key_of(rest)?;
    Some(split(rest, indentation + body.len() - rest.len(), Some(key), false))
}

fn split<'t>(rest: &'t str, column: usize, key: Option<&'t str>, is_commented_out: bool) -> Line<'t> {
    let (code, comment) = split_comment(rest);
    Line { column, key, code, comment, is_commented_out }
}

/// The text before a colon, if it is a plain word.
fn key_of(text: &str) -> Option<&str> {
    let end = text.find(": ").or_else(|| text.strip_suffix(':').map(str::len))?;
    let key = &text[..end];
    let is_word = !key.is_empty() && !key.contains([' ', '"', '\'', '[', '{', '#', '`']);
    is_word.then_some(key)
}

/// A line's code, and what stands behind the `#`.
pub(super) fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if before == ' ' => {
                let code = &line[..at];
                // The indentation of a comment that stands alone says what it is about.
                let code = if code.trim().is_empty() { code } else { code.trim_end() };
                return (code, Some(line[at + 1..].trim()));
            }
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            _ => {}
        }
        before = letter;
    }
    (line.trim_end(), None)
}

/// The lines of comment that end directly above a key, at its column.
fn comment_above(above: &[&str], column: usize) -> String {
    let is_comment = |line: &&&str| {
        let body = line.trim_start();
        let is_prose = body.starts_with("# ") && !body.starts_with("# ---") && key_line(line).is_none();
        is_prose && line.len() - body.len() == column
    };
    let count = above.iter().rev().take_while(is_comment).count();
    let lines = above[above.len() - count..].iter().filter_map(|line| line.trim_start().strip_prefix("# "));
    lines.collect::<Vec<_>>().join(" ")
}

/// The key's line and what is indented further.
fn snippet(first: Line<'_>, below: &[&str]) -> Vec<String> {
    let mut lines = vec![first.code.to_owned()];
    if first.is_commented_out {
        return lines;
    }
    let is_deeper =
        |line: &&&str| line.trim().is_empty() || line.len() - line.trim_start().len() > first.column;
    // Other names and banners would only lengthen it.
    let is_aside = |line: &str| {
        line.trim_start().starts_with("# ---") || key_line(line).is_some_and(|line| line.is_commented_out)
    };
    let inner = below.iter().take_while(is_deeper).filter(|line| !is_aside(line));
    lines.extend(inner.map(|line| line.get(first.column..).unwrap_or_default().to_owned()));
    while lines.last().is_some_and(|line| line.is_empty() || line.trim_start().starts_with('#')) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# --- A banner -----

# What hosts start from.
# A second sentence.
defaults:
  user: deploy        # login name

hosts:
  web1:
    port: 22          # SSH port
    # tls: false      # refused
    # Prose: without a comment behind it.
    user: \"a # b\"

maps:
  shop:
    # name: x         # the name
    app:
      binds:
        - data: ro
        - path: /a    # inside
          readonly: true
      exec_commands:
        - cmd: x      # the command
    volumes:
      data: /data
";

    fn short(text: &str) -> Vec<String> {
        let shown = |found: &Occurrence| {
            format!("{} | {} | {}", found.place.path_of(&found.key), found.comment, found.lines.join("/"))
        };
        occurrences(text).iter().map(shown).collect()
    }

    #[test]
    fn keys_have_their_place_and_comment() {
        let expected = [
            "inventory.defaults | What hosts start from. A second sentence. | defaults:/  user: deploy        # login name",
            "host.user | login name | user: deploy",
            "host.port | SSH port | port: 22",
            "host.tls | refused | tls: false",
            "host.user | Prose: without a comment behind it. | user: \"a # b\"",
            "map.name | the name | name: x",
            "container.binds |  | binds:/  - data: ro/  - path: /a    # inside/    readonly: true",
            "container.binds.path | inside | path: /a",
            "container.binds.readonly |  | readonly: true",
            "container.exec_commands |  | exec_commands:/  - cmd: x      # the command",
            "container.exec_commands.cmd | the command | cmd: x",
            "map.volumes |  | volumes:/  data: /data",
        ];
        let found = short(TEXT);
        let large =
            |line: &&String| line.starts_with("inventory.hosts") || line.starts_with("inventory.maps");
        let found: Vec<&String> = found.iter().filter(|line| !large(line)).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_snippet_ends_with_its_last_line() {
        let found = occurrences(TEXT);
        let hosts = found.iter().find(|found| found.key == "hosts").expect("hosts");
        assert_eq!(hosts.lines.last().map(String::as_str), Some("    user: \"a # b\""));
    }

    #[test]
    fn tags_are_found_in_values_only() {
        let text =
            "a: !env NAME   # the variable\n# b: !path ~/x   # y\nc: text   # not !file\nd: [!env X]\n";
        let expected = [("!env", "a: !env NAME"), ("!path", "b: !path ~/x"), ("!env", "d: [!env X]")];
        let found = tagged_lines(text);
        assert_eq!(found, expected.map(|(tag, line)| (tag.to_owned(), line.to_owned())));
    }
}
