//! The few lines of HTTP that tests need; no curl is asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long anybody may take to answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends a request without a body. HTTP 1.0, so that the answer ends with the connection.
pub(crate) fn request(mut stream: impl Read + Write, method: &str, path: &str) -> io::Result<Answer> {
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: lab\r\n\r\n")?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no HTTP answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer { status: status.ok_or_else(|| io::Error::other("no status"))?, body: body.to_owned() })
}

/// Fetches a page; the error of a refused connection is the caller's to judge.
pub(crate) fn get(address: &str, port: u16, path: &str) -> io::Result<Answer> {
    let address: SocketAddr = format!("{address}:{port}").parse().map_err(io::Error::other)?;
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(3))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    request(stream, "GET", path)
}
