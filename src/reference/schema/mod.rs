//! JSON Schemas (draft 2020-12) of inventories and maps, for editors.
//!
//! A schema sees values and no places: `80` and `true` are a number and a switch, and of a tag only
//! the text behind it is left. It refuses what is wrong wherever it stands; references, circles and
//! second definitions are for [`crate::resolve`] to find. What the program takes, a schema takes,
//! with two exceptions: where not any text will do, a text behind a tag must look like one, see
//! `outside_text`; and what the program looks at only where it is used, such as options of an
//! abstract configuration, is refused wherever it stands.
//!
//! Titles, descriptions and examples are those of the [`Reference`]. Only keywords are used that
//! older validators know or may ignore: `prefixItems` is always accompanied by `maxItems`.

mod container;
mod examples;
mod forms;
mod hosts;
mod map;
mod mounts;
mod networks;
mod options;
mod records;

use serde_json::{Map, Value, json};

use super::{Place, Reference, WITHOUT_EFFECT};

/// What a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// An inventory, or a plain file of clients.
    Inventory,
    /// A container map.
    Map,
}

/// The schema of a document.
///
/// ```
/// use dmfab::reference::Reference;
/// use dmfab::reference::schema::{Document, schema};
///
/// let map = schema(&Reference::embedded(), Document::Map);
/// assert_eq!(map["$defs"]["container"]["properties"]["image"]["title"], "container.image");
/// ```
pub fn schema(reference: &Reference, document: Document) -> Value {
    let builder = Builder { reference };
    let (title, root) = match document {
        Document::Inventory => ("dmfab inventory", hosts::inventory_or_clients()),
        Document::Map => ("dmfab container map", forms::defined("map")),
    };
    let mut definitions = forms::definitions();
    definitions.extend(builder.map_definitions());
    if document == Document::Inventory {
        definitions.extend(builder.host_definitions());
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description_of(document),
        "$defs": definitions,
    });
    forms::add(&mut schema, root);
    schema
}

fn description_of(document: Document) -> &'static str {
    match document {
        Document::Inventory => {
            "Hosts and the container maps that run on them, or a plain file of Docker-Map's or Docker-Fabric's clients"
        }
        Document::Map => "Containers that belong together, with their volumes and networks",
    }
}

/// Definitions by name.
type Definitions = Map<String, Value>;

/// Makes schemas with the texts of a reference.
struct Builder<'r> {
    reference: &'r Reference,
}

impl Builder<'_> {
    /// The properties of a place, with what the reference says about them.
    fn properties<K: AsRef<str>>(
        &self,
        place: Place,
        forms: impl IntoIterator<Item = (K, Value)>,
    ) -> Map<String, Value> {
        let documented = |(key, form): (K, Value)| {
            let key = key.as_ref();
            (key.to_owned(), self.documented(place, key, form))
        };
        forms.into_iter().map(documented).collect()
    }

    /// A mapping with these keys and no others.
    fn object<K: AsRef<str>>(&self, place: Place, forms: impl IntoIterator<Item = (K, Value)>) -> Value {
        let properties = self.properties(place, forms);
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    /// As [`Self::object`]; null is an empty one.
    fn object_or_null<K: AsRef<str>>(
        &self,
        place: Place,
        forms: impl IntoIterator<Item = (K, Value)>,
    ) -> Value {
        let mut object = self.object(place, forms);
        object["type"] = json!(["object", "null"]);
        object
    }

    fn documented(&self, place: Place, key: &str, form: Value) -> Value {
        let Some(entry) = self.reference.get(place, key) else { return form };
        let mut documented = json!({ "title": entry.path, "description": description(entry) });
        if let Some(example) = examples::value(entry) {
            documented["examples"] = json!([example]);
        }
        if entry.summary.starts_with(WITHOUT_EFFECT) {
            documented["deprecated"] = json!(true);
        }
        if NOT_OFFERED.iter().any(|beginning| entry.summary.starts_with(beginning)) {
            forms::add(&mut documented, forms::not_offered());
        }
        forms::add(&mut documented, form);
        documented
    }
}

/// How the summaries of keys begin that nobody needs to write.
const NOT_OFFERED: [&str; 3] = [WITHOUT_EFFECT, "An older name of", "Another name of"];

fn description(entry: &super::Entry) -> String {
    let mut description = format!("{}.", entry.summary);
    if let Some(merging) = &entry.merging {
        description += &format!("\n\nWith `extends`: {merging}.");
    }
    description + &format!("\n\nAll forms: `dmfab explain {}`", entry.path)
}
