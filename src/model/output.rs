//! What containers write.

use serde::Serialize;

/// Where something was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Which part of what a container wrote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LogOptions {
    /// Each line begins with the time at which it was written.
    pub timestamps: bool,
    /// The last lines only.
    pub tail: Option<u32>,
    /// Goes on until the container ends.
    pub follow: bool,
}
