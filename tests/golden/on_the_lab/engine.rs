//! The Engine of a host, asked directly.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http;

/// Pulls and stops take their time.
const DEADLINE: Duration = Duration::from_secs(60);

/// An Engine's socket.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pub(super) socket: PathBuf,
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.status, self.message)
    }
}

impl Engine {
    /// An answer as it came.
    pub(super) fn raw(
        &self,
        method: &str,
        path: &str,
        content: Option<(&str, &[u8])>,
    ) -> Result<Vec<u8>, Refused> {
        let (status, body) =
            self.sent(method, path, content).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        if status >= 400 {
            return Err(Refused { status, message: String::from_utf8_lossy(&body).trim().to_owned() });
        }
        Ok(body)
    }

    fn sent(&self, method: &str, path: &str, content: Option<(&str, &[u8])>) -> io::Result<(u16, Vec<u8>)> {
        let stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        http::send(stream, method, &format!("/v1.41{path}"), content).map_err(|error| {
            if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
        })
    }

    /// What the Engine knows; it must know it.
    pub(super) fn get(&self, path: &str) -> Value {
        self.try_get(path).unwrap_or_else(|refused| panic!("GET {path}: {refused}"))
    }

    pub(super) fn try_get(&self, path: &str) -> Result<Value, Refused> {
        self.raw("GET", path, None).map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Refused> {
        // A body that nobody reads resets the connection.
        let text = body.to_string();
        let content = (!body.is_null()).then_some(("application/json", text.as_bytes()));
        let answer = self.raw("POST", path, content)?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    pub(super) fn delete(&self, path: &str) -> Result<(), Refused> {
        self.raw("DELETE", path, None).map(drop)
    }

    /// Loads images from what `docker save` makes.
    pub(super) fn load(&self, archive: &[u8]) {
        let answer = self.raw("POST", "/images/load?quiet=1", Some(("application/x-tar", archive)));
        let answer = answer.unwrap_or_else(|refused| panic!("loading images: {refused}"));
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("\"error\""), "loading images: {text}");
    }

    /// Runs a command in a container; lines of what it wrote.
    pub(super) fn run(&self, container: &str, command: &Value, user: &str) -> Result<Vec<String>, Refused> {
        let wanted = json!({"Cmd": command, "User": user, "AttachStdout": true, "AttachStderr": true});
        let made = self.post(&format!("/containers/{container}/exec"), &wanted)?;
        let path = format!("/exec/{}/start", made["Id"].as_str().unwrap_or_default());
        let written = self.raw("POST", &path, Some(("application/json", br#"{"Detach":false}"#)))?;
        Ok(String::from_utf8_lossy(&without_frames(&written)).lines().map(str::to_owned).collect())
    }
}

/// Output of a container without a terminal comes in frames: the stream's number, three zeros, a length.
fn without_frames(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = bytes;
    while let [0..=2, 0, 0, 0, a, b, c, d, content @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (content, next) = content.split_at(length.min(content.len()));
        text.extend_from_slice(content);
        rest = next;
    }
    if rest.len() == bytes.len() { bytes.to_vec() } else { text }
}

/// A part of a path or query.
pub(super) fn escaped(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(escape).collect()
}
