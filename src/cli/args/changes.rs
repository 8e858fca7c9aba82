//! Options of the actions that make containers anew: when, and of what.

use clap::{Args, ValueEnum};

use dmfab::plan::Options;
use dmfab::plan::options::PullPolicy;

use super::PlanOptions;

/// Of `deploy`, `update` and `startup`.
#[derive(Debug, Args)]
pub(crate) struct RecoveryOptions {
    /// Exit codes after which a container is made anew instead of being started: `126,127`; -127 and
    /// -1 if nothing is said.
    #[arg(long, value_name = "CODES", value_delimiter = ',', allow_hyphen_values = true)]
    nonrecoverable_exit_codes: Option<Vec<i64>>,
}

impl PlanOptions for RecoveryOptions {
    fn apply(&self, options: &mut Options) {
        if let Some(codes) = &self.nonrecoverable_exit_codes {
            options.nonrecoverable_exit_codes = codes.iter().copied().collect();
        }
    }
}

/// Of `deploy` and `update`.
#[derive(Debug, Args)]
pub(crate) struct ReplacementOptions {
    /// Make this anew although nothing differs: a configuration, an instance, a group, a network or a
    /// volume; may be repeated.
    #[arg(long, value_name = "ITEM")]
    force_update: Vec<String>,
    /// Replace persistent containers, too, whose image differs.
    #[arg(long)]
    update_persistent: bool,
    /// Keep a limit that cannot be taken away in place, and the container with it.
    #[arg(long)]
    skip_limit_reset: bool,
}

impl PlanOptions for ReplacementOptions {
    fn apply(&self, options: &mut Options) {
        options.update_persistent = self.update_persistent;
        options.skip_limit_reset = self.skip_limit_reset;
    }

    fn forced_items(&self) -> Vec<String> {
        self.force_update.clone()
    }
}

/// Of `deploy`, `update`, `startup` and `create`.
#[derive(Debug, Args)]
pub(crate) struct RegistryOptions {
    /// When registries are asked for images; `missing` if nothing is said.
    #[arg(long, value_enum, value_name = "WHEN")]
    pull: Option<PullChoice>,
}

/// When registries are asked.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PullChoice {
    /// For every image: a tag that has moved is pulled.
    Always,
    /// For images that a host lacks.
    Missing,
    /// Never: an image that a host lacks is a mistake.
    Never,
}

impl PlanOptions for RegistryOptions {
    fn apply(&self, options: &mut Options) {
        if let Some(choice) = self.pull {
            options.pull = match choice {
                PullChoice::Always => PullPolicy::Always,
                PullChoice::Missing => PullPolicy::Missing,
                PullChoice::Never => PullPolicy::Never,
            };
        }
    }
}
