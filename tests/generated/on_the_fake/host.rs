//! A host in memory with one map.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dmfab::event::{Events, HostOutcome};
use dmfab::execute::action::Host;
use dmfab::execute::execute;
use dmfab::host::engine::EngineReader;
use dmfab::host::fake::FakeEngine;
use dmfab::host::shell::{ScriptOutput, Shell, ShellError};
use dmfab::model::item::ItemKind;
use dmfab::model::observed::{HostState, ObservedImage};
use dmfab::model::secret::Secrets;
use dmfab::model::spec::HostSpec;
use dmfab::model::variables::Variables;
use dmfab::observe::{Questions, VolumeRoots, observe};
use dmfab::plan::check::violations;
use dmfab::plan::options::CommandCheck;
use dmfab::plan::{Goal, Options, Plan, Request, plan_host, text};
use dmfab::resolve::{Commands, resolve};
use dmfab::source::load::load;
use tokio_util::sync::CancellationToken;

use super::super::GeneratedMap;

/// A shell on which every script ends well.
struct WorkingShell;

impl Shell for WorkingShell {
    async fn run_script(&self, _script: &str) -> Result<ScriptOutput, ShellError> {
        Ok(ScriptOutput { status: 0, stdout: String::new(), stderr: String::new() })
    }
}

/// Volumes that somebody has used.
struct UsedVolumes;

impl VolumeRoots for UsedVolumes {
    async fn are_untouched(&self, mountpoints: &[String]) -> Result<Vec<bool>, String> {
        Ok(vec![false; mountpoints.len()])
    }
}

pub(super) struct FakeHost {
    pub(super) engine: FakeEngine,
    spec: HostSpec,
    text: String,
    runtime: tokio::runtime::Runtime,
}

impl FakeHost {
    pub(super) fn new(map: &GeneratedMap) -> Self {
        let engine = FakeEngine::new();
        for image in ["dmfab-lab/app:1", "dmfab-lab/app:2"] {
            engine.add_image(image, ObservedImage::default());
        }
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
        let text = map.text("m.");
        Self { engine, spec: spec(&text), text, runtime }
    }

    pub(super) fn set_map(&mut self, map: &GeneratedMap) {
        self.text = map.text("m.");
        self.spec = spec(&self.text);
    }

    fn state(&self) -> HostState {
        let processes_of = self.spec.containers.iter().map(|spec| spec.name.clone()).collect();
        let questions = Questions { processes_of, ..Questions::default() };
        self.runtime.block_on(observe(&self.engine, &self.spec, &UsedVolumes, &questions)).expect("a state")
    }

    pub(super) fn plan(&self, goal: Goal) -> Plan {
        self.plan_with(goal, Options::of(goal))
    }

    fn plan_with(&self, goal: Goal, options: Options) -> Plan {
        let container_names = self.spec.containers.iter().map(|spec| spec.name.clone()).collect();
        let request = Request { goal, container_names, options };
        let state = self.state();
        let plan = plan_host(&self.spec, &state, &request);
        let plan = plan.unwrap_or_else(|error| panic!("{goal:?}: {error}\n{}", self.text));
        let broken = violations(&self.spec, &state, &plan);
        assert!(broken.is_empty(), "{goal:?}: {broken:?}\n{}", self.text);
        plan
    }

    pub(super) fn execute(&self, plan: &Plan) -> HostOutcome {
        let secrets = Secrets::default();
        let host = Host {
            engine: &self.engine,
            shell: &WorkingShell,
            registry_logins: &self.spec.registry_logins,
            wait_timeout: None,
            secrets: &secrets,
        };
        self.runtime.block_on(execute(plan, &host, &Events::ignored(), &CancellationToken::new()))
    }

    /// Brings about a goal, which must go well.
    pub(super) fn reach(&mut self, goal: Goal) {
        let plan = self.plan(goal);
        let outcome = self.execute(&plan);
        let is_done = matches!(outcome, HostOutcome::Done { .. });
        assert!(is_done, "{goal:?}: {outcome:?}\n{}\n{}", self.text, text::lines(&plan).join("\n"));
    }

    /// Neither a deployment nor an update finds anything to do, but for commands.
    pub(super) fn is_settled(&self) {
        for goal in [Goal::Deploy, Goal::Update] {
            let options = Options { check_exec_commands: CommandCheck::None, ..Options::of(goal) };
            let plan = self.plan_with(goal, options);
            assert!(plan.is_empty(), "{goal:?}\n{}\n{}", self.text, text::lines(&plan).join("\n"));
        }
    }

    /// Containers that a plan changes, without the name of the map.
    pub(super) fn planned_containers(&self, goal: Goal) -> BTreeSet<String> {
        let plan = self.plan(goal);
        let changed = plan.changed_items().into_iter().filter(|item| item.kind == ItemKind::Container);
        changed.map(|item| short(&item.name)).collect()
    }

    /// All containers with their ids.
    pub(super) fn ids(&self) -> BTreeMap<String, String> {
        let names: Vec<String> = self.listed().into_iter().map(|(name, _)| name).collect();
        let id = |name: &String| {
            let found = self.runtime.block_on(self.engine.inspect_container(name));
            found.expect("an answer").expect("a container").id
        };
        names.iter().map(|name| (short(name), id(name))).collect()
    }

    pub(super) fn running(&self) -> BTreeSet<String> {
        let listed = self.listed().into_iter().filter(|(_, state)| state == "running");
        listed.map(|(name, _)| short(&name)).collect()
    }

    fn listed(&self) -> Vec<(String, String)> {
        let listed = self.runtime.block_on(self.engine.list_containers()).expect("an answer");
        listed.into_iter().map(|found| (found.name, found.state)).collect()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

fn short(name: &str) -> String {
    name.strip_prefix("m.").unwrap_or(name).to_owned()
}

/// The one host of the map `m`, which must be without a mistake.
fn spec(map: &str) -> HostSpec {
    let lines: Vec<String> = map.lines().map(|line| format!("    {line}")).collect();
    let inventory = format!("hosts: {{h: }}\nmaps:\n  m:\n{}\n", lines.join("\n"));
    let mut read = |_: &Path| Ok(inventory.clone().into_bytes());
    let variables = Variables::default();
    let loaded = load(Path::new("inventory.yaml"), &[], &variables, &mut read);
    assert!(!loaded.diagnostics.has_errors(), "{:?}\n{map}", loaded.diagnostics);
    let raw = loaded.inventory.expect("an inventory");
    let (mut fleet, diagnostics) =
        resolve(&raw, &loaded.maps, &loaded.sources, &variables, Path::new(""), Commands::Run);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}\n{map}");
    fleet.hosts.shift_remove("h").expect("the host")
}
