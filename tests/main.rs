//! All integration tests in one binary, so that they are linked once.
//!
//! What needs real hosts is in `on_the_lab`, and one case of `contract`; the rest needs neither root
//! nor Docker:
//!
//! ```text
//! cargo test --test integration -- --skip on_the_lab --skip real_engines
//! ```

mod architecture;
mod bad_input;
mod cases;
mod config;
mod contract;
mod docs;
mod explain;
mod generated;
mod golden;
mod help;
mod offline;
mod on_the_lab;
mod schema;
mod support;
