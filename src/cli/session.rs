//! What the commands that contact hosts share: loading files and showing what goes wrong.

use std::path::PathBuf;

use dmfab::event::{Events, HostSummary, Problem};
use dmfab::fleet::{Fleet, FleetSession};
use dmfab::model::ranges;
use dmfab::model::variables::Variables;
use dmfab::source::render::RenderOptions;
use dmfab::wording;
use tokio::task::JoinHandle;

use super::args::FileArguments;
use super::exit::CommandError;
use super::output;
use super::progress::{self, ProgressMode, Shown};

/// Loads the files and shows what is remarkable about them. No command is run for secrets.
pub(crate) fn load(files: &FileArguments, colour: bool) -> Result<Fleet, CommandError> {
    let fleet = load_quietly(files)?;
    output::to_stderr(&fleet.warnings().render(RenderOptions { colour, ..RenderOptions::default() }));
    Ok(fleet)
}

/// Loads the files.
pub(crate) fn load_quietly(files: &FileArguments) -> Result<Fleet, CommandError> {
    let variables = variables(&files.variables);
    Ok(Fleet::load_without_commands(&files.inventory, &files.maps, &variables)?)
}

/// Gets the secrets that hosts need, where that has been put off.
pub(crate) fn with_secrets(fleet: Fleet, host_names: &[String]) -> Result<Fleet, CommandError> {
    if fleet.withholds_secrets_of(host_names) { Ok(fleet.with_secrets_of(host_names)?) } else { Ok(fleet) }
}

/// The operator's environment, with variables of the command line over it. Values that are not text
/// can be no value of a map.
pub(crate) fn variables(given: &[(String, String)]) -> Variables {
    let values = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let home = std::env::home_dir().and_then(|home: PathBuf| home.into_os_string().into_string().ok());
    let mut variables = Variables::new(values, home);
    for (name, value) in given {
        variables.set(name, value);
    }
    variables
}

/// Repeats which hosts were chosen, folded, before anything is done to them.
pub(crate) fn echo_hosts(host_names: &[String]) -> String {
    let folded = ranges::fold(host_names.iter().map(String::as_str));
    format!("{}: {folded}", wording::count(host_names.len(), "host"))
}

/// Answers of hosts, by host, in their order.
type ByHost<T> = Vec<(String, T)>;

/// Tells the answers of hosts from what kept hosts from answering.
pub(crate) fn split<T>(answers: Vec<(&str, Result<T, Problem>)>) -> (ByHost<T>, ByHost<Problem>) {
    let (mut given, mut problems) = (Vec::new(), Vec::new());
    for (host_name, answer) in answers {
        match answer {
            Ok(answer) => given.push((host_name.to_owned(), answer)),
            Err(problem) => problems.push((host_name.to_owned(), problem)),
        }
    }
    (given, problems)
}

/// Shows what is remarkable about connections.
pub(crate) fn show_notices(session: &FleetSession<'_>) {
    for (host_name, notice) in session.notices() {
        output::to_stderr(&format!("{host_name}: {notice}"));
    }
}

/// A display of progress, and the way to feed and to end it.
pub(crate) struct Progress {
    /// Where events go.
    pub(crate) events: Events,
    task: JoinHandle<()>,
}

impl Progress {
    /// Begins to show progress of these hosts; of those in `ended`, a display before has told why
    /// nothing is done on them.
    pub(crate) fn start(
        mode: ProgressMode,
        host_names: &[String],
        ended: Vec<HostSummary>,
        colour: bool,
    ) -> Self {
        let (events, receiver) = Events::channel();
        let shown = Shown { host_names: host_names.to_vec(), ended };
        let task = tokio::spawn(async move { progress::show(mode, &shown, receiver, colour).await });
        Self { events, task }
    }

    /// Shows what is still on its way, and leaves the terminal as it was.
    pub(crate) async fn finish(self) {
        drop(self.events);
        // The display panicked or was cancelled: it has nothing more to show.
        let _ = self.task.await;
    }
}
