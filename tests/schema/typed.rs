//! YAML as a validator sees it: typed values, of a tag only what stands behind it. Not our own
//! reader: it keeps the text of scalars, and knows what tags mean.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Which YAML types the plain scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// YAML 1.2, as editors do.
    Core,
    /// YAML 1.1, as Python does: `yes` is a switch, `0750` is octal, `1:30` counts in sixties.
    Old,
}

/// The one document of a text.
pub(super) fn typed(text: &str, typing: Typing) -> Value {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        events.push(event.unwrap_or_else(|error| panic!("{error}\n{text}")).0);
    }
    let mut builder = Builder { events: events.into_iter(), anchors: HashMap::new(), typing };
    loop {
        match builder.events.next() {
            Some(Event::DocumentStart(_)) => return builder.value().expect("a value"),
            Some(_) => {}
            None => return Value::Null,
        }
    }
}

struct Builder<'t> {
    events: std::vec::IntoIter<Event<'t>>,
    anchors: HashMap<usize, Value>,
    typing: Typing,
}

impl Builder<'_> {
    /// The next value; `None` at the end of a list or mapping.
    fn value(&mut self) -> Option<Value> {
        let (value, anchor) = match self.events.next().expect("a whole document") {
            Event::Alias(anchor) => return Some(self.anchors[&anchor].clone()),
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let value =
                    if is_plain { plain(&text, self.typing) } else { Value::String(text.into_owned()) };
                (value, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                (Value::Array(std::iter::from_fn(|| self.value()).collect()), anchor)
            }
            Event::MappingStart(anchor, _) => (Value::Object(self.entries()), anchor),
            _ => return None,
        };
        self.anchors.insert(anchor, value.clone());
        Some(value)
    }

    fn entries(&mut self) -> Map<String, Value> {
        let (mut merged, mut own) = (Map::new(), Map::new());
        while let Some(key) = self.key() {
            let value = self.value().expect("a value for each key");
            match (key.as_str(), value) {
                ("<<", Value::Object(entries)) => merged.extend(entries),
                ("<<", Value::Array(mappings)) => {
                    let mappings =
                        mappings.into_iter().rev().filter_map(|mapping| mapping.as_object().cloned());
                    merged.extend(mappings.flatten());
                }
                (_, value) => drop(own.insert(key, value)),
            }
        }
        merged.extend(own);
        merged
    }

    /// Keys of JSON are texts.
    fn key(&mut self) -> Option<String> {
        match self.events.next().expect("a whole mapping") {
            Event::Scalar(text, ..) => Some(text.into_owned()),
            Event::MappingEnd => None,
            other => panic!("a key is {other:?}"),
        }
    }
}

fn plain(text: &str, typing: Typing) -> Value {
    let is_old = typing == Typing::Old;
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" if is_old => return Value::Bool(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" if is_old => return Value::Bool(false),
        _ => {}
    }
    let number = if is_old { old_integer(text) } else { None };
    match number.or_else(|| integer(text)) {
        Some(number) => Value::from(number),
        None => decimal(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if is_digits(digits) { text.parse().ok() } else { None }
}

/// `0750`, `1:30`.
fn old_integer(text: &str) -> Option<i64> {
    if let Some((first, rest)) =
        text.split_once(':').filter(|(first, _)| is_digits(first) && !first.starts_with('0'))
    {
        let sixties =
            |sum: i64, part: &str| Some(sum * 60 + part.parse::<i64>().ok().filter(|part| *part < 60)?);
        return rest.split(':').try_fold(first.parse().ok()?, sixties);
    }
    let octal = text.strip_prefix('0').filter(|digits| is_digits(digits))?;
    i64::from_str_radix(octal, 8).ok()
}

fn decimal(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_decimal = unsigned.split_once('.').is_some_and(|(whole, fraction)| {
        is_digits(&format!("{whole}{fraction}")) && (whole.is_empty() || is_digits(whole))
    });
    if is_decimal { text.parse().ok().and_then(Number::from_f64) } else { None }
}

#[test]
fn scalars_have_the_types_of_their_yaml() {
    let text = "a: [1, '1', 0750, yes, 1.5, null, !env NAME, !secret {file: x}, 22:30, 1.2.3]\nb: &x {c: 1}\nd: {<<: *x, e: 2}\n";
    let core = r#"{"a":[1,"1",750,"yes",1.5,null,"NAME",{"file":"x"},"22:30","1.2.3"],"b":{"c":1},"d":{"c":1,"e":2}}"#;
    assert_eq!(typed(text, Typing::Core), serde_json::from_str::<Value>(core).expect("JSON"));
    let old = r#"[1,"1",488,true,1.5,null,"NAME",{"file":"x"},1350,"1.2.3"]"#;
    assert_eq!(typed(text, Typing::Old)["a"], serde_json::from_str::<Value>(old).expect("JSON"));
}
