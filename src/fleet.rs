//! Many hosts at once: load, select, connect, plan, execute. The facade of the library.
//!
//! ```text
//! Fleet::load -> select -> connect -> FleetSession
//!                                       plan    -> a plan, or a problem, for each host
//!                                       execute -> RunSummary: each host exactly once
//! ```
//!
//! A host that fails never stops the others; its problem is an answer like any other.

pub mod check;
mod items;
mod load;
pub mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::event::{EventKind, Events, HostOutcome, HostSummary, Problem, RunSummary, Scripts};
use crate::execute;
use crate::execute::action::Host;
use crate::host::connected::ConnectedHost;
use crate::host::ssh::command::{CommandOutput, RemoteCommand};
use crate::host::ssh::{Deadlines, SshSession};
use crate::model::connection::Connection;
use crate::model::item::ContainerId;
use crate::model::observed::HostState;
use crate::model::ranges;
use crate::model::spec::{FleetSpec, HostSpec};
use crate::observe::roots::ShellVolumeRoots;
use crate::observe::{Questions, observe};
use crate::plan::options::PullPolicy;
use crate::plan::seen::{SeenItem, seen};
use crate::plan::states::{ItemState, states};
use crate::plan::{Goal, Options, Plan, Request, command_questions, plan_host, registry_questions};
use crate::resolve::selection::{HostNames, SelectedContainer, SelectionError, select_items};
use load::Origin;

pub use crate::source::findings::Findings;

/// How many hosts are worked on at the same time where nobody says.
pub const DEFAULT_HOSTS_AT_ONCE: usize = 32;

/// An inventory whose files fit together.
#[derive(Debug)]
pub struct Fleet {
    spec: FleetSpec,
    findings: Findings,
    origin: Origin,
}

/// Why an inventory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the inventory or its maps are wrong")]
pub struct LoadError {
    /// Every mistake, not only the first.
    pub findings: Findings,
}

/// Which hosts, and which containers on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Hosts in the inventory's order.
    pub host_names: Vec<String>,
    /// Containers, on whichever of these hosts they belong to.
    pub containers: BTreeSet<SelectedContainer>,
}

impl Selection {
    /// Whether a container is chosen, on whichever host.
    pub fn contains(&self, id: &ContainerId) -> bool {
        self.containers.contains(&SelectedContainer::of(id))
    }
}

/// How a fleet is worked on.
#[derive(Debug, Clone, Copy)]
pub struct FleetOptions {
    /// Hosts at the same time.
    pub hosts_at_once: usize,
    /// How long each part of a connection may take.
    pub deadlines: Deadlines,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { hosts_at_once: DEFAULT_HOSTS_AT_ONCE, deadlines: Deadlines::default() }
    }
}

impl Fleet {
    /// What is wanted of every host.
    pub fn spec(&self) -> &FleetSpec {
        &self.spec
    }

    /// Remarks about the files that are no mistakes.
    pub fn warnings(&self) -> &Findings {
        &self.findings
    }

    /// Chooses containers and the hosts they are on. Without `hosts`, all hosts of the chosen
    /// containers; without `items`, everything.
    ///
    /// # Errors
    /// A term that matches nothing, or a host that none of the containers is on.
    pub fn select(&self, hosts: Option<&str>, items: &[String]) -> Result<Selection, SelectionError> {
        let containers = select_items(&self.spec.maps, items)?;
        let runs_some = |host: &HostSpec| {
            host.containers.iter().any(|spec| containers.contains(&SelectedContainer::of(&spec.id)))
        };
        let all_hosts = || self.spec.hosts.values();
        let Some(typed) = hosts else {
            let host_names =
                all_hosts().filter(|host| runs_some(host)).map(|host| host.name.clone()).collect();
            return Ok(Selection { host_names, containers });
        };
        let host_names = self.select_hosts(Some(typed))?;
        let idle: Vec<&str> = host_names
            .iter()
            .filter_map(|name| self.spec.hosts.get(name))
            .filter(|host| !runs_some(host))
            .map(|host| host.name.as_str())
            .collect();
        if !idle.is_empty() {
            return Err(SelectionError {
                message: format!("nothing that is selected runs on {}", ranges::fold(idle)),
                help: Some("take it out of `--hosts`, or add it to the `clients` of a map".to_owned()),
            });
        }
        Ok(Selection { host_names, containers })
    }

    /// Chooses hosts, whatever runs on them; all of them without `hosts`.
    ///
    /// # Errors
    /// A term that matches nothing.
    pub fn select_hosts(&self, hosts: Option<&str>) -> Result<Vec<String>, SelectionError> {
        match hosts {
            Some(typed) => HostNames::of(&self.spec).select(typed),
            None => Ok(self.spec.hosts.keys().cloned().collect()),
        }
    }

    /// Runs one command on hosts, whether or not their Engines work; the answers are in the
    /// order of `host_names`.
    pub async fn run(
        &self,
        host_names: &[String],
        command: &RemoteCommand,
        options: FleetOptions,
        events: &Events,
    ) -> Vec<(String, Result<CommandOutput, RunError>)> {
        let hosts = host_names.iter().filter_map(|name| self.spec.hosts.get(name));
        stream::iter(hosts)
            .map(|host| async {
                events.send(&host.name, EventKind::ConnectStarted);
                (host.name.clone(), run_on(host, command, options.deadlines).await)
            })
            .buffered(options.hosts_at_once.max(1))
            .collect()
            .await
    }

    /// Plans as if every chosen host were empty; none is contacted. Registries are not asked.
    pub fn plan_offline(&self, goal: Goal, options: &Options, selection: &Selection) -> Vec<HostPlan> {
        let mut options = options.clone();
        if options.pull == PullPolicy::Always {
            options.pull = PullPolicy::Missing;
        }
        let hosts = selection.host_names.iter().filter_map(|name| self.spec.hosts.get(name));
        hosts
            .map(|host| {
                let request = request(host, goal, &options, selection);
                HostPlan::of(host, planned(host, &HostState::default(), &request), Instant::now())
            })
            .collect()
    }

    /// Connects to hosts, many at the same time, and tells how it went through `events`.
    pub async fn connect<'f>(
        &'f self,
        host_names: &[String],
        options: FleetOptions,
        events: &Events,
    ) -> FleetSession<'f> {
        let hosts = host_names.iter().filter_map(|name| self.spec.hosts.get(name));
        let members = stream::iter(hosts)
            .map(|host| Member::connect(host, options.deadlines, events))
            .buffered(options.hosts_at_once.max(1))
            .collect()
            .await;
        FleetSession { members, options }
    }
}

/// Why a command on a host has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// The host was not reached; the command was not run.
    Unreachable(Problem),
    /// The host was reached; the command may have been run, and may still run.
    NoResult(Problem),
}

impl RunError {
    /// What to tell the operator.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Unreachable(problem) | Self::NoResult(problem) => problem,
        }
    }
}

async fn run_on(
    host: &HostSpec,
    command: &RemoteCommand,
    deadlines: Deadlines,
) -> Result<CommandOutput, RunError> {
    let Connection::Ssh(ssh) = &host.connection else {
        return Err(RunError::Unreachable(Problem {
            chain: vec![format!("host `{}` is not reached by SSH", host.name)],
            help: Some("run the command on this machine, or set `fabric_host`".to_owned()),
            output: None,
        }));
    };
    let session = SshSession::connect(&host.name, &ssh.target, deadlines)
        .await
        .map_err(|error| RunError::Unreachable(Problem::of(&error).with_help(error.help())))?;
    let output = session.run(command).await;
    session.close().await;
    output.map_err(|error| {
        let still_runs =
            "look on the host whether the command still runs, or give it more time with `--timeout`";
        let help = error.help().or_else(|| error.may_have_run().then(|| still_runs.to_owned()));
        RunError::NoResult(Problem::of(&error).with_help(help))
    })
}

/// Nothing is compared with, or sent as, a value that was not asked for.
fn secrets_problem(host: &HostSpec) -> Option<Problem> {
    host.withholds_secrets.then(|| Problem {
        chain: vec![format!("secrets of host `{}` have not been asked for", host.name)],
        help: Some("get them with `Fleet::with_secrets_of` before planning".to_owned()),
        output: None,
    })
}

/// Open connections to hosts, and the reasons why others have none.
pub struct FleetSession<'f> {
    members: Vec<Member<'f>>,
    options: FleetOptions,
}

struct Member<'f> {
    host: &'f HostSpec,
    started: Instant,
    connection: Result<ConnectedHost, Problem>,
}

/// A plan, or why there is none, for one host.
#[derive(Debug, Clone)]
pub struct HostPlan {
    /// The host.
    pub host_name: String,
    /// What is to be done, or how the host stands without that.
    pub plan: Result<Plan, HostOutcome>,
    /// What the plan rests on.
    pub seen: Vec<SeenItem>,
    /// How its items were found.
    pub states: Vec<ItemState>,
    /// Wall time from connecting to here.
    pub took: Duration,
}

impl HostPlan {
    fn of(host: &HostSpec, planned: Result<Planned, HostOutcome>, started: Instant) -> Self {
        let (plan, seen, states) = match planned {
            Ok(Planned { plan, seen, states }) => (Ok(plan), seen, states),
            Err(outcome) => (Err(outcome), Vec::new(), Vec::new()),
        };
        Self { host_name: host.name.clone(), plan, seen, states, took: started.elapsed() }
    }
}

/// What comes of a look at a host.
struct Planned {
    plan: Plan,
    seen: Vec<SeenItem>,
    states: Vec<ItemState>,
}

fn request(host: &HostSpec, goal: Goal, options: &Options, selection: &Selection) -> Request {
    let selected = host.containers.iter().filter(|spec| selection.contains(&spec.id));
    let container_names = selected.map(|spec| spec.name.clone()).collect();
    Request { goal, container_names, options: options.clone() }
}

fn planned(host: &HostSpec, state: &HostState, request: &Request) -> Result<Planned, HostOutcome> {
    let plan = plan_host(host, state, request)
        .map_err(|error| HostOutcome::Refused { problem: Problem::of(&error).with_help(error.help()) })?;
    let seen = seen(host, state, &plan);
    let states = states(host, state, &plan, &request.options);
    Ok(Planned { plan, seen, states })
}

impl<'f> Member<'f> {
    async fn connect(host: &'f HostSpec, deadlines: Deadlines, events: &Events) -> Self {
        let started = Instant::now();
        events.send(&host.name, EventKind::ConnectStarted);
        let connection = ConnectedHost::connect(host, deadlines)
            .await
            .map_err(|error| Problem::of(&error).with_help(error.help()));
        let told = match &connection {
            Ok(connected) => {
                EventKind::Connected { engine: connected.version.clone(), took: started.elapsed() }
            }
            Err(problem) => EventKind::Unreachable { problem: problem.clone() },
        };
        events.send(&host.name, told);
        Self { host, started, connection }
    }

    async fn plan(&self, goal: Goal, options: &Options, selection: &Selection, events: &Events) -> HostPlan {
        let planned = Box::pin(self.try_plan(goal, options, selection)).await;
        let host_plan = HostPlan::of(self.host, planned, self.started);
        match &host_plan.plan {
            Ok(plan) => events.planned(plan),
            // A host that was not even reached has been told of.
            Err(outcome) if self.connection.is_ok() => {
                events.send(&self.host.name, EventKind::Finished { outcome: outcome.clone() });
            }
            Err(_) => {}
        }
        host_plan
    }

    async fn try_plan(
        &self,
        goal: Goal,
        options: &Options,
        selection: &Selection,
    ) -> Result<Planned, HostOutcome> {
        let connected = self.connected()?;
        if let Some(problem) = secrets_problem(self.host) {
            return Err(HostOutcome::Refused { problem });
        }
        let roots = ShellVolumeRoots(&connected.shell);
        let request = request(self.host, goal, options, selection);
        let questions = Questions {
            images: registry_questions(self.host, &request),
            processes_of: command_questions(self.host, &request),
        };
        let observed = Box::pin(observe(&connected.engine, self.host, &roots, &questions)).await;
        let state = observed.map_err(|error| HostOutcome::Unreachable {
            problem: Problem::of(&error).with_help(error.help()),
        })?;
        let state = script::with_path(state, self.host, &connected.shell, options).await?;
        planned(self.host, &state, &request)
    }

    fn connected(&self) -> Result<&ConnectedHost, HostOutcome> {
        self.connection.as_ref().map_err(|problem| HostOutcome::Unreachable { problem: problem.clone() })
    }

    async fn execute(
        &self,
        plan: &HostPlan,
        events: &Events,
        interruption: &CancellationToken,
        scripts: &Scripts,
    ) -> HostSummary {
        let outcome = match (&plan.plan, self.connected().as_ref()) {
            (Err(outcome), _) | (Ok(_), Err(outcome)) => {
                events.send(&self.host.name, EventKind::Finished { outcome: outcome.clone() });
                outcome.clone()
            }
            (Ok(plan), Ok(connected)) => {
                let host = Host {
                    engine: &connected.engine,
                    shell: &connected.shell,
                    registry_logins: &self.host.registry_logins,
                    wait_timeout: self.host.engine.wait_timeout,
                    secrets: &self.host.secrets,
                };
                execute::execute_scripts(plan, &host, events, interruption, scripts).await
            }
        };
        HostSummary { host_name: self.host.name.clone(), outcome, took: self.started.elapsed() }
    }
}

impl FleetSession<'_> {
    /// Looks at every host and plans; changes nothing.
    pub async fn plan(
        &self,
        goal: Goal,
        options: &Options,
        selection: &Selection,
        events: &Events,
    ) -> Vec<HostPlan> {
        stream::iter(&self.members)
            .map(|member| member.plan(goal, options, selection, events))
            .buffered(self.options.hosts_at_once.max(1))
            .collect()
            .await
    }

    /// Carries out the plans made by [`Self::plan`], all hosts at the same time. Hosts without a
    /// plan are in the summary with the reason.
    ///
    /// Cancelling `interruption` lets running steps end, begins no others, and takes back
    /// replacements that are not complete.
    pub async fn execute(
        &self,
        goal: Goal,
        plans: &[HostPlan],
        events: &Events,
        interruption: &CancellationToken,
    ) -> RunSummary {
        self.execute_scripts(goal, plans, events, interruption, &Scripts::unseen()).await
    }

    /// The same, and `scripts` gets what scripts write and how they end. Cancelling `interruption` ends
    /// scripts and takes their containers away.
    pub async fn execute_scripts(
        &self,
        goal: Goal,
        plans: &[HostPlan],
        events: &Events,
        interruption: &CancellationToken,
        scripts: &Scripts,
    ) -> RunSummary {
        let started = self.members.iter().map(|member| member.started).min();
        let by_name: BTreeMap<&str, &HostPlan> =
            plans.iter().map(|plan| (plan.host_name.as_str(), plan)).collect();
        let planned = self
            .members
            .iter()
            .filter_map(|member| by_name.get(member.host.name.as_str()).map(|plan| (member, *plan)));
        let hosts = stream::iter(planned)
            .map(|(member, plan)| member.execute(plan, events, interruption, scripts))
            .buffered(self.options.hosts_at_once.max(1))
            .collect()
            .await;
        RunSummary { goal, hosts, took: started.map_or(Duration::ZERO, |started| started.elapsed()) }
    }

    /// Asks every host something, all at the same time; the answers are in the inventory's order.
    pub async fn ask<'s, T, F, Answer>(&'s self, question: F) -> Vec<(&'s str, Result<T, Problem>)>
    where
        F: Fn(&'s HostSpec, &'s ConnectedHost) -> Answer,
        Answer: Future<Output = Result<T, Problem>>,
    {
        stream::iter(&self.members)
            .map(|member| {
                let answer = member.connection.as_ref().map(|connected| question(member.host, connected));
                async move {
                    let result = match answer {
                        Ok(answer) => answer.await,
                        Err(problem) => Err(problem.clone()),
                    };
                    (member.host.name.as_str(), result)
                }
            })
            .buffered(self.options.hosts_at_once.max(1))
            .collect()
            .await
    }

    /// Remarks about connections, by host.
    pub fn notices(&self) -> Vec<(&str, &str)> {
        let connected = self.members.iter().filter_map(|member| {
            member.connection.as_ref().ok().map(|connected| (member.host.name.as_str(), connected.notices()))
        });
        connected
            .flat_map(|(name, notices)| notices.iter().map(move |notice| (name, notice.as_str())))
            .collect()
    }

    /// Ends all connections, within a bounded time.
    pub async fn close(self) {
        stream::iter(self.members)
            .for_each_concurrent(None, |member| async {
                if let Ok(connected) = member.connection {
                    connected.close().await;
                }
            })
            .await;
    }
}
