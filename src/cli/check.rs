//! `dmfab check`: are the files right? No host is contacted.

use dmfab::fleet::check::{CheckedContent, CheckedFile, check_file};
use dmfab::source::render::{self, RenderOptions};
use dmfab::wording;
use serde_json::{Value, json};

use super::args::CheckArguments;
use super::exit::{CommandError, Exit};
use super::{output, session};

/// Checks files; every mistake is shown, and none is an error of this command's own.
pub(crate) fn run(arguments: &CheckArguments, colour: bool) -> Result<Exit, CommandError> {
    let variables = session::variables(&arguments.variables);
    let checked: Vec<CheckedFile> =
        arguments.files.iter().map(|path| check_file(path, &arguments.maps, &variables)).collect();
    if arguments.output.json {
        output::json(&document(&checked))?;
    } else {
        show(&checked, colour);
    }
    let is_wrong = checked.iter().any(|file| file.findings.diagnostics.has_errors());
    Ok(if is_wrong { Exit::Usage } else { Exit::Done })
}

fn show(checked: &[CheckedFile], colour: bool) {
    for file in checked {
        output::to_stderr(&file.findings.render(RenderOptions { colour, ..RenderOptions::default() }));
        if file.findings.diagnostics.has_errors() {
            continue;
        }
        match checked {
            [_] => output::to_stdout(&format!("ok: {}", verdict(file))),
            _ => output::to_stdout(&format!("{}: ok: {}", file.path.display(), verdict(file))),
        }
    }
}

fn document(checked: &[CheckedFile]) -> Value {
    let counts = checked.iter().map(|file| file.findings.diagnostics.counts());
    let (errors, warnings) =
        counts.fold((0, 0), |(errors, warnings), found| (errors + found.errors, warnings + found.warnings));
    let diagnostics: Vec<_> = checked
        .iter()
        .flat_map(|file| render::records(&file.findings.diagnostics, &file.findings.sources))
        .collect();
    let files: Vec<Value> = checked.iter().map(record).collect();
    let fields =
        json!({ "errors": errors, "warnings": warnings, "diagnostics": diagnostics, "files": files });
    output::document("check", fields)
}

fn record(file: &CheckedFile) -> Value {
    let path = file.path.display().to_string();
    let errors = file.findings.diagnostics.counts().errors;
    match file.content {
        CheckedContent::Inventory { maps, hosts, containers } => json!({
            "file": path, "kind": "inventory", "errors": errors,
            "maps": maps, "hosts": hosts, "containers": containers,
        }),
        CheckedContent::Map { configurations } => {
            json!({ "file": path, "kind": "map", "errors": errors, "configurations": configurations })
        }
        CheckedContent::Nothing => json!({ "file": path, "errors": errors }),
    }
}

fn verdict(file: &CheckedFile) -> String {
    let mut counts = match file.content {
        CheckedContent::Inventory { maps, hosts, containers } => vec![
            wording::count(maps, "map"),
            wording::count(hosts, "host"),
            wording::count(containers, "container"),
        ],
        CheckedContent::Map { configurations } => {
            let own = wording::count(configurations, "configuration");
            vec![format!("a map of {own}"), "hosts and interfaces not looked at".to_owned()]
        }
        CheckedContent::Nothing => Vec::new(),
    };
    match file.findings.diagnostics.counts().warnings {
        0 => {}
        warnings => counts.push(wording::count(warnings, "warning")),
    }
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use dmfab::model::variables::Variables;

    use super::*;

    #[test]
    fn the_verdict_says_what_was_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file.yaml");
        let verdict_of = |text: &str| {
            std::fs::write(&file, text).expect("a file");
            let checked = check_file(&file, &[], &Variables::default());
            assert!(!checked.findings.diagnostics.has_errors(), "{}", checked.findings);
            verdict(&checked)
        };
        assert_eq!(verdict_of("hosts: {web1: {}}\n"), "0 maps, 1 host, 0 containers");
        let with_warning = "hosts: {web1: {version: '1.40'}}\n";
        assert_eq!(verdict_of(with_warning), "0 maps, 1 host, 0 containers, 1 warning");
        assert_eq!(
            verdict_of("clients: nowhere\nweb: {exposes: {80: [80, private]}}\nbase: {abstract: true}\n"),
            "a map of 1 configuration, hosts and interfaces not looked at"
        );
    }
}
