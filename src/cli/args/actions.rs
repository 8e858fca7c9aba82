//! What the commands that plan and act take. Each command has the options that matter to it, and no
//! other; `plan` has all of them, and refuses what the action does not have.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, CommandFactory, ValueEnum, ValueHint, error::ErrorKind, parser::ValueSource};

use dmfab::model::signal;
use dmfab::plan::options::{CommandCheck, DEFAULT_SETTLE, PullPolicy};
use dmfab::plan::{Goal, Options};

pub(crate) use super::changes::RegistryOptions;
use super::changes::{RecoveryOptions, ReplacementOptions};
use super::volumes::{PreparationOptions, RecreationOptions};
use super::{
    Arguments, ConnectionArguments, FileArguments, HostArguments, OutputArguments, ProgressArguments,
    parse_variable,
};

/// What every planning command takes.
#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Containers: `config`, `config.instance`, `map`, `map.config.instance`, a group, or `all`.
    #[arg(value_name = "ITEM", value_hint = ValueHint::Other)]
    pub(crate) items: Vec<String>,
    #[command(flatten)]
    pub(crate) hosts: HostArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) progress: ProgressArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// What to plan.
    #[arg(long = "for", value_enum, default_value = "deploy", value_name = "ACTION")]
    pub(crate) goal: GoalChoice,
    /// How to show the plan.
    #[arg(long, value_enum, default_value = "tree", conflicts_with = "json")]
    pub(crate) format: PlanFormat,
    /// List how the items of the plan are now, in place of the plan; `--json` has both.
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub(crate) states: bool,
    /// Plan as if every host were empty; contact none.
    #[arg(long, conflicts_with = "file")]
    pub(crate) offline: bool,
    /// End with 3 if there is anything to do.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Save the plan, to be carried out by `dmfab apply FILE`.
    #[arg(long = "out", short = 'o', value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: EveryOption,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// What `dmfab plan -o FILE` has saved.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A variable that was given when the plan was made: values are not saved; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) variables: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) connections: ConnectionArguments,
    /// Do not ask before something that runs is stopped or removed.
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) progress: ProgressArguments,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people: by item, equal hosts folded.
    Tree,
    /// One stable line a step, with its number, cause and what it waits for.
    Steps,
    /// Not at all.
    #[value(skip)]
    None,
}

/// What can be planned.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GoalChoice {
    /// Create what is not there.
    Create,
    /// Start what is there.
    Start,
    /// Stop.
    Stop,
    /// Stop and start.
    Restart,
    /// Remove what is stopped.
    Remove,
    /// Create and start what does not run.
    Startup,
    /// Stop and remove.
    Shutdown,
    /// Bring to the wanted state, as Docker-Map does.
    Update,
    /// Bring to the wanted state.
    Deploy,
    /// Pull images.
    Pull,
    /// Send a signal.
    Signal,
}

impl GoalChoice {
    /// The goal, as the library calls it.
    pub(crate) fn goal(self) -> Goal {
        match self {
            Self::Create => Goal::Create,
            Self::Start => Goal::Start,
            Self::Stop => Goal::Stop,
            Self::Restart => Goal::Restart,
            Self::Remove => Goal::Remove,
            Self::Startup => Goal::Startup,
            Self::Shutdown => Goal::Shutdown,
            Self::Update => Goal::Update,
            Self::Deploy => Goal::Deploy,
            Self::Pull => Goal::Pull,
            Self::Signal => Goal::Signal,
        }
    }
}

/// A command that plans and carries out, with options of its own.
#[derive(Debug, Args)]
pub(crate) struct ActionArguments<Own: Args> {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Show the plan and stop.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Do not ask before something that runs is stopped or removed.
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) own: Own,
}

/// Options that change a plan.
pub(crate) trait PlanOptions {
    /// Says what was typed.
    fn apply(&self, options: &mut Options);

    /// Items to be made anew, as they were typed.
    fn forced_items(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Of `start`.
#[derive(Debug, Args)]
pub(crate) struct NoOptions {}

impl PlanOptions for NoOptions {
    fn apply(&self, _options: &mut Options) {}
}

/// Of all that may stop containers.
#[derive(Debug, Args)]
pub(crate) struct StopOptions {
    /// Seconds each stop may take before the container is killed, in place of what the maps say.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    timeout: Option<u32>,
}

impl PlanOptions for StopOptions {
    fn apply(&self, options: &mut Options) {
        options.stop_timeout_seconds = self.timeout;
    }
}

/// Of `deploy`, `update`, `startup` and `shutdown`.
#[derive(Debug, Args)]
pub(crate) struct OrphanOptions {
    /// Stop and remove containers with our labels that no map asks for any more.
    #[arg(long)]
    remove_orphans: bool,
}

impl PlanOptions for OrphanOptions {
    fn apply(&self, options: &mut Options) {
        options.remove_orphans = self.remove_orphans;
    }
}

/// Of `remove` and `shutdown`.
#[derive(Debug, Args)]
pub(crate) struct RemovalOptions {
    /// Keep persistent containers.
    #[arg(long)]
    keep_persistent: bool,
    /// Remove volumes that removed containers attach, with their files.
    #[arg(long)]
    remove_attached: bool,
}

impl PlanOptions for RemovalOptions {
    fn apply(&self, options: &mut Options) {
        options.remove_persistent = !self.keep_persistent;
        options.remove_attached = self.remove_attached;
    }
}

/// Of `shutdown`.
#[derive(Debug, Args)]
pub(crate) struct NetworkOptions {
    /// Remove networks that nothing uses any more.
    #[arg(long)]
    networks: bool,
}

impl PlanOptions for NetworkOptions {
    fn apply(&self, options: &mut Options) {
        options.remove_networks = self.networks;
    }
}

/// Of `restart`.
#[derive(Debug, Args)]
pub(crate) struct CommandOptions {
    /// Run commands again that are not only for the first start.
    #[arg(long)]
    restart_exec_commands: bool,
}

impl PlanOptions for CommandOptions {
    fn apply(&self, options: &mut Options) {
        options.restart_exec_commands = self.restart_exec_commands;
    }
}

/// Of `signal`.
#[derive(Debug, Args)]
pub(crate) struct SignalOptions {
    /// The signal, by name or number.
    #[arg(long, value_name = "SIGNAL", default_value = "SIGKILL", value_parser = parse_signal)]
    signal: String,
}

impl PlanOptions for SignalOptions {
    fn apply(&self, options: &mut Options) {
        options.signal = Some(self.signal.clone());
    }
}

/// Of `deploy`, `update` and `startup`: when a started container counts as good.
#[derive(Debug, Args)]
pub(crate) struct SettleOptions {
    /// Seconds that a started container without health check must run; 0 looks once.
    #[arg(
        long,
        env = "DMFAB_SETTLE",
        value_name = "SECONDS",
        default_value_t = DEFAULT_SETTLE.as_secs(),
        value_parser = parse_wait
    )]
    settle: u64,
}

impl PlanOptions for SettleOptions {
    fn apply(&self, options: &mut Options) {
        options.settle = Duration::from_secs(self.settle);
    }
}

/// Of `deploy` and `update`.
#[derive(Debug, Args)]
pub(crate) struct CommandCheckOptions {
    /// Run commands of running containers again that no process looks like; `full` for `update`, else
    /// `none`.
    #[arg(long, value_enum, value_name = "HOW")]
    check_exec_commands: Option<CommandCheckChoice>,
}

/// How commands are looked for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CommandCheckChoice {
    /// By the whole command line.
    Full,
    /// By a part of a command line.
    Partial,
    /// Not at all.
    None,
}

impl PlanOptions for CommandCheckOptions {
    fn apply(&self, options: &mut Options) {
        if let Some(choice) = self.check_exec_commands {
            options.check_exec_commands = match choice {
                CommandCheckChoice::Full => CommandCheck::Full,
                CommandCheckChoice::Partial => CommandCheck::Partial,
                CommandCheckChoice::None => CommandCheck::None,
            };
        }
    }
}

/// Of `pull`.
#[derive(Debug, Args)]
pub(crate) struct PullOptions {
    /// Only images that a host lacks.
    #[arg(long)]
    missing: bool,
}

impl PlanOptions for PullOptions {
    fn apply(&self, options: &mut Options) {
        if self.missing {
            options.pull = PullPolicy::Missing;
        }
    }
}

/// Defines the options of a command as several groups together.
macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident { $($group:ident: $type:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub(crate) struct $name {
            $(#[command(flatten)] $group: $type,)+
        }

        impl PlanOptions for $name {
            fn apply(&self, options: &mut Options) {
                $(self.$group.apply(options);)+
            }

            fn forced_items(&self) -> Vec<String> {
                [$(self.$group.forced_items()),+].concat()
            }
        }
    )+};
}

groups! {
    /// Of `restart`.
    RestartOptions { commands: CommandOptions, stops: StopOptions }
    /// Of `create`.
    CreateOptions { registries: RegistryOptions, preparations: PreparationOptions }
    /// Of `startup`.
    StartupOptions {
        recovery: RecoveryOptions,
        registries: RegistryOptions,
        preparations: PreparationOptions,
        settling: SettleOptions,
        stops: StopOptions,
        orphans: OrphanOptions,
    }
    /// Of `shutdown`.
    ShutdownOptions {
        removals: RemovalOptions, networks: NetworkOptions, stops: StopOptions, orphans: OrphanOptions,
    }
    /// Of `deploy` and `update`.
    DeployOptions {
        recovery: RecoveryOptions,
        replacements: ReplacementOptions,
        registries: RegistryOptions,
        preparations: PreparationOptions,
        recreations: RecreationOptions,
        settling: SettleOptions,
        checks: CommandCheckOptions,
        stops: StopOptions,
        orphans: OrphanOptions,
    }
    /// Of `plan`.
    EveryOption {
        recovery: RecoveryOptions,
        replacements: ReplacementOptions,
        registries: RegistryOptions,
        preparations: PreparationOptions,
        recreations: RecreationOptions,
        settling: SettleOptions,
        checks: CommandCheckOptions,
        commands: CommandOptions,
        removals: RemovalOptions,
        networks: NetworkOptions,
        stops: StopOptions,
        orphans: OrphanOptions,
        signals: SignalOptions,
        pulls: PullOptions,
    }
}

/// `plan` takes the options of the action that is planned, and of no other.
pub(crate) fn refuse_unfit_options(matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some(("plan", typed)) = matches.subcommand() else { return Ok(()) };
    let Some(choice) = typed.get_one::<GoalChoice>("goal").and_then(ValueEnum::to_possible_value) else {
        return Ok(());
    };
    let mut command = Arguments::command();
    let takes = |name: &str, id: &str| {
        let found = command.find_subcommand(name);
        found.is_some_and(|found| found.get_arguments().any(|argument| argument.get_id() == id))
    };
    let is_of_an_action = |id: &str| {
        GoalChoice::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .any(|other| takes(other.get_name(), id))
    };
    let is_typed = |id: &str| typed.value_source(id) == Some(ValueSource::CommandLine);
    let ids: Vec<&str> = typed.ids().map(clap::Id::as_str).filter(|id| is_typed(id)).collect();
    let unfit = ids.into_iter().find(|id| is_of_an_action(id) && !takes(choice.get_name(), id));
    let Some(unfit) = unfit else { return Ok(()) };
    let message = format!(
        "the argument '--{}' has no effect on '--for {}'",
        unfit.replace('_', "-"),
        choice.get_name()
    );
    Err(command.error(ErrorKind::ArgumentConflict, message))
}

/// As [`parse_seconds`], where no time at all has a meaning.
fn parse_wait(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(seconds @ 0..=86_400) => Ok(seconds),
        _ => Err("expected whole seconds from 0 to 86400".to_owned()),
    }
}

/// As Docker writes it: `SIGHUP`, or a number.
fn parse_signal(typed: &str) -> Result<String, String> {
    if signal::number(typed).is_none() {
        return Err("expected a signal, such as HUP, SIGTERM or 10".to_owned());
    }
    let upper = typed.to_ascii_uppercase();
    let is_whole = upper.starts_with("SIG") || upper.parse::<u8>().is_ok();
    Ok(if is_whole { upper } else { format!("SIG{upper}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(), String> {
        let matches = Arguments::command().get_matches_from(line.split(' '));
        refuse_unfit_options(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn every_action_can_be_planned() {
        let command = Arguments::command();
        for choice in GoalChoice::value_variants() {
            let name = choice.to_possible_value().expect("a name");
            assert!(command.find_subcommand(name.get_name()).is_some(), "{choice:?}");
        }
        let goals: Vec<Goal> = GoalChoice::value_variants().iter().map(|choice| choice.goal()).collect();
        assert_eq!(goals, Goal::ALL);
    }

    #[test]
    fn plan_takes_options_of_the_planned_action_only() {
        for right in ["--for signal --signal HUP", "--for shutdown --networks --timeout 3", "--exit-code"] {
            assert_eq!(parsed(&format!("dmfab plan i.yaml {right}")), Ok(()), "{right}");
        }
        let refused = parsed("dmfab plan i.yaml --for stop --keep-persistent").expect_err("a refusal");
        let wrong = "the argument '--keep-persistent' has no effect on '--for stop'";
        assert!(refused.contains(wrong), "{refused}");
    }

    #[test]
    fn signals_are_written_as_docker_writes_them() {
        for (typed, sent) in
            [("hup", "SIGHUP"), ("SIGTERM", "SIGTERM"), ("10", "10"), ("RTMIN+3", "SIGRTMIN+3")]
        {
            assert_eq!(parse_signal(typed), Ok(sent.to_owned()), "{typed}");
        }
        assert!(parse_signal("HPU").is_err());
    }
}
