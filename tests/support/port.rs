//! Ports that no other test publishes at the same time.

use std::fs::{self, File};
use std::ops::RangeInclusive;

use super::lab::state_folder;

/// Below the ports that the kernel gives to clients.
const PORTS: RangeInclusive<u16> = 20_000..=29_999;

/// A port that is this test's until it is dropped. Its lock is the kernel's, hence a killed test
/// frees it too.
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

impl Port {
    pub(crate) fn take() -> Self {
        let folder = state_folder().join("ports");
        fs::create_dir_all(&folder).expect("a folder for ports");
        // Tests that start together look in different places first.
        let first = usize::from(rand::random::<u16>()) % PORTS.len();
        let candidates = PORTS.cycle().skip(first).take(PORTS.len());
        for number in candidates {
            let lock = File::create(folder.join(number.to_string())).expect("a port's file");
            if lock.try_lock().is_ok() {
                return Self { number, _lock: lock };
            }
        }
        panic!("all of {PORTS:?} are taken");
    }
}
