//! Container maps in code: made, read, changed, written.
//!
//! A map is the same value whether it is read from YAML or put together here; nothing is looked up
//! or checked before [`ContainerMap::check`], or before a [`Fleet`](crate::Fleet) is built of it.
//!
//! ```
//! use dmfab::map::{Container, ContainerMap, Port, Text, Use, Volume};
//!
//! let mut map = ContainerMap::new("shop")
//!     .repository("registry.example.com")
//!     .clients(["web1", "@apps"])
//!     .host("config", "/srv/shop/config")
//!     .volume("config", "/etc/shop")
//!     .volume("socket", Volume::at("/run/shop").user("2000:2000").permissions("0750"))
//!     .container("app", Container::new().image("app").attach("socket").user(2000))
//!     .container(
//!         "web",
//!         Container::new()
//!             .image("/nginx:1.27")
//!             .bind("config")
//!             .uses(Use::of("socket").read_only())
//!             .expose(Port::tcp(80).publish(8080).on("public"))
//!             .environment("DB_PASSWORD", Text::secret_command("pass show db")),
//!     );
//! assert!(map.check().is_empty());
//!
//! // The same in YAML, and back.
//! let read = ContainerMap::from_yaml(&map.to_yaml()?)?;
//! assert_eq!(read, map);
//!
//! // Everything can be changed afterwards.
//! map.container_or_default("web").image = Text::from("/nginx:1.28").into();
//! map.merge(ContainerMap::from_yaml("{web: {exposes: {443: 8443}}, app: {instances: [one, two]}}")?);
//! assert_eq!(map.get("app").map(|app| app.instances.len()), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod container;
mod inventory;
mod items;
mod resources;
#[cfg(test)]
mod tests;
mod text;

use std::path::Path;

use crate::source::diagnostic::Diagnostics;
use crate::source::document::read_document;
use crate::source::emit::{self, WriteError};
use crate::source::file::SourceMap;
use crate::source::findings::Findings;
use crate::source::read_map::read_map;
use crate::source::span::{Span, Spanned};
use crate::source::write::write_map;

#[doc(inline)]
pub use crate::source::raw::{
    RawAttach as Attach, RawBind as Bind, RawCommand as Command, RawContainer as Container,
    RawEndpoint as Endpoint, RawExecCommand as ExecCommand, RawExecPolicy as ExecPolicy,
    RawHealthcheck as Healthcheck, RawHost as Host, RawHostPath as HostPath, RawInventory as Inventory,
    RawLink as Link, RawMap as ContainerMap, RawName as Name, RawNetwork as Network,
    RawNetworkMode as NetworkMode, RawPort as Port, RawText as Text, RawUse as Use, RawUser as User,
    RawVolume as Volume, Setting,
};
#[doc(inline)]
pub use crate::source::tag::{Computed, SecretSource, Tag};

pub use change::PersistentItem;

/// Why a text is no container map.
#[derive(Debug, thiserror::Error)]
#[error("{findings}")]
pub struct ReadError {
    /// Every mistake, not only the first.
    pub findings: Findings,
}

impl ContainerMap {
    /// An empty map.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: Some(made(name)), ..Self::default() }
    }

    /// Reads a map from YAML, of which JSON is a part. Files and variables that it names are looked
    /// at when it is used.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn from_yaml(text: &str) -> Result<Self, ReadError> {
        let mut sources = SourceMap::new();
        let mut diagnostics = Diagnostics::new();
        let node = read_document(Path::new("map"), text.into(), &mut sources, &mut diagnostics);
        let map = node.and_then(|node| read_map(&node, None, &mut diagnostics));
        match map {
            Some(map) if !diagnostics.has_errors() => Ok(map),
            _ => {
                diagnostics.sort();
                Err(ReadError { findings: Findings { diagnostics, sources } })
            }
        }
    }

    /// The map as YAML that reads as an equal map.
    ///
    /// # Errors
    /// A value that a function computes.
    pub fn to_yaml(&self) -> Result<String, WriteError> {
        emit::to_yaml(&write_map(self))
    }

    /// The map as JSON that reads as an equal map.
    ///
    /// # Errors
    /// A value that a function computes.
    pub fn to_json(&self) -> Result<String, WriteError> {
        emit::to_json(&write_map(self))
    }
}

/// A value that a program made: it stands in no file.
pub(crate) fn made<T>(value: impl Into<T>) -> Spanned<T> {
    Spanned::new(value.into(), Span::default())
}

/// Names that a program made.
pub(crate) fn names(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<Name> {
    names.into_iter().map(made).collect()
}

/// Puts an entry in the place of the one of the same name, or at the end.
pub(crate) fn put<T>(entries: &mut Vec<(Name, T)>, name: impl Into<String>, value: T) {
    let name = made(name);
    match entries.iter_mut().find(|(known, _)| *known == name) {
        Some((_, present)) => *present = value,
        None => entries.push((name, value)),
    }
}
