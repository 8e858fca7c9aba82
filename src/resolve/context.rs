//! What every part of resolving needs: values from outside the files, places, and where mistakes go.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::model::place::{Place, Places};
use crate::model::secret::{REDACTED, Secrets, SensitiveText, is_secret_name};
use crate::model::variables::Variables;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::file::SourceMap;
use crate::source::raw::{RawText, Setting};
use crate::source::span::{Span, Spanned};
use crate::source::tag::{SecretSource, Tag};
use crate::source::weight;
use crate::wording;

/// A mistake costs so many values to keep and to show.
const VALUES_PER_MISTAKE: usize = 5;

/// No program takes a longer argument or variable: Linux has the same limit for one of them.
const LONGEST_TEXT: usize = 128 * 1024;

/// How much may come of the files, so that few lines cannot fill the memory: a range of ten thousand
/// hosts with a thousand containers each is typed quickly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Values that are made for hosts, containers, heirs and messages, of about a hundred bytes each.
    /// An ordinary container has fifty to a hundred.
    pub values: usize,
    /// Names that are compared in search of what was meant. Of thousands of mistakes among thousands
    /// of names, the later ones have no suggestion.
    pub compared_names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { values: 5_000_000, compared_names: 5_000_000 }
    }
}

/// Shared by all resolvers of one run.
pub(super) struct Context<'a> {
    sources: &'a SourceMap,
    variables: &'a Variables,
    /// Where relative paths start that stand in no file.
    folder: &'a Path,
    /// Resolvers run for every host and instance and only ever add to this.
    diagnostics: RefCell<Diagnostics>,
    /// Values from outside in free text: nobody knows which of them are secrets.
    secrets: RefCell<Secrets>,
    /// Values that are said to be secret; no message may hold them.
    declared_secrets: RefCell<Secrets>,
    /// What files and commands gave: each is asked for once.
    fetched: RefCell<HashMap<Source, Result<String, String>>>,
    /// Of the containers so far, by their names.
    places: RefCell<HashMap<String, Places>>,
    /// Pairs of configurations that have been told to get in each other's way, and pairs of places.
    meetings: RefCell<HashSet<[String; 2]>>,
    meeting_places: RefCell<HashSet<[Span; 2]>>,
    /// Whether anything outside the files is asked for; if not, such values are simply not there.
    asks_outside: bool,
    runs_commands: Cell<bool>,
    withheld: Cell<bool>,
    max_values: usize,
    /// How many values may still be made: small files can ask for a great many.
    values_left: Cell<usize>,
    /// How many names may still be compared.
    comparisons_left: Cell<usize>,
}

/// What is outside the files and has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    File(PathBuf),
    Command(Vec<String>),
}

impl<'a> Context<'a> {
    pub(super) fn new(
        sources: &'a SourceMap,
        variables: &'a Variables,
        folder: &'a Path,
        limits: Limits,
    ) -> Self {
        Self {
            sources,
            variables,
            folder,
            diagnostics: RefCell::new(Diagnostics::new()),
            secrets: RefCell::default(),
            declared_secrets: RefCell::default(),
            fetched: RefCell::default(),
            places: RefCell::default(),
            meetings: RefCell::default(),
            meeting_places: RefCell::default(),
            asks_outside: true,
            runs_commands: Cell::new(true),
            withheld: Cell::new(false),
            max_values: limits.values,
            values_left: Cell::new(limits.values),
            comparisons_left: Cell::new(limits.compared_names),
        }
    }

    /// Whether commands that print secrets are run from now on, or their values withheld.
    pub(super) fn set_runs_commands(&self, runs_commands: bool) {
        self.runs_commands.set(runs_commands);
    }

    /// Whether a secret was withheld since this was last asked.
    pub(super) fn take_withheld(&self) -> bool {
        self.withheld.take()
    }

    /// Counts values that are made for what stands at `span`. When there are too many, that is
    /// reported once, and everybody stops who asks.
    pub(super) fn spend(&self, values: usize, span: Span) -> bool {
        let left = self.values_left.get();
        if left == 0 {
            return false;
        }
        self.values_left.set(left.saturating_sub(values));
        if values < left {
            return true;
        }
        let message =
            format!("hosts, containers and what they inherit come to more than {} values", self.max_values);
        self.diagnostics.borrow_mut().push(
            Diagnostic::error(message).at(span, "the limit is reached here").help(
                "check ranges of hosts, `clients`, `instances` and `extends`, which multiply each other",
            ),
        );
        false
    }

    /// Whether so many values may still be made, before anything is done about them.
    pub(super) fn can_spend(&self, values: usize, span: Span) -> bool {
        values < self.values_left.get() || self.spend(values, span)
    }

    /// The name most like one that is not known; `None`, too, when the search has taken too long already.
    pub(super) fn nearest<'n>(
        &self,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        let mut left = self.comparisons_left.get();
        let known = known.into_iter().take_while(|_| {
            left = left.saturating_sub(1);
            left > 0
        });
        let nearest = wording::nearest(name, known);
        self.comparisons_left.set(left);
        nearest.filter(|_| left > 0)
    }

    /// The secrets so far.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets.borrow().clone()
    }

    /// The same, for those who have neither variables nor files at hand.
    pub(super) fn without_outside(self) -> Self {
        Self { asks_outside: false, ..self }
    }

    /// A text that is passed on as it is: commands, labels, options of drivers. A value from outside
    /// the file is remembered as a secret.
    pub(super) fn free_text(&self, raw: &RawText) -> Option<String> {
        self.named_text("", raw)
    }

    /// As [`Self::free_text`], for the value of a name.
    pub(super) fn named_text(&self, name: &str, raw: &RawText) -> Option<String> {
        let text = self.any_text(raw)?;
        if self.is_from_outside(name, raw) {
            self.secrets.borrow_mut().insert_line(&text);
        }
        Some(text)
    }

    /// Whether a value may be known to nobody but the operator. The default of a variable stands in
    /// the file for all to read, unless a name sounds as if it were a secret all the same.
    fn is_from_outside(&self, name: &str, raw: &RawText) -> bool {
        match &raw.tag {
            Some(Tag::Env { default: Some(_) }) if self.variables.get(&raw.text).is_none() => {
                is_secret_name(&raw.text) || is_secret_name(name)
            }
            tag => tag.as_ref().is_some_and(Tag::is_from_outside),
        }
    }

    /// All mistakes, none of which shows a declared secret.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let secrets = self.declared_secrets.into_inner();
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.change_texts(|text| secrets.mask(text));
        diagnostics.sort();
        diagnostics
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        let values = VALUES_PER_MISTAKE + weight::of_text(&diagnostic.message);
        if self.spend(values, diagnostic.span().unwrap_or_default()) {
            self.diagnostics.borrow_mut().push(diagnostic);
        }
    }

    pub(super) fn error(&self, message: impl Into<String>, span: Span, label: &str) {
        self.report(Diagnostic::error(message).at(span, label));
    }

    /// Whether this pair of configurations, and this pair of places, is told of for the first time:
    /// they meet on many hosts, and heirs say what their bases say.
    pub(super) fn is_first_meeting(&self, names: [&str; 2], spans: [Span; 2]) -> bool {
        let is_new = self.meetings.borrow_mut().insert(names.map(str::to_owned));
        let is_new_place = self.meeting_places.borrow_mut().insert(spans);
        is_new && is_new_place
    }

    pub(super) fn place(&self, span: Span) -> Place {
        self.sources.place(span)
    }

    /// These places, in one copy with those that the container has on another host if they are the
    /// same.
    pub(super) fn shared_places(&self, container_name: &str, places: Places) -> Places {
        let mut known = self.places.borrow_mut();
        match known.get(container_name) {
            Some(shared) if *shared == places => shared.clone(),
            _ => {
                known.insert(container_name.to_owned(), places.clone());
                places
            }
        }
    }

    /// The value of a text that means something here, and cannot be put off: a name, a path, an
    /// address. One that cannot be had is reported and gives `None`.
    pub(super) fn text(&self, raw: &RawText) -> Option<String> {
        if raw.tag == Some(Tag::Secret(SecretSource::Command)) {
            self.report(
                Diagnostic::error("a secret that a command prints cannot stand here")
                    .at(raw.span, "must be known before anything is done")
                    .help("write the value itself, or use `!env`, `!file` or `!secret {env: NAME}`"),
            );
            return None;
        }
        self.any_text(raw)
    }

    /// The value of a text that is only handed on: its tag is applied, and what a command prints may
    /// be withheld.
    pub(super) fn any_text(&self, raw: &RawText) -> Option<String> {
        if !self.asks_outside && raw.tag.as_ref().is_some_and(|tag| *tag != Tag::Path) {
            return None;
        }
        let text = match &raw.tag {
            None => Some(raw.text.clone()),
            Some(Tag::Path) => Some(self.variables.expand_path(&raw.text)),
            Some(Tag::Env { default }) => self.variable(raw, default.as_deref()),
            Some(Tag::File) => self.file(raw),
            Some(Tag::Secret(source)) => self.secret(raw, *source),
            Some(Tag::Computed(computed)) => {
                let refused = |reason: String| {
                    let message = format!("`{}` cannot be computed: {reason}", raw.text);
                    self.error(message, raw.span, "computed by the program");
                };
                computed.value().map_err(refused).ok()
            }
        };
        text.filter(|text| self.is_of_bearable_length(text, raw.span))
    }

    /// Text is copied for each container that has it.
    fn is_of_bearable_length(&self, text: &str, span: Span) -> bool {
        if text.len() <= LONGEST_TEXT {
            return self.spend(weight::of_text(text), span);
        }
        let kilobytes = LONGEST_TEXT / 1024;
        self.error(
            format!("a text has {} bytes", text.len()),
            span,
            &format!("expected at most {kilobytes} KiB"),
        );
        false
    }

    pub(super) fn optional_text(&self, raw: Option<&RawText>) -> Option<String> {
        raw.and_then(|raw| self.text(raw))
    }

    /// A text that is secret if its name sounds so, or if it comes from outside the file.
    pub(super) fn sensitive_text(&self, name: &str, raw: &RawText) -> Option<SensitiveText> {
        let text = self.any_text(raw)?;
        let is_secret = self.is_from_outside(name, raw) || is_secret_name(name);
        Some(if is_secret { SensitiveText::secret(text) } else { SensitiveText::open(text) })
    }

    fn variable(&self, raw: &RawText, default: Option<&str>) -> Option<String> {
        if let Some(value) = self.variables.get(&raw.text).or(default) {
            return Some(value.to_owned());
        }
        let nearest = self.nearest(&raw.text, self.variables.names());
        let help = match nearest {
            Some(name) => format!("set it in the environment, or write `{name}`"),
            None => "set it in the environment or with `--var NAME=VALUE`".to_owned(),
        };
        self.report(
            Diagnostic::error(format!("the variable `{}` is not set", raw.text))
                .at(raw.span, "asked for here")
                .help(help),
        );
        None
    }

    /// The content of a file without the line break at its end.
    fn file(&self, raw: &RawText) -> Option<String> {
        let typed = self.variables.expand_path(&raw.text);
        let own_folder =
            self.sources.path(raw.span.file).parent().filter(|_| self.sources.has(raw.span.file));
        let path = own_folder.unwrap_or(self.folder).join(&typed);
        let help = "relative paths start at the folder of this file";
        let refused = |reason: &str| {
            let message = format!("file `{}` {reason}", path.display());
            let diagnostic = Diagnostic::error(message).at(raw.span, "its content is needed here");
            if Path::new(&typed).is_absolute() { diagnostic } else { diagnostic.help(help) }
        };
        self.fetch(Source::File(path.clone()), refused)
    }

    /// A secret; it is taken out of everything that is shown.
    fn secret(&self, raw: &RawText, source: SecretSource) -> Option<String> {
        let value = match source {
            SecretSource::Env => self.variable(raw, None),
            SecretSource::File => self.file(raw),
            SecretSource::Command if !self.runs_commands.get() => {
                self.withheld.set(true);
                return Some(REDACTED.to_owned());
            }
            SecretSource::Command => self.command(raw),
        }?;
        self.secrets.borrow_mut().insert_line(&value);
        self.declared_secrets.borrow_mut().insert(&value);
        Some(value)
    }

    fn command(&self, raw: &RawText) -> Option<String> {
        let Some(words) = shlex::split(&raw.text) else {
            self.error("the quotes of a command are not closed", raw.span, "expected a command line");
            return None;
        };
        let refused = |reason: &str| {
            let message = format!("command `{}` {reason}", raw.text);
            let diagnostic = Diagnostic::error(message).at(raw.span, "its output is needed here");
            diagnostic.help("run it in a shell: it must print the secret and nothing else")
        };
        self.fetch(Source::Command(words), refused)
    }

    /// Asks outside, once for each source; a line break at the end belongs to no value.
    fn fetch(&self, source: Source, refused: impl FnOnce(&str) -> Diagnostic) -> Option<String> {
        let mut fetched = self.fetched.borrow_mut();
        let answer = fetched.entry(source).or_insert_with_key(|source| {
            let outside = self.variables.outside().ok_or("cannot be used: nothing outside is asked")?;
            match source {
                Source::File(path) => outside.read_file(path),
                Source::Command(words) => outside.run_command(words),
            }
        });
        match answer {
            Ok(text) => {
                let line = text.strip_suffix('\n').unwrap_or(text);
                Some(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
            Err(reason) => {
                self.report(refused(reason));
                None
            }
        }
    }
}

/// The value of a three-valued setting, if it is one.
pub(super) fn value_of<T>(setting: &Setting<T>) -> Option<&Spanned<T>> {
    match setting {
        Setting::Value(value) => Some(value),
        Setting::Unset | Setting::Null(_) => None,
    }
}

/// Where a three-valued setting stands, null included.
pub(super) fn span_of<T>(setting: &Setting<T>) -> Option<Span> {
    match setting {
        Setting::Unset => None,
        Setting::Null(span) => Some(*span),
        Setting::Value(value) => Some(value.span),
    }
}
