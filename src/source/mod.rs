//! The user's files: text in, raw values with places and all mistakes out.
//!
//! ```text
//! bytes --document--> text --yaml, tree--> Node --read_map, read_inventory--> Raw*
//! ```
//!
//! Nothing here looks anything up or decides what a map means (that is [`crate::resolve`]),
//! and nothing does I/O: [`load::load`] is handed a function that reads files.

pub(crate) mod combine;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod emit;
pub mod file;
pub mod findings;
pub mod load;
pub mod node;
pub mod raw;
pub mod read_healthcheck;
pub mod read_inventory;
pub mod read_map;
pub mod render;
pub mod scalar;
pub mod span;
pub mod tag;
pub(crate) mod weight;
pub mod write;

mod foreign;
mod merge_keys;
mod read_commands;
pub(crate) mod read_container;
pub(crate) mod read_host;
pub(crate) mod read_links;
pub(crate) mod read_mounts;
mod read_network_mode;
mod read_networks;
mod read_ports;
mod read_user;
mod read_volumes;
mod reader;
#[cfg(test)]
pub(crate) mod robustness;
mod secrets;
mod slips;
#[cfg(test)]
mod testing;
mod tree;
mod yaml;
mod yaml_errors;
