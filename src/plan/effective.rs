//! The wanted side of a comparison: what an Engine will report for settings on an image.
//!
//! The rules are the model's ([`crate::model::effective`]), because the fake Engine keeps them
//! too.

pub use crate::model::effective::effective_settings;
