//! Which containers an action comes to, and in which order: Docker-Map's dependency paths.

use std::collections::BTreeSet;

use crate::model::item::ItemId;

use super::*;

/// Items in the order in which a plan first comes to them, as far as the order is told by what waits
/// for what; `m.` is left out.
fn order(plan: &Plan) -> Vec<String> {
    let mut seen: BTreeSet<&ItemId> = BTreeSet::new();
    let firsts = plan.steps.iter().filter(|step| seen.insert(&step.item));
    firsts.map(|step| step.item.to_string().replace(" m.", " ")).collect()
}

fn path(host: &HostSpec, state: &HostState, goal: Goal, items: &[&str]) -> Vec<String> {
    let plan = try_plan(host, state, goal, items).expect("a plan");
    let mut names = order(&plan);
    names.retain(|name| name.starts_with("container "));
    names.into_iter().map(|name| name.replace("container ", "")).collect()
}

/// Whether the steps that end one item wait for those that end another.
fn position(order: &[String], name: &str) -> usize {
    order.iter().position(|found| found == name).unwrap_or_else(|| panic!("no {name} in {order:?}"))
}

/// features: ACT-15
#[test]
fn everything_that_is_needed_comes_first() {
    let host = host(
        "a: {image: a, uses: [u1, v1], links: l1, attaches: av}\n\
         n: {image: n, networks: [n1, {n2: {links: nl}}]}\n\
         s: {image: s, network_mode: nm}\n\
         nm: {image: nm}\nnl: {image: nl, networks: n2}\nu1: {image: u1, shares: /u1}\no: {image: o, attaches: v1}\nl1: {image: l1}\n\
         volumes: {v1: /v1, av: /av}\nnetworks: {n1: , n2: }",
    );
    let start = |items: &[&str]| path(&host, &HostState::default(), Goal::Startup, items);
    // Those of `a` have nothing to do with one another: they start at the same time.
    assert_eq!(start(&["m.a"]), ["o", "u1", "l1", "a"]);
    assert_eq!(start(&["m.n"]), ["nl", "n"]);
    assert_eq!(start(&["m.s"]), ["nm", "s"]);
    let plan = try_plan(&host, &HostState::default(), Goal::Startup, &["m.n"]).expect("a plan");
    let items = order(&plan);
    for network in ["network n1", "network n2"] {
        assert!(position(&items, network) < position(&items, "container nl"), "{items:?}");
    }
    let plan = try_plan(&host, &HostState::default(), Goal::Startup, &["m.a"]).expect("a plan");
    let items = order(&plan);
    for needed in ["volume v1", "volume av", "image a:latest"] {
        assert!(position(&items, needed) < position(&items, "container a"), "{items:?}");
    }
    assert!(!items.iter().any(|item| item.starts_with("network")), "{items:?}");
}

/// features: ACT-16
#[test]
fn dependents_of_dependents_go_first() {
    let host = host(
        "sub: {image: i}\nsvc: {image: i, links: sub}\nweb: {image: i, uses: sock}\n\
         app: {image: i, attaches: sock, links: svc}\nloner: {image: i}\nvolumes: {sock: /s}",
    );
    let stop = |items: &[&str]| path(&host, &deployed(&host), Goal::Stop, items);
    assert_eq!(stop(&["m.sub"]), ["web", "app", "svc", "sub"]);
    assert_eq!(stop(&["m.app"]), ["web", "app"]);
    let plan = try_plan(&host, &deployed(&host), Goal::Shutdown, &["m.app"]).expect("a plan");
    let shown = text::lines(&plan).join("\n");
    let expected = "#1 stop container m.web  <- asked for  interrupts\n\
                    #2 remove container m.web  after #1\n\
                    #3 stop container m.app  <- asked for  after #2  interrupts\n\
                    #4 remove container m.app  after #2 #3";
    assert_eq!(shown, expected);
}

/// features: ACT-17
#[test]
fn what_several_selected_ones_need_is_done_once() {
    let host = host(
        "server: {image: i, links: [redis, svc]}\nworker: {image: i, links: redis, attaches: log}\n\
         redis: {image: i}\nsvc: {image: i, links: sub}\nsub: {image: i}\nvolumes: {log: /log}",
    );
    let start = |items: &[&str]| path(&host, &HostState::default(), Goal::Startup, items);
    let alone = start(&["m.server"]);
    assert_eq!(alone, ["redis", "sub", "svc", "server"]);
    // What is named beside what needs it changes nothing, in whichever order.
    assert_eq!(start(&["m.redis", "m.server"]), alone);
    assert_eq!(start(&["m.sub", "m.svc", "m.server", "m.redis"]), alone);
    let both = start(&["m.server", "m.worker"]);
    assert_eq!(both, ["redis", "sub", "svc", "server", "worker"]);
}

/// features: ACT-19
#[test]
fn all_instances_of_an_owner_are_needed_and_of_others_the_one_that_is_named() {
    let host = host(
        "one: {image: i, links: app.b}\nuser: {image: i, uses: data}\n\
         app: {image: i, instances: [a, b, c], attaches: data}\nvolumes: {data: /d}",
    );
    let start = |items: &[&str]| path(&host, &HostState::default(), Goal::Startup, items);
    assert_eq!(start(&["m.one"]), ["app.b", "one"]);
    assert_eq!(start(&["m.user"]), ["app.b", "app.a", "app.c", "user"]);
    assert_eq!(start(&["m.app.c"]), ["app.c"]);
    let stop = |items: &[&str]| path(&host, &deployed(&host), Goal::Stop, items);
    assert_eq!(stop(&["m.app.b"]).last().map(String::as_str), Some("app.b"));
    let stopped: BTreeSet<String> = stop(&["m.app.a"]).into_iter().collect();
    assert_eq!(stopped, ["user", "app.a"].map(str::to_owned).into());
}

/// What an earlier step of a plan makes is there for the later ones: Docker-Map looks at each item
/// only when its turn comes.
///
/// features: ACT-18, ACT-08
#[test]
fn what_follows_from_own_steps_is_in_the_plan() {
    let host = host(
        "app: {image: i, attaches: data}\nweb: {image: i, uses: data}\nloner: {image: i}\nvolumes: {data: /d}",
    );
    let mut state = deployed(&host);
    state.volumes.clear();
    insta::assert_snapshot!(planned(&host, &state, Goal::Startup, &[]), @"
    #1 create volume m.data  <- not there (inventory.yaml:4)
    #2 create container m.app.dmfab-new  <- depends on volume m.data, which is made anew  after #1
    #3 create container m.web.dmfab-new  <- depends on volume m.data, which is made anew  after #1
    #4 stop container m.app  after #1 #2  interrupts
    #5 start container m.app.dmfab-new  after #1 #4
    #6 verify container m.app.dmfab-new  after #5
    #7 rename container m.app to m.app.dmfab-old  after #6
    #8 rename container m.app.dmfab-new to m.app  after #7
    #9 stop container m.web  after #1 #3 #8  interrupts
    #10 start container m.web.dmfab-new  after #1 #8 #9
    #11 verify container m.web.dmfab-new  after #10
    #12 rename container m.web to m.web.dmfab-old  after #11
    #13 rename container m.web.dmfab-new to m.web  after #12
    #14 remove container m.app.dmfab-old  after #8
    #15 remove container m.web.dmfab-old  after #13
    ");
}

/// A job that has run runs again where its volume is new, but only by `startup`.
///
/// features: ACT-06, ACT-07, ACT-08, ACT-21
#[test]
fn startup_recovers_what_cannot_go_on() {
    let host = host(
        "job: {image: i, attaches: data, persistent: true}\nlost: {image: i}\nother: {image: i}\nvolumes: {data: /d}",
    );
    let mut state = deployed(&host);
    for (name, exit_code) in [("m.job", 0), ("m.lost", 126), ("m.other", 1)] {
        state.containers.get_mut(name).expect("it").status = ContainerStatus::Exited { exit_code };
    }
    let options = Options { nonrecoverable_exit_codes: [126].into(), ..Options::default() };
    let made_anew = |state: &HostState, goal: Goal| {
        let names = host.containers.iter().map(|spec| spec.name.clone()).collect();
        let request = Request { goal, container_names: names, options: options.clone() };
        let plan = plan_host(&host, state, &request).expect("a plan");
        let is_creation = |action: &Action| matches!(action, Action::CreateContainer { .. });
        let creations = plan.steps.iter().filter(|step| is_creation(&step.action));
        creations.map(|step| step.item.name.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(made_anew(&state, Goal::Startup), "m.lost");
    assert_eq!(made_anew(&state, Goal::Start), "");
    state.volumes.clear();
    assert_eq!(made_anew(&state, Goal::Startup), "m.job m.lost");
    assert_eq!(made_anew(&state, Goal::Deploy), "m.lost");
}

/// features: ACT-20
#[test]
fn each_state_of_a_container_has_its_own_answer() {
    let host = host("web: {image: i}\njob: {image: i, persistent: true}");
    let exited = ContainerStatus::Exited { exit_code: 1 };
    let with = |status: ContainerStatus, goal: Goal| {
        let mut state = deployed(&host);
        for found in state.containers.values_mut() {
            found.status = status;
        }
        order(&try_plan(&host, &state, goal, &[]).expect("a plan")).join(", ")
    };
    let (both, web) = ("container web, container job", "container web");
    let active = [RUNNING, ContainerStatus::Paused, ContainerStatus::Restarting];
    for (statuses, start, startup, stop, remove) in [
        (&[ContainerStatus::Created][..], both, both, "", "container job, container web"),
        (&[exited][..], web, web, "", "container job, container web"),
        (&[ContainerStatus::Dead][..], "", both, "", "container job, container web"),
        (&active[..], "", "", "container job, container web", ""),
    ] {
        for status in statuses {
            assert_eq!(with(*status, Goal::Start), start, "start: {status}");
            assert_eq!(with(*status, Goal::Startup), startup, "startup: {status}");
            assert_eq!(with(*status, Goal::Stop), stop, "stop: {status}");
            assert_eq!(with(*status, Goal::Remove), remove, "remove: {status}");
        }
    }
}
