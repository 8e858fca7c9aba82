//! Plans and their steps in words.
//!
//! [`lines`] is the stable form, one line a step:
//!
//! ```text
//! #2 create container shop.web  <- not there (shop.yaml:12)  after #1
//! #5 stop container shop.app    <- image app:1 -> app:2 (shop.yaml:7)  after #4  interrupts
//! ```
//!
//! Its grammar is in the guide (`docs/guide/output.md`). Whatever a value holds, the line can be read in one
//! way only: what could be taken for something else is a JSON string.

#[cfg(test)]
mod grammar;

use std::fmt;

use crate::model::place::Place;

use super::{Action, Cause, Difference, Finally, Notice, Plan, Preparer, SkipReason, Step, StepId};

/// In the place of a value that is not set.
const NOT_SET: &str = "(not set)";

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullImage { reference } => match &reference.platform {
                Some(platform) => write!(formatter, "pull image {reference} for {platform}"),
                None => write!(formatter, "pull image {reference}"),
            },
            Self::CreateNetwork { network } => write!(formatter, "create network {}", network.name),
            Self::RemoveNetwork { network_name } => write!(formatter, "remove network {network_name}"),
            Self::CreateVolume { volume } => write!(formatter, "create volume {}", volume.name),
            Self::PrepareVolume { volume_name, preparation, only_if_empty, by } => {
                write!(formatter, "prepare volume {volume_name}:")?;
                if let Some(owner) = &preparation.owner {
                    write!(formatter, " chown {owner}")?;
                }
                preparation.mode.iter().try_for_each(|mode| write!(formatter, " chmod {mode}"))?;
                formatter.write_str(if *only_if_empty { " if it is empty" } else { "" })?;
                match by {
                    Preparer::HostShell => Ok(()),
                    Preparer::Container { image, .. } => write!(formatter, " in a container of {image}"),
                }
            }
            Self::RemoveVolume { volume_name } => write!(formatter, "remove volume {volume_name}"),
            Self::CreateContainer { container_name, .. } => {
                write!(formatter, "create container {container_name}")
            }
            Self::ConnectNetwork { container_name, endpoint } => {
                write!(formatter, "connect container {container_name} to network {}", endpoint.network_name)
            }
            Self::DisconnectNetwork { container_name, network_name } => {
                write!(formatter, "disconnect container {container_name} from network {network_name}")
            }
            Self::UpdateContainer { container_name, update } => {
                write!(formatter, "update container {container_name}:")?;
                update.options.iter().try_for_each(|(name, value)| write!(formatter, " {name}={value}"))
            }
            Self::StartContainer { container_name, .. } => {
                write!(formatter, "start container {container_name}")
            }
            Self::VerifyContainer { container_name, .. } => {
                write!(formatter, "verify container {container_name}")
            }
            Self::RunCommand { container_name, shown, .. } => {
                write!(formatter, "run in container {container_name}: {shown}")
            }
            Self::StopContainer { container_name, .. } => {
                write!(formatter, "stop container {container_name}")
            }
            Self::SignalContainer { container_name, signal } => {
                write!(formatter, "send {signal} to container {container_name}")
            }
            Self::RenameContainer { container_name, new_name } => {
                write!(formatter, "rename container {container_name} to {new_name}")
            }
            Self::RemoveContainer { container_name } => {
                write!(formatter, "remove container {container_name}")
            }
            Self::UploadFiles { container_name, folder, path: Some(path), .. } => {
                write!(formatter, "upload {} into {folder} of container {container_name}", path.display())
            }
            Self::UploadFiles { container_name, folder, path: None, .. } => {
                write!(formatter, "make folder {folder} in container {container_name}")
            }
            Self::RunScript { container_name, shown, deadline, .. } => {
                let seconds = deadline.as_secs_f64();
                write!(formatter, "run container {container_name} to its end, at most {seconds} s")?;
                if shown.is_empty() { Ok(()) } else { write!(formatter, ": {shown}") }
            }
            Self::DownloadFiles { container_name, folder, into } => {
                write!(formatter, "download {folder} of container {container_name} to {}", into.display())
            }
            Self::TakeAwayContainer { container_name, .. } => {
                write!(formatter, "take away container {container_name}")
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { place: Some(place) } => write!(formatter, "not there ({place})"),
            Self::Absent { place: None } => formatter.write_str("not there"),
            Self::NotRunning { status } => write!(formatter, "not running: {status}"),
            Self::Changed(difference) => difference.fmt(formatter),
            Self::DependencyReplaced { item } => write!(formatter, "depends on {item}, which is made anew"),
            Self::SharedNetworkRestarted { item } => {
                write!(formatter, "shares the network of {item}, which started later")
            }
            Self::NotPrepared => formatter.write_str("not prepared yet"),
            Self::Requested => formatter.write_str("asked for"),
            Self::CommandNotRunning => formatter.write_str("not among the container's processes"),
            Self::Leftover => formatter.write_str("left by an interrupted run"),
            Self::Orphaned => formatter.write_str("in no map any more"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| NOT_SET.to_owned());
        write!(formatter, "{} {} -> {}", self.field, side(&self.found), side(&self.wanted))?;
        self.place.iter().try_for_each(|place| write!(formatter, " ({place})"))
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopted { item } => {
                write!(formatter, "{item} bears no label of dmfab and is adopted by its name")
            }
            Self::Orphaned { item } => write!(formatter, "{item} is in no map any more; it is left alone"),
            Self::CommandsUnchecked { item, reason } => {
                write!(formatter, "{item} runs commands that cannot be looked for: {reason}")
            }
            Self::Unhealthy { item } => write!(formatter, "{item} is unhealthy; it is left as it is"),
            Self::Deviates { item, difference } => {
                write!(formatter, "{item} differs and is left as it is: {difference}")
            }
            Self::Skipped { item, reason } => write!(formatter, "{item} {reason}"),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("is not there"),
            Self::Running => formatter.write_str("runs and is left alone; `stop` or `shutdown` ends it"),
            Self::NotRunning { status } => write!(formatter, "is left alone: {status}"),
            Self::Persistent => formatter.write_str("is persistent and is kept"),
            Self::InUse { container_names } => {
                let verb = if container_names.len() == 1 { "uses" } else { "use" };
                write!(formatter, "is kept: {} {verb} it", container_names.join(", "))
            }
            Self::Foreign { owner } => write!(formatter, "is kept: it belongs to {owner}"),
        }
    }
}

/// One stable line a step.
pub fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().enumerate().map(|(index, step)| line(StepId(index), step)).collect()
}

fn line(id: StepId, step: &Step) -> String {
    let mut line = format!("{id} {}", words(&step.action.to_string()));
    if !step.causes.is_empty() {
        line.push_str("  <- ");
        line.push_str(&step.causes.iter().map(stable_cause).collect::<Vec<_>>().join("; "));
    }
    if !step.after.is_empty() {
        line.push_str("  after ");
        line.push_str(&step.after.iter().map(StepId::to_string).collect::<Vec<_>>().join(" "));
    }
    if step.interrupts_service {
        line.push_str("  interrupts");
    }
    match step.finally {
        Some(Finally { unless_timed_out: Some(run), .. }) => {
            line.push_str(&format!("  finally unless {run} times out"));
        }
        Some(_) => line.push_str("  finally"),
        None => {}
    }
    #[cfg(test)]
    grammar::check(&line, id, step);
    line
}

fn stable_cause(cause: &Cause) -> String {
    match cause {
        Cause::Absent { place } => format!("not there{}", stable_place(place.as_ref())),
        Cause::Changed(Difference { field, found, wanted, place }) => {
            let side = |value: &Option<String>| value.as_deref().map_or(NOT_SET.to_owned(), word);
            format!("{} {} -> {}{}", word(field), side(found), side(wanted), stable_place(place.as_ref()))
        }
        other => words(&other.to_string()),
    }
}

fn stable_place(place: Option<&Place>) -> String {
    let shown = |place: &Place| format!(" ({}:{})", word(&place.file.to_string_lossy()), place.line);
    place.map(shown).unwrap_or_default()
}

/// A value as it is, if that is one word and no sign of the grammar.
pub fn word(value: &str) -> String {
    let is_sign = |letter: char| matches!(letter, ' ' | '"' | ';' | '(' | ')');
    let is_plain = !value.is_empty() && value != "->" && !value.contains(is_sign) && is_printable(value);
    if is_plain { value.to_owned() } else { string(value) }
}

/// Words as they are, if nothing in them is a sign of the grammar.
fn words(text: &str) -> String {
    let has_sign = ["  ", ";", " (", "\""].into_iter().any(|sign| text.contains(sign));
    let reads_as_change = text.contains(" -> ") || text.ends_with(' ') || text.starts_with(' ');
    let is_plain = !text.is_empty() && !has_sign && !reads_as_change && is_printable(text);
    if is_plain { text.to_owned() } else { string(text) }
}

fn is_printable(text: &str) -> bool {
    !text.contains(is_obeyed)
}

/// Control characters, and those that turn the direction of writing.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON string without anything that a terminal would obey.
fn string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let letters = quoted.chars().map(|letter| match letter {
        letter if is_obeyed(letter) => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    });
    letters.collect()
}
