//! Bytes of a file -> text of the source map -> tree.

use std::path::Path;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::SourceMap;
use super::node::Node;
use super::secrets;
use super::span::FileId;
use super::yaml;

/// Larger files are refused: no inventory has sixteen million characters, but a mistyped path may
/// well lead to an image or a log.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Reads a document of a file. `None` says that nothing could be made of it; why has been told.
pub fn read_document(
    path: &Path,
    bytes: Vec<u8>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    match decode(path, bytes) {
        Ok(text) => {
            let file = sources.add(path.to_owned(), text);
            let (root, dropped) = read_text(file, sources, diagnostics);
            match &root {
                Some(node) => secrets::hide(node, sources),
                None => secrets::hide_in_text(file, sources),
            }
            for (key, value) in &dropped {
                secrets::hide_entry(key, value, sources);
            }
            root
        }
        Err(refused) => {
            diagnostics.push(refused);
            None
        }
    }
}

/// The document, and the entries that are none of it because their keys stand twice.
fn read_text(
    file: FileId,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Option<Node>, Vec<(Node, Node)>) {
    let (root, dropped) = yaml::parse(file, sources.text(file), diagnostics);
    let root = root.filter(|root| !root.is_null());
    if root.is_none() && !diagnostics.iter().any(|found| found.span().is_some_and(|span| span.file == file)) {
        let path = sources.path(file).display();
        diagnostics.push(Diagnostic::error(format!("`{path}` is empty")));
    }
    (root, dropped)
}

/// Takes the bytes as text, without a byte order mark.
fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    let path = path.display();
    if bytes.len() > MAX_FILE_BYTES {
        let megabytes = MAX_FILE_BYTES / 1024 / 1024;
        let message = format!("`{path}` is larger than {megabytes} MiB, too large for a YAML file");
        return Err(Diagnostic::error(message).help("check that the path names the right file"));
    }
    let binary = |line: usize, what: &str| {
        Diagnostic::error(format!("`{path}` is not a text file: line {line} holds {what}"))
            .help("save the file as UTF-8")
    };
    let line_of = |text: &[u8]| text.split(|byte| *byte == b'\n').count();
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        binary(line_of(valid), "bytes that are not UTF-8")
    })?;
    if let Some(at) = text.find('\0') {
        return Err(binary(line_of(&text.as_bytes()[..at]), "a NUL byte"));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::testing::document;
    use super::MAX_FILE_BYTES;

    #[test]
    fn what_is_not_text_is_refused() {
        for (bytes, message) in [
            (&b"a: 1\nb: \xff\n"[..], "`map.yaml` is not a text file: line 2 holds bytes that are not UTF-8"),
            (&b"a: 1\n\nb: \0\n"[..], "`map.yaml` is not a text file: line 3 holds a NUL byte"),
            (&b"\xef\xbb\xbf"[..], "`map.yaml` is empty"),
        ] {
            assert_eq!(document(bytes).messages(), [message]);
        }
    }

    #[test]
    fn huge_files_are_refused_quickly() {
        let start = Instant::now();
        let read = document(vec![b'a'; MAX_FILE_BYTES + 1]);
        assert_eq!(read.messages(), ["`map.yaml` is larger than 16 MiB, too large for a YAML file"]);
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
