//! The stable form's grammar, read back: every line that the tests of the library make is held to it
//! and to the step it stands for.

use super::super::{Action, Cause, Difference, Step, StepId};

/// As it stands in the guide.
const GRAMMAR: &str = r##"line    = value " " ( step | "nothing to do" | "notice: " text )
step    = "#" number " " text [ "  <- " cause { "; " cause } ] [ "  after " id { " " id } ] [ "  interrupts" ] [ "  finally" [ " unless " id " times out" ] ]
cause   = change | text [ " " place ]
change  = value " " side " -> " side [ " " place ]
side    = value | "(not set)"
place   = "(" value ":" number ")"
id      = "#" number
text    = words | string
value   = word | string
"##;

/// A cause as a reader of the line knows it.
#[derive(Debug, PartialEq)]
enum Told {
    Change { field: String, found: Option<String>, wanted: Option<String> },
    Text(String),
}

/// The rest of a line.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.0.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.0.len());
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    fn id(&mut self) -> Option<usize> {
        self.eat("#").then(|| self.number()).flatten()
    }

    fn string(&mut self) -> Option<String> {
        let mut reader = serde_json::Deserializer::from_str(self.0).into_iter::<String>();
        let text = reader.next()?.ok()?;
        self.0 = &self.0[reader.byte_offset()..];
        Some(text)
    }

    fn value(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.string();
        }
        let end = self.0.find([' ', '"', ';', '(', ')']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty() && word != "->").then(|| word.to_owned())
    }

    /// Words end before two blanks, a semicolon, or a place.
    fn text(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.string();
        }
        let ends = ["  ", ";", " ("].into_iter().filter_map(|end| self.0.find(end));
        let (words, rest) = self.0.split_at(ends.min().unwrap_or(self.0.len()));
        self.0 = rest;
        (!words.is_empty()).then(|| words.to_owned())
    }

    fn side(&mut self, value: &mut Option<String>) -> Option<()> {
        if self.eat("(not set)") {
            return Some(());
        }
        *value = Some(self.value()?);
        Some(())
    }

    fn change(&mut self) -> Option<Told> {
        let field = self.value()?;
        let (mut found, mut wanted) = (None, None);
        self.eat(" ").then(|| self.side(&mut found))??;
        self.eat(" -> ").then(|| self.side(&mut wanted))??;
        Some(Told::Change { field, found, wanted })
    }

    fn place(&mut self) -> Option<()> {
        if !self.eat(" (") {
            return Some(());
        }
        // The colon before the line is the last of the word.
        if self.0.starts_with('"') {
            self.string()?;
        } else {
            let end = self.0.find(')')?;
            self.0 = &self.0[self.0[..end].rfind(':')?..];
        }
        (self.eat(":") && self.number().is_some() && self.eat(")")).then_some(())
    }

    fn cause(&mut self) -> Option<Told> {
        let mut ahead = Reader(self.0);
        let told = match ahead.change() {
            Some(change) => {
                self.0 = ahead.0;
                change
            }
            None => Told::Text(self.text()?),
        };
        self.place()?;
        Some(told)
    }
}

struct Line {
    id: usize,
    action: String,
    causes: Vec<Told>,
    after: Vec<usize>,
    interrupts: bool,
    clears_up: bool,
    /// After whose time-out it does not.
    unless: Option<usize>,
}

fn parse(line: &str) -> Option<Line> {
    let mut reader = Reader(line);
    let id = reader.id()?;
    let action = reader.eat(" ").then(|| reader.text())??;
    let (mut causes, mut after) = (Vec::new(), Vec::new());
    if reader.eat("  <- ") {
        causes.push(reader.cause()?);
        while reader.eat("; ") {
            causes.push(reader.cause()?);
        }
    }
    if reader.eat("  after ") {
        after.push(reader.id()?);
        while reader.0.starts_with(" #") && reader.eat(" ") {
            after.push(reader.id()?);
        }
    }
    let interrupts = reader.eat("  interrupts");
    let clears_up = reader.eat("  finally");
    let mut unless = None;
    if clears_up && reader.eat(" unless ") {
        unless = Some(reader.id()?);
        reader.eat(" times out").then_some(())?;
    }
    reader.0.is_empty().then_some(Line { id, action, causes, after, interrupts, clears_up, unless })
}

fn told(cause: &Cause) -> Told {
    match cause {
        Cause::Changed(Difference { field, found, wanted, place: _ }) => {
            Told::Change { field: field.clone(), found: found.clone(), wanted: wanted.clone() }
        }
        Cause::Absent { .. } => Told::Text("not there".to_owned()),
        other => Told::Text(other.to_string()),
    }
}

/// Fails unless the line says what the step is, and can be read in one way only.
#[track_caller]
pub(super) fn check(line: &str, id: StepId, step: &Step) {
    let Some(read) = parse(line) else { panic!("not of the grammar: {line}") };
    assert_eq!(read.id, id.0 + 1, "{line}");
    assert_eq!(read.action, step.action.to_string(), "{line}");
    assert_eq!(read.causes, step.causes.iter().map(told).collect::<Vec<_>>(), "{line}");
    assert_eq!(read.after, step.after.iter().map(|id| id.0 + 1).collect::<Vec<_>>(), "{line}");
    assert_eq!(read.interrupts, step.interrupts_service, "{line}");
    assert_eq!(read.clears_up, step.finally.is_some(), "{line}");
    let unless = step.finally.and_then(|finally| finally.unless_timed_out);
    assert_eq!(read.unless, unless.map(|run| run.0 + 1), "{line}");
}

mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::model::item::ItemId;
    use crate::model::place::Place;
    use crate::plan::Finally;

    #[test]
    fn the_guide_has_the_grammar() {
        let guide = include_str!("../../../docs/guide/output.md");
        let indented: String =
            GRAMMAR.lines().map(|line| format!("    {line}\n")).collect::<Vec<_>>().concat();
        assert!(guide.contains(&indented), "{indented}");
    }

    fn any_text() -> impl Strategy<Value = String> {
        let parts = prop_oneof![
            Just(" -> "),
            Just("  after #1"),
            Just("; "),
            Just("(not set)"),
            Just("\""),
            Just(" (a:1)"),
            Just("  <- "),
            Just("->"),
            Just("\n"),
            Just("\u{202e}"),
            Just("a"),
            Just(" "),
            Just("\\"),
            Just("ü"),
            Just(":"),
        ];
        proptest::collection::vec(parts, 0..5).prop_map(|parts| parts.concat())
    }

    proptest! {
        /// The line is checked where it is made.
        #[test]
        fn whatever_values_hold_a_line_is_read_in_one_way(
            [field, command, file] in [any_text(), any_text(), any_text()],
            [found, wanted] in [proptest::option::of(any_text()), proptest::option::of(any_text())],
            line in 1..9_u32,
        ) {
            let place = Some(Place { file: Path::new(&file).into(), line, column: 1 });
            let causes = vec![
                Cause::Changed(Difference { field, found, wanted, place: place.clone() }),
                Cause::Absent { place },
                Cause::DependencyReplaced { item: ItemId::container(command.clone()) },
            ];
            let action = Action::RemoveContainer { container_name: command };
            let item = ItemId::container("x");
            let after = vec![StepId(0), StepId(1)];
            let finally = Some(Finally { takes_away: StepId(0), unless_timed_out: Some(StepId(1)) });
            let (interrupts_service, replacement, undo) = (true, None, None);
            let step = Step { item, action, causes, after, interrupts_service, replacement, undo, finally };
            let text = super::super::line(StepId(2), &step);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
