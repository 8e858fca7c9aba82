//! Reads the pages of the guide: headings with their paragraphs and tables. Code is left out.

/// What stands between two headings of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// File name of the page, in `docs/guide`.
    pub page: &'static str,
    /// Text of the heading.
    pub title: String,
    /// Paragraphs and tables in their order.
    pub blocks: Vec<Block>,
}

/// A part of a section. Its texts keep their backticks and have no other marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, or an item of a list, in one line.
    Text(String),
    /// A table.
    Table(Table),
}

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// One for each column.
    pub headers: Vec<String>,
    /// As many cells as headers in each.
    pub rows: Vec<Vec<String>>,
}

/// The sections of a page.
pub(super) fn sections(page: &'static str, text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut is_code = false;
    for line in text.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        let is_text = !is_fence && !is_code && !line.trim().is_empty() && !line.starts_with("    ");
        let begins_block = line.starts_with('#') || line.starts_with("* ");
        if (!is_text || begins_block || paragraph.first().is_some_and(|first| is_row(first) != is_row(line)))
            && let Some(section) = sections.last_mut()
        {
            section.blocks.extend(block(&std::mem::take(&mut paragraph)));
        }
        is_code ^= is_fence;
        match line.strip_prefix('#').filter(|_| is_text) {
            Some(heading) => {
                let title = plain(heading.trim_start_matches('#').trim());
                sections.push(Section { page, title, blocks: Vec::new() });
            }
            None if is_text => paragraph.push(line),
            None => {}
        }
    }
    sections
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

fn block(lines: &[&str]) -> Option<Block> {
    let first = lines.first()?;
    if !is_row(first) {
        return Some(Block::Text(plain(&lines.join(" "))));
    }
    let mut rows = lines.iter().map(|line| cells(line));
    let headers = rows.next().unwrap_or_default();
    Some(Block::Table(Table { headers, rows: rows.skip(1).collect() }))
}

/// The cells of a row. A bar in code is none between cells.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_code = false;
    for letter in row.trim().trim_matches('|').chars() {
        is_code ^= letter == '`';
        match cells.last_mut() {
            Some(cell) if letter != '|' || is_code => cell.push(letter),
            _ => cells.push(String::new()),
        }
    }
    cells.iter().map(|cell| plain(cell.trim())).collect()
}

/// Text without the targets of its links.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '[']) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let (part, length) = if from.starts_with('`') { code(from) } else { link(from) };
        shown.push_str(part);
        rest = &from[length..];
    }
    shown + rest
}

/// The code that a text begins with, with its backticks, and how long it is.
fn code(text: &str) -> (&str, usize) {
    let end = text[1..].find('`').map_or(text.len(), |at| at + 2);
    (&text[..end], end)
}

/// The words of the link that a text begins with, and how long it is with its target; a bracket
/// that begins no link stands for itself.
fn link(text: &str) -> (&str, usize) {
    let parts = text.find("](").and_then(|close| Some((close, close + text[close..].find(')')? + 1)));
    match parts {
        Some((close, end)) if !text[1..close].contains('[') => (&text[1..close], end),
        _ => (&text[..1], 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_sections_of_paragraphs_and_tables() {
        let text = "# Top\n\nFirst [line](x.md)\nand second.\n\n## Keys of `x`\nBefore.\n| key | value |\n|---|---|\n| `a` | [b](c.md#d) |\n\
                    | `a|b` | |\n\n```yaml\n# no heading\n```\n\n    indented\n\n* one\n* two\n";
        let found = sections("x.md", text);
        let text = |text: &str| Block::Text(text.to_owned());
        let row = |one: &str, other: &str| vec![one.to_owned(), other.to_owned()];
        let table = Table { headers: row("key", "value"), rows: vec![row("`a`", "b"), row("`a|b`", "")] };
        let expected = [
            ("Top", vec![text("First line and second.")]),
            ("Keys of `x`", vec![text("Before."), Block::Table(table), text("* one"), text("* two")]),
        ];
        let expected =
            expected.map(|(title, blocks)| Section { page: "x.md", title: title.to_owned(), blocks });
        assert_eq!(found, expected);
    }

    #[test]
    fn brackets_that_are_no_links_stay() {
        for (text, expected) in [
            ("`[user@]host[:port]` or [a](b)", "`[user@]host[:port]` or a"),
            ("[a] and [b](c)", "[a] and b"),
            ("`open", "`open"),
            ("see [a](b", "see [a](b"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
