//! HTTP/1.1 connections to one Engine, opened on demand and used again.
//!
//! It repairs what bollard leaves out: the API version in the path, the `Host` header, and the
//! alphabet of the registry headers. It sets no deadline on an answer, only on opening a
//! connection; it never repeats a request that may have reached the Engine; it reads no body.
//! How a connection is opened is `engine_dialer`'s business.
//!
//! A response must be read or dropped: on an SSH connection a channel that nobody reads stops
//! all the others after 32 MiB. Long streams therefore belong on an SSH session, and so a pool,
//! of their own.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bollard::BollardRequest;
use bollard::errors::Error as EngineError;
use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

pub use super::engine_dialer::EngineDialer;
use super::engine_dialer::{EngineIo, Route};
use super::error::{ConnectError, ConnectErrorKind, Stage};
use super::ssh::Deadlines;

/// Connections to one Engine at once. More requests wait for one to come back.
const CONNECTION_LIMIT: usize = 32;

/// How long a request waits for a connection whose response was just read. Another task puts it
/// back, so the next request of a plain sequence would otherwise find none and open a second.
const RETURN_PATIENCE: Duration = Duration::from_millis(2);

/// Headers that bollard encodes with the standard base64 alphabet, where the Engine wants the
/// one for URLs and silently takes anything else for "no credentials".
const REGISTRY_HEADERS: [&str; 2] = ["x-registry-auth", "x-registry-config"];

/// bollard's request body, whose name it does not export.
type EngineBody =
    Either<Full<Bytes>, StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, io::Error>> + Send>>>>;

/// The HTTP connections to one Engine.
pub struct ChannelPool {
    dialer: EngineDialer,
    route: OnceLock<Route>,
    deadlines: Deadlines,
    version_prefix: OnceLock<String>,
    state: Mutex<State>,
    /// Told of every connection that becomes idle, and of every one that will not.
    freed: Notify,
    slots: Arc<Semaphore>,
    /// Closes idle connections that keep a command from running.
    yielding: OnceLock<AbortOnDropHandle<()>>,
}

/// Which connections are between two requests.
#[derive(Default)]
struct State {
    idle: Vec<SendRequest<EngineBody>>,
    /// Those whose response has begun and whose end is awaited.
    returning: usize,
}

impl ChannelPool {
    /// A pool without connections; the first request opens one.
    pub fn new(dialer: EngineDialer, deadlines: Deadlines) -> Arc<Self> {
        Arc::new(Self {
            dialer,
            route: OnceLock::new(),
            deadlines,
            version_prefix: OnceLock::new(),
            state: Mutex::default(),
            freed: Notify::new(),
            slots: Arc::new(Semaphore::new(CONNECTION_LIMIT)),
            yielding: OnceLock::new(),
        })
    }

    /// Sends all later requests to this version of the API, such as `1.41`. The first call
    /// decides: what was negotiated holds for the pool's life.
    pub fn pin_api_version(&self, version: &str) {
        let _ = self.version_prefix.set(format!("/v{}", version.trim_start_matches('v')));
    }

    /// Sends a request and waits for the head of the response.
    ///
    /// A request goes out a second time only when hyper hands it back unsent, because the
    /// Engine had closed the connection it was to travel on.
    ///
    /// # Errors
    /// [`ConnectError::in_engine_error`] finds the [`ConnectError`] when no connection could be
    /// opened; anything else is hyper's.
    pub async fn request(
        self: &Arc<Self>,
        request: BollardRequest,
    ) -> Result<Response<Incoming>, EngineError> {
        let request = self.prepare(request)?;
        let (mut sender, is_reused) = self.connection().await?;
        let outcome = sender.try_send_request(request).await;
        let mut error = match outcome {
            Ok(response) => return Ok(self.answered(sender, response)),
            Err(error) => error,
        };
        match error.take_message() {
            Some(request) if is_reused => {
                // The others have been idle as long and are as likely closed: take a new one.
                self.lock().idle.clear();
                let mut sender = self.open().await?;
                let response = sender.send_request(request).await?;
                Ok(self.answered(sender, response))
            }
            _ => Err(error.into_error().into()),
        }
    }

    /// Puts the connection back once its response is read to the end.
    fn answered(
        self: &Arc<Self>,
        mut sender: SendRequest<EngineBody>,
        response: Response<Incoming>,
    ) -> Response<Incoming> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return response; // It speaks something else from now on.
        }
        self.lock().returning += 1;
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let is_reusable = sender.ready().await.is_ok() && !pool.must_yield();
            {
                let mut state = pool.lock();
                state.returning -= 1;
                if is_reusable {
                    state.idle.push(sender);
                }
            }
            pool.freed.notify_one();
        });
        response
    }

    /// A connection to use, and whether it was used before.
    async fn connection(self: &Arc<Self>) -> Result<(SendRequest<EngineBody>, bool), ConnectError> {
        let patience = Instant::now() + RETURN_PATIENCE;
        loop {
            let freed = self.freed.notified();
            if let Some(sender) = self.take_idle() {
                return Ok((sender, true));
            }
            if self.lock().returning > 0 && Instant::now() < patience {
                // In a loop, because one notification may be left over from earlier.
                let _ = timeout_at(patience, freed).await;
                continue;
            }
            // Opening may have to wait for a connection of ours to end, so one that becomes idle
            // meanwhile is taken instead. An open that is given up closes what it opened.
            tokio::select! {
                biased;
                sender = self.open() => return Ok((sender?, false)),
                () = freed => {}
            }
        }
    }

    /// The idle connection used last, passing over those the Engine has closed.
    fn take_idle(&self) -> Option<SendRequest<EngineBody>> {
        let mut state = self.lock();
        while let Some(sender) = state.idle.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// The right to open one more connection, when there is room.
    async fn slot(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        slot.map_err(|_| self.fail(Stage::Channel, ConnectErrorKind::Lost { reason: None }))
    }

    /// Opens a connection, when there is room. The slot is held by its stream, so an upgraded
    /// stream holds it too.
    async fn open(self: &Arc<Self>) -> Result<SendRequest<EngineBody>, ConnectError> {
        let slot = self.slot().await?;
        let dialled = self.dialer.dial(&self.route, &self.deadlines).await;
        let stream = dialled.map_err(|(stage, kind)| self.fail(stage, kind))?;
        self.yield_to_commands();
        let stream = TokioIo::new(Slotted { stream, _slot: slot });
        let deadline = self.deadlines.channel;
        let shaken = timeout(deadline, http1::Builder::new().handshake(stream)).await;
        let (sender, connection) = shaken
            .map_err(|_| self.fail(Stage::Api, ConnectErrorKind::TimedOut { deadline }))?
            .map_err(|error| self.fail(Stage::Api, ConnectErrorKind::Http(error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                // Whoever waits for a response gets this error as well.
                tracing::debug!(%error, "connection to the Engine ended");
            }
        });
        Ok(sender)
    }

    /// From now on closes idle connections whenever a command has no room on the server, where
    /// each connection takes up a session.
    fn yield_to_commands(self: &Arc<Self>) {
        let Some(session) = self.dialer.stdio_session(&self.route) else { return };
        let (session, pool) = (Arc::downgrade(session), Arc::downgrade(self));
        self.yielding.get_or_init(|| {
            AbortOnDropHandle::new(tokio::spawn(async move {
                while let Some(wanted) = session.upgrade().map(|session| session.room_wanted()) {
                    wanted.await;
                    let Some(pool) = pool.upgrade() else { return };
                    pool.lock().idle.clear();
                }
            }))
        });
    }

    /// Whether a connection that could be used again must make room for a command.
    fn must_yield(&self) -> bool {
        self.dialer.stdio_session(&self.route).is_some_and(|session| session.is_room_wanted())
    }

    fn fail(&self, stage: Stage, kind: ConnectErrorKind) -> ConnectError {
        ConnectError::new(self.dialer.host_name(), stage, kind)
    }

    /// Rewrites what bollard made into what the Engine takes.
    fn prepare(&self, mut request: BollardRequest) -> Result<BollardRequest, EngineError> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let prefix = self.version_prefix.get().map_or("", String::as_str);
        let uri: Uri = format!("{prefix}{path}").parse()?;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("docker"));
        for name in REGISTRY_HEADERS {
            if let Some(value) = headers.get_mut(name) {
                *value = url_safe(value);
            }
        }
        Ok(request)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the lists usable: each change to them is complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ChannelPool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ChannelPool").field("host", &self.dialer.host_name()).finish_non_exhaustive()
    }
}

/// A header value in the URL alphabet of base64, still marked as a secret.
fn url_safe(value: &HeaderValue) -> HeaderValue {
    let translate = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    };
    let bytes: Vec<u8> = value.as_bytes().iter().map(translate).collect();
    // Always a valid value, being one character for another; if not, the old one is no worse.
    let mut translated = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| value.clone());
    translated.set_sensitive(true);
    translated
}

/// A stream that gives its slot back when it is dropped.
struct Slotted {
    stream: Box<dyn EngineIo>,
    _slot: OwnedSemaphorePermit,
}

mod slotted {
    //! Reading and writing through [`super::Slotted`].

    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Slotted;

    impl AsyncRead for Slotted {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Slotted {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    }
}
