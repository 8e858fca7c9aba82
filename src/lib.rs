//! Deploys containers to many Docker hosts over SSH.
//!
//! An *inventory* names hosts and the *container maps* that run on them. For each host one SSH
//! connection is opened; through it dmfab speaks the Docker Engine API, and runs `chown` and
//! `chmod` on volumes. What is to be done is a plan before it is done.
//!
//! ```text
//!  inventory.yaml, map.yaml                         one Docker Engine per host
//!            |                                                  |
//!          source   text -> raw values with spans             host   ssh session, docker channel, run
//!            |                                                  |
//!         resolve   raw -> FleetSpec, or all diagnostics      observe  Engine -> HostState
//!            |                                                  |
//!            +---------------------> plan <---------------------+
//!                  (HostSpec, HostState, Request) -> Plan
//!                                    |
//!                                execute   Plan -> Engine calls, events out
//!                                    |
//!                                 report   events -> live lines, summary, JSON
//! ```
//!
//! [`source`], [`model`], [`resolve`], [`plan`], [`event`], [`report`] and [`mod@reference`] are plain
//! functions on plain data. Only [`host`], [`observe`], [`execute`], [`outside`] and the facade [`fleet`]
//! reach beyond this process. Nothing decides after [`plan`]; nothing in the library prints.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | host | a machine with a Docker Engine: Docker-Map's *client* |
//! | container map | containers, volumes and networks that belong together |
//! | configuration | one entry of a map; has one container on each of its hosts, or one per *instance* |
//! | attached volume | a named volume that a configuration owns; others *use* it |
//! | plan, step | a graph of single calls, each with its cause |
//! | replacement | steps that take effect together, or are taken back |
//!
//! # Example
//!
//! ```no_run
//! use std::path::Path;
//!
//! use dmfab::event::Events;
//! use dmfab::fleet::{Fleet, FleetOptions};
//! use dmfab::model::variables::Variables;
//! use dmfab::plan::{Goal, Options, text};
//! use tokio_util::sync::CancellationToken;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fleet = Fleet::load(Path::new("inventories/lab.yaml"), &[], &Variables::default())?;
//! let selection = fleet.select(Some("web1,apps1-3"), &[])?;
//! let events = Events::ignored();
//!
//! let session = fleet.connect(&selection.host_names, FleetOptions::default(), &events).await;
//! let plans = session.plan(Goal::Deploy, &Options::default(), &selection, &events).await;
//! for host in &plans {
//!     match &host.plan {
//!         Ok(plan) => println!("{}:\n{}", host.host_name, text::lines(plan).join("\n")),
//!         Err(outcome) => println!("{}: {outcome:?}", host.host_name),
//!     }
//! }
//!
//! let summary = session.execute(Goal::Deploy, &plans, &events, &CancellationToken::new()).await;
//! for host in &summary.hosts {
//!     println!("{}: {:?}", host.host_name, host.outcome);
//! }
//! session.close().await;
//! # Ok(())
//! # }
//! ```

pub mod event;
pub mod execute;
pub mod fleet;
pub mod host;
pub mod map;
pub mod model;
pub mod observe;
pub mod outside;
pub mod plan;
pub mod reference;
pub mod report;
pub mod resolve;
pub mod source;
#[cfg(test)]
mod testing;
pub mod wording;

pub use fleet::Fleet;
