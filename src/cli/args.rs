//! What can be typed.

mod actions;
mod changes;
mod script;
mod volumes;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use dmfab::fleet::{DEFAULT_HOSTS_AT_ONCE, FleetOptions};
use dmfab::host::ssh::Deadlines;

pub(crate) use actions::*;
pub(crate) use script::{CmdArguments, RunOptions, ScriptArguments};

use super::output;
use super::progress::ProgressMode;

/// Deploy containers to many Docker hosts over SSH.
#[derive(Debug, Parser)]
#[command(name = "dmfab", version, max_term_width = 100, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours in the output.
    #[arg(long, global = true, env = "DMFAB_COLOR", value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorChoice,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    internal error
  2    usage, inventory or map is wrong, a saved plan does not hold any more, or a
       question was not answered with yes; nothing was touched
  3    changes are pending (plan --exit-code)
  4    a step failed on some host, or a host was refused: another map owns a name there;
       script, cmd: with several containers, one of them ended with another code than 0
  5    a host could not be reached
  7    failed and rolled back: every host was reached and is on its old containers
  130  interrupted
script and cmd with one container end with its own exit code.

Example:
  dmfab deploy inventories/lab.yaml --hosts web1,apps1-3";

/// When to use colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Arguments {
    /// Whether messages on standard error may have colours.
    pub(crate) fn colour(&self) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => output::is_coloured_terminal(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check inventories with their maps, or maps by themselves; contact no host.
    #[command(
        after_help = "Examples:\n  dmfab check inventories/lab.yaml\n  dmfab check examples/shop/shop.yaml"
    )]
    Check(CheckArguments),
    /// List the hosts of an inventory; contact none.
    #[command(after_help = "Example:\n  dmfab hosts inventories/lab.yaml --hosts apps1-3")]
    Hosts(HostsArguments),
    /// Show the resolved configuration of each host, secrets redacted; contact none.
    #[command(after_help = "Examples:\n  dmfab config inventories/lab.yaml --hosts web1\n  \
                      dmfab config inventories/lab.yaml shop.web_server --hosts web1 --origin")]
    Config(ConfigArguments),
    /// Show what an action would do; change nothing.
    #[command(after_help = "Examples:\n  dmfab plan inventories/lab.yaml shop.web_server --exit-code\n  \
                      dmfab plan inventories/lab.yaml --for shutdown --networks\n  \
                      dmfab plan inventories/lab.yaml -o shop.plan")]
    Plan(PlanArguments),
    /// Carry out a saved plan, if hosts and files are as it saw them.
    #[command(after_help = "Example:\n  dmfab apply shop.plan --yes")]
    Apply(ApplyArguments),
    /// Bring containers to the wanted state: create, start, replace what differs.
    #[command(after_help = "Example:\n  dmfab deploy inventories/lab.yaml --hosts web1,apps1-3")]
    Deploy(ActionArguments<DeployOptions>),
    /// Do as `deploy`, the way Docker-Map's action of that name does.
    #[command(after_help = "Example:\n  dmfab update inventories/lab.yaml shop.app_server")]
    Update(ActionArguments<DeployOptions>),
    /// Create and start what does not run; leave running containers as they are.
    #[command(after_help = "Example:\n  dmfab startup inventories/lab.yaml shop.web_server")]
    Startup(ActionArguments<StartupOptions>),
    /// Stop and remove containers, those that depend on them first.
    #[command(after_help = "Examples:\n  dmfab shutdown inventories/lab.yaml shop.web_server --yes\n  \
                      dmfab shutdown inventories/lab.yaml --remove-attached --networks")]
    Shutdown(ActionArguments<ShutdownOptions>),
    /// Create containers and what they need; start nothing, and leave alone what exists.
    #[command(after_help = "Example:\n  dmfab create inventories/lab.yaml shop.web_server --hosts web1")]
    Create(ActionArguments<CreateOptions>),
    /// Start containers that are there, those that they need first.
    #[command(after_help = "Example:\n  dmfab start inventories/lab.yaml shop.web_server --hosts web1")]
    Start(ActionArguments<NoOptions>),
    /// Stop containers, those that depend on them first; keep them.
    #[command(after_help = "Example:\n  dmfab stop inventories/lab.yaml shop.app_server --timeout 3 --yes")]
    Stop(ActionArguments<StopOptions>),
    /// Stop and start containers that were started before, and no others.
    #[command(after_help = "Example:\n  dmfab restart inventories/lab.yaml shop.app_server.instance1 --yes")]
    Restart(ActionArguments<RestartOptions>),
    /// Remove stopped containers, those that depend on them first; leave running ones.
    #[command(after_help = "Example:\n  dmfab remove inventories/lab.yaml shop.web_server --keep-persistent")]
    Remove(ActionArguments<RemovalOptions>),
    /// Pull the images of containers and of what they need.
    #[command(after_help = "Example:\n  dmfab pull inventories/lab.yaml --missing")]
    Pull(ActionArguments<PullOptions>),
    /// Send a signal to running containers.
    #[command(
        visible_alias = "kill",
        after_help = "Example:\n  dmfab signal inventories/lab.yaml shop.web_server --signal HUP --yes"
    )]
    Signal(ActionArguments<SignalOptions>),
    /// Run a script of this machine, or of the hosts, in a container that is there for it alone.
    #[command(after_help = script::SCRIPT_EXAMPLES)]
    Script(ScriptArguments),
    /// Run a command in a container that is there for it alone.
    #[command(after_help = script::CMD_EXAMPLES)]
    Cmd(CmdArguments),
    /// List the containers of the maps on each host.
    #[command(after_help = "Example:\n  dmfab ps inventories/lab.yaml --hosts web1")]
    Ps(PsArguments),
    /// Show the version of dmfab and, with an inventory, of each Docker Engine.
    #[command(after_help = "Example:\n  dmfab version inventories/lab.yaml")]
    Version(VersionArguments),
    /// Run a command on hosts, all at the same time.
    #[command(
        after_help = "One argument is a line for the shell; several are a program and its arguments.\n\n\
                      Examples:\n  dmfab run inventories/lab.yaml --hosts apps1-3 -- uptime\n  \
                      dmfab run inventories/lab.yaml -- 'df -h / | tail -1'"
    )]
    Run(RunArguments),
    /// Explain keys of inventories and maps: purpose, example, all forms.
    #[command(
        after_help = "Examples:\n  dmfab explain exposes\n  dmfab explain container.user host_config.mem_limit\n  dmfab explain '!env'"
    )]
    Explain(ExplainArguments),
    /// Print the JSON Schema of inventories or maps, for editors.
    #[command(
        after_help = "Examples:\n  dmfab schema > inventory.schema.json\n  dmfab schema map > map.schema.json"
    )]
    Schema(SchemaArguments),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  dmfab completions bash > /etc/bash_completion.d/dmfab")]
    Completions(CompletionsArguments),
}

/// The files that say what is wanted.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// Inventory, or a plain file of Docker-Map or Docker-Fabric clients.
    pub(crate) inventory: PathBuf,
    /// A container map beside those that the inventory names; may be repeated.
    #[arg(long = "map", value_name = "FILE")]
    pub(crate) maps: Vec<PathBuf>,
    /// A variable for `!env`, over the environment's; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) variables: Vec<(String, String)>,
}

/// Which hosts, and how.
#[derive(Debug, Args)]
pub(crate) struct HostArguments {
    /// Hosts: names, ranges, `@groups`, patterns, `!` takes away: `web1,apps1-3,@eu,!apps2`.
    #[arg(long, value_name = "SELECTION")]
    pub(crate) hosts: Option<String>,
    #[command(flatten)]
    pub(crate) connections: ConnectionArguments,
}

/// How hosts are connected to.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ConnectionArguments {
    /// Hosts worked on at the same time.
    #[arg(
        long,
        env = "DMFAB_PARALLEL",
        value_name = "N",
        default_value_t = DEFAULT_HOSTS_AT_ONCE,
        value_parser = parse_count
    )]
    pub(crate) parallel: usize,
    /// Seconds until a host that does not answer is given up.
    #[arg(
        long,
        env = "DMFAB_CONNECT_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = parse_seconds
    )]
    pub(crate) connect_timeout: u64,
}

impl HostArguments {
    /// The options as the library takes them.
    pub(crate) fn options(&self) -> FleetOptions {
        let ConnectionArguments { parallel, connect_timeout } = self.connections;
        let connect = Duration::from_secs(connect_timeout);
        FleetOptions { hosts_at_once: parallel, deadlines: Deadlines { connect, ..Deadlines::default() } }
    }
}

/// How the answer is given.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArguments {
    /// Give the answer as one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ProgressArguments {
    /// Progress on standard error.
    #[arg(long, env = "DMFAB_PROGRESS", value_enum, default_value = "auto", value_name = "MODE")]
    pub(crate) progress: ProgressMode,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Inventories with their maps, or container maps by themselves.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// A container map beside those that the inventories name; may be repeated.
    #[arg(long = "map", value_name = "FILE")]
    pub(crate) maps: Vec<PathBuf>,
    /// A variable for `!env`, over the environment's; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) variables: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct HostsArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Hosts: names, ranges, `@groups`, patterns, `!` takes away: `web1,apps1-3,@eu,!apps2`.
    #[arg(long, value_name = "SELECTION")]
    pub(crate) hosts: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Containers to show: `config`, `config.instance`, `map`, `map.config.instance`, a group, or `all`.
    #[arg(value_name = "ITEM")]
    pub(crate) items: Vec<String>,
    /// Hosts: names, ranges, `@groups`, patterns, `!` takes away: `web1,apps1-3,@eu,!apps2`.
    #[arg(long, value_name = "SELECTION")]
    pub(crate) hosts: Option<String>,
    /// Say behind each value where it comes from: file and line, bases, defaults, variables.
    #[arg(long)]
    pub(crate) origin: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PsArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) hosts: HostArguments,
    /// Also containers that belong to no map of the inventory.
    #[arg(long, short)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct VersionArguments {
    /// Inventory whose Engines are asked.
    pub(crate) inventory: Option<PathBuf>,
    /// A container map beside those that the inventory names; may be repeated.
    #[arg(long = "map", value_name = "FILE", requires = "inventory")]
    pub(crate) maps: Vec<PathBuf>,
    /// A variable for `!env`, over the environment's; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable, requires = "inventory")]
    pub(crate) variables: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) hosts: HostArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) hosts: HostArguments,
    /// Seconds the command may take on each host.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = parse_seconds)]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    /// The command.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Keys, bare (`exposes`) or with their place (`container.exposes`), or tags (`!env`); without
    /// any, all keys are listed.
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// What the schema is for.
    #[arg(value_enum, default_value = "inventory", value_name = "DOCUMENT")]
    pub(crate) document: SchemaDocument,
}

/// What can be described by a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaDocument {
    /// An inventory, or a plain file of clients.
    Inventory,
    /// A container map.
    Map,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// An hour or a day are no typing errors; a year is.
fn parse_seconds(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(seconds),
        _ => Err("expected whole seconds from 1 to 86400".to_owned()),
    }
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("expected a whole number from 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
