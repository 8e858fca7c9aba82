//! `dmfab ps`: the containers of the maps on each host, also those that are missing.

use std::collections::BTreeSet;

use dmfab::event::{Events, Problem};
use dmfab::host::engine::{EngineReader, ListedContainer};
use dmfab::model::ownership::{self, MAP_LABEL};
use dmfab::model::spec::HostSpec;
use dmfab::report::{problem, table};
use serde::Serialize;
use serde_json::json;

use super::args::PsArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// One container of one host.
#[derive(Serialize)]
struct Row {
    host_name: String,
    container: String,
    image: String,
    state: String,
    status: String,
    ports: Vec<String>,
}

/// Lists containers.
pub(crate) async fn run(arguments: &PsArguments, colour: bool) -> Result<Exit, CommandError> {
    let fleet = session::load(&arguments.files, colour)?;
    let host_names = fleet.select_hosts(arguments.hosts.hosts.as_deref())?;
    let fleet_session = fleet.connect(&host_names, arguments.hosts.options(), &Events::ignored()).await;
    let answers = fleet_session
        .ask(|host, connected| async {
            let listed = connected.engine.list_containers().await.map_err(|error| Problem::of(&error))?;
            Ok(rows(host, listed, arguments.all))
        })
        .await;
    let (listed, problems) = session::split(answers);
    let listed: Vec<Row> = listed.into_iter().flat_map(|(_, rows)| rows).collect();
    session::show_notices(&fleet_session);
    fleet_session.close().await;
    show(arguments, &listed, &problems)?;
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Unreachable })
}

fn rows(host: &HostSpec, listed: Vec<ListedContainer>, all: bool) -> Vec<Row> {
    let wanted: BTreeSet<&str> = host.containers.iter().map(|spec| spec.name.as_str()).collect();
    let present: BTreeSet<String> = listed.iter().map(|found| found.name.clone()).collect();
    let is_ours = |found: &ListedContainer| {
        let name = ownership::lasting_name(&found.name);
        let map_name = found.labels.get(MAP_LABEL).map(String::as_str);
        wanted.contains(name) || map_name.is_some_and(|name| host.has_map(name))
    };
    let mut rows: Vec<Row> =
        listed.into_iter().filter(|found| all || is_ours(found)).map(|found| row(host, found)).collect();
    let missing = host.containers.iter().filter(|spec| !present.contains(&spec.name));
    rows.extend(missing.map(|spec| Row {
        host_name: host.name.clone(),
        container: spec.name.clone(),
        image: spec.image.to_string(),
        state: "absent".to_owned(),
        status: "not there".to_owned(),
        ports: Vec::new(),
    }));
    rows.sort_by(|one, other| one.container.cmp(&other.container));
    rows
}

fn row(host: &HostSpec, found: ListedContainer) -> Row {
    Row {
        host_name: host.name.clone(),
        container: found.name,
        image: found.image_name,
        state: found.state,
        status: found.status,
        ports: found.ports,
    }
}

fn show(arguments: &PsArguments, rows: &[Row], problems: &[(String, Problem)]) -> Result<(), CommandError> {
    if arguments.output.json {
        let fields = json!({ "containers": rows, "unreachable": output::unreachable(problems) });
        return output::json(&output::document("ps", fields));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let ports = row.ports.join(", ");
            vec![row.host_name.clone(), row.container.clone(), row.image.clone(), row.status.clone(), ports]
        })
        .collect();
    output::to_stdout(&table::render(&["host", "container", "image", "status", "ports"], &cells));
    for (host_name, problem) in problems {
        output::to_stderr(&problem::render(host_name, problem));
    }
    Ok(())
}
