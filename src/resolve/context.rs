//! What every part of resolving needs: variables, places, and where mistakes go.

use std::cell::RefCell;

use crate::model::place::Place;
use crate::model::secret::{Secrets, SensitiveText, is_secret_name};
use crate::model::variables::Variables;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::file::SourceMap;
use crate::source::raw::{RawText, Setting, TextTag};
use crate::source::span::{Span, Spanned};
use crate::wording;

/// Shared by all resolvers of one run.
pub(super) struct Context<'a> {
    sources: &'a SourceMap,
    variables: &'a Variables,
    /// Resolvers run for every host and instance and only ever add to this.
    diagnostics: RefCell<Diagnostics>,
    /// Values of variables in free text: nobody knows which of them are secrets.
    secrets: RefCell<Secrets>,
}

impl<'a> Context<'a> {
    pub(super) fn new(sources: &'a SourceMap, variables: &'a Variables) -> Self {
        Self {
            sources,
            variables,
            diagnostics: RefCell::new(Diagnostics::new()),
            secrets: RefCell::default(),
        }
    }

    /// The secrets so far.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets.borrow().clone()
    }

    /// A text that is passed on as it is: commands, labels, options of drivers. A value from outside
    /// the file is remembered as a secret.
    pub(super) fn free_text(&self, raw: &RawText) -> Option<String> {
        let text = self.text(raw)?;
        if raw.tag == Some(TextTag::Env) {
            self.secrets.borrow_mut().insert_line(&text);
        }
        Some(text)
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.sort();
        diagnostics
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub(super) fn error(&self, message: impl Into<String>, span: Span, label: &str) {
        self.report(Diagnostic::error(message).at(span, label));
    }

    pub(super) fn place(&self, span: Span) -> Place {
        self.sources.place(span)
    }

    /// The value of a text, its tag applied; a missing variable is reported and gives `None`.
    pub(super) fn text(&self, raw: &RawText) -> Option<String> {
        match raw.tag {
            None => Some(raw.text.clone()),
            Some(TextTag::Path) => Some(self.variables.expand_path(&raw.text)),
            Some(TextTag::Env) => self.variable(raw),
        }
    }

    pub(super) fn optional_text(&self, raw: Option<&RawText>) -> Option<String> {
        raw.and_then(|raw| self.text(raw))
    }

    /// A text that is secret if its name sounds so, or if it comes from outside the file.
    pub(super) fn sensitive_text(&self, name: &str, raw: &RawText) -> Option<SensitiveText> {
        let text = self.text(raw)?;
        let is_secret = raw.tag == Some(TextTag::Env) || is_secret_name(name);
        Some(if is_secret { SensitiveText::secret(text) } else { SensitiveText::open(text) })
    }

    fn variable(&self, raw: &RawText) -> Option<String> {
        if let Some(value) = self.variables.get(&raw.text) {
            return Some(value.to_owned());
        }
        let nearest = wording::nearest(&raw.text, self.variables.names());
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
