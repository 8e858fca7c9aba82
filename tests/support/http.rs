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

/// Sends a request without a body.
pub(crate) fn request(stream: impl Read + Write, method: &str, path: &str) -> io::Result<Answer> {
    let (status, body) = send(stream, method, path, None)?;
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Sends a request with its content and the type of that. HTTP 1.0, so that the answer ends with the connection.
pub(crate) fn send(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    content: Option<(&str, &[u8])>,
) -> io::Result<(u16, Vec<u8>)> {
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: lab\r\n")?;
    if let Some((kind, bytes)) = content {
        write!(stream, "Content-Type: {kind}\r\nContent-Length: {}\r\n", bytes.len())?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(content.map_or(&[], |(_, bytes)| bytes))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = answer.split_off(end.ok_or_else(|| io::Error::other("no HTTP answer"))? + 4);
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| io::Error::other("no status"))?, body))
}

/// Fetches a page; the error of a refused connection is the caller's to judge.
pub(crate) fn get(address: &str, port: u16, path: &str) -> io::Result<Answer> {
    let address: SocketAddr = format!("{address}:{port}").parse().map_err(io::Error::other)?;
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(3))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    request(stream, "GET", path)
}
