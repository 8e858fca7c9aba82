//! Scripts on the Engine in memory: what is left of them, whatever happens to them.

use std::fs;
use std::path::Path;

use crate::event::{OutputReceiver, ScriptResult, Scripts};
use crate::model::output::OutputStream;
use crate::model::ownership::SCRIPT_LABEL;
use crate::plan::script::{Download, Script, ScriptFiles};

use super::*;

const MAP: &str = "job: {image: i, networks: [one, two]}\nnetworks: {one: , two: }\n";

/// What a script does that reads a file and writes another one.
fn program(exit_code: Option<i64>) -> FakeProgram {
    FakeProgram {
        exit_code,
        log: "one\ntwo\nthree\n".to_owned(),
        error_log: "oh\n".to_owned(),
        files: [("/tmp/script_run/out.txt".to_owned(), "result".to_owned())].into(),
        ..FakeProgram::default()
    }
}

/// A host on which scripts run.
struct Stage {
    bench: Bench,
    host: HostSpec,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(program: FakeProgram) -> Self {
        let bench = Bench::new();
        bench.engine.set_program("i:latest", program);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("it.sh"), "#!/bin/sh\n").unwrap();
        Self { bench, host: host(MAP), folder }
    }

    fn script(&self) -> Script {
        let path = self.folder.path().join("it.sh");
        Script { files: ScriptFiles::Upload { path, name: Some("it.sh".to_owned()) }, ..Script::default() }
    }

    fn results(&self) -> std::path::PathBuf {
        self.folder.path().join("results")
    }

    fn plan(&self, script: Script) -> Plan {
        let options = Options { script: Some(script), ..Options::of(Goal::Script) };
        let container_names = names(&["m.job"]);
        let request = Request { goal: Goal::Script, container_names, options };
        plan_host(&self.host, &self.bench.state(&self.host), &request).unwrap()
    }

    fn run(&self, script: Script) -> (HostOutcome, Vec<ScriptResult>) {
        let (scripts, _) = Scripts::channel();
        let outcome = self.run_until(script, &CancellationToken::new(), &scripts);
        (outcome, scripts.into_results().0)
    }

    fn run_until(&self, script: Script, interruption: &CancellationToken, scripts: &Scripts) -> HostOutcome {
        let plan = self.plan(script);
        let performer = self.bench.performer(&self.host);
        let events = Events::ignored();
        self.bench.runtime.block_on(execute_scripts(&plan, &performer, &events, interruption, scripts))
    }
}

fn written(mut receiver: OutputReceiver, runtime: &tokio::runtime::Runtime) -> Vec<(OutputStream, String)> {
    let mut pieces = Vec::new();
    while let Some(output) = runtime.block_on(receiver.next()) {
        pieces.push((output.stream, String::from_utf8_lossy(&output.bytes).into_owned()));
    }
    pieces
}

fn failure(outcome: &HostOutcome) -> &StepFailure {
    let HostOutcome::Failed { failures, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(failures.len(), 1, "{outcome:?}");
    &failures[0]
}

/// features: SCR-03
#[test]
fn a_script_ends_with_its_code_and_its_log_and_leaves_nothing() {
    let stage = Stage::new(program(Some(3)));
    let download = Some(Download { folder: stage.results(), by_host: false });
    let (scripts, receiver) = Scripts::channel();
    let script = Script { download, ..stage.script() };
    let outcome = stage.run_until(script, &CancellationToken::new(), &scripts);
    assert!(matches!(outcome, HostOutcome::Done { .. }), "{outcome:?}");
    let (results, remarks) = scripts.into_results();
    assert_eq!((results.len(), remarks.len()), (1, 0));
    assert_eq!((results[0].exit_code, results[0].log.as_str()), (Some(3), "one\ntwo\nthree\noh\n"));
    assert!(results[0].id.is_some() && results[0].error.is_none());
    let pieces = written(receiver, &stage.bench.runtime);
    let lines = ["one\n", "two\n", "three\n"].map(|line| (OutputStream::Stdout, line));
    let expected: Vec<_> = lines.into_iter().chain([(OutputStream::Stderr, "oh\n")]).collect();
    assert_eq!(
        pieces,
        expected.into_iter().map(|(stream, text)| (stream, text.to_owned())).collect::<Vec<_>>()
    );
    assert_eq!(fs::read_to_string(stage.results().join("out.txt")).unwrap(), "result");
    assert_eq!(fs::read_to_string(stage.results().join("it.sh")).unwrap(), "#!/bin/sh\n");
    assert_eq!(stage.bench.names(), names(&[]));
    let last = stage.bench.engine.journal().last().cloned();
    assert_eq!(last.as_deref(), Some("remove_container_and_volumes m.job"));
}

#[test]
fn the_last_lines_are_those_before_the_end() {
    let stage = Stage::new(program(Some(0)));
    let (_, results) = stage.run(Script { tail: Some(2), timestamps: true, ..stage.script() });
    let time = |number: u8| format!("2024-01-01T00:00:00.00000000{number}Z");
    let expected = format!("{} two\n{} three\n{} oh\n", time(1), time(2), time(0));
    assert_eq!(results[0].log, expected);
}

#[test]
fn a_script_that_takes_too_long_is_left_to_be_looked_at() {
    let stage = Stage::new(program(None));
    let wait_timeout = Some(Duration::from_secs(30));
    let (outcome, results) = stage.run(Script { wait_timeout, ..stage.script() });
    let failure = failure(&outcome);
    assert_eq!(failure.problem.line(), "the container did not end within 30 s");
    assert!(failure.problem.help.as_ref().unwrap().contains("docker logs m.job"));
    assert_eq!(stage.bench.running(), names(&["m.job"]));
    assert_eq!((results[0].exit_code, results[0].log.as_str()), (None, "one\ntwo\nthree\noh\n"));
    assert_eq!(results[0].error.as_deref(), Some("the container did not end within 30 s"));

    let script = Script { remove_existing: true, remove_on_timeout: true, wait_timeout, ..stage.script() };
    let (outcome, _) = stage.run(script);
    assert!(!self::failure(&outcome).problem.help.as_ref().unwrap().contains("docker logs"));
    assert_eq!(stage.bench.names(), names(&[]));
}

#[test]
fn a_container_is_kept_if_that_is_asked_for() {
    let stage = Stage::new(program(Some(0)));
    stage.run(Script { remove_created: false, ..stage.script() });
    assert_eq!(stage.bench.names(), names(&["m.job"]));
    let found = stage.bench.state(&stage.host).containers["m.job"].clone();
    assert_eq!(
        (found.status, found.labels.contains_key(SCRIPT_LABEL)),
        (ContainerStatus::Exited { exit_code: 0 }, true)
    );
    // The next deployment makes the service of it.
    let outcome = stage.bench.deploy(&stage.host);
    assert!(matches!(outcome, HostOutcome::Done { .. } | HostOutcome::Failed { .. }), "{outcome:?}");
    assert!(!stage.bench.state(&stage.host).containers["m.job"].labels.contains_key(SCRIPT_LABEL));
}

#[test]
fn an_interrupted_script_is_stopped_and_taken_away() {
    let stage = Stage::new(program(None));
    let token = CancellationToken::new();
    let interrupting = token.clone();
    stage.bench.runtime.spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        interrupting.cancel();
    });
    let outcome = stage.run_until(stage.script(), &token, &Scripts::unseen());
    assert!(matches!(outcome, HostOutcome::Interrupted { .. }), "{outcome:?}");
    assert_eq!(stage.bench.names(), names(&[]));
    let journal = stage.bench.engine.journal();
    assert_eq!(journal[journal.len() - 2..], ["stop_container m.job", "remove_container_and_volumes m.job"]);
}

/// Whatever fails on the way, and whether or not it has had its effect: no container is left.
#[test]
fn no_failure_leaves_a_container() {
    for call in [
        "create_container",
        "connect_network",
        "write_archive",
        "start_container",
        "wait_container",
        "read_archive",
    ] {
        for is_done in [false, true] {
            let stage = Stage::new(program(Some(0)));
            let lost = EngineError::new(call, EngineErrorKind::Timeout { after: Duration::from_secs(1) });
            if is_done {
                stage.bench.engine.lose_next_answer(call, lost);
            } else {
                stage.bench.engine.fail_next(call, lost);
            }
            let download = Some(Download { folder: stage.results(), by_host: false });
            let (outcome, _) = stage.run(Script { download, ..stage.script() });
            failure(&outcome);
            assert_eq!(stage.bench.names(), names(&[]), "{call}, {is_done}");
        }
    }
}

#[test]
fn nothing_is_cleared_up_where_nothing_was_made() {
    let stage = Stage::new(program(Some(0)));
    stage.bench.engine.fail_next("create_container", error());
    let (outcome, results) = stage.run(stage.script());
    failure(&outcome);
    assert!(results.is_empty());
    assert!(!stage.bench.engine.journal().iter().any(|call| call.starts_with("stop_container")));
}

#[test]
fn a_file_that_is_gone_is_named_and_leaves_no_container() {
    let stage = Stage::new(program(Some(0)));
    let path = Path::new("/no/such/it.sh").to_owned();
    let files = ScriptFiles::Upload { path, name: Some("it.sh".to_owned()) };
    let (outcome, _) = stage.run(Script { files, ..stage.script() });
    let told = failure(&outcome).problem.line();
    assert!(told.contains("/no/such/it.sh"), "{told}");
    assert_eq!(stage.bench.names(), names(&[]));
}

#[test]
fn a_log_that_cannot_be_read_does_not_fail_the_script() {
    let stage = Stage::new(program(Some(0)));
    stage.bench.engine.fail_next("container_log", error());
    let (outcome, results) = stage.run(stage.script());
    assert!(matches!(outcome, HostOutcome::Done { .. }), "{outcome:?}");
    assert_eq!(results[0].exit_code, Some(0));
    assert!(results[0].log_problem.as_ref().unwrap().contains("out of luck"));
}

#[test]
fn a_container_that_cannot_be_taken_away_is_a_failure() {
    let stage = Stage::new(program(Some(0)));
    stage.bench.engine.fail_next("remove_container_and_volumes", error());
    let (outcome, results) = stage.run(stage.script());
    assert_eq!(failure(&outcome).text, "take away container m.job");
    assert_eq!(results[0].exit_code, Some(0));
}
