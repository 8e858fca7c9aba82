//! Docker-Map's actions, each with what it selects, does and leaves.

use crate::plan::options::PullPolicy;

use super::*;

const EXITED: ContainerStatus = ContainerStatus::Exited { exit_code: 0 };

/// `web` links to `app` and uses its volume, `app` links to `db`; `cron` is alone.
const CHAIN: &str = "\
web: {image: i, links: app, uses: socket}
app: {image: i, links: db, attaches: socket}
db: {image: i}
cron: {image: i, persistent: true}
volumes: {socket: /socket}
";

/// What one action does with everything that is named, and what it tells.
fn acted(host: &HostSpec, state: &HostState, goal: Goal, items: &[&str]) -> String {
    with(host, state, goal, items, Options::of(goal))
}

fn with(host: &HostSpec, state: &HostState, goal: Goal, items: &[&str], options: Options) -> String {
    let plan = request(host, state, goal, items, options).expect("a plan");
    let notices = plan.notices.iter().map(ToString::to_string);
    text::lines(&plan).into_iter().chain(notices).collect::<Vec<_>>().join("\n")
}

fn request(
    host: &HostSpec,
    state: &HostState,
    goal: Goal,
    items: &[&str],
    options: Options,
) -> Result<Plan, PlanError> {
    let is_chosen = |name: &str| items.is_empty() || items.contains(&name);
    let names = host.containers.iter().map(|spec| spec.name.clone()).filter(|name| is_chosen(name));
    plan_host(host, state, &Request { goal, container_names: names.collect(), options })
}

/// A host on which everything is as it should be, but for what these containers do.
fn standing(host: &HostSpec, statuses: &[(&str, ContainerStatus)]) -> HostState {
    let mut state = deployed(host);
    for found in state.containers.values_mut() {
        found.volume_names.clear();
        let spec = host.containers.iter().find(|spec| spec.name == found.name).expect("a container");
        found.volume_names.extend(spec.settings.volume_names().map(str::to_owned));
    }
    for spec in &host.containers {
        for endpoint in &spec.settings.endpoints {
            let members = state.network_members.entry(endpoint.network_name.clone()).or_default();
            members.insert(spec.name.clone());
        }
    }
    for (name, status) in statuses {
        state.containers.get_mut(*name).expect("a container").status = *status;
    }
    state
}

fn all(host: &HostSpec, status: ContainerStatus) -> HostState {
    let names: Vec<&str> = host.containers.iter().map(|spec| spec.name.as_str()).collect();
    standing(host, &names.into_iter().map(|name| (name, status)).collect::<Vec<_>>())
}

fn without(mut state: HostState, name: &str) -> HostState {
    state.containers.remove(name);
    state
}

/// features: ACT-01, ACT-15
#[test]
fn create_makes_what_is_missing_and_starts_nothing() {
    let host = host(
        "web: {image: i, links: app, networks: [one, two], exec_commands: [init]}\n\
         app: {image: i, attaches: data, user: 2000}\nloner: {image: i}\n\
         volumes: {data: /data}\nnetworks: {one: , two: }",
    );
    insta::assert_snapshot!(acted(&host, &HostState::default(), Goal::Create, &["m.web"]), @"
    #1 create network m.one  <- not there (inventory.yaml:8)
    #2 create network m.two  <- not there (inventory.yaml:8)
    #3 create volume m.data  <- not there (inventory.yaml:5)
    #4 prepare volume m.data: chown 2000:2000  after #3
    #5 pull image i:latest  <- not there (inventory.yaml:5)
    #6 create container m.app  <- not there (inventory.yaml:5)  after #4 #5
    #7 prepare volume m.data: chown 2000:2000  after #6
    #8 create container m.web  <- not there (inventory.yaml:4)  after #1 #2 #5 #7
    #9 connect container m.web to network m.two  after #8
    ");
    let there = without(all(&host, ContainerStatus::Created), "m.web");
    insta::assert_snapshot!(acted(&host, &there, Goal::Create, &["m.web"]), @"
    #1 create container m.web  <- not there (inventory.yaml:4)
    #2 connect container m.web to network m.two  after #1
    ");
    assert_eq!(acted(&host, &all(&host, EXITED), Goal::Create, &[]), "");
}

/// features: ACT-02, ACT-22
#[test]
fn start_starts_what_is_there_dependencies_first_and_no_persistent_one_that_has_run() {
    let host = host(CHAIN);
    let state = all(&host, EXITED);
    insta::assert_snapshot!(acted(&host, &without(state, "m.db"), Goal::Start, &[]), @"
    #1 start container m.app  <- not running: exited with 0
    #2 start container m.web  <- not running: exited with 0  after #1
    container m.db is not there
    ");
    let created = all(&host, ContainerStatus::Created);
    insta::assert_snapshot!(acted(&host, &created, Goal::Start, &["m.cron", "m.db"]), @"
    #1 start container m.db  <- not running: created
    #2 start container m.cron  <- not running: created
    ");
    let dead = standing(&host, &[("m.cron", ContainerStatus::Dead)]);
    insta::assert_snapshot!(acted(&host, &dead, Goal::Start, &["m.cron"]), @"container m.cron is left alone: dead");
    assert_eq!(acted(&host, &standing(&host, &[]), Goal::Start, &[]), "");
}

#[test]
fn start_runs_all_commands_where_a_container_was_never_started_and_mends_a_lost_network() {
    let host = host(
        "app: {image: i, exec_commands: [[init, root, initial], always]}\nweb: {image: i, network_mode: app}",
    );
    let state = |status| standing(&host, &[("m.app", status)]);
    insta::assert_snapshot!(acted(&host, &state(ContainerStatus::Created), Goal::Start, &["m.app"]), @"
    #1 start container m.app  <- not running: created
    #2 run in container m.app: init  after #1
    #3 run in container m.app: always  after #2
    #4 stop container m.web  <- shares the network of container m.app, which started later  after #3  interrupts
    #5 start container m.web  after #3 #4
    ");
    insta::assert_snapshot!(acted(&host, &state(EXITED), Goal::Start, &["m.app"]), @"
    #1 start container m.app  <- not running: exited with 0
    #2 run in container m.app: always  after #1
    #3 stop container m.web  <- shares the network of container m.app, which started later  after #2  interrupts
    #4 start container m.web  after #2 #3
    ");
}

/// features: ACT-03, OPT-11
#[test]
fn restart_takes_the_selection_only_and_what_shares_its_network() {
    let host = host(
        "app: {image: i, exec_commands: [[init, root, initial], always], stop_timeout: 3}\n\
         web: {image: i, network_mode: app}\nuser: {image: i, links: app}\nnew: {image: i}",
    );
    let state = standing(&host, &[("m.new", ContainerStatus::Created)]);
    insta::assert_snapshot!(acted(&host, &state, Goal::Restart, &["m.app", "m.new"]), @"
    #1 stop container m.app  <- asked for  interrupts
    #2 start container m.app  after #1
    #3 stop container m.web  <- shares the network of container m.app, which started later  after #2  interrupts
    #4 start container m.web  after #2 #3
    container m.new is left alone: created
    ");
    let options = Options { restart_exec_commands: true, ..Options::of(Goal::Restart) };
    let text = with(&host, &state, Goal::Restart, &["m.app"], options);
    assert!(text.contains("run in container m.app: always") && !text.contains("init"), "{text}");
    let stopped = standing(&host, &[("m.user", EXITED)]);
    insta::assert_snapshot!(acted(&host, &stopped, Goal::Restart, &["m.user"]), @"#1 start container m.user  <- asked for");
    let absent = without(stopped, "m.user");
    insta::assert_snapshot!(acted(&host, &absent, Goal::Restart, &["m.user"]), @"container m.user is not there");
}

/// features: ACT-04, ACT-16, API-22
#[test]
fn stop_takes_dependents_first_and_independent_ones_at_once() {
    let host = host(CHAIN);
    let state = standing(&host, &[("m.app", EXITED)]);
    insta::assert_snapshot!(acted(&host, &state, Goal::Stop, &[]), @"
    #1 stop container m.cron  <- asked for  interrupts
    #2 stop container m.web  <- asked for  interrupts
    #3 stop container m.db  <- asked for  after #2  interrupts
    ");
    insta::assert_snapshot!(acted(&host, &standing(&host, &[]), Goal::Stop, &["m.app"]), @"
    #1 stop container m.web  <- asked for  interrupts
    #2 stop container m.app  <- asked for  after #1  interrupts
    ");
    let options = Options { stop_timeout_seconds: Some(3), ..Options::of(Goal::Stop) };
    let plan = request(&host, &state, Goal::Stop, &["m.cron"], options).expect("a plan");
    let expected = Action::StopContainer { container_name: "m.cron".to_owned(), timeout_seconds: Some(3) };
    assert_eq!(plan.steps[0].action, expected);
    assert!(plan.destroys());
    assert_eq!(acted(&host, &all(&host, EXITED), Goal::Stop, &[]), "");
    let absent = without(all(&host, EXITED), "m.web");
    assert_eq!(acted(&host, &absent, Goal::Stop, &["m.db"]), "", "it was not named");
    insta::assert_snapshot!(acted(&host, &absent, Goal::Stop, &["m.web"]), @"container m.web is not there");
}

/// features: ACT-05, ACT-23, OPT-01
#[test]
fn remove_takes_stopped_containers_only_and_keeps_volumes() {
    let host = host(CHAIN);
    let state = standing(&host, &[("m.app", EXITED), ("m.db", EXITED), ("m.cron", EXITED)]);
    insta::assert_snapshot!(acted(&host, &state, Goal::Remove, &[]), @"
    #1 remove container m.cron  <- asked for
    #2 remove container m.app  <- asked for
    #3 remove container m.db  <- asked for  after #2
    container m.web runs and is left alone; `stop` or `shutdown` ends it
    ");
    let options = Options { remove_persistent: false, ..Options::of(Goal::Remove) };
    insta::assert_snapshot!(with(&host, &state, Goal::Remove, &["m.cron"], options), @"container m.cron is persistent and is kept");
}

/// features: ACT-10, OPT-01
#[test]
fn shutdown_can_keep_persistent_containers_which_are_then_only_stopped() {
    let host = host(CHAIN);
    let options = || Options { remove_persistent: false, ..Options::of(Goal::Shutdown) };
    insta::assert_snapshot!(with(&host, &standing(&host, &[]), Goal::Shutdown, &["m.cron"], options()), @"
    #1 stop container m.cron  <- asked for  interrupts
    container m.cron is persistent and is kept
    ");
    let stopped = standing(&host, &[("m.cron", EXITED)]);
    let plan = request(&host, &stopped, Goal::Shutdown, &["m.cron"], options()).expect("a plan");
    assert!(plan.is_empty());
}

/// features: OPT-02
#[test]
fn attached_volumes_go_after_all_their_users_where_that_is_asked_for() {
    let host = host(CHAIN);
    let options = || Options { remove_attached: true, ..Options::of(Goal::Shutdown) };
    let state = all(&host, EXITED);
    insta::assert_snapshot!(with(&host, &state, Goal::Shutdown, &["m.app"], options()), @"
    #1 remove container m.web  <- asked for
    #2 remove container m.app  <- asked for  after #1
    #3 remove volume m.socket  <- asked for  after #1 #2
    ");
    // A volume that another configuration attaches is not the selection's.
    let text = with(&host, &state, Goal::Shutdown, &["m.web"], options());
    assert!(!text.contains("volume"), "{text}");

    let mut used = state.clone();
    let mut stranger = used.containers["m.web"].clone();
    stranger.name = "backup".to_owned();
    stranger.labels.clear();
    used.containers.insert("backup".to_owned(), stranger);
    let text = with(&host, &used, Goal::Shutdown, &["m.app"], options());
    assert!(text.ends_with("volume m.socket is kept: backup uses it"), "{text}");
    assert!(!text.contains("remove volume"), "{text}");

    for (label, value, owner) in
        [("dmfab.map", "theirs", "map `theirs`"), ("com.docker.compose.volume", "socket", "Docker Compose")]
    {
        let mut foreign = state.clone();
        let volume = foreign.volumes.get_mut("m.socket").expect("it");
        volume.labels = BTreeMap::from([(label.to_owned(), value.to_owned())]);
        let text = with(&host, &foreign, Goal::Shutdown, &["m.app"], options());
        assert!(text.ends_with(&format!("volume m.socket is kept: it belongs to {owner}")), "{text}");
    }

    // What is left of an earlier shutdown goes, too.
    let bare = HostState { volumes: state.volumes.clone(), ..HostState::default() };
    let plan = request(&host, &bare, Goal::Shutdown, &["m.app"], options()).expect("a plan");
    assert_eq!(text::lines(&plan), ["#1 remove volume m.socket  <- asked for"]);
    assert!(plan.destroys());
    // A running container is not removed, and its volume stays with it.
    let remove = Options { remove_attached: true, ..Options::of(Goal::Remove) };
    let text = with(&host, &standing(&host, &[]), Goal::Remove, &["m.app"], remove);
    assert!(!text.contains("volume"), "{text}");
}

#[test]
fn networks_go_after_their_containers_where_that_is_asked_for() {
    let host = host(
        "web: {image: i, networks: [front, back]}\napp: {image: i, networks: back}\nnetworks: {front: , back: }",
    );
    let options = || Options { remove_networks: true, ..Options::of(Goal::Shutdown) };
    let state = standing(&host, &[]);
    insta::assert_snapshot!(with(&host, &state, Goal::Shutdown, &["m.web"], options()), @"
    #1 stop container m.web  <- asked for  interrupts
    #2 remove container m.web  after #1
    #3 remove network m.front  <- asked for  after #2
    network m.back is kept: m.app uses it
    ");
    let mut joined = state;
    joined.network_members.entry("m.front".to_owned()).or_default().insert("stranger".to_owned());
    let text = with(&host, &joined, Goal::Shutdown, &[], options());
    assert!(text.ends_with("network m.front is kept: stranger uses it"), "{text}");
    assert!(text.contains("remove network m.back"), "{text}");
}

/// features: ACT-12
#[test]
fn a_signal_goes_to_selected_containers_that_run() {
    let host = host(CHAIN);
    let state = without(standing(&host, &[("m.app", EXITED)]), "m.db");
    insta::assert_snapshot!(acted(&host, &state, Goal::Signal, &[]), @"
    #1 send SIGKILL to container m.web  <- asked for  interrupts
    #2 send SIGKILL to container m.cron  <- asked for  interrupts
    container m.db is not there
    container m.app is left alone: exited with 0
    ");
    let options = Options { signal: Some("SIGHUP".to_owned()), ..Options::of(Goal::Signal) };
    let plan = request(&host, &state, Goal::Signal, &["m.cron"], options).expect("a plan");
    assert_eq!(text::lines(&plan), ["#1 send SIGHUP to container m.cron  <- asked for  interrupts"]);
    assert!(plan.destroys());
}

/// features: ACT-13, OPT-03
#[test]
fn pull_takes_each_image_along_the_path_once() {
    let host = host("web: {image: 'web:1', links: app}\napp: {image: 'app:1'}\ntwin: {image: 'app:1'}");
    let mut state = deployed(&host);
    state.image_ids.remove("web:1");
    insta::assert_snapshot!(acted(&host, &state, Goal::Pull, &["m.web"]), @"
    #1 pull image app:1  <- asked for
    #2 pull image web:1  <- not there (inventory.yaml:4)
    ");
    let missing = Options { pull: PullPolicy::Missing, ..Options::of(Goal::Pull) };
    let text = with(&host, &state, Goal::Pull, &[], missing);
    assert_eq!(text, "#1 pull image web:1  <- not there (inventory.yaml:4)");
}

/// features: ACT-09
#[test]
fn states_are_reached_once_and_only_imperatives_are_done_again() {
    let host = host(CHAIN);
    let running = standing(&host, &[]);
    for goal in Goal::ALL {
        let reached = match goal {
            Goal::Stop => all(&host, EXITED),
            Goal::Remove | Goal::Shutdown => with_images(&host),
            _ => running.clone(),
        };
        let plan = request(&host, &reached, goal, &[], Options::of(goal)).expect("a plan");
        assert_eq!(plan.is_empty(), !goal.is_imperative(), "{goal:?}: {:?}", text::lines(&plan));
    }
}

#[test]
fn orphans_are_told_in_every_plan_and_removed_dependents_first_where_that_is_asked_for() {
    let before = host("web: {image: i}\nold: {image: i, links: older}\nolder: {image: i}");
    let after = host("web: {image: i, user: 1}\nnew: {image: i}");
    let state = standing(&before, &[("m.old", EXITED)]);
    for goal in Goal::ALL {
        let plan = request(&after, &state, goal, &[], Options::of(goal)).expect("a plan");
        let told = plan.notices.iter().filter(|notice| matches!(notice, Notice::Orphaned { .. })).count();
        assert_eq!(told, 2, "{goal:?}");
    }
    let options = |goal| Options { remove_orphans: true, ..Options::of(goal) };
    let plan = request(&after, &state, Goal::Startup, &["m.web"], options(Goal::Startup)).expect("a plan");
    assert!(plan.destroys());
    insta::assert_snapshot!(with(&after, &state, Goal::Startup, &[], options(Goal::Startup)), @"
    #1 remove container m.old  <- in no map any more
    #2 stop container m.older  <- in no map any more  after #1  interrupts
    #3 remove container m.older  after #1 #2
    #4 create container m.new  <- not there (inventory.yaml:5)
    #5 start container m.new  after #1 #3 #4
    #6 verify container m.new  after #5
    ");
    insta::assert_snapshot!(with(&after, &state, Goal::Shutdown, &[], options(Goal::Shutdown)), @"
    #1 remove container m.old  <- in no map any more
    #2 stop container m.older  <- in no map any more  after #1  interrupts
    #3 remove container m.older  after #1 #2
    #4 stop container m.web  <- asked for  after #1 #3  interrupts
    #5 remove container m.web  after #1 #3 #4
    ");
}

#[test]
fn what_another_tool_looks_after_is_refused_by_every_action_that_names_it() {
    let host = host("web: {image: i}");
    let mut state = deployed(&host);
    let labels = &mut state.containers.get_mut("m.web").expect("it").labels;
    *labels = BTreeMap::from([("com.docker.compose.container-number".to_owned(), "1".to_owned())]);
    for goal in Goal::ALL.into_iter().filter(|goal| *goal != Goal::Pull) {
        let refused =
            request(&host, &state, goal, &[], Options::of(goal)).expect_err("a refusal").to_string();
        assert!(refused.starts_with("container m.web was made by Docker Compose"), "{goal:?}: {refused}");
    }
    // An image that Compose has built hands this one down.
    let labels = &mut state.containers.get_mut("m.web").expect("it").labels;
    *labels = BTreeMap::from([("com.docker.compose.project".to_owned(), "shop".to_owned())]);
    assert!(request(&host, &state, Goal::Stop, &[], Options::default()).is_ok());
}
