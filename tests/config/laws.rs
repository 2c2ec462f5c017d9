//! What holds for every text.

use crate::{read, valid};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(processes|global|a|&a|\\*a|<<|: |- |\\[|\\]|\\{|\\}|\\$\\{|:-|'|\"|\n|  |é|,|#|!|\\||[0-9]){0,60}") {
        let loaded = read(&text, &[]);
        prop_assert_eq!(loaded.configuration.is_none(), !loaded.report.passed(phpeek_pm::config::Strictness::Usual));
    }

    #[test]
    fn no_bytes_make_it_panic(text in any::<String>()) {
        read(&text, &[]);
    }

    #[test]
    fn a_value_reaches_the_process_as_it_is(value in "[^\\x00]{1,40}") {
        let text = "processes: {app: {command: [x, '${V}', '${U:-${V}}'], env: {K: '${V}'}}}";
        let app = &valid(text, &[("V", &value)]).spec.processes[0];
        prop_assert_eq!(&app.program.command.argv()[1..], &[value.clone(), value.clone()]);
        prop_assert_eq!(&app.program.env[0].1, &value);
    }

    #[test]
    fn an_escaped_text_comes_back(inside in "[A-Za-z:?=-]{0,20}") {
        let text = format!("processes: {{app: {{command: [x, 'a$${{{inside}}}']}}}}");
        let app = &valid(&text, &[]).spec.processes[0];
        prop_assert_eq!(&app.program.command.argv()[1], &format!("a${{{inside}}}"));
    }
}
