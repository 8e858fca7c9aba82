//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second for an immediate one.

use tokio_util::sync::CancellationToken;

use super::exit::Exit;

/// A token that is cancelled by the first interruption; whoever waits for it says what that means
/// at the moment. The second ends the program; the next run finds what is left and finishes or
/// undoes it.
pub(crate) fn watch() -> CancellationToken {
    let token = CancellationToken::new();
    let watched = token.clone();
    tokio::spawn(async move {
        interrupted().await;
        watched.cancel();
        interrupted().await;
        std::process::exit(Exit::Interrupted as i32);
    });
    token
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
