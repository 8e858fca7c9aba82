//! `dmfab hosts`: which hosts there are, and what they run. No host is contacted.

use dmfab::model::spec::{FleetSpec, HostSpec};
use dmfab::report::table;
use serde_json::json;

use super::args::HostsArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// Lists the chosen hosts.
pub(crate) fn run(arguments: &HostsArguments, colour: bool) -> Result<Exit, CommandError> {
    let fleet = session::load(&arguments.files, colour)?;
    let host_names = fleet.select_hosts(arguments.hosts.as_deref())?;
    let hosts: Vec<&HostSpec> = host_names.iter().filter_map(|name| fleet.spec().hosts.get(name)).collect();
    if arguments.output.json {
        let rows: Vec<_> = hosts.iter().map(|host| document(host, fleet.spec())).collect();
        output::json(&output::document("hosts", json!({ "hosts": rows })))?;
    } else {
        let rows: Vec<Vec<String>> = hosts.iter().map(|host| row(host, fleet.spec())).collect();
        output::to_stdout(&table::render(&["host", "engine", "groups", "maps", "containers"], &rows));
    }
    Ok(Exit::Done)
}

fn row(host: &HostSpec, fleet: &FleetSpec) -> Vec<String> {
    vec![
        host.name.clone(),
        host.connection.to_string(),
        groups(host, fleet).join(","),
        maps(host, fleet).join(","),
        host.containers.len().to_string(),
    ]
}

fn document(host: &HostSpec, fleet: &FleetSpec) -> serde_json::Value {
    json!({
        "host_name": host.name,
        "engine": host.connection.to_string(),
        "groups": groups(host, fleet),
        "maps": maps(host, fleet),
        "containers": host.containers.iter().map(|spec| &spec.name).collect::<Vec<_>>(),
    })
}

fn groups<'a>(host: &HostSpec, fleet: &'a FleetSpec) -> Vec<&'a str> {
    let is_member = |members: &[String]| members.contains(&host.name);
    fleet
        .host_groups
        .iter()
        .filter(|(_, members)| is_member(members))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn maps<'a>(host: &HostSpec, fleet: &'a FleetSpec) -> Vec<&'a str> {
    let here = fleet.maps.iter().filter(|map| map.host_names.contains(&host.name));
    here.map(|map| map.name.as_str()).collect()
}
