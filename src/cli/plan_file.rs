//! Saved plans on the operator's machine.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dmfab::plan::{Goal, Options};
use dmfab::report::plan_file::{PlanFile, PlanFileError, SavedPath, SavedRequest};

use super::args::SelectionArguments;
use super::exit::CommandError;

/// Refuses a file that must not become a plan, before any host is contacted: only plans are
/// overwritten by plans.
pub(crate) fn check_target(file: &Path) -> Result<(), CommandError> {
    if file.as_os_str() == "-" {
        let help = "name a file, or write the plan to standard output with `--json`".to_owned();
        return Err(CommandError::usage("a plan is not saved to standard output", Some(help)));
    }
    let folder = folder(file);
    if !folder.is_dir() {
        let help = "name a file in a folder that exists".to_owned();
        return Err(CommandError::usage(format!("there is no folder `{}`", folder.display()), Some(help)));
    }
    if !file.exists() || fs::read_to_string(file).is_ok_and(|text| is_replaceable(&text)) {
        return Ok(());
    }
    let help = "name another file; only saved plans are overwritten".to_owned();
    Err(CommandError::usage(format!("`{}` is there and is no saved plan", file.display()), Some(help)))
}

/// An empty file was made to be written to.
fn is_replaceable(text: &str) -> bool {
    text.is_empty() || !matches!(PlanFile::parse(text), Err(PlanFileError::Foreign))
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What was asked for, as it is saved.
pub(crate) fn request(
    arguments: &SelectionArguments,
    goal: Goal,
    options: &Options,
) -> Result<SavedRequest, CommandError> {
    let mut variables: Vec<String> = arguments.files.variables.iter().map(|(name, _)| name.clone()).collect();
    variables.sort_unstable();
    variables.dedup();
    Ok(SavedRequest {
        inventory: saved_path(&arguments.files.inventory)?,
        maps: arguments.files.maps.iter().map(|path| saved_path(path)).collect::<Result<_, _>>()?,
        variables,
        items: arguments.items.clone(),
        hosts: arguments.hosts.hosts.clone(),
        goal,
        options: options.clone(),
    })
}

fn saved_path(path: &Path) -> Result<SavedPath, CommandError> {
    let absolute = std::path::absolute(path).map_err(|error| failed(path, "located", &error))?;
    Ok(SavedPath { typed: path.to_owned(), absolute })
}

/// Where a file is now: as typed from the same folder, else where it was, else as typed from here
/// (another checkout).
pub(crate) fn path_now(saved: &SavedPath) -> PathBuf {
    let is_same = std::path::absolute(&saved.typed).is_ok_and(|path| path == saved.absolute);
    if is_same || !saved.absolute.exists() { saved.typed.clone() } else { saved.absolute.clone() }
}

/// Writes a plan so that nobody else can read it, and that there is never half of it.
pub(crate) fn write(file: &Path, plan: &PlanFile) -> Result<(), CommandError> {
    let text = plan.text().map_err(|error| CommandError::internal(error.into()))?;
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder(file).join(name);
    let written = write_new(&temporary, &text).and_then(|()| fs::rename(&temporary, file));
    written.map_err(|error| {
        // What could not be written need not be there.
        let _ = fs::remove_file(&temporary);
        failed(file, "written", &error)
    })
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads a saved plan.
pub(crate) fn read(file: &Path) -> Result<PlanFile, CommandError> {
    let bytes = fs::read(file).map_err(|error| failed(file, "read", &error))?;
    let parsed = String::from_utf8(bytes).map_err(|_| PlanFileError::Foreign);
    parsed.and_then(|text| PlanFile::parse(&text)).map_err(|error| {
        let help = Some(error.help().to_owned());
        CommandError::usage(format!("`{}` cannot be carried out: {error}", file.display()), help)
    })
}

fn failed(file: &Path, what: &str, error: &io::Error) -> CommandError {
    CommandError::usage(format!("`{}` cannot be {what}: {error}", file.display()), None)
}
