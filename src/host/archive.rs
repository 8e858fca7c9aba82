//! Files of this machine as tar archives, and back: streamed, so that no size matters.
//!
//! What comes from a container is not trusted: whatever its names and links say, nothing is written
//! outside of the folder that was asked for, and no device, no owner and no set-user-id bit is taken over.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use tokio::io::duplex;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use super::engine::Archive;

/// Bytes on their way between the thread that packs and the connection.
const BUFFER_BYTES: usize = 256 * 1024;
/// Who may do what with an uploaded file is kept; all else is the container's affair.
const MODE_BITS: u32 = 0o777;

/// What goes into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// A file, or a folder with all that is in it; `None` is nothing but the folder in the archive.
    pub path: Option<PathBuf>,
    /// The name of the folder in the archive that all is put into; empty is none.
    pub folder: String,
    /// Who owns it in the container, user and group.
    pub owner: (u64, u64),
}

/// What came of unpacking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files that were written.
    pub file_count: usize,
    /// Names that were left out: links, devices, and what would have been written elsewhere.
    pub left_out: Vec<String>,
}

/// Packs in a thread of its own; errors come out of the stream.
pub fn pack(upload: Upload) -> Archive {
    let (reader, writer) = duplex(BUFFER_BYTES);
    let packing = tokio::task::spawn_blocking(move || {
        let mut sink = SyncIoBridge::new(writer);
        write_archive(&upload, &mut sink)?;
        sink.shutdown()
    });
    let pieces = ReaderStream::with_capacity(reader, BUFFER_BYTES);
    // A thread that failed has closed its end; only then is it asked why.
    let ending = futures_util::stream::once(async move {
        match packing.await {
            Ok(Ok(())) => Ok(Bytes::new()),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    });
    Box::pin(futures_util::StreamExt::chain(pieces, ending))
}

fn write_archive(upload: &Upload, sink: impl Write) -> io::Result<()> {
    let mut builder = tar::Builder::new(sink);
    let root = Path::new(&upload.folder);
    if !upload.folder.is_empty() {
        append_folder(&mut builder, root, upload.owner)?;
    }
    if let Some(path) = &upload.path {
        if fs::metadata(path).map_err(|error| about(path, error))?.is_dir() {
            append_entries(&mut builder, path, root, upload.owner)?;
        } else {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            append_file(&mut builder, path, &root.join(name), upload.owner)?;
        }
    }
    builder.into_inner()?.flush()
}

/// Depth is what the file system allows; the walk keeps its own list.
fn append_entries<W: Write>(
    builder: &mut tar::Builder<W>,
    folder: &Path,
    name: &Path,
    owner: (u64, u64),
) -> io::Result<()> {
    let mut open = vec![(folder.to_owned(), name.to_owned())];
    while let Some((folder, name)) = open.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| about(&folder, error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), name.join(entry.file_name()));
            let kind = entry.file_type().map_err(|error| about(&path, error))?;
            if kind.is_symlink() {
                append_link(builder, &path, &name, owner)?;
            } else if kind.is_dir() {
                append_folder(builder, &name, owner)?;
                open.push((path, name));
            } else if kind.is_file() {
                append_file(builder, &path, &name, owner)?;
            }
        }
    }
    Ok(())
}

/// Whoever the container runs as may write results into it.
fn append_folder<W: Write>(builder: &mut tar::Builder<W>, name: &Path, owner: (u64, u64)) -> io::Result<()> {
    let mut header = header(tar::EntryType::Directory, 0, 0o777, owner);
    builder.append_data(&mut header, name.join(""), io::empty())
}

fn append_link<W: Write>(
    builder: &mut tar::Builder<W>,
    path: &Path,
    name: &Path,
    owner: (u64, u64),
) -> io::Result<()> {
    let target = fs::read_link(path).map_err(|error| about(path, error))?;
    let mut header = header(tar::EntryType::Symlink, 0, 0o777, owner);
    builder.append_link(&mut header, name, target)
}

/// A file that grows or shrinks meanwhile is an error, not a broken archive.
fn append_file<W: Write>(
    builder: &mut tar::Builder<W>,
    path: &Path,
    name: &Path,
    owner: (u64, u64),
) -> io::Result<()> {
    let file = fs::File::open(path).map_err(|error| about(path, error))?;
    let facts = file.metadata().map_err(|error| about(path, error))?;
    let mut header = header(tar::EntryType::Regular, facts.len(), mode(&facts), owner);
    let mut counted = Counted { inner: file.take(facts.len()), count: 0 };
    builder.append_data(&mut header, name, &mut counted)?;
    if counted.count == facts.len() {
        return Ok(());
    }
    Err(about(path, io::Error::other("the file has become shorter while it was read")))
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count += length as u64;
        Ok(length)
    }
}

fn header(kind: tar::EntryType, size: u64, mode: u32, (user, group): (u64, u64)) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(user);
    header.set_gid(group);
    header
}

#[cfg(unix)]
fn mode(facts: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & MODE_BITS
}

#[cfg(not(unix))]
fn mode(_facts: &fs::Metadata) -> u32 {
    0o755
}

/// Adds the path that the system leaves out.
#[expect(clippy::needless_pass_by_value, reason = "errors are handed on")]
fn about(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Unpacks into a folder, which is made if it is not there, all that is below the one folder of the
/// archive. Files that are there are replaced.
///
/// # Errors
/// The first thing that cannot be read or written; what was written until then stays.
pub async fn unpack(archive: Archive, into: PathBuf) -> io::Result<Unpacked> {
    let (reader, mut writer) = duplex(BUFFER_BYTES);
    let reader = SyncIoBridge::new(reader);
    let unpacking = tokio::task::spawn_blocking(move || read_archive(reader, &into));
    // Whoever drops this future drops the writer, and the thread ends, too.
    let feed = async move {
        let fed = tokio::io::copy(&mut StreamReader::new(archive), &mut writer).await;
        // What follows the archive's end nobody reads.
        fed.map(drop).or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })
    };
    let (fed, unpacked) = tokio::join!(feed, unpacking);
    let unpacked = unpacked.map_err(io::Error::other)?;
    // A connection that broke is why the archive is incomplete.
    fed.and(unpacked)
}

fn read_archive(reader: impl Read, into: &Path) -> io::Result<Unpacked> {
    fs::create_dir_all(into).map_err(|error| about(into, error))?;
    let into = into.canonicalize().map_err(|error| about(into, error))?;
    let mut archive = tar::Archive::new(reader);
    let mut unpacked = Unpacked::default();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let kind = entry.header().entry_type();
        let Some(inner) = inner_name(&name) else {
            unpacked.left_out.push(name.display().to_string());
            continue;
        };
        if inner.as_os_str().is_empty() {
            continue;
        }
        let is_written = match kind {
            tar::EntryType::Directory => make_folders(&into, &inner)?,
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
                let mode = entry.header().mode().unwrap_or(0o644);
                write_file(&into, &inner, mode, &mut entry)?
            }
            _ => false,
        };
        unpacked.file_count += usize::from(is_written && kind != tar::EntryType::Directory);
        if !is_written {
            unpacked.left_out.push(inner.display().to_string());
        }
    }
    Ok(unpacked)
}

/// The name without the archive's one folder; `None` for one that leads elsewhere.
fn inner_name(name: &Path) -> Option<PathBuf> {
    let mut parts = name.components().filter(|part| *part != Component::CurDir);
    let mut inner = PathBuf::new();
    let Some(Component::Normal(_)) = parts.next() else { return None };
    for part in parts {
        let Component::Normal(part) = part else { return None };
        inner.push(part);
    }
    Some(inner)
}

/// Makes a folder and those above it; `false` where a link or file is in the way. Links in the target
/// folder are not followed: they may lead anywhere.
fn make_folders(into: &Path, inner: &Path) -> io::Result<bool> {
    let mut path = into.to_owned();
    for part in inner.components() {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(facts) if facts.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&path).map_err(|error| about(&path, error))?;
            }
            Err(error) => return Err(about(&path, error)),
        }
    }
    Ok(true)
}

fn write_file(into: &Path, inner: &Path, mode: u32, content: &mut impl Read) -> io::Result<bool> {
    if !make_folders(into, inner.parent().unwrap_or(Path::new("")))? {
        return Ok(false);
    }
    let path = into.join(inner);
    match fs::symlink_metadata(&path) {
        Ok(facts) if facts.is_dir() => return Ok(false),
        // A link is replaced, not followed.
        Ok(_) => fs::remove_file(&path).map_err(|error| about(&path, error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(about(&path, error)),
    }
    let mut file =
        fs::File::options().write(true).create_new(true).open(&path).map_err(|error| about(&path, error))?;
    io::copy(content, &mut file).map_err(|error| about(&path, error))?;
    set_mode(&file, mode).map_err(|error| about(&path, error))?;
    Ok(true)
}

#[cfg(unix)]
fn set_mode(file: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(Permissions::from_mode(mode & MODE_BITS))
}

#[cfg(not(unix))]
fn set_mode(file: &fs::File, _mode: u32) -> io::Result<()> {
    let _: Permissions = file.metadata()?.permissions();
    Ok(())
}

#[cfg(all(test, unix))]
mod tests;
