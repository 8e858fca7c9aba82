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
    let fields = json!({
        "errors": counts.errors,
        "warnings": counts.warnings,
        "diagnostics": render::records(&findings.diagnostics, &findings.sources),
    });
    output::json(&output::document("check", fields))
}

fn verdict(fleet: &Fleet) -> String {
    let spec = fleet.spec();
    let containers: usize = spec.hosts.values().map(|host| host.containers.len()).sum();
    let mut counts = vec![
        wording::count(spec.maps.len(), "map"),
        wording::count(spec.hosts.len(), "host"),
        wording::count(containers, "container"),
    ];
    match fleet.warnings().diagnostics.counts().warnings {
        0 => {}
        warnings => counts.push(wording::count(warnings, "warning")),
    }
    format!("ok: {}", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use dmfab::model::variables::Variables;

    use super::*;

    #[test]
    fn the_verdict_counts_warnings() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("inventory.yaml");
        let verdict_of = |inventory: &str| {
            std::fs::write(&file, inventory).expect("a file");
            let fleet = Fleet::load(&file, &[], &Variables::new(Vec::new(), None));
            verdict(&fleet.expect("an inventory"))
        };
        assert_eq!(verdict_of("hosts: {web1: {}}\n"), "ok: 0 maps, 1 host, 0 containers");
        let with_warning = "hosts: {web1: {version: '1.40'}}\n";
        assert_eq!(verdict_of(with_warning), "ok: 0 maps, 1 host, 0 containers, 1 warning");
    }
}
