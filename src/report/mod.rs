//! What people and programs are told: functions from events and plans to text and JSON values.
//!
//! Nothing here prints, waits, or looks at the clock, the terminal or the environment; how much
//! time has passed and whether colours are wanted is handed in. Colour is only ever an addition:
//! every screen says the same without it.
//!
//! ```text
//! Plan        -> plan_view   before a run: what happens and why       (people)
//!             -> plan_file   a plan to be carried out later           (apply)
//! Event       -> plain       during a run: lines that stay            (logs, and above the board)
//!             -> board       during a run: the lines that move        (terminals)
//! RunSummary  -> summary     after a run: where every host stands     (people)
//! all three   -> json        the same as versioned documents          (programs)
//! FleetSpec   -> config      what is wanted, and where it was written (both)
//! ```
//!
//! Text that comes from a host or from a file may hold anything; it passes through
//! `shown` or `problem` before it is part of a screen, so that it cannot move the cursor, recolour
//! the terminal, or pretend to be a line of ours.

mod activity;
pub mod board;
pub mod config;
pub mod json;
mod outcome;
mod parameters;
pub mod plain;
pub mod plan_file;
pub mod plan_view;
pub mod problem;
mod rows;
pub mod script;
mod shown;
pub mod states;
pub mod style;
pub mod summary;
pub mod table;

#[cfg(test)]
mod samples;

pub use style::Style;
