//! Commands of running containers: which processes have to be listed, and which commands are not
//! among them.
//!
//! A host knows users by number alone, since names belong to images. A command's user is therefore
//! compared where it is a number, or `root`; otherwise the command line decides.

use std::collections::BTreeSet;

use crate::model::container::ExecCommand;
use crate::model::observed::{HostState, ObservedContainer, ObservedProcess};
use crate::model::spec::{ContainerSpec, HostSpec};

use super::options::CommandCheck;
use super::order::Containers;
use super::{Notice, Request};

/// Containers whose processes must be listed before a plan can be made.
pub fn command_questions(host: &HostSpec, request: &Request) -> BTreeSet<String> {
    if !(request.goal.compares_settings() && request.options.check_exec_commands != CommandCheck::None) {
        return BTreeSet::new();
    }
    let selected = Containers::new(&host.containers).with_dependencies(&request.container_names);
    let has_commands =
        |spec: &&ContainerSpec| spec.exec_commands.iter().any(|command| !command.only_initially);
    let asked = host.containers.iter().filter(|spec| selected.contains(spec.name.as_str()));
    asked.filter(has_commands).map(|spec| spec.name.clone()).collect()
}

/// Commands of a running container that no process of it looks like; `initial` ones are not looked
/// for. Where the processes are not known, nothing is missing, and the operator is told.
pub(super) fn missing<'a>(
    spec: &'a ContainerSpec,
    found: &ObservedContainer,
    state: &HostState,
    check: CommandCheck,
) -> Result<Vec<&'a ExecCommand>, Box<Notice>> {
    let commands = || spec.exec_commands.iter().filter(|command| !command.only_initially);
    let processes = match state.processes.get(&spec.name) {
        _ if check == CommandCheck::None => return Ok(Vec::new()),
        None => return Ok(Vec::new()),
        Some(Err(reason)) => {
            return Err(Box::new(Notice::CommandsUnchecked { item: spec.item(), reason: reason.clone() }));
        }
        Some(Ok(processes)) => processes,
    };
    let usual_user = found.settings.as_ref().and_then(|settings| settings.user.as_deref());
    let runs = |command: &&ExecCommand| {
        let user = command.user.as_deref().or(usual_user);
        let text = command.arguments.join(" ");
        processes.iter().any(|process| is_of(process, user) && looks_like(&process.command, &text, check))
    };
    Ok(commands().filter(|command| !runs(command)).collect())
}

/// Whether a process may be that user's; without a user, it is the image's default of `root`.
fn is_of(process: &ObservedProcess, user: Option<&str>) -> bool {
    let name = user.and_then(|user| user.split(':').next()).unwrap_or_default();
    let wanted = match name {
        "" | "root" => Some(0),
        name => name.parse().ok(),
    };
    wanted.zip(process.uid).is_none_or(|(wanted, uid)| wanted == uid)
}

/// The Engine tells a command line with single blanks, however it was typed.
fn looks_like(found: &str, wanted: &str, check: CommandCheck) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match check {
        CommandCheck::Full => plain(found) == plain(wanted),
        CommandCheck::Partial => plain(found).contains(&plain(wanted)),
        CommandCheck::None => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::deployed;
    use crate::plan::{Goal, Options, plan_host, text};
    use crate::testing::host;

    use super::*;

    const MAP: &str = "\
app: {image: i, user: 2000, exec_commands: [[[/bin/task, one]], ['/bin/task two  x', root], [[/bin/task, three], web], [[/bin/task, four], root, initial]]}
plain: {image: i}
once: {image: i, exec_commands: [[setup, root, initial]]}";

    fn request(check_exec_commands: CommandCheck) -> Request {
        let container_names = ["m.app", "m.plain", "m.once"].map(str::to_owned).into();
        Request {
            goal: Goal::Deploy,
            container_names,
            options: Options { check_exec_commands, ..Options::default() },
        }
    }

    /// The plan, if these processes run in `m.app`.
    fn planned(processes: &[(u32, &str)], check: CommandCheck) -> String {
        let host = host(MAP);
        let mut state = deployed(&host);
        let process =
            |&(uid, command): &(u32, &str)| ObservedProcess { uid: Some(uid), command: command.to_owned() };
        state.processes.insert("m.app".to_owned(), Ok(processes.iter().map(process).collect()));
        text::lines(&plan_host(&host, &state, &request(check)).expect("a plan")).join("\n")
    }

    #[test]
    fn processes_are_listed_where_commands_are_looked_for() {
        let host = host(MAP);
        for check in [CommandCheck::Full, CommandCheck::Partial] {
            assert_eq!(command_questions(&host, &request(check)), BTreeSet::from(["m.app".to_owned()]));
        }
        assert_eq!(command_questions(&host, &request(CommandCheck::None)), BTreeSet::new());
        let startup = Request { goal: Goal::Startup, ..request(CommandCheck::Full) };
        assert_eq!(command_questions(&host, &startup), BTreeSet::new());
    }

    /// features: UPD-22
    #[test]
    fn commands_that_are_missing_are_run_and_initial_ones_are_not() {
        let all = [(2000, "/bin/task one"), (0, "/bin/task two x"), (1234, "/bin/task three")];
        assert_eq!(planned(&all, CommandCheck::Full), "");
        insta::assert_snapshot!(planned(&all[..1], CommandCheck::Full), @"
        #1 run in container m.app: /bin/task two x  <- not among the container's processes
        #2 run in container m.app: /bin/task three  <- not among the container's processes  after #1
        ");
        insta::assert_snapshot!(planned(&[], CommandCheck::Full), @"
        #1 run in container m.app: /bin/task one  <- not among the container's processes
        #2 run in container m.app: /bin/task two x  <- not among the container's processes  after #1
        #3 run in container m.app: /bin/task three  <- not among the container's processes  after #2
        ");
        // Another user's process is another one.
        let others = [(0, "/bin/task one"), (2000, "/bin/task two x"), all[2]];
        insta::assert_snapshot!(planned(&others, CommandCheck::Full), @"
        #1 run in container m.app: /bin/task one  <- not among the container's processes
        #2 run in container m.app: /bin/task two x  <- not among the container's processes  after #1
        ");
    }

    /// features: OPT-10
    #[test]
    fn a_command_is_looked_for_in_full_in_part_or_not_at_all() {
        let longer = [(2000, "sh /bin/task one"), (0, "/bin/task two x y"), (0, "x /bin/task three y")];
        assert_eq!(planned(&longer, CommandCheck::Partial), "");
        assert_eq!(planned(&longer, CommandCheck::Full).lines().count(), 3);
        assert_eq!(planned(&[], CommandCheck::None), "");
    }

    #[test]
    fn where_processes_cannot_be_listed_nothing_is_run_and_that_is_told() {
        let host = host(MAP);
        let mut state = deployed(&host);
        state.processes.insert("m.app".to_owned(), Err("ps: bad -o argument".to_owned()));
        let plan = plan_host(&host, &state, &request(CommandCheck::Full)).expect("a plan");
        assert!(plan.is_empty());
        assert_eq!(
            plan.notices[0].to_string(),
            "container m.app runs commands that cannot be looked for: ps: bad -o argument"
        );
    }
}
