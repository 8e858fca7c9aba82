//! Standard output and standard error. A reader that went away (`| head`) is no error.

use std::io::{self, IsTerminal, Write};

use dmfab::event::Problem;
use dmfab::report::json::VERSION;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::exit::CommandError;

/// Crates that log whole messages, which hold environments and credentials.
const CAPPED: [&str; 3] = ["russh", "bollard", "hyper"];

/// Data, for people or programs.
pub(crate) fn to_stdout(text: &str) {
    // Nothing can be told to somebody who does not read any more.
    let _ = write(&mut io::stdout().lock(), text);
}

/// Everything else.
pub(crate) fn to_stderr(text: &str) {
    let _ = write(&mut io::stderr().lock(), text);
}

fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}

/// One JSON document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), CommandError> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| CommandError::internal(error.into()))?;
    to_stdout(&text);
    Ok(())
}

/// The fields of a document, with what every document says of itself: its version, and its name.
pub(crate) fn document(name: &str, mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("version".to_owned(), VERSION.into());
        fields.insert("document".to_owned(), name.into());
    }
    fields
}

/// Hosts that gave no answer, as documents name them.
pub(crate) fn unreachable(problems: &[(String, Problem)]) -> Vec<Value> {
    let hosts = problems.iter();
    hosts.map(|(host_name, problem)| json!({ "host_name": host_name, "problem": problem })).collect()
}

/// Debugging output, asked for by `DMFAB_LOG` (`debug`, `dmfab::host=trace`).
pub(crate) fn init_log() {
    let Ok(wanted) = std::env::var("DMFAB_LOG") else { return };
    log(&wanted, is_coloured_terminal(), io::stderr).init();
}

/// What is asked for, but of the crates in [`CAPPED`] nothing below `info`, whatever is asked for:
/// no directive can be more specific than a filter of its own.
fn log<W>(wanted: &str, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let capped = filter_fn(|metadata| {
        let is_capped = CAPPED.iter().any(|name| metadata.target().starts_with(name));
        !is_capped || *metadata.level() <= Level::INFO
    });
    let lines = fmt::layer().with_ansi(colour).with_writer(writer);
    tracing_subscriber::registry().with(EnvFilter::new(wanted)).with(capped).with(lines)
}

/// Whether standard error is a terminal whose user did not say `NO_COLOR`.
pub(crate) fn is_coloured_terminal() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests;
