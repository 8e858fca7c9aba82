//! The fake Engine's calls about what containers write: to their streams and to files.

use std::io::{self, Read};

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};

use crate::host::engine::{Archive, LogPiece, LogStream};
use crate::host::engine_error::{EngineError, EngineErrorKind};
use crate::model::observed::ContainerStatus;
use crate::model::output::{LogOptions, OutputStream};

use super::state::{FakeContainer, FakeState};

/// All bytes of an archive.
pub(super) async fn collected(mut archive: Archive) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = archive.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// What becomes of a call whose body breaks off.
pub(super) fn broken(call: &str, error: io::Error) -> EngineError {
    EngineError::new(call, EngineErrorKind::Transport(std::sync::Arc::new(error)))
}

impl FakeState {
    /// All that is there; nothing more comes of what a fake program writes at its start.
    pub(super) fn log(&self, name: &str, options: LogOptions) -> Result<LogStream<'static>, EngineError> {
        let container = self.container(&format!("GET /containers/{name}/logs"), name)?;
        let pieces = [(OutputStream::Stdout, &container.log), (OutputStream::Stderr, &container.error_log)];
        let pieces: Vec<_> = pieces
            .into_iter()
            .flat_map(|(stream, text)| {
                shown(text, options).into_iter().map(move |bytes| Ok(LogPiece { stream, bytes }))
            })
            .collect();
        Ok(Box::pin(stream::iter(pieces)))
    }

    /// `None` while the container runs. One that was never started is done, with 0.
    pub(super) fn exit_code(&self, name: &str) -> Result<Option<i64>, EngineError> {
        let container = self.container(&format!("POST /containers/{name}/wait"), name)?;
        Ok(match container.status {
            ContainerStatus::Exited { exit_code } => Some(exit_code),
            ContainerStatus::Created | ContainerStatus::Dead => Some(0),
            ContainerStatus::Running { .. } | ContainerStatus::Paused | ContainerStatus::Restarting => None,
        })
    }

    pub(super) fn write_archive(
        &mut self,
        name: &str,
        folder: &str,
        bytes: &[u8],
    ) -> Result<(), EngineError> {
        let call = format!("PUT /containers/{name}/archive?path={folder}");
        let container = self.container_mut(&call, name)?;
        if !has_folder(container, folder) {
            let message = format!("Could not find the file {folder} in container {name}");
            return Err(EngineError::from_status(call, 404, message));
        }
        let refused = |error: io::Error| EngineError::from_status(&*call, 500, error.to_string());
        for entry in tar::Archive::new(bytes).entries().map_err(refused)? {
            let mut entry = entry.map_err(refused)?;
            if entry.header().entry_type().is_file() {
                let path = entry.path().map_err(refused)?.to_string_lossy().into_owned();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(refused)?;
                container.files.insert(format!("{}/{path}", folder.trim_end_matches('/')), content);
            }
        }
        Ok(())
    }

    pub(super) fn read_archive(&self, name: &str, path: &str) -> Result<Archive, EngineError> {
        let call = format!("GET /containers/{name}/archive?path={path}");
        let container = self.container(&call, name)?;
        if !has_folder(container, path) {
            let message = format!("Could not find the file {path} in container {name}");
            return Err(EngineError::from_status(call, 404, message));
        }
        let bytes = packed(container, path)
            .map_err(|error| EngineError::from_status(&*call, 500, error.to_string()))?;
        Ok(Box::pin(stream::iter([Ok(Bytes::from(bytes))])))
    }
}

/// A piece for each line, all of which have a time of their own.
fn shown(text: &str, LogOptions { timestamps, tail, follow: _ }: LogOptions) -> Vec<Bytes> {
    let lines: Vec<_> = text.split_inclusive('\n').enumerate().collect();
    let count = tail.map_or(lines.len(), |tail| usize::try_from(tail).unwrap_or(usize::MAX));
    let lines = lines[lines.len().saturating_sub(count)..].iter();
    let time = |number: &usize| {
        if timestamps { format!("2024-01-01T00:00:00.{number:09}Z ") } else { String::new() }
    };
    lines.map(|(number, line)| Bytes::from(time(number) + line)).collect()
}

/// A fake image has no folders: those of volumes, mounts and files are there, and those above them.
fn has_folder(container: &FakeContainer, folder: &str) -> bool {
    let settings = &container.settings;
    let below = format!("{}/", folder.trim_end_matches('/'));
    let mounts = settings.anonymous_volumes.iter().chain(settings.mounts.keys());
    mounts.chain(container.files.keys()).any(|path| path == folder || path.starts_with(&below))
}

fn packed(container: &FakeContainer, folder: &str) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let root = folder.rsplit('/').next().unwrap_or(folder);
    for (path, content) in &container.files {
        let Some(rest) = path.strip_prefix(&format!("{folder}/")) else { continue };
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len().try_into().map_err(io::Error::other)?);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{root}/{rest}"), content.as_slice())?;
    }
    builder.into_inner()
}
