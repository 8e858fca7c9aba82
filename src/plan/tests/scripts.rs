//! Scripts: what they bring up, what their containers are like, and what is in their way.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::container::MountSource;
use crate::model::observed::PathKind;
use crate::model::ownership::SCRIPT_LABEL;
use crate::model::spec::ContainerSpec;
use crate::plan::script::{Download, Script, ScriptFiles};

use super::*;

const EXITED: ContainerStatus = ContainerStatus::Exited { exit_code: 0 };

/// `job` needs a database, a volume that is prepared, and two networks.
const MAP: &str = "\
job:
  image: i
  links: db
  attaches: data
  user: 2000
  permissions: u=rwX
  networks: [front, back]
  stop_timeout: 7
  exec_commands: /bin/after
  create_options: {tty: true, command: serve, entrypoint: /bin/app}
  host_config: {restart_policy: {Name: always}}
db: {image: db}
other: {image: i}
volumes: {data: /data}
networks: {front: , back: }
";

fn upload(name: &str) -> ScriptFiles {
    ScriptFiles::Upload { path: PathBuf::from("/home/me").join(name), name: Some(name.to_owned()) }
}

fn request(host: &HostSpec, state: &HostState, items: &[&str], script: Script) -> Result<Plan, PlanError> {
    let names = host.containers.iter().map(|spec| spec.name.clone());
    let container_names = names.filter(|name| items.contains(&name.as_str())).collect();
    let options = Options { script: Some(script), ..Options::of(Goal::Script) };
    plan_host(host, state, &Request { goal: Goal::Script, container_names, options })
}

fn lines(host: &HostSpec, state: &HostState, script: Script) -> String {
    let plan = request(host, state, &["m.job"], script).expect("a plan");
    text::lines(&plan).join("\n")
}

/// The container that a plan creates for the script.
fn made(plan: &Plan) -> ContainerSpec {
    let made = plan.steps.iter().find_map(|step| match &step.action {
        Action::CreateContainer { container_name, spec } if container_name == "m.job" => {
            Some(spec.as_ref().clone())
        }
        _ => None,
    });
    made.expect("a creation")
}

/// The job is there as a script has left it.
fn left_by_script(host: &HostSpec, status: ContainerStatus) -> HostState {
    let mut state = deployed(host);
    let found = state.containers.get_mut("m.job").expect("a container");
    found.labels.insert(SCRIPT_LABEL.to_owned(), "true".to_owned());
    found.status = status;
    state
}

/// features: SCR-01, SCR-04, SCR-06, SCR-07
#[test]
fn what_a_script_needs_is_brought_up_and_its_container_goes_in_any_case() {
    let host = host(MAP);
    let download = Some(Download { folder: PathBuf::from("results"), by_host: true });
    let script = Script { files: upload("it.sh"), download, ..Script::default() };
    insta::assert_snapshot!(lines(&host, &HostState::default(), script), @"
    #1 create network m.front  <- not there (inventory.yaml:18)
    #2 create network m.back  <- not there (inventory.yaml:18)
    #3 create volume m.data  <- not there (inventory.yaml:7)
    #4 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #3
    #5 pull image db:latest  <- not there (inventory.yaml:15)
    #6 create container m.db  <- not there (inventory.yaml:15)  after #5
    #7 start container m.db  after #6
    #8 verify container m.db  after #7
    #9 pull image i:latest  <- not there (inventory.yaml:5)
    #10 create container m.job  <- asked for  after #1 #2 #4 #7 #9
    #11 connect container m.job to network m.back  after #10
    #12 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #11
    #13 upload /home/me/it.sh into /tmp/script_run of container m.job  after #12
    #14 start container m.job  after #1 #2 #4 #7 #13
    #15 run container m.job to its end, at most 7 s: /bin/app /tmp/script_run/it.sh  after #14
    #16 download /tmp/script_run of container m.job to results/h  after #15
    #17 take away container m.job  after #16  finally unless #15 times out
    ");
}

#[test]
fn what_runs_is_left_alone_and_what_stands_still_is_started() {
    let host = host(MAP);
    let mut state = deployed(&host);
    state.containers.remove("m.job");
    state.containers.get_mut("m.db").expect("a container").status = EXITED;
    let script = Script { remove_on_timeout: true, ..Script::default() };
    insta::assert_snapshot!(lines(&host, &state, script), @"
    #1 start container m.db  <- not running: exited with 0
    #2 verify container m.db  after #1
    #3 create container m.job  <- asked for  after #1
    #4 connect container m.job to network m.back  after #3
    #5 prepare volume m.data: chown 2000:2000 chmod u=rwX if it is empty  after #4
    #6 start container m.job  after #1 #5
    #7 run container m.job to its end, at most 7 s: /bin/app serve  after #6
    #8 take away container m.job  after #7  finally
    ");
}

/// features: SCR-02
#[test]
fn the_container_is_the_configured_one_but_for_what_the_script_is_about() {
    let host = host(MAP);
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let script = Script {
        files: upload("it's me.sh"),
        entrypoint: words(&["/bin/sh"]),
        command: words(&["-c", "{script_path} {other} '{script_path}'"]),
        folder: "/opt/run".to_owned(),
        ..Script::default()
    };
    let plan = request(&host, &HostState::default(), &["m.job"], script).expect("a plan");
    let made = made(&plan);
    let settings = &made.settings;
    let path = "/opt/run/it's me.sh";
    assert_eq!(settings.command, words(&["-c", &format!("{path} {{other}} '{path}'")]));
    assert_eq!(settings.entrypoint, words(&["/bin/sh"]));
    assert!(settings.anonymous_volumes.contains("/opt/run"));
    assert!(!settings.tty && !settings.host_options.contains_key("RestartPolicy"));
    assert!(made.exec_commands.is_empty());
    let wanted = &host.containers.iter().find(|spec| spec.name == "m.job").expect("a container").settings;
    assert_eq!(settings.labels.get(SCRIPT_LABEL).map(String::as_str), Some("true"));
    assert_eq!(
        (&settings.user, &settings.mounts, &settings.endpoints, &settings.links),
        (&wanted.user, &wanted.mounts, &wanted.endpoints, &wanted.links)
    );
    let owners = plan.steps.iter().filter_map(|step| match &step.action {
        Action::UploadFiles { owner, .. } => Some(*owner),
        _ => None,
    });
    assert_eq!(owners.collect::<Vec<_>>(), [(2000, 0)]);
}

#[test]
fn a_script_that_is_a_file_is_the_command_unless_another_is_given() {
    let host = host("job: {image: i, create_options: {command: serve}}\n");
    let state = |kind| HostState { paths: [("/srv/it".to_owned(), kind)].into(), ..HostState::default() };
    let on_host = ScriptFiles::OnHost { path: "/srv/it".to_owned() };
    let folder = ScriptFiles::Upload { path: PathBuf::from("/home/me"), name: None };
    let arguments = || vec!["-v".to_owned(), "{script_path}".to_owned()];
    for (files, kind, arguments, expected) in [
        (upload("it.sh"), PathKind::File, vec![], "/tmp/script_run/it.sh"),
        (upload("it.sh"), PathKind::File, arguments(), "/tmp/script_run/it.sh -v /tmp/script_run/it.sh"),
        (folder.clone(), PathKind::File, vec![], "serve"),
        (folder, PathKind::File, arguments(), "-v /tmp/script_run"),
        (on_host.clone(), PathKind::File, vec![], "/tmp/script_run/it"),
        (on_host, PathKind::Folder, vec![], "serve"),
        (ScriptFiles::Nothing, PathKind::File, vec![], "serve"),
    ] {
        let script = Script { files: files.clone(), arguments, ..Script::default() };
        let plan = request(&host, &state(kind), &["m.job"], script).expect("a plan");
        let command = made(&plan).settings.command.expect("a command").join(" ");
        assert_eq!(command, expected, "{files:?} {kind:?}");
    }
}

/// What a path is, the host says: Docker-Map looked on the operator's machine.
#[test]
fn of_a_file_on_the_host_the_folder_is_mounted_and_nothing_is_uploaded() {
    let host = host("job: {image: i}\n");
    for (path, kind, source, command) in [
        ("/srv/scripts/it.sh", Some(PathKind::File), Some("/srv/scripts"), "/tmp/script_run/it.sh"),
        ("/srv/scripts/", Some(PathKind::Folder), Some("/srv/scripts"), "/tmp/script_run"),
        ("/it.sh", Some(PathKind::File), Some("/"), "/tmp/script_run/it.sh"),
        ("/srv/nothing", Some(PathKind::Absent), None, ""),
        ("/srv/unknown", None, None, ""),
    ] {
        let paths = kind.map(|kind| (path.to_owned(), kind)).into_iter().collect();
        let script = Script {
            files: ScriptFiles::OnHost { path: path.to_owned() },
            command: Some(vec!["{script_path}".to_owned()]),
            ..Script::default()
        };
        let planned = request(&host, &HostState { paths, ..HostState::default() }, &["m.job"], script);
        let Some(source) = source else {
            assert_eq!(planned, Err(PlanError::PathAbsent { path: path.to_owned() }));
            continue;
        };
        let settings = made(planned.as_ref().expect("a plan")).settings;
        let mount = &settings.mounts["/tmp/script_run"];
        assert_eq!((&mount.source, mount.read_only), (&MountSource::HostPath(source.to_owned()), false));
        assert_eq!(settings.command, Some(vec![command.to_owned()]));
        assert!(settings.anonymous_volumes.is_empty());
    }
}

#[test]
fn a_script_may_take_as_long_as_its_container_its_host_or_the_operator_says() {
    let deadline = |map: &str, wait_timeout: Option<Duration>, of_host: Option<Duration>| {
        let mut host = host(map);
        host.engine.wait_timeout = of_host;
        let script = Script { wait_timeout, ..Script::default() };
        let plan = request(&host, &HostState::default(), &["m.job"], script).expect("a plan");
        plan.steps.iter().find_map(|step| match &step.action {
            Action::RunScript { deadline, .. } => Some(deadline.as_secs()),
            _ => None,
        })
    };
    let some = |seconds| Some(Duration::from_secs(seconds));
    let (bare, limited) = ("job: {image: i}\n", "job: {image: i, stop_timeout: 7}\n");
    assert_eq!(deadline(bare, None, None), Some(24 * 60 * 60));
    assert_eq!(deadline(bare, None, some(40)), Some(40));
    assert_eq!(deadline(limited, None, some(40)), Some(7));
    assert_eq!(deadline(limited, some(3), some(40)), Some(3));
}

/// features: SCR-05, OPT-12
#[test]
fn a_container_that_has_the_name_is_in_the_way_unless_it_may_be_removed() {
    let host = host(MAP);
    let state = deployed(&host);
    let refused = request(&host, &state, &["m.job"], Script::default()).expect_err("a refusal");
    assert_eq!(refused.to_string(), "container `m.job` existed before the script");
    assert_eq!(refused.help().as_deref(), Some("stop and remove it with `--remove-existing`"));
    let script = Script { remove_existing: true, remove_created: false, ..Script::default() };
    insta::assert_snapshot!(lines(&host, &state, script.clone()), @"
    #1 stop container m.job  <- asked for  interrupts
    #2 remove container m.job  after #1
    #3 create container m.job  <- asked for  after #2
    #4 connect container m.job to network m.back  after #3
    #5 prepare volume m.data: chown 2000:2000 chmod u=rwX if it is empty  after #4
    #6 start container m.job  after #5
    #7 run container m.job to its end, at most 7 s: /bin/app serve  after #6
    ");
    let plan = request(&host, &state, &["m.job"], script).expect("a plan");
    assert!(plan.destroys());

    let mut foreign = state;
    let labels = &mut foreign.containers.get_mut("m.job").expect("a container").labels;
    labels.insert("dmfab.map".to_owned(), "theirs".to_owned());
    let script = Script { remove_existing: true, ..Script::default() };
    let refused = request(&host, &foreign, &["m.job"], script).expect_err("a refusal");
    assert!(matches!(refused, PlanError::Foreign { .. }), "{refused}");
}

#[test]
fn what_is_only_there_for_the_script_interrupts_nothing() {
    let host = host(MAP);
    let plan = request(&host, &HostState::default(), &["m.job"], Script::default()).expect("a plan");
    assert!(!plan.destroys());
}

#[test]
fn what_an_earlier_script_has_left_is_told_as_such() {
    let host = host(MAP);
    for status in [EXITED, RUNNING] {
        let state = left_by_script(&host, status);
        let refused = request(&host, &state, &["m.job"], Script::default()).expect_err("a refusal");
        assert!(refused.help().is_some_and(|help| help.contains("an earlier script has left it")));
        let script = Script { remove_existing: true, ..Script::default() };
        let taken = lines(&host, &state, script);
        assert!(
            taken.starts_with("#1 take away container m.job  <- asked for\n#2 create container m.job"),
            "{taken}"
        );
    }
}

/// A script's container bears the name of the service, and is not it.
#[test]
fn other_actions_do_not_take_the_container_of_a_script_for_the_service() {
    let host = host("job: {image: i}\n");
    for goal in [Goal::Deploy, Goal::Update, Goal::Startup, Goal::Create] {
        let left = planned(&host, &left_by_script(&host, EXITED), goal, &[]);
        assert!(
            left.starts_with(
                "#1 take away container m.job  <- left by an interrupted run\n#2 create container m.job"
            ),
            "{goal:?}: {left}"
        );
        let refused = try_plan(&host, &left_by_script(&host, RUNNING), goal, &[]).expect_err("a refusal");
        assert_eq!(refused.to_string(), "a script runs in container `m.job`", "{goal:?}");
    }
    for goal in [Goal::Start, Goal::Restart, Goal::Stop] {
        let plan = try_plan(&host, &left_by_script(&host, EXITED), goal, &[]).expect("a plan");
        let starts = plan.steps.iter().any(|step| matches!(step.action, Action::StartContainer { .. }));
        assert!(!starts, "{goal:?}: {:#?}", text::lines(&plan));
    }
    for status in [EXITED, RUNNING] {
        let ended = planned(&host, &left_by_script(&host, status), Goal::Shutdown, &[]);
        assert_eq!(ended, "#1 take away container m.job  <- asked for");
    }
}

#[test]
fn a_script_in_two_containers_of_which_one_needs_the_other_is_refused() {
    let host = host(MAP);
    let run = |items: &[&str]| request(&host, &HostState::default(), items, Script::default());
    let refused = run(&["m.job", "m.db"]).expect_err("a refusal");
    assert_eq!(
        refused.to_string(),
        "container `m.job` needs container `m.db`, and a script is to run in both"
    );
    let both = run(&["m.job", "m.other"]).expect("a plan");
    let runs = both.steps.iter().filter(|step| matches!(step.action, Action::RunScript { .. }));
    assert_eq!(runs.count(), 2);
}
