//! Values that must not be seen.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// What a secret prints as, everywhere.
pub const REDACTED: &str = "[redacted]";

/// A text that may be a secret: it prints as `[redacted]` if so, and only
/// [`SensitiveText::expose`] gives it away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SensitiveText {
    text: String,
    is_secret: bool,
}

impl SensitiveText {
    /// A text that anybody may see.
    pub fn open(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_secret: false }
    }

    /// A text that nobody may see.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_secret: true }
    }

    /// The text itself, for the one who needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether it prints as `[redacted]`.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// The text as it may be shown.
    pub fn shown(&self) -> &str {
        if self.is_secret { REDACTED } else { &self.text }
    }
}

impl fmt::Display for SensitiveText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl fmt::Debug for SensitiveText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.shown())
    }
}

impl Serialize for SensitiveText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// Values that came from outside the files: wherever they turn up in text, they are taken out.
/// All hosts share one set.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secrets(Arc<BTreeSet<String>>);

/// A value shorter than this is only hidden where it is the whole text: taking every `1` out of a
/// text would hide nothing and spoil everything.
const SHORTEST_WITHIN_TEXT: usize = 4;

impl Secrets {
    /// Remembers a value; an empty one is no secret.
    pub fn insert(&mut self, value: &str) {
        if value.is_empty() {
            return;
        }
        let values = Arc::make_mut(&mut self.0);
        values.insert(value.to_owned());
        // Command lines are shown with their words quoted.
        values.extend(shlex::try_quote(value).ok().map(std::borrow::Cow::into_owned));
    }

    /// Remembers a command line as a whole and word by word.
    pub fn insert_line(&mut self, line: &str) {
        self.insert(line);
        for word in shlex::split(line).unwrap_or_default() {
            self.insert(&word);
        }
    }

    /// The text without any of the values.
    pub fn mask(&self, text: &str) -> String {
        if self.0.contains(text) {
            return REDACTED.to_owned();
        }
        let mut within: Vec<&String> =
            self.0.iter().filter(|value| value.len() >= SHORTEST_WITHIN_TEXT).collect();
        // A value may be part of another one.
        within.sort_by_key(|value| std::cmp::Reverse(value.len()));
        within.into_iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), REDACTED))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({} values)", self.0.len())
    }
}

/// Whether a variable of this name usually holds a secret. Errs on the safe side: a value that
/// is hidden for nothing costs less than a password in a log.
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 10] = [
        "PASS",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "PRIVATE",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "AUTH",
        "_KEY",
    ];
    let upper = name.to_ascii_uppercase();
    PARTS.iter().any(|part| upper.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_in_no_form() {
        let secret = SensitiveText::secret("hunter2");
        let shown = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).expect("plain text"));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn values_from_outside_are_taken_out_of_any_text() {
        let mut secrets = Secrets::default();
        for value in ["hunter2", "hunter2000", "80", ""] {
            secrets.insert(value);
        }
        for (text, masked) in [
            ("hunter2", "[redacted]"),
            ("--password=hunter2000 -v", "--password=[redacted] -v"),
            ("80", "[redacted]"),
            ("8080", "8080"),
            ("", ""),
        ] {
            assert_eq!(secrets.mask(text), masked);
        }
        assert!(!format!("{secrets:?}").contains("hunter"));
    }

    #[test]
    fn variables_that_usually_hold_secrets_are_known_by_name() {
        for name in ["DB_PASSWORD", "MYSQL_ROOT_PASS", "github_token", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["CACHE_TTL", "KEYBOARD", "PATH", "LANG"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
