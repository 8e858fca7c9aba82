//! What containers write to their streams and files, and how their end is waited for.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use dmfab::host::archive::{self, Upload};
use dmfab::host::engine::Engine;
use dmfab::host::fake::FakeProgram;
use dmfab::model::container::ContainerSettings;
use dmfab::model::output::{LogOptions, OutputStream};
use futures_util::TryStreamExt;

use super::subject::{Subject, sleeping};

const PATIENCE: Duration = Duration::from_secs(30);

/// Writes to both streams, turns one file into another, and fails.
const PROGRAM: &str = "printf 'one\\ntwo'; echo three >&2; cat /srv/dir/in.txt > /srv/dir/out.txt; exit 5";

/// What a fake Engine has to be told of it.
pub(super) fn fake_program() -> FakeProgram {
    FakeProgram {
        exit_code: Some(5),
        log: "one\ntwo".to_owned(),
        error_log: "three\n".to_owned(),
        files: BTreeMap::from([("/srv/dir/out.txt".to_owned(), "given\n".to_owned())]),
        ..FakeProgram::default()
    }
}

/// The program's container: it may write into its folder, although it is not root.
fn settings() -> ContainerSettings {
    ContainerSettings {
        entrypoint: Some(vec!["/bin/sh".to_owned()]),
        command: Some(vec!["-c".to_owned(), PROGRAM.to_owned()]),
        user: Some("2000:2000".to_owned()),
        anonymous_volumes: ["/srv/dir".to_owned()].into(),
        ..ContainerSettings::default()
    }
}

/// Makes the container with its file, and starts it.
async fn run<E: Engine>(subject: &Subject<'_, E>, name: &str) {
    subject.create(name, &settings()).await.expect("created");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("in.txt"), "given\n").expect("a file");
    let upload =
        Upload { path: Some(folder.path().to_owned()), folder: "dir".to_owned(), owner: (2000, 2000) };
    let name = subject.name(name);
    subject.engine.write_archive(&name, "/srv", archive::pack(upload)).await.expect("written");
    subject.engine.start_container(&name).await.expect("started");
}

async fn take_away<E: Engine>(subject: &Subject<'_, E>, name: &str) {
    let volume_count = || async { subject.engine.list_volumes().await.expect("volumes").len() };
    let before = volume_count().await;
    subject.engine.remove_container_and_volumes(&subject.name(name)).await.expect("removed");
    assert!(volume_count().await <= before);
    assert_eq!(subject.engine.inspect_container(&subject.name(name)).await.expect("an answer"), None);
}

/// Both streams of a log, each for itself.
async fn log<E: Engine>(subject: &Subject<'_, E>, name: &str, options: LogOptions) -> [String; 2] {
    let read = async {
        let mut streams = [Vec::new(), Vec::new()];
        let name = subject.name(name);
        let mut pieces = subject.engine.container_log(&name, options).await.expect("a log");
        while let Some(piece) = pieces.try_next().await.expect("a piece") {
            streams[usize::from(piece.stream == OutputStream::Stderr)].extend_from_slice(&piece.bytes);
        }
        streams.map(|bytes| String::from_utf8(bytes).expect("text"))
    };
    tokio::time::timeout(PATIENCE, read).await.expect("a log that ends")
}

pub(super) async fn what_a_container_writes_comes_by_stream_and_its_end_is_waited_for<E: Engine>(
    subject: &Subject<'_, E>,
) {
    run(subject, "stream").await;
    let name = subject.name("stream");
    let followed = LogOptions { follow: true, ..LogOptions::default() };
    let waiting = tokio::time::timeout(PATIENCE, subject.engine.wait_container(&name));
    let (end, streams) = tokio::join!(waiting, log(subject, "stream", followed));
    assert_eq!(end.expect("an end").expect("an answer"), 5);
    assert_eq!(streams, ["one\ntwo", "three\n"]);
    // What has ended has the same end for ever.
    assert_eq!(subject.engine.wait_container(&name).await.expect("an answer"), 5);
    take_away(subject, "stream").await;

    subject.run("endless", &sleeping()).await;
    let name = subject.name("endless");
    let waiting = subject.engine.wait_container(&name);
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err(), "it runs");
    subject.remove(&["endless"]).await;
}

pub(super) async fn lines_may_be_the_last_ones_and_have_times<E: Engine>(subject: &Subject<'_, E>) {
    run(subject, "lines").await;
    subject.engine.wait_container(&subject.name("lines")).await.expect("an end");
    let last = log(subject, "lines", LogOptions { tail: Some(0), ..LogOptions::default() }).await;
    assert_eq!(last, ["", ""]);
    let timed = log(subject, "lines", LogOptions { timestamps: true, ..LogOptions::default() }).await;
    for (line, text) in timed[0].lines().chain(timed[1].lines()).zip(["one", "two", "three"]) {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert_eq!((rest, &time[4..5], &time[10..11]), (text, "-", "T"), "{line}");
    }
    take_away(subject, "lines").await;
}

pub(super) async fn files_go_into_a_container_and_come_back<E: Engine>(subject: &Subject<'_, E>) {
    run(subject, "files").await;
    let name = subject.name("files");
    subject.engine.wait_container(&name).await.expect("an end");
    let folder = tempfile::tempdir().expect("a folder");
    let archive = subject.engine.read_archive(&name, "/srv/dir").await.expect("an archive");
    let unpacked = archive::unpack(archive, folder.path().to_owned()).await.expect("unpacked");
    assert_eq!(unpacked.left_out, [""; 0]);
    for file in ["in.txt", "out.txt"] {
        assert_eq!(fs::read_to_string(folder.path().join(file)).expect("a file"), "given\n", "{file}");
    }
    take_away(subject, "files").await;
}

pub(super) async fn what_is_missing_has_no_log_no_end_and_no_files<E: Engine>(subject: &Subject<'_, E>) {
    let (engine, missing) = (subject.engine, subject.name("missing"));
    let end = engine.wait_container(&missing).await;
    assert!(end.expect_err("no container").is_not_found());
    let nothing = Upload { path: None, folder: "dir".to_owned(), owner: (0, 0) };
    let written = engine.write_archive(&missing, "/srv", archive::pack(nothing)).await;
    assert!(written.expect_err("no container").is_not_found());
    assert!(engine.remove_container_and_volumes(&missing).await.expect_err("no container").is_not_found());
    subject.create("bare", &sleeping()).await.expect("created");
    let read = engine.read_archive(&subject.name("bare"), "/no/such/folder").await;
    assert!(read.err().expect("no folder").is_not_found());
    subject.remove(&["bare"]).await;
}
