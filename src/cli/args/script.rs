//! What `script` and `cmd` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use dmfab::plan::Options;
use dmfab::plan::script::{DEFAULT_SCRIPT_FOLDER, Download, Script};

use super::{
    FileArguments, HostArguments, OutputArguments, PlanOptions, ProgressArguments, RegistryOptions,
    SettleOptions, parse_seconds,
};

/// What stands below the help of `script`.
pub(super) const SCRIPT_EXAMPLES: &str = "\
The container has the name and the settings of its configuration, and what it needs is brought up as by
`startup`. The script is in a folder of its own there, into which it may write results. It is the
container's command, with what follows `--` as its arguments; `--command` says something else, in which
{script_path} stands for its path.

Examples:
  dmfab script inventories/lab.yaml shop.app_server.instance1 examples/shop/smoke.sh -- --fast
  dmfab script inventories/lab.yaml app_server.instance1 examples/shop --command 'ls {script_path}'";

/// What stands below the help of `cmd`.
pub(super) const CMD_EXAMPLES: &str = "\
One argument is a line for `/bin/sh -c` of the container; several are its command, behind its entry
point. With `--entrypoint` all are taken as they are. {script_path} stands for the folder for results.

Examples:
  dmfab cmd inventories/lab.yaml app_server.instance1 --hosts apps1 -- 'ls -l / | head -3'
  dmfab cmd inventories/lab.yaml app_server.instance1 --download env -- 'env > {script_path}/env'";

/// Of `script`.
#[derive(Debug, Args)]
pub(crate) struct ScriptArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Container: `config`, `config.instance`, `map.config.instance`.
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) container: String,
    /// A file or a folder of this machine, which is uploaded; modes of files are kept.
    #[arg(value_name = "SCRIPT", required_unless_present = "host_path", conflicts_with = "host_path")]
    pub(crate) script: Option<PathBuf>,
    /// Upload also what is beside the script and below.
    #[arg(long, requires = "script")]
    pub(crate) upload_dir: bool,
    /// A file or a folder that is on the hosts; the folder, or that of the file, is mounted.
    #[arg(long, value_name = "PATH", value_parser = parse_absolute, value_hint = ValueHint::Other)]
    pub(crate) host_path: Option<String>,
    /// The command, as words of a shell or as a JSON list.
    #[arg(long, value_name = "WORDS", value_parser = parse_words, conflicts_with = "arguments")]
    pub(crate) command: Option<Words>,
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// Arguments of the script.
    #[arg(last = true, value_name = "ARG")]
    pub(crate) arguments: Vec<String>,
}

/// Of `cmd`.
#[derive(Debug, Args)]
pub(crate) struct CmdArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Container: `config`, `config.instance`, `map.config.instance`.
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) container: String,
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// The command; without it the configured one.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// Words of a command line.
#[derive(Debug, Clone)]
pub(crate) struct Words(pub(crate) Vec<String>);

/// What both take.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line by itself")]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) hosts: HostArguments,
    /// The container's entry point, as words of a shell or as a JSON list.
    #[arg(long, value_name = "WORDS", value_parser = parse_words)]
    pub(crate) entrypoint: Option<Words>,
    /// The folder of the script in the container.
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SCRIPT_FOLDER, value_parser = parse_folder)]
    container_dir: String,
    /// Seconds the script may take; else the container's `stop_timeout`, else the host's `wait_timeout`,
    /// else a day.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    wait_timeout: Option<u64>,
    /// Stop and remove a container that has the name.
    #[arg(long)]
    remove_existing: bool,
    /// Keep the container afterwards.
    #[arg(long)]
    keep: bool,
    /// Remove the container also when the script took too long.
    #[arg(long, conflicts_with = "keep")]
    remove_on_timeout: bool,
    /// Begin each line of output with its time.
    #[arg(long)]
    timestamps: bool,
    /// Show the last lines of output only, at the end.
    #[arg(long, value_name = "LINES")]
    tail: Option<u32>,
    /// Bring the files of the script's folder to this one; with several hosts, to a folder for each in it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    download: Option<PathBuf>,
    /// Show output as it comes, without the name of the host before each line.
    #[arg(long)]
    pub(crate) no_prefix: bool,
    /// Show the plan and stop.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Do not ask before something that runs is stopped or removed.
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    registry: RegistryOptions,
    #[command(flatten)]
    settle: SettleOptions,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) progress: ProgressArguments,
}

impl RunOptions {
    /// As the planner takes them; what runs is said by the command.
    pub(crate) fn script(&self) -> Script {
        let by_host = false;
        Script {
            entrypoint: self.entrypoint.clone().map(|words| words.0),
            folder: self.container_dir.clone(),
            wait_timeout: self.wait_timeout.map(Duration::from_secs),
            remove_existing: self.remove_existing,
            remove_created: !self.keep,
            remove_on_timeout: self.remove_on_timeout,
            timestamps: self.timestamps,
            tail: self.tail,
            download: self.download.clone().map(|folder| Download { folder, by_host }),
            ..Script::default()
        }
    }
}

impl PlanOptions for RunOptions {
    fn apply(&self, options: &mut Options) {
        self.registry.apply(options);
        self.settle.apply(options);
    }
}

/// A list says exactly which words there are; a text is taken apart as a shell does.
fn parse_words(text: &str) -> Result<Words, String> {
    if text.trim_start().starts_with('[') {
        let words = serde_json::from_str(text);
        return words.map(Words).map_err(|_| "expected a JSON list of texts".to_owned());
    }
    shlex::split(text).map(Words).ok_or_else(|| "a quote is not closed".to_owned())
}

fn parse_absolute(text: &str) -> Result<String, String> {
    let is_plain = text.split('/').all(|part| part != "..");
    if text.starts_with('/') && is_plain {
        Ok(text.to_owned())
    } else {
        Err("expected an absolute path".to_owned())
    }
}

fn parse_folder(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if !text.starts_with('/') || parts.is_empty() || parts.contains(&"..") || text.contains(':') {
        return Err("expected the absolute path of a folder, without `..` and `:`".to_owned());
    }
    Ok(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_shells_or_those_of_a_list() {
        let words = |text| parse_words(text).map(|words| words.0);
        let list = |words: &[&str]| Ok(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words("-c 'a  {b}' {script_path}"), list(&["-c", "a  {b}", "{script_path}"]));
        assert_eq!(words(r#"["-c", "a  'b"]"#), list(&["-c", "a  'b"]));
        assert_eq!(words(""), list(&[]));
        assert!(words("'a").is_err() && words("[1]").is_err() && words("[a").is_err());
    }

    #[test]
    fn a_folder_is_absolute_and_leads_nowhere_else() {
        for (text, path) in [("/tmp/run", "/tmp/run"), ("//opt/./run/", "/opt/run")] {
            assert_eq!(parse_folder(text), Ok(path.to_owned()));
        }
        for text in ["", "/", "run", "/a/../b", "/a:b"] {
            assert!(parse_folder(text).is_err(), "{text}");
        }
        assert!(parse_absolute("srv/x").is_err() && parse_absolute("/srv/../etc").is_err());
    }
}
