//! Opening channels of a session: to commands, sockets and ports.
//!
//! Three things are russh's to get wrong and are put right here. A channel that is confirmed
//! after its opener gave up would stay open for good, so opening runs in a task of its own that
//! closes such a channel. Nothing in russh has a deadline. And sshd's `MaxSessions` shows only
//! as a refusal, which passes once another session ends.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::AsyncWrite;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, RwLock, Semaphore, SemaphorePermit, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::SshSession;
use super::connect::StageError;
use crate::host::error::{ConnectErrorKind, Stage};

/// Commands at once on one connection: below sshd's default `MaxSessions` of 10.
const COMMANDS_AT_ONCE: usize = 8;

/// How long a channel's end is waited for before its session counts as ended.
const FINISH_PATIENCE: Duration = Duration::from_secs(2);

/// Pauses before a refused session is tried again although none of ours is open any more: a
/// server may hear of the end of the last one after us.
const LATE_ROOM_PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500)];

/// `docker system dial-stdio` processes at once on one connection. Unlike commands they stay.
const STDIO_AT_ONCE: usize = 4;

/// The session channels of one connection: how many, who waits, and news of each that ends.
pub(super) struct OpenSessions {
    commands: Semaphore,
    stdio: Arc<Semaphore>,
    open: AtomicUsize,
    ended_count: AtomicUsize,
    /// Held for reading while a channel is being opened and until it is counted.
    opening: Arc<RwLock<()>>,
    ended: watch::Sender<()>,
    /// Those that were refused wait one behind the other, so that the end of one session does
    /// not make all of them ask again.
    queue: Mutex<()>,
    /// Commands that the server has no room for.
    waiting_commands: AtomicUsize,
    room_wanted: Notify,
}

impl Default for OpenSessions {
    fn default() -> Self {
        Self {
            commands: Semaphore::new(COMMANDS_AT_ONCE),
            stdio: Arc::new(Semaphore::new(STDIO_AT_ONCE)),
            open: AtomicUsize::new(0),
            ended_count: AtomicUsize::new(0),
            opening: Arc::default(),
            ended: watch::Sender::new(()),
            queue: Mutex::new(()),
            waiting_commands: AtomicUsize::new(0),
            room_wanted: Notify::new(),
        }
    }
}

/// One session among those that are counted; dropping it lets a waiting command try.
struct CountedSession {
    sessions: Arc<OpenSessions>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl CountedSession {
    fn new(sessions: Arc<OpenSessions>, turn: Option<OwnedSemaphorePermit>) -> Self {
        sessions.open.fetch_add(1, Ordering::SeqCst);
        Self { sessions, _turn: turn }
    }
}

impl Drop for CountedSession {
    fn drop(&mut self) {
        self.sessions.open.fetch_sub(1, Ordering::SeqCst);
        self.sessions.ended_count.fetch_add(1, Ordering::SeqCst);
        self.sessions.ended.send_replace(());
    }
}

/// A session channel, closed when it is dropped, however that happens: russh leaves a dropped
/// channel open. It counts as open until the server has closed it too.
pub(in crate::host) struct SessionChannel {
    halves: Option<(ChannelReadHalf, ChannelWriteHalf<Msg>)>,
    session: Option<CountedSession>,
}

impl SessionChannel {
    /// Asks the server to run `line`.
    pub(in crate::host) async fn exec(&self, line: String) -> Result<(), russh::Error> {
        match &self.halves {
            Some((_, writer)) => writer.exec(true, line).await,
            None => Err(russh::Error::WrongChannel),
        }
    }

    /// A stream into the command's standard input; shutting it down is end-of-file.
    pub(in crate::host) fn input(&self) -> Pin<Box<dyn AsyncWrite + Send>> {
        match &self.halves {
            Some((_, writer)) => Box::pin(writer.make_writer()),
            None => Box::pin(tokio::io::sink()),
        }
    }

    /// What the server says next; `None` when it has closed the channel.
    pub(in crate::host) async fn wait(&mut self) -> Option<ChannelMsg> {
        let (reader, _) = self.halves.as_mut()?;
        match reader.wait().await {
            None | Some(ChannelMsg::Close) => {
                self.halves = None;
                self.session = None;
                None
            }
            message => message,
        }
    }

    /// Ends a command that ends by itself at end-of-file, and waits for that. A server frees
    /// the session of a command that ended; that of one left alone, only when it ends.
    pub(in crate::host) async fn finish(mut self) {
        if let Some((_, writer)) = &self.halves {
            let _ = writer.eof().await;
        }
        let drained = async { while self.wait().await.is_some() {} };
        let _ = timeout(FINISH_PATIENCE, drained).await;
    }
}

impl Drop for SessionChannel {
    fn drop(&mut self) {
        let (Some((mut reader, writer)), session) = (self.halves.take(), self.session.take()) else { return };
        // Closing must wait for room in the connection's queue, and a destructor cannot.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let _ = writer.close().await;
            let closed = async { while !matches!(reader.wait().await, None | Some(ChannelMsg::Close)) {} };
            let _ = timeout(FINISH_PATIENCE, closed).await;
            drop(session);
        });
    }
}

/// A command that the server has no room for, for as long as this lives.
struct WaitingCommand<'a>(&'a OpenSessions);

impl<'a> WaitingCommand<'a> {
    fn new(sessions: &'a OpenSessions) -> Self {
        sessions.waiting_commands.fetch_add(1, Ordering::SeqCst);
        sessions.room_wanted.notify_waiters();
        Self(sessions)
    }
}

impl Drop for WaitingCommand<'_> {
    fn drop(&mut self) {
        self.0.waiting_commands.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A session that did not open; the turn it would have used is given back.
struct Refusal {
    error: russh::Error,
    turn: Option<OwnedSemaphorePermit>,
}

impl From<russh::Error> for Refusal {
    fn from(error: russh::Error) -> Self {
        Self { error, turn: None }
    }
}

/// A channel that is closed unless somebody takes it.
struct Opened(Option<Channel<Msg>>);

impl Opened {
    fn new(channel: Channel<Msg>) -> Self {
        Self(Some(channel))
    }

    fn take(mut self) -> Result<Channel<Msg>, russh::Error> {
        self.0.take().ok_or(russh::Error::Disconnect)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let Some(channel) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { channel.close().await });
        }
    }
}

impl SshSession {
    /// A turn among the commands of this connection.
    pub(super) async fn command_turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is one.
        self.sessions.commands.acquire().await.ok()
    }

    /// Opens a channel for a command, waiting for room as long as other sessions of ours are
    /// open. The command's deadline bounds the waiting.
    pub(super) async fn open_command_channel(&self) -> Result<SessionChannel, russh::Error> {
        self.open_session_channel(None).await
    }

    /// Opens a channel for a `docker system dial-stdio` that will stay open; waits for a turn,
    /// and for room like a command. The caller must bound the waiting.
    pub(in crate::host) async fn open_stdio_channel(&self) -> Result<SessionChannel, russh::Error> {
        let turn = Arc::clone(&self.sessions.stdio).acquire_owned().await;
        self.open_session_channel(Some(turn.map_err(|_| russh::Error::Disconnect)?)).await
    }

    async fn open_session_channel(
        &self,
        mut stdio: Option<OwnedSemaphorePermit>,
    ) -> Result<SessionChannel, russh::Error> {
        let is_command = stdio.is_none();
        let mut ended = self.sessions.ended.subscribe();
        let mut late_room = LATE_ROOM_PAUSES.iter();
        let mut place = None;
        loop {
            ended.mark_unchanged();
            let error = match self.open(self.opening_session(stdio.take())).await {
                Ok(channel) => return Ok(channel),
                Err(Refusal { error: error @ russh::Error::ChannelOpenFailure(_), turn }) => {
                    stdio = turn;
                    error
                }
                Err(Refusal { error, .. }) => return Err(error),
            };
            let _waiting = is_command.then(|| WaitingCommand::new(&self.sessions));
            if place.is_none() {
                place = Some(self.sessions.queue.lock().await);
                continue;
            }
            // Those that are being opened are counted only when they are open: wait for them.
            drop(self.sessions.opening.write().await);
            let one_ended = ended.has_changed().unwrap_or(false);
            if one_ended || self.sessions.open.load(Ordering::SeqCst) > 0 {
                // Each turn of this loop uses up the end of one session, so it does not spin.
                let _ = ended.changed().await;
                late_room = LATE_ROOM_PAUSES.iter();
                continue;
            }
            match late_room.next() {
                Some(pause) if self.sessions.ended_count.load(Ordering::SeqCst) > 0 => sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    /// Opens and counts one session channel. What it returns closes itself, so this may be
    /// left alone at any time.
    fn opening_session(
        &self,
        turn: Option<OwnedSemaphorePermit>,
    ) -> impl Future<Output = Result<SessionChannel, Refusal>> + Send + use<> {
        let (handle, sessions) = (Arc::clone(&self.handle), Arc::clone(&self.sessions));
        async move {
            let _opening = Arc::clone(&sessions.opening).read_owned().await;
            match handle.channel_open_session().await {
                Ok(channel) => Ok(SessionChannel {
                    halves: Some(channel.split()),
                    session: Some(CountedSession::new(sessions, turn)),
                }),
                Err(error) => Err(Refusal { error, turn }),
            }
        }
    }

    /// Whether a command waits for a session that an idle dial-stdio holds.
    pub(in crate::host) fn is_room_wanted(&self) -> bool {
        self.sessions.waiting_commands.load(Ordering::SeqCst) > 0
    }

    /// Waits until a command begins to wait for room.
    pub(in crate::host) fn room_wanted(&self) -> impl Future<Output = ()> + Send + use<> {
        let sessions = Arc::clone(&self.sessions);
        async move { sessions.room_wanted.notified().await }
    }

    /// Opens a channel to a Unix socket of the host.
    pub(in crate::host) async fn open_socket_channel(
        &self,
        socket_path: &str,
    ) -> Result<Channel<Msg>, StageError> {
        let (handle, path) = (Arc::clone(&self.handle), socket_path.to_owned());
        let opening = async move { handle.channel_open_direct_streamlocal(path).await.map(Opened::new) };
        let opened = self.open(opening).await.and_then(Opened::take);
        opened.map_err(|error| self.channel_error(socket_path, error))
    }

    /// Opens a channel to a TCP port as the host sees it.
    pub(in crate::host) async fn open_tcp_channel(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Channel<Msg>, StageError> {
        let (handle, name) = (Arc::clone(&self.handle), host.to_owned());
        // The originator is for the server's log only; ours is nobody's business.
        let opening = async move {
            handle.channel_open_direct_tcpip(name, u32::from(port), "127.0.0.1", 0).await.map(Opened::new)
        };
        let opened = self.open(opening).await.and_then(Opened::take);
        opened.map_err(|error| self.channel_error(&format!("{host}:{port}"), error))
    }

    /// Waits for a channel to open, within the deadline. The opening itself goes on when nobody
    /// waits any more, and what it then returns is dropped, which closes it.
    async fn open<T, E>(&self, opening: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<russh::Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move { sender.send(opening.await).map_err(drop) });
        match timeout(self.deadlines.channel, receiver).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_)) => Err(russh::Error::Disconnect.into()),
            Err(elapsed) => Err(russh::Error::from(elapsed).into()),
        }
    }

    /// Says whether a channel was refused, was not answered, or has no connection to be on.
    pub(in crate::host) fn channel_error(&self, to: &str, error: russh::Error) -> StageError {
        let kind = match error {
            russh::Error::ChannelOpenFailure(_) => {
                ConnectErrorKind::ChannelRefused { to: to.to_owned(), source: Box::new(error) }
            }
            russh::Error::Elapsed(_) => ConnectErrorKind::TimedOut { deadline: self.deadlines.channel },
            // russh's own error says no more than that its task is gone.
            _ => ConnectErrorKind::Lost { reason: self.disconnect_reason() },
        };
        (Stage::Channel, kind)
    }
}
