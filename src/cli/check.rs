//! `dmfab check`: are the files right? No host is contacted.

use dmfab::fleet::{Findings, Fleet};
use dmfab::source::render;
use dmfab::source::render::RenderOptions;
use dmfab::wording;
use serde_json::json;

use super::args::CheckArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// Checks files; every mistake is shown, and none is an error of this command's own.
pub(crate) fn run(arguments: &CheckArguments, colour: bool) -> Result<Exit, CommandError> {
    match session::load_quietly(&arguments.files) {
        Ok(fleet) => {
            report(arguments, fleet.warnings(), colour)?;
            if !arguments.output.json {
                output::to_stdout(&verdict(&fleet));
            }
            Ok(Exit::Done)
        }
        Err(CommandError::Files(findings)) => {
            report(arguments, &findings, colour)?;
            Ok(Exit::Usage)
        }
        Err(other) => Err(other),
    }
}

fn report(arguments: &CheckArguments, findings: &Findings, colour: bool) -> Result<(), CommandError> {
    if !arguments.output.json {
        output::to_stderr(&findings.render(RenderOptions { colour, ..RenderOptions::default() }));
        return Ok(());
    }
    let counts = findings.diagnostics.counts();
    output::json(&json!({
        "version": 1,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "diagnostics": render::records(&findings.diagnostics, &findings.sources),
    }))
}

fn verdict(fleet: &Fleet) -> String {
    let spec = fleet.spec();
    let containers: usize = spec.hosts.values().map(|host| host.containers.len()).sum();
    format!(
        "ok: {}, {}, {}",
        wording::count(spec.maps.len(), "map"),
        wording::count(spec.hosts.len(), "host"),
        wording::count(containers, "container")
    )
}
