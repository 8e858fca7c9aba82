//! `dmfab explain`: what a key is for. No file is read and no host is contacted.

use dmfab::reference::{Block, Entry, Reference, text};
use dmfab::wording;
use serde_json::{Value, json};

use super::args::ExplainArguments;
use super::exit::{CommandError, Exit};
use super::output;

/// Explains keys, or lists them all.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<Exit, CommandError> {
    let reference = Reference::embedded();
    let entries = entries(&reference, &arguments.keys)?;
    if arguments.output.json {
        let entries: Vec<Value> = entries.into_iter().map(document).collect();
        output::json(&output::document("explain", json!({ "keys": entries })))?;
    } else if arguments.keys.is_empty() {
        output::to_stdout(&text::overview(&reference));
    } else {
        output::to_stdout(&shown(&reference, &arguments.keys, &entries));
    }
    Ok(Exit::Done)
}

/// The keys in full, then what stands in the places that are called so.
fn shown(reference: &Reference, names: &[String], entries: &[&Entry]) -> String {
    let keys = if entries.is_empty() { String::new() } else { text::explanation(entries) };
    let places = names.iter().filter_map(|name| reference.place(name));
    let places: Vec<String> = places.map(|place| text::keys_of(reference, place)).collect();
    let blank = if keys.is_empty() || places.is_empty() { "" } else { "\n" };
    format!("{keys}{blank}{}", places.concat())
}

/// What the names mean, each once and in their order; without names, everything.
fn entries<'r>(reference: &'r Reference, names: &[String]) -> Result<Vec<&'r Entry>, CommandError> {
    if names.is_empty() {
        return Ok(reference.entries().iter().collect());
    }
    let mut found: Vec<&Entry> = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        let meant = reference.find(name);
        if meant.is_empty() && reference.place(name).is_none() {
            unknown.push(name.as_str());
        }
        for entry in meant {
            if found.iter().all(|known| known.path != entry.path) {
                found.push(entry);
            }
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(unknown_keys(reference, &unknown)) }
}

fn unknown_keys(reference: &Reference, names: &[&str]) -> CommandError {
    let mut suggestions: Vec<&str> = Vec::new();
    for suggestion in names.iter().flat_map(|name| reference.suggestions(name)) {
        if !suggestions.contains(&suggestion) {
            suggestions.push(suggestion);
        }
    }
    let help = match suggestions.as_slice() {
        [] => "run `dmfab explain` without a key for a list of all".to_owned(),
        near => format!("try {}", wording::one_of(near)),
    };
    CommandError::usage(format!("no key is called {}", wording::one_of(names)), Some(help))
}

fn document(entry: &Entry) -> Value {
    let blocks = entry.forms.iter().flat_map(|forms| &forms.blocks);
    let forms: Vec<Value> = blocks
        .map(|block| match block {
            Block::Text(text) => json!({ "text": text }),
            Block::Table(table) => json!({ "headers": table.headers, "rows": table.rows }),
        })
        .collect();
    json!({
        "path": entry.path,
        "key": entry.key,
        "api_name": entry.api_name,
        "summary": entry.summary,
        "example": entry.example,
        "is_example_cut": entry.is_example_cut,
        "forms": forms,
        "merging": entry.merging,
        "page": entry.forms.as_ref().map(|forms| format!("docs/guide/{}", forms.page)),
        "section": entry.forms.as_ref().map(|forms| &forms.section),
    })
}
