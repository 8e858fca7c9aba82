//! The operator's machine as the source of values: files that `!file` names, commands that print
//! secrets. Beside [`crate::fleet`], which loads inventories, the only place that reads local files.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wait_timeout::ChildExt;

use crate::model::variables::Outside;

/// A command that asks for a password somewhere may take its time.
const COMMAND_TIME: Duration = Duration::from_secs(120);
/// What a program that has ended wrote is there to be read.
const LATE_OUTPUT_TIME: Duration = Duration::from_secs(5);
/// What is longer is no value of a setting.
const LARGEST_FILE_BYTES: u64 = 1024 * 1024;

/// Reads files and runs commands as the operator.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalMachine;

impl Outside for LocalMachine {
    fn read_file(&self, path: &Path) -> Result<String, String> {
        let trouble = |error: &std::io::Error| match error.kind() {
            ErrorKind::NotFound => "does not exist".to_owned(),
            ErrorKind::PermissionDenied => "may not be read".to_owned(),
            ErrorKind::IsADirectory => "is a directory".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        let file = std::fs::File::open(path).map_err(|error| trouble(&error))?;
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| trouble(&error))?;
        if bytes.len() as u64 > LARGEST_FILE_BYTES {
            return Err("is larger than 1 MiB".to_owned());
        }
        text(bytes)
    }

    /// The program gets no input: one that asks does so on the terminal itself. What it prints as
    /// errors is shown only if it fails.
    fn run_command(&self, words: &[String]) -> Result<String, String> {
        let (program, arguments) = words.split_first().ok_or("is empty")?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => "is not installed on this machine".to_owned(),
                _ => format!("cannot be started: {error}"),
            })?;
        let Ended { status, output, errors } = wait(child, COMMAND_TIME)?;
        if status.success() {
            return text(output);
        }
        let errors = String::from_utf8_lossy(&errors);
        let last = errors.lines().rev().find(|line| !line.trim().is_empty());
        let how = match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        Err(last.map_or(how.clone(), |last| format!("{how}: {}", last.trim())))
    }
}

struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

/// Waits for the program, but not for ever. What it left running may keep its output open,
/// which is not waited for.
fn wait(mut child: Child, time: Duration) -> Result<Ended, String> {
    let output = reading(child.stdout.take());
    let errors = reading(child.stderr.take());
    let ended = child.wait_timeout(time).map_err(|error| format!("cannot be waited for: {error}"))?;
    let Some(status) = ended else {
        // It may have ended by itself in the meantime; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("did not end within {} seconds", time.as_secs()));
    };
    let output = output.recv_timeout(LATE_OUTPUT_TIME).map_err(|_| "keeps its output open")?;
    Ok(Ended { status, output, errors: errors.recv_timeout(LATE_OUTPUT_TIME).unwrap_or_default() })
}

/// Reads a stream to its end beside everything else.
fn reading(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    // Nobody waits for the output of a command that was given up.
    thread::spawn(move || drop(sender.send(read_all(stream))));
    receiver
}

/// What can be read; a pipe that breaks ends like one that is closed.
fn read_all(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let _ = stream.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "is not text in UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<String, String> {
        LocalMachine.run_command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn commands_give_their_output_or_a_reason() {
        assert_eq!(run(&["printf", "s3cret\n"]), Ok("s3cret\n".into()));
        assert_eq!(run(&["sh", "-c", "exit 0"]), Ok(String::new()));
        for (words, reason) in [
            (
                &["sh", "-c", "echo one >&2; echo no such entry >&2; exit 3"][..],
                "ended with exit code 3: no such entry",
            ),
            (&["sh", "-c", "exit 4"], "ended with exit code 4"),
            (&["sh", "-c", "kill -9 $$"], "was ended by a signal"),
            (&["no-such-program-here"], "is not installed on this machine"),
            (&["printf", "\\377"], "is not text in UTF-8"),
            (&[], "is empty"),
        ] {
            assert_eq!(run(words), Err(reason.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let child = Command::new("sleep").arg("1000").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let ended = wait(child.expect("sleep"), Duration::from_millis(10));
        assert_eq!(ended.err().as_deref(), Some("did not end within 0 seconds"));
    }

    #[test]
    fn files_are_read_or_a_reason_is_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("value");
        std::fs::write(&path, "text\n").expect("a file");
        assert_eq!(LocalMachine.read_file(&path), Ok("text\n".into()));
        std::fs::write(&path, vec![b'x'; 1024 * 1024 + 1]).expect("a file");
        assert_eq!(LocalMachine.read_file(&path), Err("is larger than 1 MiB".into()));
        assert_eq!(LocalMachine.read_file(folder.path()), Err("is a directory".into()));
        assert_eq!(LocalMachine.read_file(&folder.path().join("none")), Err("does not exist".into()));
    }
}
