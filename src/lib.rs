//! dmfab.
pub mod event;
pub mod execute;
pub mod fleet;
pub mod host;
pub mod model;
pub mod observe;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod source;
pub mod wording;
