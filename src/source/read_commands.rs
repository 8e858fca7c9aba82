//! The forms of `exec_commands`.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawCommand, RawExecCommand, RawExecPolicy, RawUser};
use super::reader::{Entry, Reader, describe, span_over};
use super::slips::is_one_item;
use super::span::{Span, Spanned};

const PROPERTY: &str = "exec_commands";
const KEYS: [&str; 3] = ["cmd", "user", "policy"];
const WORDS_HELP: &str = "put the words of a command into a list of their own: `[[/bin/sh, -c, x], root]`";

/// Reads `exec_commands`.
pub(super) fn read_exec_commands(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawExecCommand>> {
    match &node.value {
        NodeValue::Mapping(entries) if is_one_item(entries, "cmd", &KEYS, PROPERTY, reader) => Vec::new(),
        NodeValue::Mapping(entries) => {
            let commands = entries.iter().map(|(line, user)| pair(line, user, reader));
            commands.collect::<Vec<_>>().into_iter().flatten().collect()
        }
        _ => reader.items(node, PROPERTY).iter().filter_map(|item| read_exec_command(item, reader)).collect(),
    }
}

fn read_exec_command(item: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawExecCommand>> {
    match &item.value {
        NodeValue::Scalar { .. } => exec_command(item, None, None, item.span, reader),
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [command] => exec_command(command, None, None, item.span, reader),
            [command, user] => exec_command(command, Some(user), None, item.span, reader),
            [command, user, policy] => exec_command(command, Some(user), Some(policy), item.span, reader),
            _ => {
                let expected = "items with a command, a user and a policy";
                reader.wrong_with(item, PROPERTY, expected, Some(WORDS_HELP))
            }
        },
        NodeValue::Mapping(entries) => read_mapping(item, entries, reader),
    }
}

fn read_mapping(item: &Node, entries: &[Entry], reader: &mut Reader<'_>) -> Option<Spanned<RawExecCommand>> {
    match (entries, item.get("cmd")) {
        (_, Some(command)) => {
            reader.refuse_unknown_keys(PROPERTY, entries, &KEYS);
            exec_command(command, item.get("user"), item.get("policy"), item.span, reader)
        }
        ([(line, user)], None) => pair(line, user, reader),
        _ => reader.wrong(item, PROPERTY, "items with `cmd`, `user` and `policy`"),
    }
}

fn pair(line: &Node, user: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawExecCommand>> {
    exec_command(line, Some(user), None, span_over(line.span, user.span), reader)
}

fn exec_command(
    command: &Node,
    user: Option<&Node>,
    policy: Option<&Node>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<Spanned<RawExecCommand>> {
    let command = read_command(command, reader)?;
    let user = match user.filter(|user| !user.is_null()) {
        Some(user) => Some(exec_user(user, reader)?),
        None => None,
    };
    let policy = match policy.filter(|policy| !policy.is_null()) {
        Some(policy) => exec_policy(policy, reader)?,
        None => RawExecPolicy::default(),
    };
    Some(Spanned::new(RawExecCommand { command, user, policy }, span))
}

fn read_command(node: &Node, reader: &mut Reader<'_>) -> Option<RawCommand> {
    match &node.value {
        NodeValue::Sequence(words) if !words.is_empty() => Some(RawCommand::Words(reader.texts(node, "cmd"))),
        NodeValue::Scalar { text, .. } if !text.is_empty() && !node.is_null() => {
            reader.text(node, "cmd").map(RawCommand::Line)
        }
        _ => reader.wrong(node, "cmd", "a command line or a list of words"),
    }
}

/// A user; what looks like a word of a command is most likely one, put one level too high.
fn exec_user(node: &Node, reader: &mut Reader<'_>) -> Option<RawUser> {
    let is_word =
        node.tag.is_none() && node.as_text().is_some_and(|text| text.starts_with('-') || text.contains('/'));
    if is_word {
        return reader.wrong_with(node, "user", "a user", Some(WORDS_HELP));
    }
    reader.user(node, "user").map(|user| user.value)
}

fn exec_policy(node: &Node, reader: &mut Reader<'_>) -> Option<RawExecPolicy> {
    match node.as_text() {
        Some("restart") => Some(RawExecPolicy::Restart),
        Some("initial") => Some(RawExecPolicy::Initial),
        _ => {
            let found = describe(node);
            let message =
                format!("`policy` of {} needs `restart` or `initial`, found {found}", reader.subject());
            reader.report(Diagnostic::error(message).at(node.span, "not a policy").help(WORDS_HELP));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawCommand, RawExecPolicy, RawUser};
    use super::super::testing::{assert_forms, joined, text};

    #[test]
    fn commands_come_in_many_forms() {
        let forms = [
            ("", ""),
            ("run me", "run me"),
            ("[a, b]", "a; b"),
            ("[[a]]", "a"),
            ("[[a, root]]", "a by root"),
            ("[[a, 0]]", "a by 0"),
            ("[[a, null, initial]]", "a initial"),
            ("[[a, root, initial]]", "a by root initial"),
            ("[[a, root, restart]]", "a by root"),
            ("[{cmd: a}]", "a"),
            ("[{cmd: a, user: root, policy: initial}]", "a by root initial"),
            ("[{cmd: [/bin/sh, -c, x], user: [u, g]}]", "</bin/sh -c x> by u+g"),
            ("[[[/bin/sh, -c, x]]]", "</bin/sh -c x>"),
            ("[[[/bin/sh, -c, x], root]]", "</bin/sh -c x> by root"),
            ("[{run a: root}]", "run a by root"),
            ("{a: root, b: }", "a by root; b"),
            ("[!env COMMAND]", "!env COMMAND"),
            ("[[a, root, always]]", "error: `policy` needs `restart` or `initial`, found `always`"),
            ("[[/bin/bash, -c, x]]", "error: `user` needs a user, found `-c`"),
            ("[[/bin/bash, /run.sh]]", "error: `user` needs a user, found `/run.sh`"),
            (
                "[[a, b, c, d]]",
                "error: `exec_commands` needs items with a command, a user and a policy, found a list of 4 items",
            ),
            (
                "[[]]",
                "error: `exec_commands` needs items with a command, a user and a policy, found a list of 0 items",
            ),
            ("[[[]]]", "error: `cmd` needs a command line or a list of words, found a list of 0 items"),
            ("['']", "error: `cmd` needs a command line or a list of words, found an empty text"),
            ("[{cmd: a, usr: root}]", "error: unknown key `usr` in `exec_commands`"),
            (
                "[{user: a, policy: initial}]",
                "error: `exec_commands` needs items with `cmd`, `user` and `policy`, found a mapping of 2 keys",
            ),
        ];
        assert_forms("exec_commands", &forms, |container| {
            joined(&container.exec_commands, |exec| {
                let command = match &exec.command {
                    RawCommand::Line(line) => text(line),
                    RawCommand::Words(words) => {
                        format!("<{}>", words.iter().map(text).collect::<Vec<_>>().join(" "))
                    }
                };
                let user = match &exec.user {
                    None => String::new(),
                    Some(RawUser::Text(user)) => format!(" by {}", text(user)),
                    Some(RawUser::Pair(user, group)) => format!(" by {}+{}", text(user), text(group)),
                };
                let policy = if exec.policy == RawExecPolicy::Initial { " initial" } else { "" };
                format!("{command}{user}{policy}")
            })
        });
    }
}
