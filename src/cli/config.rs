//! `dmfab config`: what files, defaults, ranges and inheritance come to for each host.

use dmfab::fleet::{Fleet, Selection};
use dmfab::model::item::ContainerId;
use dmfab::report::config::ConfigDocument;

use super::args::ConfigArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// Shows the configuration of the chosen hosts and items as YAML or JSON.
pub(crate) fn run(arguments: &ConfigArguments, colour: bool) -> Result<Exit, CommandError> {
    let fleet = session::load(&arguments.files, colour)?;
    let (selection, is_part) = select(&fleet, arguments)?;
    let origins = arguments.origin.then(|| fleet.origins());
    let is_wanted = |id: &ContainerId| selection.contains(id);
    let document = ConfigDocument {
        fleet: fleet.spec(),
        host_names: &selection.host_names,
        is_wanted: &is_wanted,
        is_selection: is_part,
        origins: origins.as_ref(),
    };
    if arguments.output.json {
        output::json(&document)?;
    } else {
        let text = document.yaml().map_err(|error| CommandError::internal(error.into()))?;
        output::to_stdout(&text);
    }
    Ok(Exit::Done)
}

/// Which hosts and containers to show, and whether containers are left out. Without items also
/// hosts are shown that run nothing.
fn select(fleet: &Fleet, arguments: &ConfigArguments) -> Result<(Selection, bool), CommandError> {
    let hosts = arguments.hosts.as_deref();
    let everything = fleet.select(None, &[])?;
    if arguments.items.is_empty() {
        return Ok((Selection { host_names: fleet.select_hosts(hosts)?, ..everything }, false));
    }
    let selection = fleet.select(hosts, &arguments.items)?;
    let is_part = selection.containers != everything.containers;
    Ok((selection, is_part))
}
