//! `dmfab schema`: what editors need to complete and check the files. No file is read.

use dmfab::reference::Reference;
use dmfab::reference::schema::{Document, schema};

use super::args::{SchemaArguments, SchemaDocument};
use super::exit::{CommandError, Exit};
use super::output;

/// Prints a schema.
pub(crate) fn run(arguments: &SchemaArguments) -> Result<Exit, CommandError> {
    let document = match arguments.document {
        SchemaDocument::Inventory => Document::Inventory,
        SchemaDocument::Map => Document::Map,
    };
    output::json(&schema(&Reference::embedded(), document))?;
    Ok(Exit::Done)
}
