//! A Docker Engine asked directly, past what is tested.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::http::{self, Answer, DEADLINE};

/// Sends one request to the Engine behind a socket.
pub(crate) fn request(socket: &Path, method: &str, path: &str) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    http::request(stream, method, path)
}

/// Whether an Engine answers at once.
pub(crate) fn is_well(socket: &Path) -> bool {
    let Ok(stream) = UnixStream::connect(socket) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
        && http::request(stream, "GET", "/_ping").is_ok_and(|answer| answer.status == 200)
}

/// What the Engine knows; fails unless it answers.
pub(crate) fn get(socket: &Path, path: &str) -> Value {
    let answer = request(socket, "GET", path).unwrap_or_else(|error| panic!("GET {path}: {error}"));
    assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("GET {path}: {error}: {}", answer.body))
}

/// What happens to containers from now on, as `(action, name)`. Ends with the connection.
pub(crate) fn container_events(socket: &Path) -> mpsc::Receiver<(String, String)> {
    let mut stream = UnixStream::connect(socket).expect("the Engine");
    let path = "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D";
    write!(stream, "GET {path} HTTP/1.0\r\nHost: lab\r\n\r\n").expect("a request");
    let mut stream = BufReader::new(stream);
    // The head comes when the Engine listens: nothing that happens afterwards is missed.
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let events = serde_json::Deserializer::from_reader(stream.by_ref()).into_iter::<Value>();
        for event in events.map_while(Result::ok) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let told = (text(&event["Action"]), text(&event["Actor"]["Attributes"]["name"]));
            if sender.send(told).is_err() {
                break;
            }
        }
    });
    receiver
}
