//! A TCP stream that does not let acknowledgements wait.
//!
//! sshd up to 10.0 leaves Nagle's algorithm on until a command runs, so its next packet waits
//! for our acknowledgement, and the kernel delays that by up to 40 ms. `TCP_QUICKACK` cures it
//! on Linux, but does not last: it is set again after each small read. Elsewhere this is a
//! plain pass-through.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Reads of this many bytes or more belong to a bulk transfer, which acknowledges by itself.
#[cfg(target_os = "linux")]
const BULK_READ_BYTES: usize = 16 * 1024;

/// The stream; see the module.
pub(super) struct QuickAck(TcpStream);

impl QuickAck {
    /// Wraps `stream`, and switches Nagle's algorithm off on our side.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

#[cfg(target_os = "linux")]
fn acknowledge_soon(stream: &TcpStream, read_bytes: usize) {
    if read_bytes < BULK_READ_BYTES {
        // A kernel that refuses only makes us slower.
        let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    }
}

#[cfg(not(target_os = "linux"))]
fn acknowledge_soon(_stream: &TcpStream, _read_bytes: usize) {}

impl AsyncRead for QuickAck {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.0).poll_read(context, buffer));
        acknowledge_soon(&self.0, buffer.filled().len() - before);
        Poll::Ready(result)
    }
}

impl AsyncWrite for QuickAck {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
