//! What tests of the binary and the lab share.

pub(crate) mod client_key;
pub(crate) mod deployment;
pub(crate) mod dmfab;
pub(crate) mod engine;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod inventory;
pub(crate) mod lab;
pub(crate) mod port;
pub(crate) mod recorder;
pub(crate) mod sockets;
pub(crate) mod text;

use std::time::{Duration, Instant};

/// Between two looks at a state.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Looks until there is something to see; fails with `what` after the deadline.
pub(crate) fn eventually<T>(deadline: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}
