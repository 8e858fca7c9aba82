//! The words of the field as plain data: what is wanted of a host, and what was found there.
//!
//! `*Spec` is wanted, `Observed*` was found, names and ids are shared by both. Nothing here
//! reads a file, asks an Engine, or decides anything.

pub mod connection;
pub mod container;
pub mod effective;
pub mod host_options;
pub mod image;
pub mod item;
pub mod network;
pub mod observed;
pub mod origin;
pub mod output;
pub mod ownership;
pub mod place;
pub mod ranges;
pub mod secret;
pub mod signal;
pub mod spec;
pub mod update;
pub mod variables;
pub mod volume;
