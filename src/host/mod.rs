//! Everything that reaches beyond this machine: SSH, the Docker Engine, commands on hosts.
//!
//! ```text
//! ConnectedHost
//!   ssh            one connection: login, commands, channels
//!   engine_dialer  the ways to an Engine: socket or port behind SSH, local socket, TCP
//!   channel_pool   HTTP connections over them
//!   docker         the Engine's verbs over bollard         \  both are `Engine`s
//!   fake           the same in memory, failing on demand   /
//!   shell          scripts on the host
//!   archive        files of this machine as tar archives, and back
//! ```

pub mod archive;
pub mod channel_pool;
mod command_error;
pub mod connected;
pub mod docker;
pub mod engine;
mod engine_dialer;
pub mod engine_error;
pub mod error;
pub mod fake;
pub mod shell;
pub mod ssh;

pub use engine_dialer::EngineDialer;
