//! One action of a plan, one call. Nothing is decided here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Problem;
use crate::host::engine::{Engine, ExecOutcome};
use crate::host::engine_error::EngineError;
use crate::host::shell::{Shell, ShellError};
use crate::model::container::ExecCommand;
use crate::model::image::ImageReference;
use crate::model::secret::Secrets;
use crate::model::spec::{RegistryLogin, login_for};
use crate::plan::{Action, Preparer};

use super::prepare::{PrepareError, prepare_volume};
use super::prepare_in_container::PreparingContainer;
use super::script::{self, ScriptError};
use super::verify::{self, Patience, VerifyError};

/// How long an initial command in a container is waited for where the host sets no `wait_timeout`.
const DEFAULT_COMMAND_DEADLINE: Duration = Duration::from_secs(300);
/// A command that is run after every start and runs longer than this is a service.
const SERVICE_AFTER: Duration = Duration::from_secs(3);
/// Lines of a container's log that go into the message about it.
const LOG_TAIL_LINES: usize = 10;

/// Why an action failed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The Engine refused, or could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A volume was not prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A started container is not as it should be.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A script did not come to its end, or its files not to theirs.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A command in a container failed.
    #[error("the command ended with exit code {exit_code}")]
    Command {
        /// Its exit code.
        exit_code: i64,
        /// What it wrote last.
        output: String,
    },
}

impl ActionError {
    /// Whether what the action is about is not there, or is in another state than expected.
    pub fn is_not_found_or_conflict(&self) -> bool {
        matches!(self, Self::Engine(error) if error.is_not_found() || error.is_conflict())
    }

    /// Whether a script took too long.
    pub fn is_script_timeout(&self) -> bool {
        matches!(self, Self::Script(ScriptError::TimedOut { .. }))
    }

    /// Whether the action may have had its effect although it failed.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Engine(error) | Self::Prepare(PrepareError::Engine(error)) if error.is_uncertain())
    }
}

/// What actions are carried out with on one host.
pub struct Host<'a, E, S> {
    /// The Engine.
    pub engine: &'a E,
    /// Where `chown` and `chmod` run.
    pub shell: &'a S,
    /// Logins by registry.
    pub registry_logins: &'a BTreeMap<String, RegistryLogin>,
    /// How long an initial command in a container is waited for.
    pub wait_timeout: Option<Duration>,
    /// Taken out of everything that is told.
    pub secrets: &'a Secrets,
}

impl<E: Engine, S: Shell> Host<'_, E, S> {
    /// Carries out one action. What became of a command is told; other actions have nothing to tell.
    pub async fn perform(&self, action: &Action) -> Result<Option<ExecOutcome>, ActionError> {
        match action {
            Action::PullImage { reference } => {
                self.engine.pull_image(reference, login_for(self.registry_logins, reference)).await?;
            }
            Action::CreateNetwork { network } => self.engine.create_network(network).await?,
            Action::RemoveNetwork { network_name } => self.engine.remove_network(network_name).await?,
            Action::CreateVolume { volume } => drop(self.engine.create_volume(volume).await?),
            Action::PrepareVolume { volume_name, preparation, only_if_empty, by: Preparer::HostShell } => {
                let mountpoint = self.mountpoint(volume_name).await?;
                prepare_volume(self.shell, &mountpoint, preparation, *only_if_empty).await?;
            }
            Action::PrepareVolume {
                volume_name,
                preparation,
                only_if_empty,
                by: Preparer::Container { image, map_name },
            } => {
                let deadline = self.wait_timeout.unwrap_or(DEFAULT_COMMAND_DEADLINE);
                let container = PreparingContainer { volume_name, map_name, image, deadline };
                container.run(self.engine, preparation, *only_if_empty).await?;
            }
            Action::RemoveVolume { volume_name } => self.engine.remove_volume(volume_name).await?,
            Action::CreateContainer { container_name, spec } => {
                self.engine.create_container(container_name, &spec.image, &spec.settings).await?;
            }
            Action::ConnectNetwork { container_name, endpoint } => {
                self.engine.connect_network(container_name, endpoint).await?;
            }
            Action::DisconnectNetwork { container_name, network_name } => {
                self.engine.disconnect_network(container_name, network_name).await?;
            }
            Action::UpdateContainer { container_name, update } => {
                self.engine.update_container(container_name, update).await?;
            }
            Action::StartContainer { container_name, delay } => {
                self.engine.start_container(container_name).await?;
                // `start_delay` is a wish of the map: the time itself is the subject.
                tokio::time::sleep(*delay).await;
            }
            Action::VerifyContainer { container_name, health_deadline, settle } => {
                let patience = Patience { health_deadline: *health_deadline, settle: *settle };
                verify::verify(self.engine, container_name, patience).await?;
            }
            Action::RunCommand { container_name, command, shown: _ } => {
                return self.run_command(container_name, command).await.map(Some);
            }
            Action::StopContainer { container_name, timeout_seconds } => {
                self.engine.stop_container(container_name, *timeout_seconds).await?;
            }
            Action::SignalContainer { container_name, signal } => {
                self.engine.kill_container(container_name, signal).await?;
            }
            Action::RenameContainer { container_name, new_name } => {
                self.engine.rename_container(container_name, new_name).await?;
            }
            Action::RemoveContainer { container_name } => {
                self.engine.remove_container(container_name).await?;
            }
            Action::TakeAwayContainer { container_name, timeout_seconds } => {
                script::take_away(self.engine, container_name, *timeout_seconds).await?;
            }
            Action::UploadFiles { .. } | Action::RunScript { .. } | Action::DownloadFiles { .. } => {
                // Whoever carries out a plan sees to these: they have an output.
                let call = action.to_string();
                return Err(EngineError::unsupported(call, "scripts run as steps of plans only").into());
            }
        }
        Ok(None)
    }

    /// Where the Engine keeps a volume.
    async fn mountpoint(&self, volume_name: &str) -> Result<String, EngineError> {
        let found = self.engine.inspect_volume(volume_name).await?;
        found.map(|volume| volume.mountpoint).ok_or_else(|| {
            let call = format!("GET /volumes/{volume_name}");
            EngineError::from_status(call, 404, format!("no volume is called `{volume_name}`"))
        })
    }

    async fn run_command(
        &self,
        container_name: &str,
        command: &ExecCommand,
    ) -> Result<ExecOutcome, ActionError> {
        let ExecCommand { arguments, user, only_initially } = command;
        let after = match only_initially {
            true => self.wait_timeout.unwrap_or(DEFAULT_COMMAND_DEADLINE),
            false => SERVICE_AFTER,
        };
        let outcome = self.engine.exec(container_name, arguments, user.as_deref(), after).await?;
        match outcome.exit_code {
            None | Some(0) => Ok(outcome),
            Some(exit_code) => Err(ActionError::Command { exit_code, output: outcome.output }),
        }
    }

    /// The last lines of a container; nothing where they cannot be had, for they only explain.
    async fn log_tail(&self, container_name: &str) -> String {
        self.engine.container_log_tail(container_name, LOG_TAIL_LINES).await.unwrap_or_default()
    }

    /// What to tell the operator about a failed action: the chain of causes, a remedy, and what the
    /// container or command wrote last.
    pub async fn explain(&self, action: &Action, error: &ActionError) -> Problem {
        let problem = self.problem(action, error).await;
        Problem {
            chain: problem.chain.iter().map(|level| self.secrets.mask(level)).collect(),
            help: problem.help,
            output: problem.output.map(|output| self.secrets.mask(&output)),
        }
    }

    async fn problem(&self, action: &Action, error: &ActionError) -> Problem {
        let problem = Problem::of(error).with_help(remedy(action, error));
        match (action, error) {
            (_, ActionError::Command { output, .. }) => problem.with_output(output.clone()),
            // A command cannot run in a container that has ended; its log says why it has.
            (Action::RunCommand { container_name, .. }, ActionError::Engine(error))
                if error.is_conflict() =>
            {
                problem.with_output(self.log_tail(container_name).await)
            }
            (Action::StartContainer { container_name, .. }, ActionError::Engine(error))
                if !error.is_uncertain() =>
            {
                problem.with_output(self.log_tail(container_name).await)
            }
            (Action::VerifyContainer { container_name, .. }, ActionError::Verify(_)) => {
                problem.with_output(self.log_tail(container_name).await)
            }
            _ => problem,
        }
    }
}

/// By the status where the Engine gives one that says it; else by what its sentence is about.
fn pull_remedy(reference: &ImageReference, error: &EngineError) -> String {
    let registry = reference.registry();
    if error.is_about_network() {
        return format!(
            "check on the host that registry `{registry}` is up and can be reached: its name in DNS, proxy, firewall"
        );
    }
    format!("check that `{reference}` exists in registry `{registry}`, and its entry in `auth_configs`")
}

fn remedy(action: &Action, error: &ActionError) -> Option<String> {
    match (action, error) {
        (_, ActionError::Script(error)) => error.help(action),
        (Action::PullImage { reference }, ActionError::Engine(error)) if !error.is_connection_lost() => {
            Some(pull_remedy(reference, error))
        }
        (_, ActionError::Prepare(PrepareError::NoRoot)) => Some(
            "log in as root, let the user run `sudo -n` for chown and chmod, or use `--prepare container`"
                .to_owned(),
        ),
        (
            _,
            ActionError::Prepare(
                PrepareError::Shell(ShellError::Unavailable) | PrepareError::NoFolder { .. },
            ),
        ) => Some("let a container do it: `--prepare container`".to_owned()),
        _ => None,
    }
}
