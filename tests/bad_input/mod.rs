//! Mistakes in files and on the command line: exit code 2, every mistake with its place, and no host contacted.
//!
//! The host of these inventories is a listening socket of the test, which sees any contact.

mod actions;
mod command_line;
mod files;
mod saved_plans;

use std::io::ErrorKind;
use std::net::TcpListener;

use crate::support::dmfab::{Ended, dmfab};

/// A folder with files, and a host that notices visitors.
struct Files {
    folder: tempfile::TempDir,
    host: TcpListener,
}

const MAP: &str = "name: m\nclients: [web1-2]\nweb:\n  image: dmfab-lab/app:1\n";

impl Files {
    fn new() -> Self {
        let host = TcpListener::bind("127.0.0.1:0").expect("a port");
        host.set_nonblocking(true).expect("a socket");
        let files = Self { folder: tempfile::tempdir().expect("a folder"), host };
        files.write("inventory.yaml", files.inventory("maps: map.yaml\n"));
        files.write("map.yaml", MAP);
        files
    }

    /// Two hosts that are the listening socket; the first line of what follows is line 4.
    fn inventory(&self, rest: &str) -> String {
        let address = self.host.local_addr().expect("an address");
        format!("defaults: {{fabric_host: 'root@{address}'}}\nhosts:\n  web1-2:\n{rest}")
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(file), bytes).expect("a file");
    }

    /// Runs, and sees exit code 2, nothing on standard output, and no contact to any host.
    #[track_caller]
    fn refuses(&self, arguments: &[&str]) -> Ended {
        let ended = dmfab(arguments).in_folder(self.folder.path()).run().exits_with(2);
        assert_eq!(ended.stdout, "", "{ended}");
        let visitor = self.host.accept().map(|_| ()).map_err(|error| error.kind());
        assert_eq!(visitor, Err(ErrorKind::WouldBlock), "a host was contacted\n{ended}");
        ended
    }

    /// A deploy that is refused with exactly this on standard error.
    #[track_caller]
    fn deploy_is_refused(&self, arguments: &[&str], expected: &str) {
        let line = [&["deploy", "inventory.yaml", "--yes"], arguments].concat();
        assert_eq!(self.refuses(&line).stderr, expected);
    }
}
