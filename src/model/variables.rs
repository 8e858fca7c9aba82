//! Values from outside the files, taken once so that resolving stays pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A few names could become gigabytes.
const LONGEST_EXPANDED: usize = 1024 * 1024;

/// Gets what `!file` and `!secret` name. Errors are the end of a sentence that begins with the name.
pub trait Outside: Send + Sync {
    /// The content of a file.
    ///
    /// # Errors
    /// Why it cannot be had: `does not exist`.
    fn read_file(&self, path: &Path) -> Result<String, String>;

    /// What a program prints to standard output.
    ///
    /// # Errors
    /// Why there is nothing to use: `ended with exit code 1: no such entry`.
    fn run_command(&self, words: &[String]) -> Result<String, String>;
}

/// What `!env` and `!path` may refer to: the operator's environment and `--var` settings; and who
/// gets what other tags name.
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    home: Option<String>,
    outside: Option<Arc<dyn Outside>>,
}

/// Values may be secrets: only their number is shown.
impl std::fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Variables({} values)", self.values.len())
    }
}

impl Variables {
    /// Variables by name; `home` is what a leading `~` stands for.
    pub fn new(values: impl IntoIterator<Item = (String, String)>, home: Option<String>) -> Self {
        Self { values: values.into_iter().collect(), home, outside: None }
    }

    /// The same with somebody who reads files and runs commands.
    #[must_use]
    pub fn with_outside(self, outside: Arc<dyn Outside>) -> Self {
        Self { outside: Some(outside), ..self }
    }

    /// Who reads files and runs commands.
    pub fn outside(&self) -> Option<&dyn Outside> {
        self.outside.as_deref()
    }

    /// Sets one variable over whatever the environment says.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Names of all variables, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The operator's home directory.
    pub fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    /// Expands `$NAME` and `${NAME}` (unknown ones stay as typed), then a leading `~`. What is longer
    /// than any path when it is half expanded is not expanded further.
    pub fn expand_path(&self, text: &str) -> String {
        let expanded = self.expand_names(text);
        match (expanded.strip_prefix('~'), self.home()) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
            _ => expanded,
        }
    }

    fn expand_names(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(dollar) = rest.find('$').filter(|_| expanded.len() < LONGEST_EXPANDED) {
            expanded.push_str(&rest[..dollar]);
            let reference = Reference::at_start_of(&rest[dollar..]);
            match reference.and_then(|found| self.get(found.name).map(|value| (value, found.length))) {
                Some((value, length)) => {
                    expanded.push_str(value);
                    rest = &rest[dollar + length..];
                }
                None => {
                    expanded.push('$');
                    rest = &rest[dollar + 1..];
                }
            }
        }
        expanded.push_str(rest);
        expanded
    }
}

/// A `$NAME` or `${NAME}`; `length` counts its bytes, `$` and braces included.
struct Reference<'a> {
    name: &'a str,
    length: usize,
}

impl<'a> Reference<'a> {
    fn at_start_of(text: &'a str) -> Option<Self> {
        let body = text.strip_prefix('$')?;
        if let Some(braced) = body.strip_prefix('{') {
            let end = braced.find('}')?;
            return Some(Self { name: &braced[..end], length: end + 3 });
        }
        let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
        (end > 0).then(|| Self { name: &body[..end], length: end + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_expand_variables_and_then_the_home_directory() {
        let variables =
            Variables::new([("A".into(), "x".into()), ("H".into(), "~".into())], Some("/home/me".into()));
        for (typed, expanded) in [
            ("~/a", "/home/me/a"),
            ("~", "/home/me"),
            ("~other/a", "~other/a"),
            ("$A/${A}b/$Ab", "x/xb/$Ab"),
            ("${H}/a", "/home/me/a"),
            ("$", "$"),
            ("${A", "${A"),
            ("$$A", "$x"),
            ("caf\u{e9}$A", "caf\u{e9}x"),
        ] {
            assert_eq!(variables.expand_path(typed), expanded, "{typed}");
        }
    }

    #[test]
    fn expanding_ends_when_no_path_could_be_longer() {
        let variables = Variables::new([("A".into(), "x".repeat(100_000))], None);
        assert_eq!(variables.expand_path(&"$A".repeat(10)).len(), 1_000_000);
        let expanded = variables.expand_path(&"$A".repeat(100_000));
        assert_eq!(expanded.len(), 1_100_000 + 2 * (100_000 - 11));
    }
}
