//! Which hosts are not as their maps want them? Plans a whole fleet and changes nothing.
//!
//!     cargo run --example drift -- inventories/lab.yaml

use std::path::PathBuf;

use dmfab::Fleet;
use dmfab::event::Events;
use dmfab::fleet::FleetOptions;
use dmfab::model::variables::Variables;
use dmfab::plan::{Goal, Options};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it finds")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inventory = std::env::args_os().nth(1).map_or_else(|| "inventories/lab.yaml".into(), PathBuf::from);
    let variables = Variables::new(std::env::vars(), std::env::var("HOME").ok());
    let fleet = Fleet::load(&inventory, &[], &variables).map_err(|error| error.findings.to_string())?;

    let everything = fleet.select(None, &[])?;
    let events = Events::ignored();
    let session = fleet.connect(&everything.host_names, FleetOptions::default(), &events).await;
    for host in session.plan(Goal::Deploy, &Options::default(), &everything, &events).await {
        match host.plan {
            Ok(plan) if plan.is_empty() => println!("{}: as wanted", host.host_name),
            Ok(plan) => println!("{}: {} items differ", host.host_name, plan.changed_items().len()),
            Err(outcome) => println!("{}: {outcome:?}", host.host_name),
        }
    }
    session.close().await;
    Ok(())
}
