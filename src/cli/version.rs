//! `dmfab version`: ours, and that of each Docker Engine.

use dmfab::event::Events;
use dmfab::report::{problem, table};
use serde_json::json;

use super::args::{FileArguments, VersionArguments};
use super::exit::{CommandError, Exit};
use super::{output, session};

/// The version of this program.
const OURS: &str = env!("CARGO_PKG_VERSION");

/// Shows versions.
pub(crate) async fn run(arguments: &VersionArguments, colour: bool) -> Result<Exit, CommandError> {
    let Some(inventory) = &arguments.inventory else {
        if arguments.output.json {
            output::json(&output::document("version", json!({ "dmfab": OURS })))?;
        } else {
            output::to_stdout(&format!("dmfab {OURS}"));
        }
        return Ok(Exit::Done);
    };
    let files = FileArguments {
        inventory: inventory.clone(),
        maps: arguments.maps.clone(),
        variables: arguments.variables.clone(),
    };
    let fleet = session::load(&files, colour)?;
    let host_names = fleet.select_hosts(arguments.hosts.hosts.as_deref())?;
    let fleet_session = fleet.connect(&host_names, arguments.hosts.options(), &Events::ignored()).await;
    let answers = fleet_session.ask(|_, connected| async { Ok(connected.version.clone()) }).await;
    let (engines, problems) = session::split(answers);
    session::show_notices(&fleet_session);
    fleet_session.close().await;
    if arguments.output.json {
        let engines: Vec<_> =
            engines.iter().map(|(name, engine)| json!({ "host_name": name, "engine": engine })).collect();
        let unreachable = output::unreachable(&problems);
        let fields = json!({ "dmfab": OURS, "engines": engines, "unreachable": unreachable });
        output::json(&output::document("version", fields))?;
    } else {
        let rows: Vec<Vec<String>> = engines
            .into_iter()
            .map(|(host, engine)| {
                let platform = format!("{}/{}", engine.operating_system, engine.architecture);
                vec![host, engine.version, engine.api_version, platform]
            })
            .collect();
        output::to_stdout(&format!("dmfab {OURS}"));
        output::to_stdout(&table::render(&["host", "engine", "api", "platform"], &rows));
        for (host_name, problem) in &problems {
            output::to_stderr(&problem::render(host_name, problem));
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Unreachable })
}
