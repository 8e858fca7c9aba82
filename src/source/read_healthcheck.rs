//! The forms of `healthcheck`.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::duration::nanoseconds;
use super::node::{Node, NodeValue};
use super::raw::RawHealthcheck;
use super::reader::{Reader, describe};
use super::span::Spanned;

/// In the order of the positional form.
const KEYS: [&str; 5] = ["test", "interval", "timeout", "retries", "start_period"];
/// What Docker knows as the first word of a test.
const TEST_KINDS: [&str; 3] = ["NONE", "CMD", "CMD-SHELL"];
/// The Engine refuses shorter times.
const SHORTEST_NANOSECONDS: u64 = 1_000_000;
const WORDS_HELP: &str = "put the words of the test into a list of their own: `[[curl, x], 10s]`";

/// docker-py's names in the API's spelling, for options.
const API_KEYS: [(&str, &str); 5] = [
    ("Test", "test"),
    ("Interval", "interval"),
    ("Timeout", "timeout"),
    ("Retries", "retries"),
    ("StartPeriod", "start_period"),
];

/// A health check as an option: the forms of the property, and the API's names. One without a test, or
/// with an empty one, keeps that of the image.
pub fn read_healthcheck_option(
    node: &Node,
    option: &str,
    subject: &str,
    diagnostics: &mut Diagnostics,
) -> Option<RawHealthcheck> {
    let mut reader = Reader::new(subject, diagnostics);
    let NodeValue::Mapping(entries) = &node.value else {
        return reader.healthcheck(node, option).map(|found| found.value);
    };
    let mut check = empty_check(node);
    let mut seen: Vec<(&str, &Node)> = Vec::new();
    for (key, value) in entries {
        let typed = key.as_text().unwrap_or_default();
        let name = API_KEYS.iter().find(|(api_name, _)| *api_name == typed).map_or(typed, |(_, name)| *name);
        match seen.iter().find(|(first, _)| *first == name) {
            _ if !KEYS.contains(&name) => {
                let is_api_name = typed.starts_with(|letter: char| letter.is_ascii_uppercase());
                let api_names = API_KEYS.map(|(api_name, _)| api_name);
                let known: &[&str] = if is_api_name { &api_names } else { &KEYS };
                let subject = format!("`{option}` of {}", reader.subject());
                reader.with_subject(subject).unknown_key(key, known);
            }
            Some((_, first)) => reader.report(
                Diagnostic::error(format!("`{option}` of {subject} has `{name}` twice"))
                    .at(key.span, "set again here")
                    .also(first.span, "first set here")
                    .help("remove one of them"),
            ),
            // What is not said, and an empty test, are the image's.
            None if value.is_null()
                || (name == "test" && value.as_sequence().is_some_and(<[_]>::is_empty)) => {}
            None => reader.health_setting(&mut check, name, value, false),
        }
        seen.push((name, key));
    }
    Some(check)
}

fn empty_check(node: &Node) -> RawHealthcheck {
    RawHealthcheck {
        test: Spanned::new(Vec::new(), node.span),
        interval: None,
        timeout: None,
        retries: None,
        start_period: None,
    }
}

impl Reader<'_> {
    /// A health check that is not null.
    pub(super) fn healthcheck(&mut self, node: &Node, property: &str) -> Option<Spanned<RawHealthcheck>> {
        let mut check = empty_check(node);
        match &node.value {
            NodeValue::Scalar { .. } => self.health_setting(&mut check, "test", node, false),
            NodeValue::Sequence(settings) if (1..=KEYS.len()).contains(&settings.len()) => {
                for (key, value) in KEYS.iter().zip(settings) {
                    self.health_setting(&mut check, key, value, true);
                }
            }
            NodeValue::Mapping(entries) if node.get("test").is_some() => {
                self.refuse_unknown_keys(property, entries, &KEYS);
                for (key, value) in entries {
                    self.health_setting(&mut check, key.as_text().unwrap_or_default(), value, false);
                }
            }
            NodeValue::Mapping(_) => return self.wrong(node, property, "a mapping with `test`"),
            NodeValue::Sequence(_) => {
                return self.wrong(node, property, "a list of a test and up to four settings");
            }
        }
        (!check.test.is_empty()).then(|| Spanned::new(check, node.span))
    }

    /// Reads one setting; `is_positional` is for the help.
    fn health_setting(&mut self, check: &mut RawHealthcheck, key: &str, value: &Node, is_positional: bool) {
        match key {
            "test" => check.test = Spanned::new(self.health_test(value).unwrap_or_default(), value.span),
            "interval" => check.interval = self.duration(value, key, is_positional),
            "timeout" => check.timeout = self.duration(value, key, is_positional),
            "start_period" => check.start_period = self.duration(value, key, is_positional),
            "retries" => check.retries = self.whole(value, key, "a whole number"),
            _ => {}
        }
    }

    /// The test as the Engine takes it. Nothing and `NONE` disable the check, that of the image too.
    fn health_test(&mut self, node: &Node) -> Option<Vec<String>> {
        let disabled = || vec!["NONE".to_owned()];
        match &node.value {
            NodeValue::Scalar { text, .. } if node.is_null() || text.is_empty() || text == "NONE" => {
                Some(disabled())
            }
            NodeValue::Scalar { .. } => Some(vec!["CMD-SHELL".to_owned(), self.word(node)?]),
            NodeValue::Sequence(words) if !words.is_empty() => {
                let words: Option<Vec<String>> = words.iter().map(|word| self.word(word)).collect();
                let mut words = words?;
                match words.first().map(String::as_str) {
                    Some("NONE") => return Some(disabled()),
                    Some(kind) if TEST_KINDS.contains(&kind) => {}
                    _ => words.insert(0, "CMD".to_owned()),
                }
                Some(words)
            }
            _ => self.wrong(node, "test", "a command line or a list of words"),
        }
    }

    fn word(&mut self, node: &Node) -> Option<String> {
        match node.as_text() {
            Some(text) if node.tag.is_none() && !node.is_null() => Some(text.to_owned()),
            _ => self.wrong(node, "test", "text without a tag"),
        }
    }

    /// Nanoseconds; null is as good as absent.
    fn duration(&mut self, node: &Node, property: &str, is_positional: bool) -> Option<Spanned<u64>> {
        if node.is_null() {
            return None;
        }
        let Some(found) = node.as_text().filter(|_| node.tag.is_none()).and_then(nanoseconds) else {
            let help = if is_positional { WORDS_HELP } else { "write for instance `10s` or `1m30s`" };
            return self.wrong_with(node, property, "a duration", Some(help));
        };
        if found != 0 && found < SHORTEST_NANOSECONDS {
            let described = describe(node);
            let subject = self.subject();
            let message =
                format!("`{property}` of {subject} needs at least a millisecond, found {described}");
            let label = format!("this is {found} ns");
            self.report(
                Diagnostic::error(message).at(node.span, label).help("write a unit, for instance `10s`"),
            );
            return None;
        }
        Some(Spanned::new(found, node.span))
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::Setting;
    use super::super::span::Spanned;
    use super::super::testing::assert_forms;

    #[test]
    fn health_checks_come_in_many_forms() {
        let forms = [
            ("", "null"),
            ("''", "NONE"),
            ("NONE", "NONE"),
            ("{test: }", "NONE"),
            ("{test: NONE}", "NONE"),
            ("[[NONE]]", "NONE"),
            ("curl x", "CMD-SHELL,curl x"),
            ("[curl x]", "CMD-SHELL,curl x"),
            ("{test: curl x}", "CMD-SHELL,curl x"),
            ("{test: [curl, x]}", "CMD,curl,x"),
            ("{test: [CMD, curl, x]}", "CMD,curl,x"),
            ("{test: [CMD-SHELL, curl x]}", "CMD-SHELL,curl x"),
            (
                "[[curl, x], 10s, 5s, 3, 1m]",
                "CMD,curl,x interval=10000000000 timeout=5000000000 retries=3 start=60000000000",
            ),
            ("{test: x, interval: 1h30m, retries: 3}", "CMD-SHELL,x interval=5400000000000 retries=3"),
            ("{test: x, timeout: 5000000000}", "CMD-SHELL,x timeout=5000000000"),
            ("{test: x, interval: , timeout: 0}", "CMD-SHELL,x timeout=0"),
            (
                "[]",
                "error: `healthcheck` needs a list of a test and up to four settings, found a list of 0 items",
            ),
            (
                "[a, 1s, 1s, 1, 1s, x]",
                "error: `healthcheck` needs a list of a test and up to four settings, found a list of 6 items",
            ),
            ("{interval: 10s}", "error: `healthcheck` needs a mapping with `test`, found a mapping of 1 key"),
            ("[curl, x]", "error: `interval` needs a duration, found `x`"),
            ("{test: x, interval: 10}", "error: `interval` needs at least a millisecond, found `10`"),
            ("{test: x, interval: 10 seconds}", "error: `interval` needs a duration, found `10 seconds`"),
            ("{test: x, retries: many}", "error: `retries` needs a whole number, found `many`"),
            ("{test: x, retry: 3}", "error: unknown key `retry` in `healthcheck`"),
        ];
        assert_forms("healthcheck", &forms, |container| match &container.healthcheck {
            Setting::Unset => "unset".into(),
            Setting::Null(_) => "null".into(),
            Setting::Value(check) => {
                fn number<T: std::fmt::Display>(name: &str, value: Option<&Spanned<T>>) -> String {
                    value.map(|found| format!(" {name}={}", found.value)).unwrap_or_default()
                }
                [
                    check.test.join(","),
                    number("interval", check.interval.as_ref()),
                    number("timeout", check.timeout.as_ref()),
                    number("retries", check.retries.as_ref()),
                    number("start", check.start_period.as_ref()),
                ]
                .concat()
            }
        });
    }
}
