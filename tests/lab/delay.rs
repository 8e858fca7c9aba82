//! A cable with delay: moves packets between two network interfaces, each one late by the
//! same time. For kernels without netem. Uses the standard library and four calls of libc,
//! so that `rustc` alone builds it.
//!
//! usage: delay INTERFACE INTERFACE MICROSECONDS

use std::ffi::CString;
use std::io::Error;
use std::os::raw::{c_char, c_int, c_uint, c_void};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const AF_PACKET: c_int = 17;
const SOCK_RAW: c_int = 3;
const SOL_PACKET: c_int = 263;
const PACKET_VNET_HDR: c_int = 15;
const PACKET_IGNORE_OUTGOING: c_int = 23;
const SOL_SOCKET: c_int = 1;
const SO_RCVBUFFORCE: c_int = 33;
const ETH_P_ALL: u16 = 3;

/// A packet may be an unsplit segment of 64 kB, with headers before it.
const PACKET_BYTES: usize = 68 * 1024;
/// Packets under way in one direction; a full cable drops, as a full queue does.
const CABLE_PACKETS: usize = 20_000;

#[repr(C)]
struct LinkAddress {
    family: u16,
    protocol: u16,
    index: c_int,
    hardware_type: u16,
    packet_type: u8,
    address_length: u8,
    address: [u8; 8],
}

extern "C" {
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn bind(socket: c_int, address: *const LinkAddress, length: c_uint) -> c_int;
    fn setsockopt(socket: c_int, level: c_int, name: c_int, value: *const c_int, length: c_uint) -> c_int;
    fn if_nametoindex(name: *const c_char) -> c_uint;
    fn read(file: c_int, buffer: *mut c_void, length: usize) -> isize;
    fn write(file: c_int, buffer: *const c_void, length: usize) -> isize;
}

/// A packet and when it is to come out.
type Late = (Instant, Vec<u8>);

fn checked(result: c_int, what: &str) -> Result<c_int, String> {
    if result < 0 {
        return Err(format!("{what}: {}", Error::last_os_error()));
    }
    Ok(result)
}

fn set_option(socket: c_int, level: c_int, name: c_int, value: c_int) -> c_int {
    let length = std::mem::size_of::<c_int>() as c_uint;
    // SAFETY: the value lives through the call, and the length is its own.
    unsafe { setsockopt(socket, level, name, &value, length) }
}

/// Between virtual interfaces packets are unsplit and without checksum; the header that
/// PACKET_VNET_HDR puts before each packet says so, and the sending side needs it again.
fn open(interface: &str) -> Result<c_int, String> {
    let name = CString::new(interface).map_err(|e| e.to_string())?;
    // SAFETY: the name ends with a zero and lives through the call.
    let index = unsafe { if_nametoindex(name.as_ptr()) };
    if index == 0 {
        return Err(format!("no interface `{interface}`"));
    }
    // SAFETY: no pointers.
    let file = checked(unsafe { socket(AF_PACKET, SOCK_RAW, 0) }, "socket")?;
    checked(set_option(file, SOL_PACKET, PACKET_VNET_HDR, 1), "PACKET_VNET_HDR")?;
    checked(set_option(file, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), "PACKET_IGNORE_OUTGOING")?;
    checked(set_option(file, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20), "SO_RCVBUFFORCE")?;
    let address = LinkAddress {
        family: AF_PACKET as u16,
        protocol: ETH_P_ALL.to_be(),
        index: index as c_int,
        hardware_type: 0,
        packet_type: 0,
        address_length: 0,
        address: [0; 8],
    };
    let length = std::mem::size_of::<LinkAddress>() as c_uint;
    // SAFETY: the address lives through the call, and the length is its own.
    checked(unsafe { bind(file, &address, length) }, "bind")?;
    Ok(file)
}

/// Takes packets as they come. An interface that is down gives errors until it is up again.
fn take(file: c_int, delay: Duration, cable: &SyncSender<Late>) {
    let mut buffer = vec![0_u8; PACKET_BYTES];
    loop {
        // SAFETY: the buffer is ours and has the length given.
        let count = unsafe { read(file, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(count) {
            Ok(count) => drop(cable.try_send((Instant::now() + delay, buffer[..count].to_vec()))),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// All packets are late by the same time, so the first in is always the first due.
fn give(file: c_int, cable: &Receiver<Late>) {
    for (due, packet) in cable {
        if let Some(left) = due.checked_duration_since(Instant::now()) {
            thread::sleep(left);
        }
        // A packet that cannot be sent is lost, as on any cable.
        // SAFETY: the packet is ours and has the length given.
        let _ = unsafe { write(file, packet.as_ptr().cast(), packet.len()) };
    }
}

fn connect(from: c_int, to: c_int, delay: Duration) {
    let (sender, receiver) = sync_channel(CABLE_PACKETS);
    thread::spawn(move || take(from, delay, &sender));
    thread::spawn(move || give(to, &receiver));
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [one, other, microseconds] = arguments.as_slice() else {
        return Err("usage: delay INTERFACE INTERFACE MICROSECONDS".into());
    };
    let delay = Duration::from_micros(microseconds.parse().map_err(|e| format!("{microseconds}: {e}"))?);
    let (one, other) = (open(one)?, open(other)?);
    connect(one, other, delay);
    connect(other, one, delay);
    println!("ready");
    loop {
        thread::park();
    }
}

fn main() {
    if let Err(error) = run() {
        eprintln!("delay: {error}");
        std::process::exit(1);
    }
}
