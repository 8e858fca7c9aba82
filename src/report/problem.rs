//! What went wrong, as lines: the chain of causes, what to do, what was written last.

use crate::event::Problem;

use super::shown::{one_line, without_escapes};

/// Output lines that are shown of one problem.
pub(super) const MOST_OUTPUT_LINES: usize = 5;

/// Characters that are shown of one line of output.
const LONGEST_OUTPUT_LINE: usize = 200;

/// A problem of one host on a screen of its own.
pub fn render(host_name: &str, problem: &Problem) -> String {
    let lines = lines(problem, MOST_OUTPUT_LINES).into_iter().map(|line| format!("    {line}\n"));
    std::iter::once(format!("{}:\n", one_line(host_name))).chain(lines).collect()
}

/// The lines of a problem, outermost cause first, with at most the last `output_limit` lines of
/// output.
pub(super) fn lines(problem: &Problem, output_limit: usize) -> Vec<String> {
    let mut lines = explanation(problem);
    lines.extend(output(problem, output_limit));
    lines
}

/// The chain of causes and what to do.
pub(super) fn explanation(problem: &Problem) -> Vec<String> {
    let mut lines = Vec::new();
    for (depth, level) in problem.chain.iter().enumerate() {
        let label = if depth == 0 { "" } else { "cause: " };
        lines.extend(labelled(label, level));
    }
    lines.extend(problem.help.iter().flat_map(|help| labelled("help: ", help)));
    lines
}

/// Further lines of the same message are indented to stand below the first one.
fn labelled(label: &str, text: &str) -> Vec<String> {
    let indent = " ".repeat(label.len());
    let prefixes = std::iter::once(label.to_owned()).chain(std::iter::repeat(indent));
    prefixes.zip(text.lines()).map(|(prefix, line)| format!("{prefix}{}", one_line(line))).collect()
}

/// At most the last `limit` lines that were written.
pub(super) fn output(problem: &Problem, limit: usize) -> Vec<String> {
    output_lines(problem.output.as_deref().unwrap_or_default(), limit)
}

/// At most the last `limit` lines of a text that something wrote. Those that would fill a screen by
/// themselves are cut off.
pub(super) fn output_lines(text: &str, limit: usize) -> Vec<String> {
    let text = text.trim_end();
    let first = text.lines().count().saturating_sub(limit);
    let shown = |line: &str| match line.char_indices().nth(LONGEST_OUTPUT_LINE) {
        Some((end, _)) => format!("| {}...", &line[..end]),
        None => format!("| {line}"),
    };
    text.lines().skip(first).map(|line| shown(&without_escapes(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(chain: &[&str], help: Option<&str>, output: &str) -> Problem {
        Problem {
            chain: chain.iter().copied().map(str::to_owned).collect(),
            help: help.map(str::to_owned),
            output: (!output.is_empty()).then(|| output.to_owned()),
        }
    }

    #[test]
    fn chain_help_and_output_are_told_apart() {
        let problem = problem(
            &["could not start", "the Engine says: no\nmore of it"],
            Some("free the port"),
            "\u{1b}[31mone\u{1b}[0m\ntwo\n\n",
        );
        insta::assert_snapshot!(lines(&problem, 10).join("\n"), @r"
        could not start
        cause: the Engine says: no
               more of it
        help: free the port
        | one
        | two
        ");
    }

    #[test]
    fn only_the_last_lines_of_output_are_shown() {
        let output: Vec<String> = (1..=30).map(|number| number.to_string()).collect();
        let problem = problem(&["no"], None, &output.join("\n"));
        assert_eq!(lines(&problem, 2), ["no", "| 29", "| 30"]);
        assert_eq!(lines(&problem, 0), ["no"]);
    }

    #[test]
    fn a_long_line_of_output_is_cut_off() {
        let shown = output_lines(&format!("short\n{}", "ä".repeat(5000)), 5);
        assert_eq!(shown, ["| short".to_owned(), format!("| {}...", "ä".repeat(200))]);
    }
}
