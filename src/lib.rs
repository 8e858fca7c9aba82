//! dmfab.
pub mod event;
pub mod model;
pub mod plan;
pub mod resolve;
pub mod source;
pub mod wording;
