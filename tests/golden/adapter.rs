//! The program behind the script `adapter`: one step of a scenario, a JSON document in and one out.
//!
//! ```text
//! golden_adapter DMFAB < request.json
//! ```

mod protocol;

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

fn main() -> ExitCode {
    match answered() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "golden_adapter: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn answered() -> Result<(), String> {
    let dmfab = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give the path of dmfab")?;
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    let request: Value = serde_json::from_str(&text).map_err(|error| format!("standard input: {error}"))?;
    let answer = protocol::answer(&request, &dmfab);
    writeln!(io::stdout(), "{answer}").map_err(|error| format!("standard output: {error}"))
}
