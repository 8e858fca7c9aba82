//! Which sockets a process listens on, from `/proc`.

use std::collections::BTreeSet;
use std::fs;

/// A listening TCP socket has this state.
const TCP_LISTEN: &str = "0A";
/// A listening Unix socket has this flag.
const UNIX_ACCEPTS: &str = "00010000";

/// Every socket on which a process waits for others; none once it has ended.
pub(crate) fn listening(process_id: u32) -> Vec<String> {
    let own = own_sockets(process_id);
    let table = |name: &str| {
        let text = fs::read_to_string(format!("/proc/{process_id}/net/{name}")).unwrap_or_default();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let is_own = |inode: Option<&str>| inode.is_some_and(|inode| own.contains(inode));
    let column = |line: &str, number: usize| line.split_whitespace().nth(number).map(str::to_owned);
    let mut found = Vec::new();
    for line in [table("tcp"), table("tcp6")].concat() {
        if column(&line, 3).as_deref() == Some(TCP_LISTEN) && is_own(column(&line, 9).as_deref()) {
            found.push(line);
        }
    }
    for line in table("unix") {
        if column(&line, 3).as_deref() == Some(UNIX_ACCEPTS) && is_own(column(&line, 6).as_deref()) {
            found.push(line);
        }
    }
    found
}

/// Inodes of a process's sockets.
fn own_sockets(process_id: u32) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process_id}/fd")) else { return BTreeSet::new() };
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inode = |target: std::path::PathBuf| {
        Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    targets.filter_map(inode).collect()
}

#[test]
fn listening_sockets_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = listening(std::process::id()).len();
    let _tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let path = folder.path().join("socket");
    let _unix = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let found = listening(std::process::id());
    assert!(found.len() >= 2 && found.len() >= before, "{found:?}");
    assert!(found.iter().any(|line| line.ends_with(path.to_str().expect("text"))), "{found:?}");
}
