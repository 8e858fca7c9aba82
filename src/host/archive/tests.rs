use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use futures_util::{StreamExt, TryStreamExt, stream};
use tar::EntryType::{Char, Link, Regular, Symlink};

use super::*;

const ROOT: (u64, u64) = (0, 0);

fn upload(path: &Path) -> Upload {
    Upload { path: Some(path.to_owned()), folder: "run".to_owned(), owner: ROOT }
}

/// An archive as an Engine sends it, with names and links that no honest one has.
fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Archive {
    let mut bytes = Vec::new();
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        // `Header::set_path` refuses what is tested here.
        header.as_gnu_mut().expect("GNU").name[..name.len()].copy_from_slice(name.as_bytes());
        let is_link = matches!(kind, Symlink | Link);
        if is_link {
            header.set_link_name_literal(content).expect("a link");
        }
        let content = if is_link { "" } else { content };
        header.set_size(content.len() as u64);
        header.set_mode(0o4755);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    // In pieces that end in the middle of everything.
    let pieces: Vec<_> = bytes.chunks(100).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(stream::iter(pieces))
}

#[tokio::test]
async fn a_folder_goes_to_an_engine_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("it's here"), folder.path().join("to/below"));
    fs::create_dir_all(from.join("a/b c")).expect("folders");
    fs::write(from.join("run me.sh"), "#!/bin/sh\n").expect("a file");
    fs::set_permissions(from.join("run me.sh"), Permissions::from_mode(0o4750)).expect("a mode");
    let long = "n".repeat(180);
    fs::write(from.join("a/b c").join(&long), vec![7; 1_000_000]).expect("a file");
    let unpacked = unpack(pack(upload(&from)), to.clone()).await.expect("unpacked");
    assert_eq!(unpacked, Unpacked { file_count: 2, left_out: vec![] });
    assert_eq!(fs::read(to.join("a/b c").join(&long)).expect("a file"), vec![7; 1_000_000]);
    assert_eq!(fs::metadata(to.join("run me.sh")).expect("a file").mode() & 0o7777, 0o750);
}

#[tokio::test]
async fn a_file_goes_alone_and_a_link_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    fs::create_dir(&from).expect("a folder");
    fs::write(from.join("one"), "1").expect("a file");
    symlink("/etc/passwd", from.join("link")).expect("a link");
    let to = folder.path().join("to");
    let alone = unpack(pack(upload(&from.join("one"))), to.clone()).await.expect("unpacked");
    assert_eq!((alone.file_count, fs::read_dir(&to).expect("a folder").count()), (1, 1));
    let all = unpack(pack(upload(&from)), to.clone()).await.expect("unpacked");
    assert_eq!(all, Unpacked { file_count: 1, left_out: vec!["link".to_owned()] });
    assert!(fs::symlink_metadata(to.join("link")).is_err());
}

#[tokio::test]
async fn owners_and_the_folder_are_the_containers() {
    let pieces: Vec<Bytes> = pack(Upload { path: None, folder: "run".to_owned(), owner: (2000, 3000) })
        .try_collect()
        .await
        .expect("bytes");
    let bytes = pieces.concat();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries: Vec<_> = archive
        .entries()
        .expect("entries")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let header = entry.header();
            let facts = (
                header.uid().expect("a user"),
                header.gid().expect("a group"),
                header.mode().expect("a mode"),
            );
            (entry.path().expect("a name").into_owned(), facts)
        })
        .collect();
    assert_eq!(entries, [(PathBuf::from("run/"), (2000, 3000, 0o777))]);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let missing = Path::new("/no/such/folder/it.sh");
    let error = pack(upload(missing)).try_collect::<Vec<Bytes>>().await.expect_err("no file");
    assert!(error.to_string().starts_with("/no/such/folder/it.sh: "), "{error}");
}

#[tokio::test]
async fn nothing_is_written_outside_of_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (to, outside) = (folder.path().join("to"), folder.path().join("outside"));
    fs::create_dir_all(&to).expect("a folder");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("kept"), "as it was").expect("a file");
    symlink(&outside, to.join("way out")).expect("a link");
    symlink(outside.join("kept"), to.join("results")).expect("a link");
    let entries = [
        ("run/../../outside/a", Regular, "x"),
        ("/outside/b", Regular, "x"),
        ("../c", Regular, "x"),
        ("run/way out/d", Regular, "x"),
        ("run/new way", Symlink, "../outside"),
        ("run/new way/e", Regular, "x"),
        ("run/hard", Link, "../outside/kept"),
        ("run/device", Char, ""),
        ("run/results", Regular, "new"),
        ("run/good", Regular, "good"),
    ];
    let unpacked = unpack(archive(&entries), to.clone()).await.expect("unpacked");
    let names: Vec<_> =
        fs::read_dir(&outside).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, ["kept"]);
    assert_eq!(fs::read_to_string(outside.join("kept")).expect("a file"), "as it was");
    assert_eq!(fs::read_to_string(to.join("results")).expect("a file"), "new");
    assert_eq!(fs::read_to_string(to.join("good")).expect("a file"), "good");
    assert_eq!(fs::metadata(to.join("good")).expect("a file").mode() & 0o7000, 0);
    let left_out = ["run/../../outside/a", "/outside/b", "../c", "way out/d", "new way", "hard", "device"];
    assert_eq!(unpacked.left_out, left_out);
    // The folder of that name is one of ours.
    assert_eq!(fs::read_to_string(to.join("new way/e")).expect("a file"), "x");
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = archive(&[("run/a", Regular, &"x".repeat(2000))]);
    let broken = whole.take(9).chain(stream::iter([Err(io::Error::other("the line was cut"))]));
    let error = unpack(Box::pin(broken), folder.path().to_owned()).await.expect_err("broken");
    assert_eq!(error.to_string(), "the line was cut");
}
