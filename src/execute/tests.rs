//! Plans carried out on the Engine in memory: what holds when steps fail, when the program dies
//! between two of them, and for maps that nobody thought of.

mod scripts;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use crate::host::engine::EngineReader;
use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::host::fake::FakeEngine;
use crate::host::fake::FakeProgram;
use crate::host::shell::{ScriptOutput, ShellError};
use crate::model::observed::{ContainerStatus, Health, HostState, ObservedImage};
use crate::model::spec::HostSpec;
use crate::observe::{Questions, VolumeRoots, observe};
use crate::plan::{Goal, Options, Request, plan_host};
use crate::testing::host;

use super::*;

mod networks;
mod settings;
mod watching;

static SECRETS: std::sync::LazyLock<crate::model::secret::Secrets> =
    std::sync::LazyLock::new(Default::default);

/// A shell on which every script ends with the same status.
struct FakeShell(u32);

impl Shell for FakeShell {
    async fn run_script(&self, _script: &str) -> Result<ScriptOutput, ShellError> {
        let stderr = if self.0 == 0 { "" } else { "chown: invalid user: 'nobody-here'" };
        Ok(ScriptOutput { status: self.0, stdout: String::new(), stderr: stderr.to_owned() })
    }
}

/// Volumes that somebody has used.
struct NoRoots;

impl VolumeRoots for NoRoots {
    async fn are_untouched(&self, mountpoints: &[String]) -> Result<Vec<bool>, String> {
        Ok(vec![false; mountpoints.len()])
    }
}

/// A host in memory, with the images of its maps.
struct Bench {
    engine: FakeEngine,
    shell: FakeShell,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Self {
        let engine = FakeEngine::new();
        for image in ["i:latest", "i:2", "broken:latest"] {
            engine.add_image(image, ObservedImage::default());
        }
        engine.set_program("broken:latest", FakeProgram { exit_code: Some(1), ..FakeProgram::default() });
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        Self { engine, shell: FakeShell(0), runtime }
    }

    fn state(&self, host: &HostSpec) -> HostState {
        self.runtime.block_on(observe(&self.engine, host, &NoRoots, &Questions::default())).unwrap()
    }

    fn plan(&self, host: &HostSpec, goal: Goal) -> Plan {
        let container_names = host.containers.iter().map(|spec| spec.name.clone()).collect();
        let request = Request { goal, container_names, options: Options::default() };
        plan_host(host, &self.state(host), &request).unwrap()
    }

    fn execute(&self, spec: &HostSpec, plan: &Plan) -> HostOutcome {
        self.execute_until(spec, plan, &CancellationToken::new())
    }

    fn execute_until(&self, spec: &HostSpec, plan: &Plan, interruption: &CancellationToken) -> HostOutcome {
        let host = self.performer(spec);
        self.runtime.block_on(execute(plan, &host, &Events::ignored(), interruption))
    }

    fn performer<'a>(&'a self, spec: &'a HostSpec) -> Host<'a, FakeEngine, FakeShell> {
        Host {
            engine: &self.engine,
            shell: &self.shell,
            registry_logins: &spec.registry_logins,
            wait_timeout: None,
            secrets: &SECRETS,
        }
    }

    fn deploy(&self, host: &HostSpec) -> HostOutcome {
        self.execute(host, &self.plan(host, Goal::Deploy))
    }

    /// Carries out the first steps only, as a run does whose program dies then.
    fn die_after(&self, host: &HostSpec, plan: &Plan, step_count: usize) {
        let performer = self.performer(host);
        for step in plan.steps.iter().take(step_count) {
            self.runtime.block_on(performer.perform(&step.action)).unwrap();
        }
    }

    /// Names of the running containers.
    fn running(&self) -> BTreeSet<String> {
        let listed = self.runtime.block_on(self.engine.list_containers()).unwrap();
        listed.into_iter().filter(|found| found.state == "running").map(|found| found.name).collect()
    }

    fn names(&self) -> BTreeSet<String> {
        let listed = self.runtime.block_on(self.engine.list_containers()).unwrap();
        listed.into_iter().map(|found| found.name).collect()
    }

    fn id(&self, name: &str) -> String {
        self.runtime.block_on(self.engine.inspect_container(name)).unwrap().unwrap().id
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn error() -> EngineError {
    EngineError::from_status("POST /test", 500, "out of luck")
}

const SHOP: &str = "\
web: {image: i, uses: socket, links: app, exposes: {80: 80}, networks: net}
app: {image: i, attaches: socket, user: 2000, permissions: u=rwX, networks: net}
volumes: {socket: /socket}
networks: {net: }
";

#[test]
fn a_second_deployment_finds_nothing_to_do() {
    let bench = Bench::new();
    let host = host(SHOP);
    assert_eq!(bench.deploy(&host), HostOutcome::Done { changed: 4, unchanged: 0 });
    assert_eq!(bench.running(), names(&["m.web", "m.app"]));
    bench.engine.clear_journal();
    assert_eq!(bench.deploy(&host), HostOutcome::Done { changed: 0, unchanged: 4 });
    assert_eq!(bench.engine.journal(), Vec::<String>::new());
}

#[test]
fn planning_only_reads() {
    let bench = Bench::new();
    bench.plan(&host(SHOP), Goal::Deploy);
    assert_eq!(bench.engine.journal(), Vec::<String>::new());
}

#[test]
fn a_failure_at_any_step_of_a_replacement_leaves_the_old_container_running() {
    let before = host("web: {image: i, user: 1}");
    let after = host("web: {image: i, user: 2}");
    for call in [
        "create_container",
        "stop_container",
        "rename_container m.web m.web.dmfab-old",
        "rename_container m.web.dmfab-new m.web",
        "start_container",
    ] {
        let bench = Bench::new();
        bench.deploy(&before);
        let id = bench.id("m.web");
        bench.engine.fail_next(call, error());
        let outcome = bench.deploy(&after);
        let HostOutcome::Failed { rolled_back, failures, .. } = outcome else {
            panic!("{call}: {outcome:?}")
        };
        assert!(rolled_back, "{call}: {failures:?}");
        assert_eq!(bench.id("m.web"), id, "{call}");
        assert_eq!(bench.running(), names(&["m.web"]), "{call}");
        assert_eq!(bench.names(), names(&["m.web"]), "{call}");
        assert_eq!(bench.deploy(&after), HostOutcome::Done { changed: 1, unchanged: 0 }, "{call}");
    }
}

#[test]
fn a_successor_that_ends_at_once_or_is_unhealthy_does_not_take_the_place() {
    for (image, health) in [("broken", ""), ("i:2", ", healthcheck: {test: x}")] {
        let bench = Bench::new();
        bench.engine.set_program(
            "i:2",
            FakeProgram { health: vec![Health::Starting, Health::Unhealthy], ..FakeProgram::default() },
        );
        bench.deploy(&host("web: {image: i}"));
        let id = bench.id("m.web");
        let outcome = bench.deploy(&host(&format!("web: {{image: '{image}'{health}}}")));
        assert!(matches!(outcome, HostOutcome::Failed { rolled_back: true, .. }), "{image}: {outcome:?}");
        assert_eq!(bench.id("m.web"), id);
        assert_eq!(bench.running(), names(&["m.web"]));
    }
}

#[test]
fn a_step_that_may_have_had_its_effect_is_taken_back_too() {
    for call in
        ["stop_container", "create_container", "start_container", "rename_container m.web m.web.dmfab-old"]
    {
        let bench = Bench::new();
        bench.deploy(&host("web: {image: i, user: 1}"));
        let id = bench.id("m.web");
        let late = EngineError::new("POST /test", EngineErrorKind::Timeout { after: Duration::from_secs(1) });
        bench.engine.lose_next_answer(call, late);
        let outcome = bench.deploy(&host("web: {image: i, user: 2}"));
        assert!(matches!(outcome, HostOutcome::Failed { rolled_back: true, .. }), "{call}: {outcome:?}");
        assert_eq!(bench.id("m.web"), id, "{call}");
        assert_eq!(bench.running(), names(&["m.web"]), "{call}");
        assert_eq!(bench.names(), names(&["m.web"]), "{call}");
    }
}

#[test]
fn what_cannot_be_taken_back_is_told_and_mended_by_the_next_run() {
    let bench = Bench::new();
    bench.deploy(&host("web: {image: i, user: 1}"));
    let after = host("web: {image: i, user: 2}");
    bench.engine.fail_always("start_container", error());
    let HostOutcome::Failed { rolled_back, failures, .. } = bench.deploy(&after) else {
        panic!("it went well")
    };
    assert!(!rolled_back);
    assert!(matches!(failures[0].undo, Undo::Failed(_)), "{failures:?}");
    bench.engine.heal();
    assert!(matches!(bench.deploy(&after), HostOutcome::Done { .. }));
    assert_eq!(bench.running(), names(&["m.web"]));
    assert_eq!(bench.names(), names(&["m.web"]));
}

#[test]
fn a_failed_step_skips_what_depends_on_it_and_nothing_else() {
    let bench = Bench::new();
    let host = host("a: {image: i}\nb: {image: i, links: a}\nc: {image: i}");
    bench.engine.fail_next("create_container m.a", error());
    let HostOutcome::Failed { changed, failures, skipped, .. } = bench.deploy(&host) else {
        panic!("it went well")
    };
    assert_eq!((changed, failures.len(), skipped), (1, 1, 5));
    assert_eq!(bench.running(), names(&["m.c"]));
}

#[test]
fn a_volume_whose_preparation_fails_is_removed_again() {
    let mut bench = Bench::new();
    let host = host(SHOP);
    bench.shell = FakeShell(1);
    let HostOutcome::Failed { failures, .. } = bench.deploy(&host) else { panic!("it went well") };
    assert_eq!(
        failures[0].problem.line(),
        "chown or chmod ended with exit status 1: chown: invalid user: 'nobody-here'"
    );
    assert!(bench.state(&host).volumes.is_empty());
    bench.shell = FakeShell(0);
    assert!(matches!(bench.deploy(&host), HostOutcome::Done { .. }));
}

#[test]
fn an_interruption_begins_nothing_and_takes_back_what_is_half_done() {
    let bench = Bench::new();
    bench.deploy(&host("web: {image: i, user: 1}"));
    let id = bench.id("m.web");
    let after = host("web: {image: i, user: 2}");
    let plan = bench.plan(&after, Goal::Deploy);
    let interruption = CancellationToken::new();
    interruption.cancel();
    let outcome = bench.execute_until(&after, &plan, &interruption);
    assert_eq!(outcome, HostOutcome::Interrupted { changed: 0, unchanged: 0, skipped: 7, put_back: 0 });
    assert_eq!(bench.id("m.web"), id);
    assert_eq!(bench.running(), names(&["m.web"]));
}

#[test]
fn what_an_interruption_puts_back_is_counted() {
    let bench = Bench::new();
    bench.deploy(&host("web: {image: i, user: 1}"));
    let id = bench.id("m.web");
    let after = host("web: {image: i, user: 2}");
    let plan = bench.plan(&after, Goal::Deploy);
    let (interruption, (events, mut told)) = (CancellationToken::new(), Events::channel());
    let performer = bench.performer(&after);
    let outcome = bench.runtime.block_on(async {
        let watch = async {
            while let Some(event) = told.recv().await {
                if matches!(event.kind, EventKind::StepFinished { text, .. } if text == "stop container m.web") {
                    return interruption.cancel();
                }
            }
        };
        tokio::join!(execute(&plan, &performer, &events, &interruption), watch).0
    });
    let HostOutcome::Interrupted { changed: 0, put_back: 1, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((bench.id("m.web"), bench.running()), (id, names(&["m.web"])));
}

#[test]
fn shutdown_then_startup_restores() {
    let bench = Bench::new();
    let host = host(SHOP);
    bench.deploy(&host);
    assert!(matches!(bench.execute(&host, &bench.plan(&host, Goal::Shutdown)), HostOutcome::Done { .. }));
    assert_eq!(bench.names(), names(&[]));
    assert!(matches!(bench.execute(&host, &bench.plan(&host, Goal::Startup)), HostOutcome::Done { .. }));
    assert_eq!(bench.running(), names(&["m.web", "m.app"]));
}

/// Containers that may link to earlier ones, share volumes, join networks and differ in a value.
fn any_map() -> impl Strategy<Value = Vec<AnyContainer>> {
    proptest::collection::vec(any_container(), 1..6)
}

#[derive(Debug, Clone)]
struct AnyContainer {
    value: u8,
    links_back: Option<u8>,
    attaches: bool,
    uses_back: Option<u8>,
    joins: bool,
    second_image: bool,
}

fn any_container() -> impl Strategy<Value = AnyContainer> {
    let back = || proptest::option::of(1..4_u8);
    (0..3_u8, back(), any::<bool>(), back(), any::<bool>(), any::<bool>()).prop_map(
        |(value, links_back, attaches, uses_back, joins, second_image)| AnyContainer {
            value,
            links_back,
            attaches,
            uses_back,
            joins,
            second_image,
        },
    )
}

/// The text of a map; references that would point before the first container are left out.
fn text(containers: &[AnyContainer]) -> String {
    let mut lines = vec!["networks: {net: }".to_owned()];
    let earlier = |index: usize, back: Option<u8>| index.checked_sub(usize::from(back?));
    for (index, container) in containers.iter().enumerate() {
        let tag = if container.second_image { ":2" } else { "" };
        let mut parts = vec![format!("image: 'i{tag}'")];
        parts.push(format!("create_options: {{environment: {{A: {}}}}}", container.value));
        parts.extend(earlier(index, container.links_back).map(|other| format!("links: c{other}")));
        let attached = earlier(index, container.uses_back).filter(|other| containers[*other].attaches);
        parts.extend(attached.map(|other| format!("uses: v{other}")));
        if container.attaches {
            parts.push(format!("attaches: {{v{index}: /v{index}}}"));
        }
        if container.joins {
            parts.push("networks: net".to_owned());
        }
        lines.push(format!("c{index}: {{{}}}", parts.join(", ")));
    }
    let volumes: Vec<String> = (0..containers.len()).map(|index| format!("v{index}: /v{index}")).collect();
    lines.push(format!("volumes: {{{}}}", volumes.join(", ")));
    lines.join("\n")
}

fn all_names(containers: &[AnyContainer]) -> BTreeSet<String> {
    (0..containers.len()).map(|index| format!("m.c{index}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn deploying_twice_changes_nothing_the_second_time(containers in any_map()) {
        let bench = Bench::new();
        let host = host(&text(&containers));
        let first = bench.deploy(&host);
        prop_assert!(matches!(first, HostOutcome::Done { .. }), "{:?}", first);
        prop_assert_eq!(bench.running(), all_names(&containers));
        prop_assert!(bench.plan(&host, Goal::Deploy).is_empty());
    }

    #[test]
    fn any_map_becomes_any_other(before in any_map(), after in any_map()) {
        let bench = Bench::new();
        bench.deploy(&host(&text(&before)));
        let host = host(&text(&after));
        let outcome = bench.deploy(&host);
        prop_assert!(matches!(outcome, HostOutcome::Done { .. }), "{:?}", outcome);
        prop_assert!(bench.plan(&host, Goal::Deploy).is_empty());
        prop_assert!(bench.running().is_superset(&all_names(&after)));
    }

    #[test]
    fn a_run_that_dies_anywhere_is_completed_by_the_next(
        before in any_map(),
        after in any_map(),
        share in 0.0..1.0_f64,
    ) {
        let bench = Bench::new();
        bench.deploy(&host(&text(&before)));
        let host = host(&text(&after));
        let plan = bench.plan(&host, Goal::Deploy);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a few dozen steps")]
        let step_count = (plan.steps.len() as f64 * share) as usize;
        bench.die_after(&host, &plan, step_count);
        let outcome = bench.deploy(&host);
        prop_assert!(matches!(outcome, HostOutcome::Done { .. }), "{:?}", outcome);
        prop_assert!(bench.plan(&host, Goal::Deploy).is_empty());
        prop_assert!(bench.running().is_superset(&all_names(&after)));
        prop_assert!(!bench.names().iter().any(|name| name.contains(".dmfab-")), "{:?}", bench.names());
    }

    #[test]
    fn a_failing_call_anywhere_loses_no_container(before in any_map(), after in any_map(), call in 0..6_usize) {
        let bench = Bench::new();
        bench.deploy(&host(&text(&before)));
        let was_running = bench.running();
        let calls = ["create_container", "stop_container", "rename_container", "start_container", "remove_container", "connect_network"];
        bench.engine.fail_next(calls[call], error());
        let host = host(&text(&after));
        bench.deploy(&host);
        prop_assert!(bench.running().is_superset(&was_running), "{:?} of {:?}", bench.running(), was_running);
        bench.engine.heal();
        let last = bench.deploy(&host);
        prop_assert!(matches!(last, HostOutcome::Done { .. }), "{:?}", last);
        prop_assert!(bench.plan(&host, Goal::Deploy).is_empty());
    }
}

#[test]
fn a_stopped_container_is_started_and_a_crashed_one_too() {
    let bench = Bench::new();
    let host = host("web: {image: i}");
    bench.deploy(&host);
    bench.engine.set_status("m.web", ContainerStatus::Exited { exit_code: 137 });
    assert_eq!(bench.deploy(&host), HostOutcome::Done { changed: 1, unchanged: 0 });
    assert_eq!(bench.running(), names(&["m.web"]));
}
