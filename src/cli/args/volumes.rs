//! Options about volumes.

use clap::{Args, ValueEnum};

use dmfab::plan::Options;
use dmfab::plan::options::PreparationWay;

use super::actions::PlanOptions;

/// Of all that makes volumes.
#[derive(Debug, Args)]
pub(crate) struct PreparationOptions {
    /// Set owner and mode of volumes again, also where files are in them.
    #[arg(long)]
    prepare_volumes: bool,
    /// How owner and mode of volumes are set; `auto` if nothing is said.
    #[arg(long, value_enum, value_name = "WAY")]
    prepare: Option<PreparationChoice>,
    /// The image of the container that sets owner and mode of volumes; it has `sh`, `find`, `chown`
    /// and `chmod`.
    #[arg(long, env = "DMFAB_CORE_IMAGE", value_name = "IMAGE", default_value = "busybox:latest")]
    core_image: String,
}

/// How owner and mode of volumes are set.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PreparationChoice {
    /// By the host's shell where it can and the files are on the host, else by a container.
    Auto,
    /// By the host's shell.
    Local,
    /// By a container that is removed afterwards.
    Container,
    /// Not at all.
    Never,
}

impl PlanOptions for PreparationOptions {
    fn apply(&self, options: &mut Options) {
        options.prepare_volumes = self.prepare_volumes;
        options.core_image.clone_from(&self.core_image);
        if let Some(choice) = self.prepare {
            options.preparation = match choice {
                PreparationChoice::Auto => PreparationWay::Auto,
                PreparationChoice::Local => PreparationWay::Local,
                PreparationChoice::Container => PreparationWay::Container,
                PreparationChoice::Never => PreparationWay::Never,
            };
        }
    }
}

/// Of `deploy` and `update`.
#[derive(Debug, Args)]
pub(crate) struct RecreationOptions {
    /// Make volumes anew whose driver or options differ; their files are lost.
    #[arg(long)]
    recreate_volumes: bool,
}

impl PlanOptions for RecreationOptions {
    fn apply(&self, options: &mut Options) {
        options.recreate_volumes = self.recreate_volumes;
    }
}
