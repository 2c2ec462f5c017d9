//! The dialect of INI that supervisord reads: Python's RawConfigParser with `strict=False`, `;` and `#` for comments also
//! behind a value, and lines that go on. Judges nothing.

/// A file: where it is, for people and for `%(here)s`, and what it holds.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) label: String,
    pub(super) here: String,
    pub(super) text: String,
}

/// A section; what was written twice is there twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) entries: Vec<Entry>,
}

/// A key, in lower case, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// The sections of a text, and the lines that mean nothing.
pub(super) fn read(text: &str) -> (Vec<Section>, Vec<usize>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut strange = Vec::new();
    // How deep the key stands whose value may go on.
    let mut depth: Option<usize> = None;
    for (number, raw) in text.lines().enumerate() {
        let number = number + 1;
        let line = without_comment(raw.strip_prefix('\u{FEFF}').unwrap_or(raw));
        let (indent, trimmed) = (line.len() - line.trim_start().len(), line.trim());
        if trimmed.is_empty() {
            continue;
        }
        let last = sections.last_mut().and_then(|section| section.entries.last_mut());
        if let (Some(entry), Some(depth)) = (last, depth)
            && indent > depth
        {
            entry.value.push('\n');
            entry.value.push_str(trimmed);
            continue;
        }
        if let Some(name) =
            trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name)
        {
            sections.push(Section { name: name.trim().to_owned(), line: number, entries: Vec::new() });
            depth = None;
            continue;
        }
        match (trimmed.split_once(['=', ':']), sections.last_mut()) {
            (Some((key, value)), Some(section)) => {
                let (key, value) = (key.trim().to_lowercase(), value.trim().to_owned());
                section.entries.push(Entry { key, value, line: number });
                depth = Some(indent);
            }
            _ => strange.push(number),
        }
    }
    (sections, strange)
}

/// A comment begins the line, or has white space before it.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if matches!(c, ';' | '#') && before.is_whitespace() {
            return line.get(..at).unwrap_or(line);
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_and_comments_end() {
        let text = "junk\n; a comment\n[program:a]  ; of it\nCommand = x --a=b ;c\nenvironment=\n    A=\"1\",\n    # no part of it\n\n    B=\"2;3\"\nurl:http://x:1#y\nnothing\n[b]\nk=v\n  [c]\n";
        let (sections, strange) = read(text);
        let of =
            |name: &str| sections.iter().find(|section| section.name == name).map(|section| &section.entries);
        let values: Vec<(&str, &str)> =
            of("program:a").into_iter().flatten().map(|e| (e.key.as_str(), e.value.as_str())).collect();
        assert_eq!(
            values,
            [("command", "x --a=b"), ("environment", "\nA=\"1\",\nB=\"2;3\""), ("url", "http://x:1#y")]
        );
        assert_eq!(strange, [1, 11]);
        assert_eq!(of("b").map(|entries| entries.len()), Some(1));
    }
}
