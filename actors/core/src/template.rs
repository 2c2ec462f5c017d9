//! What each instance of a process has of its own in a text: `{{name}}`, `{{instance}}` (its number) and `{{port}}`;
//! `{{{{` is a literal `{{`. Anything else between braces is left as it is written: it is some other program's.

const OPEN: &str = "{{";
const LITERAL: &str = "{{{{";
const NAME: &str = "{{name}}";
const INSTANCE: &str = "{{instance}}";
const PORT: &str = "{{port}}";

/// What stands for the placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the process.
    pub name: &'a str,
    /// The number of the instance.
    pub number: u32,
    /// Its port; without one `{{port}}` is left as it is, which the configuration has refused.
    pub port: Option<u16>,
}

/// Whether a text may differ from instance to instance.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.contains(OPEN)
}

/// Whether a text asks for the port of an instance.
#[must_use]
pub fn wants_port(text: &str) -> bool {
    let of = |port| fill(text, &Place { name: "", number: 0, port: Some(port) });
    is_template(text) && of(1) != of(2)
}

/// The text as this instance is given it.
#[must_use]
pub fn fill(text: &str, place: &Place<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, _)) = rest.split_once(OPEN) {
        filled.push_str(before);
        rest = rest.get(before.len()..).unwrap_or_default();
        let number = |n: u32| Some(n.to_string());
        let found = [
            (LITERAL, Some(OPEN.to_owned())),
            (NAME, Some(place.name.to_owned())),
            (INSTANCE, number(place.number)),
            (PORT, place.port.and_then(|port| number(u32::from(port)))),
            (OPEN, Some(OPEN.to_owned())),
        ];
        for (placeholder, value) in found {
            if let (Some(after), Some(value)) = (rest.strip_prefix(placeholder), value) {
                filled.push_str(&value);
                rest = after;
                break;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(text: &str) -> String {
        fill(text, &Place { name: "web", number: 2, port: Some(3002) })
    }

    #[test]
    fn each_instance_finds_what_is_its_own() {
        assert_eq!(web("{{name}}-{{instance}}:{{port}}{{port}}"), "web-2:30023002");
        assert_eq!(web("{{{{name}} {{{{{{name}}"), "{{name}} {{web");
        let others = ["", "plain", "{name}", "{{.Names}}", "{{ name }}", "{{nam", "{{", "{{na{me}}", "}}{{"];
        assert_eq!(others.map(web), others, "some other program's");
        assert_eq!(web("{{x{{name}}"), "{{xweb");
    }

    #[test]
    fn a_port_is_wanted_by_its_placeholder_alone() {
        assert!(wants_port("a{{port}}") && wants_port("{{{{{{port}}"));
        assert!(!wants_port("{{name}}") && !wants_port("port") && !wants_port("{{{{port}}"));
        let none = Place { name: "web", number: 0, port: None };
        assert_eq!(fill("{{port}}", &none), "{{port}}");
    }
}
