//! What is wrong with the user's files.
//!
//! Messages are lowercase without a full stop and quote the user's words in backticks: the
//! thing, what is wrong, what was expected. A help begins with a verb. All mistakes are
//! collected; a reader stops early only where the rest would be noise.

use indexmap::IndexSet;
use indexmap::set;

use super::span::Span;

/// How bad it is.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing can be done with these files.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Text beside the caret; may be empty.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Places; the first is the one to go to. Empty when it concerns no place in a file.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake that stops the run before anything is touched.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A remark that does not stop the run.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self { severity, message, labels: Vec::new(), help: None }
    }

    /// Names the place to go to.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        let text = label.into();
        self.labels.insert(0, Label { span, text });
        self
    }

    /// Names a further place that explains the first.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        let text = label.into();
        self.labels.push(Label { span, text });
        self
    }

    /// Says what to do; begins with a verb.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The place to go to.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// How many there are of each.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

/// All mistakes found so far. Equal ones are kept once, because a value reached through several
/// aliases, or on several hosts, is read several times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    found: IndexSet<Diagnostic>,
    /// See [`Self::multiply`].
    multiplied: usize,
}

/// What ranges within files may come to.
pub(super) const MAX_MULTIPLIED: usize = 250_000;

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.insert(diagnostic);
    }

    /// Adds many, for instance another `Diagnostics`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.found.extend(others);
    }

    /// Counts what a few letters of a file make many values of, for all that is read together; `false`
    /// when it is too much.
    pub(super) fn multiply(&mut self, values: usize) -> bool {
        self.multiplied = self.multiplied.saturating_add(values);
        self.multiplied <= MAX_MULTIPLIED
    }

    /// Puts every text through a function.
    pub fn change_texts(&mut self, change: impl Fn(&str) -> String) {
        let change_all = |mut found: Diagnostic| {
            found.message = change(&found.message);
            found.help = found.help.as_deref().map(&change);
            for label in &mut found.labels {
                label.text = change(&label.text);
            }
            found
        };
        self.found = std::mem::take(&mut self.found).into_iter().map(change_all).collect();
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|found| found.severity == Severity::Error)
    }

    /// How many there are so far, for [`Self::has_errors_since`].
    pub(super) fn mark(&self) -> usize {
        self.found.len()
    }

    /// Whether an error was added after a [`Self::mark`].
    pub(super) fn has_errors_since(&self, mark: usize) -> bool {
        self.found.iter().skip(mark).any(|found| found.severity == Severity::Error)
    }

    /// Whether there is none, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Errors and warnings.
    pub fn counts(&self) -> Counts {
        let errors = self.iter().filter(|found| found.severity == Severity::Error).count();
        Counts { errors, warnings: self.found.len() - errors }
    }

    /// In the order found, or sorted after [`Self::sort`].
    pub fn iter(&self) -> set::Iter<'_, Diagnostic> {
        self.found.iter()
    }

    /// Orders them by file and place; those without a place come first.
    pub fn sort(&mut self) {
        self.found.sort_by(|one, other| one.span().cmp(&other.span()));
    }

    /// The plain list.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found.into_iter().collect()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = set::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = set::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
