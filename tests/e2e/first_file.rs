//! How somebody comes to the first configuration: `scaffold`.

use crate::support::Sandbox;
use crate::support::supervisor::run;

#[test]
fn what_scaffold_writes_passes_the_strict_check_and_is_not_overwritten() {
    let sandbox = Sandbox::new();
    for preset in ["laravel", "symfony", "generic", "minimal", "production", "php", "wordpress", "nextjs"] {
        let folder = sandbox.path(preset).display().to_string();
        let words = ["scaffold", preset, "--output", &folder, "--dockerfile", "--docker-compose"];
        let (code, said) = run(&sandbox, &words);
        assert_eq!(code, 0, "{said}");
        let file = format!("{folder}/phpeek-pm.yaml");
        let (code, said) = run(&sandbox, &["check-config", "--strict", "--config", &file]);
        assert_eq!(code, 0, "{preset}: {said}");
        let (code, said) = run(&sandbox, &words);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("is there already"), "{said}");
    }
}

#[test]
fn an_unknown_preset_is_told_which_there_are() {
    let sandbox = Sandbox::new();
    for words in [&["scaffold"] as &[&str], &["scaffold", "joomla"]] {
        let (code, said) = run(&sandbox, words);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("wordpress") && said.contains("minimal"), "{said}");
    }
}
