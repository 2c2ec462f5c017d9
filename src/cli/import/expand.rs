//! `%(…)s` of supervisord, to texts of ours: what is known is written out, what only a start knows becomes `${…}` or
//! `{{instance}}`, and all else is kept from meaning something here. Texts only.

use super::model::literal;

/// What the names stand for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'a> {
    pub(super) here: &'a str,
    pub(super) program: &'a str,
    pub(super) group: &'a str,
    /// How many instances there are, and the number of the first.
    pub(super) count: u32,
    pub(super) first: i64,
}

/// The text, expanded; what is not known is told to `lost`, and stays.
pub(super) fn expand(text: &str, names: &Names<'_>, lost: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        out.push_str(&literal(before));
        let after = after.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
        } else if let Some((name, format, after)) = field(after) {
            match one(name, format, names) {
                Some(value) => out.push_str(&value),
                None => {
                    lost.push(format!("%({name}){format} in {text:?} is not known, and stays as it is"));
                    out.push_str(&format!("%({name}){format}"));
                }
            }
            rest = after;
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(&literal(rest));
    out
}

/// `(name)02d`: the name, the form, and what follows.
fn field(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.strip_prefix('(')?.split_once(')')?;
    let end = rest.find(|c: char| c.is_ascii_alphabetic())? + 1;
    let (format, after) = rest.split_at_checked(end)?;
    let digits = format.get(..end - 1)?;
    digits.chars().all(|c| c.is_ascii_digit() || "-+ .".contains(c)).then_some((name, format, after))
}

fn one(name: &str, format: &str, names: &Names<'_>) -> Option<String> {
    if let Some(variable) = name.strip_prefix("ENV_") {
        return Some(format!("${{{variable}}}"));
    }
    Some(match name {
        "here" => literal(names.here),
        "program_name" => literal(names.program),
        "group_name" => literal(names.group),
        "host_node_name" => "${HOSTNAME:-localhost}".to_owned(),
        "numprocs" => names.count.to_string(),
        "process_num" if names.count > 1 => "{{instance}}".to_owned(),
        "process_num" => padded(names.first, format),
        _ => return None,
    })
}

fn padded(number: i64, format: &str) -> String {
    let digits = format.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let width: usize = digits.trim_start_matches('0').parse().unwrap_or(0);
    if digits.starts_with('0') { format!("{number:0>width$}") } else { format!("{number:>width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_meaning() {
        let names = Names { here: "/etc", program: "web", group: "all", count: 1, first: 3 };
        let mut lost = Vec::new();
        let mut of = |text: &str, names: &Names<'_>| expand(text, names, &mut lost);
        assert_eq!(of("%(here)s/%(program_name)s.%(group_name)s", &names), "/etc/web.all");
        assert_eq!(of("%(process_num)02d %(process_num)s %(numprocs)d", &names), "03 3 1");
        assert_eq!(of("%(process_num)02d", &Names { count: 2, ..names }), "{{instance}}");
        assert_eq!(of("%(ENV_HOME)s ${HOME} {{x}} 100%% %h %", &names), "${HOME} $${HOME} {{{{x}} 100% %h %");
        assert_eq!(of("%(what)s", &names), "%(what)s");
        assert_eq!(lost.len(), 1);
    }
}
