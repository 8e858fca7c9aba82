//! Standard output and standard error. A reader that went away (`| head`) is no error.

use std::io::{self, Write};

use serde::Serialize;

use super::exit::CommandError;

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

/// Debugging output, asked for by `DMFAB_LOG` (`debug`, `dmfab::host=trace`).
///
/// russh and bollard log whole messages, which hold environments and credentials: nobody gets
/// more than `info` from them.
pub(crate) fn init_log() {
    let Ok(wanted) = std::env::var("DMFAB_LOG") else { return };
    let filter = format!("{wanted},russh=info,bollard=info,hyper=info");
    let filter = tracing_subscriber::EnvFilter::new(filter);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}
