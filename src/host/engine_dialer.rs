//! Opening a byte stream to an Engine, by whichever way leads there.
//!
//! ```text
//! SshSocket   direct-streamlocal channel, or DialStdio when sshd forbids it
//! SshTcp      direct-tcpip channel
//! DialStdio   `docker system dial-stdio` in an exec channel
//! Unix, Tcp   a local socket, a plain connection
//! ```
//!
//! What is sent over the stream is `channel_pool`'s business.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use russh::ChannelMsg;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::error::{ConnectErrorKind, Stage};
use super::ssh::channels::SessionChannel;
use super::ssh::command::{last_lines, quote};
use super::ssh::{Deadlines, SshSession};

/// Messages of a dial-stdio channel kept for a slow reader: at most 32 KiB each.
const STDIO_QUEUE_MESSAGES: usize = 64;

/// How much of dial-stdio's stderr is kept for an error.
const STDIO_STDERR_LIMIT_BYTES: usize = 4096;

/// A byte stream to an Engine.
pub(super) trait EngineIo: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> EngineIo for S {}

/// The way to one Engine.
#[derive(Debug, Clone)]
pub enum EngineDialer {
    /// A Unix socket of an SSH host. Where sshd refuses to forward sockets although the user
    /// may use this one, the host's `docker` program is used instead.
    SshSocket {
        /// The connection to the host.
        session: Arc<SshSession>,
        /// Absolute path on the host.
        socket_path: String,
    },
    /// A TCP port as an SSH host sees it.
    SshTcp {
        /// The connection to the host.
        session: Arc<SshSession>,
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// The `docker` program of an SSH host, one process per HTTP connection.
    DialStdio {
        /// The connection to the host.
        session: Arc<SshSession>,
        /// Absolute path on the host.
        socket_path: String,
        /// Run it by `sudo -n`.
        with_sudo: bool,
    },
    /// A Unix socket of the operator's machine.
    Unix(PathBuf),
    /// `host:port`, without encryption.
    Tcp(String),
}

/// What has turned out about an [`EngineDialer::SshSocket`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// sshd forwards the socket.
    Forwarded,
    /// sshd forbids it, `docker system dial-stdio` does it.
    Stdio,
}

impl EngineDialer {
    /// The inventory's name for the host, or the address where there is none.
    pub fn host_name(&self) -> String {
        match self {
            Self::SshSocket { session, .. }
            | Self::SshTcp { session, .. }
            | Self::DialStdio { session, .. } => session.host_name().to_owned(),
            Self::Unix(path) => format!("unix://{}", path.display()),
            Self::Tcp(address) => format!("tcp://{address}"),
        }
    }

    /// The session whose few command channels this way of dialling takes up, if it does.
    pub(super) fn stdio_session(&self, route: &OnceLock<Route>) -> Option<&Arc<SshSession>> {
        match self {
            Self::DialStdio { session, .. } => Some(session),
            Self::SshSocket { session, .. } if route.get() == Some(&Route::Stdio) => Some(session),
            _ => None,
        }
    }

    /// Opens one stream within the channel deadline, remembering in `route` what works.
    pub(super) async fn dial(
        &self,
        route: &OnceLock<Route>,
        deadlines: &Deadlines,
    ) -> Result<Box<dyn EngineIo>, (Stage, ConnectErrorKind)> {
        match self {
            Self::SshSocket { session, socket_path } => dial_socket(session, socket_path, route).await,
            Self::SshTcp { session, host, port } => {
                Ok(Box::new(session.open_tcp_channel(host, *port).await?.into_stream()))
            }
            Self::DialStdio { session, socket_path, with_sudo } => {
                dial_stdio(session, socket_path, *with_sudo).await
            }
            Self::Unix(path) => {
                let address = path.display().to_string();
                local(address, deadlines, connect_unix(path)).await
            }
            Self::Tcp(address) => local(address.clone(), deadlines, connect_tcp(address)).await,
        }
    }
}

/// Waits for a local connection, with the deadline for channels.
async fn local<S: EngineIo + 'static>(
    address: String,
    deadlines: &Deadlines,
    connecting: impl Future<Output = io::Result<S>>,
) -> Result<Box<dyn EngineIo>, (Stage, ConnectErrorKind)> {
    match timeout(deadlines.channel, connecting).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(source)) => Err((Stage::Tcp, ConnectErrorKind::Engine { address, source })),
        Err(_) => Err((Stage::Tcp, ConnectErrorKind::TimedOut { deadline: deadlines.channel })),
    }
}

#[cfg(unix)]
async fn connect_unix(path: &std::path::Path) -> io::Result<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(path).await
}

#[cfg(not(unix))]
async fn connect_unix(_path: &std::path::Path) -> io::Result<TcpStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

async fn connect_tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Opens the socket by forwarding, or finds out why that is refused.
async fn dial_socket(
    session: &Arc<SshSession>,
    socket_path: &str,
    route: &OnceLock<Route>,
) -> Result<Box<dyn EngineIo>, (Stage, ConnectErrorKind)> {
    if route.get() == Some(&Route::Stdio) {
        return dial_stdio(session, socket_path, false).await;
    }
    let refusal = match session.open_socket_channel(socket_path).await {
        Ok(channel) => {
            let _ = route.set(Route::Forwarded);
            return Ok(Box::new(channel.into_stream()));
        }
        Err(refusal @ (_, ConnectErrorKind::ChannelRefused { .. })) => refusal,
        Err(error) => return Err(error),
    };
    if route.get() == Some(&Route::Forwarded) {
        // It worked before, so forwarding is allowed and the Engine is what is missing.
        return Err(refusal);
    }
    explain_refusal(session, socket_path).await?;
    tracing::debug!(host = session.host_name(), "sshd forwards no sockets, using docker system dial-stdio");
    let stream = dial_stdio(session, socket_path, false).await?;
    let _ = route.set(Route::Stdio);
    Ok(stream)
}

/// Asks the host why its socket was refused; `Ok` when only sshd's settings can be the reason
/// and the `docker` program can stand in.
async fn explain_refusal(session: &SshSession, socket_path: &str) -> Result<(), (Stage, ConnectErrorKind)> {
    let probe = session
        .probe(socket_path)
        .await
        .map_err(|error| (Stage::Channel, ConnectErrorKind::Probe(Box::new(error))))?;
    let kind = if !probe.socket_exists {
        ConnectErrorKind::SocketMissing { probe: Box::new(probe) }
    } else if !probe.socket_writable {
        ConnectErrorKind::SocketForbidden { probe: Box::new(probe) }
    } else if !probe.has_docker_cli {
        ConnectErrorKind::ForwardingRefused { socket_path: socket_path.to_owned() }
    } else {
        return Ok(());
    };
    Err((Stage::Channel, kind))
}

/// Starts `docker system dial-stdio` on the host. Its start is not waited for: a failure comes
/// with the first read.
async fn dial_stdio(
    session: &Arc<SshSession>,
    socket_path: &str,
    with_sudo: bool,
) -> Result<Box<dyn EngineIo>, (Stage, ConnectErrorKind)> {
    let refused = |error| session.channel_error("docker system dial-stdio", error);
    let address =
        quote(&format!("unix://{socket_path}")).ok_or_else(|| refused(russh::Error::Inconsistent))?;
    let sudo = if with_sudo { "sudo -n " } else { "" };
    let channel = session.open_stdio_channel().await.map_err(refused)?;
    channel.exec(format!("{sudo}docker -H {address} system dial-stdio")).await.map_err(refused)?;
    let input = channel.input();
    let (sender, receiver) = mpsc::channel(STDIO_QUEUE_MESSAGES);
    tokio::spawn(pump(channel, sender));
    Ok(Box::new(StdioStream { receiver, unread: Bytes::new(), input }))
}

/// Carries a dial-stdio channel's output to its stream. russh's own stream would drop stderr
/// and the exit status, and a missing `docker` program would look like an empty answer.
async fn pump(mut channel: SessionChannel, sender: mpsc::Sender<io::Result<Bytes>>) {
    let mut stderr = Vec::new();
    let mut trouble = Some("connection was lost".to_owned());
    loop {
        let message = tokio::select! {
            message = channel.wait() => message,
            // Nobody reads any more: at end-of-file dial-stdio ends by itself.
            () = sender.closed() => return channel.finish().await,
        };
        match message {
            Some(ChannelMsg::Data { data }) => {
                if sender.send(Ok(data)).await.is_err() {
                    return channel.finish().await;
                }
            }
            Some(ChannelMsg::ExtendedData { data, .. }) => {
                let room = STDIO_STDERR_LIMIT_BYTES - stderr.len();
                stderr.extend_from_slice(&data[..room.min(data.len())]);
            }
            Some(ChannelMsg::ExitStatus { exit_status: 0 }) => trouble = None,
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                trouble = Some(format!("exit status {exit_status}"));
            }
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                trouble = Some(format!("signal {signal_name:?}"));
            }
            Some(ChannelMsg::Failure) => trouble = Some("server refused to run a command".to_owned()),
            None => break,
            Some(_) => {}
        }
    }
    if let Some(trouble) = trouble {
        let said = last_lines(&stderr);
        let text = format!(
            "`docker system dial-stdio` ended: {trouble}{}{said}",
            if said.is_empty() { "" } else { ": " }
        );
        let _ = sender.send(Err(io::Error::other(text))).await;
    }
}

/// The two ends of a dial-stdio process.
struct StdioStream {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    unread: Bytes,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl AsyncRead for StdioStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.receiver.poll_recv(context)) {
                Some(Ok(bytes)) => self.unread = bytes,
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = buffer.remaining().min(self.unread.len());
        buffer.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StdioStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.input.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_shutdown(context)
    }
}
