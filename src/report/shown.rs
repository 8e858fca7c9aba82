//! How single values are shown: durations, foreign text, columns, host names.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

pub(super) use crate::model::ranges::fold as fold_hosts;

/// A duration with its unit: `0.4 s`, `2 min 5 s`, `1 h 0 min`.
pub(super) fn seconds(duration: Duration) -> String {
    // Rounded before the unit is chosen, so that 59.96 s is not shown as `60.0 s`.
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let whole = (duration.as_millis() + 500) / 1000;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Text of unknown origin in one line; what a terminal would obey is spelled out instead.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        if is_obeyed(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// A line that a program wrote, without its colours and cursor movements.
pub(super) fn without_escapes(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\t' => line.push_str("    "),
            other if is_obeyed(other) => {}
            other => line.push(other),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Control characters, and those that turn the direction of writing.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Moves behind an escape sequence: `ESC [ ... letter`, `ESC ] ... BEL`, or `ESC` and one more.
fn skip_escape(characters: &mut std::str::Chars<'_>) {
    match characters.next() {
        Some('[') => {
            characters.find(|character| ('@'..='~').contains(character));
        }
        Some(']') => {
            let end = characters.find(|character| matches!(character, '\u{7}' | '\u{1b}'));
            // Ends with BEL or `ESC \`; the backslash belongs to the end.
            end.filter(|end| *end == '\u{1b}').and_then(|_| characters.next());
        }
        _ => {}
    }
}

/// Columns of a terminal that text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Text with blanks after it up to a width.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (milliseconds, shown) in [
            (0, "0.0 s"),
            (49, "0.0 s"),
            (50, "0.1 s"),
            (6_100, "6.1 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 0 s"),
            (125_400, "2 min 5 s"),
            (3_600_000, "1 h 0 min"),
            (5_430_000, "1 h 30 min"),
        ] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), shown);
        }
    }

    #[test]
    fn foreign_text_cannot_command_the_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc\r\n"), "a\\nb\\u{1b}[2Jc");
        assert_eq!(one_line("user\u{202e}txt.exe"), "user\\u{202e}txt.exe");
        for (written, shown) in [
            ("\u{1b}[31;1mError\u{1b}[0m: no\t1\r", "Error: no    1"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("\u{1b}7saved\u{1b}", "saved"),
            ("\u{1b}[31", ""),
        ] {
            assert_eq!(without_escapes(written), shown, "{written:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_obeyed_is_left(text in ".*") {
            proptest::prop_assert!(!one_line(&text).chars().any(is_obeyed));
            proptest::prop_assert!(!without_escapes(&text).chars().any(is_obeyed));
        }
    }

    #[test]
    fn columns_count_what_the_terminal_shows() {
        assert_eq!(padded("ab", 4), "ab  ");
        assert_eq!(padded("日本", 5), "日本 ");
        assert_eq!(padded("abc", 2), "abc");
    }
}
