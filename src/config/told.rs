//! Findings of a report in one line each, as every place that tells them has them. Text only.

use super::report::{Finding, Report, Severity};
use super::tree::Place;

impl Report {
    /// A finding in one line: file, line and column, or the variable; the path; what there is to say.
    #[must_use]
    pub fn headline(&self, finding: &Finding) -> String {
        let place = match &finding.place {
            Place::File { file, line, column } => {
                let name =
                    self.path_of(*file).map_or("<no file>".to_owned(), |file| file.display().to_string());
                format!("{name}:{line}:{column}: ")
            }
            Place::Variable(name) => format!("${name}: "),
            Place::Nowhere => String::new(),
        };
        let path = if finding.path.is_empty() { String::new() } else { format!("{}: ", finding.path) };
        format!("{place}{path}{}", finding.message)
    }

    /// Why the file itself could not be read, where that is so: nothing else is said of it then.
    #[must_use]
    pub fn unread(&self) -> Option<&str> {
        let whole = |finding: &&Finding| finding.path.is_empty() && finding.place == Place::Nowhere;
        let error =
            self.of(Severity::Error).find(whole).filter(|_| self.file.is_some() && self.text.is_empty());
        error.map(|error| error.message.as_str())
    }
}
