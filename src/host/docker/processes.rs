//! Processes of containers.

use std::io;
use std::sync::Arc;

use bollard::models::ContainerTopResponse;
use bollard::query_parameters::TopOptionsBuilder;

use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::observed::ObservedProcess;

use super::{DockerEngine, path_part};

/// What the Engine gives to the `ps` of its host. It demands the first column itself.
const COLUMNS: &str = "-eo pid,uid,args";

pub(super) async fn list(engine: &DockerEngine, name: &str) -> Result<Vec<ObservedProcess>, EngineError> {
    engine.negotiated().await?;
    let call = format!("GET /containers/{name}/top?ps_args={COLUMNS}");
    let part = path_part(&call, name)?;
    let options = TopOptionsBuilder::new().ps_args(COLUMNS).build();
    let answer = engine.call(&call, engine.docker.top_processes(&part, Some(options))).await?;
    processes(answer).ok_or_else(|| {
        let reason = io::Error::other("no columns of user and command");
        EngineError::new(call, EngineErrorKind::Answer(Arc::new(reason)))
    })
}

fn processes(answer: ContainerTopResponse) -> Option<Vec<ObservedProcess>> {
    let titles = answer.titles?;
    let column = |names: &[&str]| titles.iter().position(|title| names.contains(&title.as_str()));
    let (uid, command) = (column(&["UID"])?, column(&["COMMAND", "CMD", "ARGS"])?);
    let process = |row: Vec<String>| {
        Some(ObservedProcess { uid: row.get(uid)?.parse().ok(), command: row.get(command)?.clone() })
    };
    answer.processes.unwrap_or_default().into_iter().map(process).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(titles: &[&str], row: &[&str]) -> Option<Vec<ObservedProcess>> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        processes(ContainerTopResponse { titles: Some(words(titles)), processes: Some(vec![words(row)]) })
    }

    #[test]
    fn columns_are_found_by_their_titles() {
        let expected = ObservedProcess { uid: Some(2000), command: "sleep 9".to_owned() };
        for titles in [["PID", "UID", "COMMAND"], ["PID", "UID", "CMD"]] {
            assert_eq!(listed(&titles, &["7", "2000", "sleep 9"]), Some(vec![expected.clone()]));
        }
        assert_eq!(listed(&["PID", "USER", "COMMAND"], &["7", "web", "sleep 9"]), None);
        assert_eq!(listed(&["PID", "UID", "COMMAND"], &["7", "2000"]), None);
    }
}
