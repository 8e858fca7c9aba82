//! What scripts write, as lines that say where they come from; and how scripts ended.

use std::collections::BTreeMap;

use crate::event::{Output, ScriptResult};
use crate::model::output::OutputStream;

use super::shown::{one_line, padded, width};

/// A line that is longer is cut into several.
const LONGEST_LINE: usize = 64 * 1024;

/// Makes lines of the output of several containers, each with its host in front. What containers wrote
/// is not changed: it may be meant for a terminal, or for another program.
#[derive(Debug)]
pub struct OutputLines {
    prefixes: Option<BTreeMap<String, String>>,
    begun: BTreeMap<(String, String, bool), Vec<u8>>,
}

/// Something to be written.
pub type Piece = (OutputStream, Vec<u8>);

impl OutputLines {
    /// With the names of hosts in front of lines.
    pub fn of_hosts(host_names: &[String]) -> Self {
        let column = host_names.iter().map(|name| width(name)).max().unwrap_or(0);
        let prefix = |name: &String| (name.clone(), format!("{} | ", padded(&one_line(name), column)));
        Self { prefixes: Some(host_names.iter().map(prefix).collect()), begun: BTreeMap::new() }
    }

    /// As it comes, byte for byte.
    pub fn unchanged() -> Self {
        Self { prefixes: None, begun: BTreeMap::new() }
    }

    /// What to write now. A line is written when it is whole.
    pub fn take(&mut self, output: Output) -> Piece {
        let Output { host_name, container_name, stream, bytes } = output;
        let Some(prefixes) = &self.prefixes else { return (stream, bytes.to_vec()) };
        let prefix = prefixes.get(&host_name).cloned().unwrap_or_default();
        let begun = self.begun.entry((host_name, container_name, is_stderr(stream))).or_default();
        let mut lines = Vec::with_capacity(bytes.len() + prefix.len());
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            begun.extend_from_slice(part);
            while begun.len() > LONGEST_LINE {
                let rest = begun.split_off(LONGEST_LINE);
                push_line(&mut lines, &prefix, begun);
                lines.push(b'\n');
                *begun = rest;
            }
            if begun.ends_with(b"\n") {
                push_line(&mut lines, &prefix, begun);
                begun.clear();
            }
        }
        (stream, lines)
    }

    /// Lines that nobody ended.
    pub fn rest(&mut self) -> Vec<Piece> {
        let prefixes = self.prefixes.take().unwrap_or_default();
        let begun = std::mem::take(&mut self.begun).into_iter().filter(|(_, line)| !line.is_empty());
        let ended = begun.map(|((host_name, _, is_stderr), line)| {
            let mut piece = Vec::new();
            push_line(&mut piece, prefixes.get(&host_name).map_or("", String::as_str), &line);
            piece.push(b'\n');
            (if is_stderr { OutputStream::Stderr } else { OutputStream::Stdout }, piece)
        });
        ended.collect()
    }
}

fn is_stderr(stream: OutputStream) -> bool {
    stream == OutputStream::Stderr
}

fn push_line(lines: &mut Vec<u8>, prefix: &str, line: &[u8]) {
    lines.extend_from_slice(prefix.as_bytes());
    lines.extend_from_slice(line);
}

/// How a script ended, in one line; nothing of one that did not: why, the summary tells.
pub fn ending(result: &ScriptResult) -> Option<String> {
    let ScriptResult { host_name, container_name, exit_code, log_problem, .. } = result;
    let end = exit_code.as_ref().map(|exit_code| {
        format!("{}: {} ended with exit code {exit_code}", one_line(host_name), one_line(container_name))
    });
    let problem = log_problem.as_ref().map(|problem| {
        format!("{}: not all output could be read: {}", one_line(host_name), one_line(problem))
    });
    let lines: Vec<String> = end.into_iter().chain(problem).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn output(host_name: &str, stream: OutputStream, bytes: &[u8]) -> Output {
        let bytes = Bytes::copy_from_slice(bytes);
        Output { host_name: host_name.to_owned(), container_name: "m.job".to_owned(), stream, bytes }
    }

    fn told(lines: &mut OutputLines, pieces: &[(&str, OutputStream, &[u8])]) -> [Vec<u8>; 2] {
        let mut written = [Vec::new(), Vec::new()];
        let taken: Vec<_> =
            pieces.iter().map(|(host, stream, bytes)| lines.take(output(host, *stream, bytes))).collect();
        for (stream, bytes) in taken.into_iter().chain(lines.rest()) {
            written[usize::from(is_stderr(stream))].extend(bytes);
        }
        written
    }

    #[test]
    fn each_line_says_where_it_comes_from_and_streams_stay_apart() {
        use OutputStream::{Stderr, Stdout};
        let mut lines = OutputLines::of_hosts(&["web1".to_owned(), "apps10".to_owned()]);
        let [stdout, stderr] = told(
            &mut lines,
            &[
                ("web1", Stdout, b"on"),
                ("apps10", Stdout, b"two\n\nthr"),
                ("web1", Stderr, b"oh\n"),
                ("web1", Stdout, b"e\n\xff\x00\n"),
                ("apps10", Stdout, b"ee"),
            ],
        );
        let expected: &[u8] = b"apps10 | two\napps10 | \nweb1   | one\nweb1   | \xff\x00\napps10 | three\n";
        assert_eq!(String::from_utf8_lossy(&stdout), String::from_utf8_lossy(expected));
        assert_eq!((stdout.as_slice(), stderr.as_slice()), (expected, &b"web1   | oh\n"[..]));
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut lines = OutputLines::of_hosts(&["h".to_owned()]);
        let long = vec![b'x'; 2 * LONGEST_LINE + 1];
        let (_, written) = lines.take(output("h", OutputStream::Stdout, &long));
        assert_eq!(written.len(), 2 * (LONGEST_LINE + "h | \n".len()));
        assert_eq!(lines.rest(), [(OutputStream::Stdout, b"h | x\n".to_vec())]);
    }

    #[test]
    fn unchanged_output_is_every_byte_at_once() {
        let mut lines = OutputLines::unchanged();
        let pieces = told(
            &mut lines,
            &[("h", OutputStream::Stdout, b"no end"), ("h", OutputStream::Stdout, b"\x1b[0m")],
        );
        assert_eq!(pieces[0], b"no end\x1b[0m");
    }

    #[test]
    fn an_end_is_told_with_what_is_missing_of_the_log() {
        let result = ScriptResult {
            host_name: "web1".to_owned(),
            container_name: "m.job".to_owned(),
            id: None,
            exit_code: Some(3),
            error: None,
            log: String::new(),
            log_left_out_bytes: 0,
            log_problem: Some("the driver\nhas none".to_owned()),
        };
        let text = ending(&result).expect("a text");
        assert_eq!(
            text,
            "web1: m.job ended with exit code 3\nweb1: not all output could be read: the driver\\nhas none"
        );
        assert_eq!(ending(&ScriptResult { exit_code: None, log_problem: None, ..result }), None);
    }
}
