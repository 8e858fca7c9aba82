//! What was started, and commands in it: good, bad, or left running.

use crate::plan::text;

use super::*;

#[test]
fn a_first_creation_that_is_not_well_fails_and_stays_and_what_needs_it_goes_on() {
    for (image, health, problem) in [
        ("broken", "", "the container ended with exit code 1 after 0 s"),
        ("i:2", ", healthcheck: {test: x}", "the container is unhealthy"),
    ] {
        let bench = Bench::new();
        let sick =
            FakeProgram { health: vec![Health::Starting, Health::Unhealthy], ..FakeProgram::default() };
        bench.engine.set_program("i:2", sick);
        let host = host(&format!("web: {{image: '{image}'{health}}}\nlast: {{image: i}}"));
        let HostOutcome::Failed { changed, failures, skipped, rolled_back, .. } = bench.deploy(&host) else {
            panic!("it went well")
        };
        assert_eq!((changed, failures.len(), skipped, rolled_back), (2, 1, 0, false), "{image}");
        assert_eq!(
            (failures[0].text.as_str(), &failures[0].undo),
            ("verify container m.web", &Undo::NotNeeded)
        );
        assert_eq!(failures[0].problem.line(), problem);
        assert_eq!(bench.names(), names(&["m.last", "m.web"]));
    }
}

#[test]
fn what_ended_badly_is_started_and_watched_again_by_the_next_run() {
    let bench = Bench::new();
    let host = host("web: {image: broken}");
    for _ in 0..2 {
        assert!(matches!(bench.deploy(&host), HostOutcome::Failed { rolled_back: false, .. }));
    }
    bench.engine.set_program("broken:latest", FakeProgram::default());
    let again = bench.plan(&host, Goal::Deploy);
    assert_eq!(
        text::lines(&again),
        ["#1 start container m.web  <- not running: exited with 1", "#2 verify container m.web  after #1"]
    );
}

#[test]
fn a_container_that_its_restart_policy_starts_again_is_bad() {
    let bench = Bench::new();
    let host = host("web: {image: i}");
    bench.deploy(&host);
    bench.engine.set_status("m.web", ContainerStatus::Restarting);
    let verify = bench.plan(&self::host("web: {image: i, user: 1}"), Goal::Deploy);
    let watching = verify.steps.iter().find(|step| matches!(step.action, Action::VerifyContainer { .. }));
    let Action::VerifyContainer { health_deadline, settle, .. } = watching.expect("a step").action else {
        panic!()
    };
    let action = Action::VerifyContainer { container_name: "m.web".to_owned(), health_deadline, settle };
    let error = bench.runtime.block_on(bench.performer(&host).perform(&action)).expect_err("it is bad");
    assert!(error.to_string().contains("ends again and again"), "{error}");
}

/// features: API-24
#[test]
fn a_command_that_ends_badly_is_a_failure_and_one_that_goes_on_is_left_running() {
    let run = |policy: &str, exit_code: Option<i64>| {
        let bench = Bench::new();
        bench.engine.set_exec_outcome("task", ExecOutcome { exit_code, output: "told\n".to_owned() });
        let host = host(&format!("web: {{image: i, exec_commands: [[task, root, {policy}]]}}"));
        let plan = bench.plan(&host, Goal::Deploy);
        let (events, mut received) = Events::channel();
        let (performer, interruption) = (bench.performer(&host), CancellationToken::new());
        let outcome = bench.runtime.block_on(execute(&plan, &performer, &events, &interruption));
        let mut told = None;
        while let Ok(event) = received.try_recv() {
            if let EventKind::CommandRun { exit_code, output, .. } = event.kind {
                told = Some((exit_code, output));
            }
        }
        (outcome, told, bench.names())
    };
    for (policy, exit_code) in
        [("initial", Some(0)), ("initial", None), ("restart", Some(0)), ("restart", None)]
    {
        let (outcome, told, found) = run(policy, exit_code);
        assert_eq!(outcome, HostOutcome::Done { changed: 1, unchanged: 0 }, "{policy} {exit_code:?}");
        assert_eq!(told, Some((exit_code, "told\n".to_owned())));
        assert_eq!(found, names(&["m.web"]));
    }
    for (policy, exit_code, problem) in [
        ("initial", Some(2), "the command ended with exit code 2"),
        ("restart", Some(2), "the command ended with exit code 2"),
    ] {
        let (outcome, told, found) = run(policy, exit_code);
        let HostOutcome::Failed { failures, .. } = outcome else { panic!("{policy}: it went well") };
        assert_eq!((failures[0].problem.line().as_str(), &failures[0].undo), (problem, &Undo::Removed));
        assert_eq!((failures[0].problem.output.as_deref(), told), (Some("told\n"), None));
        assert_eq!(found, names(&[]));
    }
}

#[test]
fn many_containers_are_watched_at_the_same_time() {
    let bench = Bench::new();
    let lines: Vec<String> = (0..40).map(|number| format!("c{number}: {{image: i}}")).collect();
    let host = host(&lines.join("\n"));
    let plan = bench.plan(&host, Goal::Deploy);
    let took = bench.runtime.block_on(async {
        let started = tokio::time::Instant::now();
        execute(&plan, &bench.performer(&host), &Events::ignored(), &CancellationToken::new()).await;
        started.elapsed()
    });
    let settle = Options::default().settle;
    assert!(took >= settle && took < 2 * settle, "{took:?}");
}
