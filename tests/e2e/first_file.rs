//! How somebody comes to the first configuration: `scaffold`, `import`, and what is said to who has none.

use crate::support::Sandbox;
use crate::support::supervisor::{clean, program, run};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Command;

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
fn whoever_goes_away_between_two_questions_of_scaffold_leaves_no_file() {
    let sandbox = Sandbox::new();
    let all = "1\nshop\n2\nn\ny\nn\n";
    let mut cut = 0;
    while let Some(at) = all[cut..].find('\n') {
        answered(&sandbox, &all[..cut], "nobody answers any more; nothing was written", 1);
        assert!(!sandbox.path("made").exists(), "after {:?}", &all[..cut]);
        cut += at + 1;
    }
    answered(&sandbox, all, "wrote made/Dockerfile", 0);
    // The first file is there: its question stands before all writing.
    std::fs::remove_file(sandbox.path("made/Dockerfile")).expect("it was written");
    answered(&sandbox, &format!("{all}y\n"), "nobody answers any more; nothing was written", 1);
    answered(&sandbox, &format!("{all}y\nn\n"), "nginx.conf is there already and is not overwritten", 1);
    assert!(!sandbox.path("made/Dockerfile").exists(), "the others wait for all answers");
}

/// `scaffold --interactive` with these answers says this and ends with this code.
fn answered(sandbox: &Sandbox, answers: &str, wanted: &str, code: i32) {
    let mut command = Command::new(program());
    let command = clean(&mut command, sandbox).args(["scaffold", "--interactive", "--output", "made"]);
    let piped = || std::process::Stdio::piped();
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().expect("the program runs");
    let written = child.stdin.take().expect("a pipe").write_all(answers.as_bytes());
    written.expect("it reads them");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(code) && said.contains(wanted), "{answers:?}: {said}");
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

const SUPERVISORD: &str = "[supervisord]\nnodaemon=true\n[include]\nfiles = conf.d/*.conf\n[eventlistener:mail]\ncommand=x\nevents=TICK_60\n";
const PROGRAM: &str = "[program:worker]\ncommand=sleep %(ENV_LONG)s\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\n";

#[test]
fn what_others_read_is_imported_and_runs() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("conf.d")).expect("a folder");
    let main = sandbox.write("supervisord.conf", SUPERVISORD).display().to_string();
    sandbox.write("conf.d/worker.conf", PROGRAM);
    let (code, said) = run(&sandbox, &["import", "supervisord", &main, "--output", "pm.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("event listener mail") && said.contains("passes check-config"), "{said}");
    let yaml = std::fs::read_to_string(sandbox.path("pm.yaml")).expect("it was written");
    assert!(yaml.contains("scale: 2") && yaml.contains("command: [sleep, \"${LONG}\"]"), "{yaml}");
    let (code, said) = run(&sandbox, &["check-config", "pm.yaml"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&sandbox, &["import", "supervisord", &main, "--output", "pm.yaml"]);
    assert_eq!(code, 73, "{said}");

    let files = [
        ("procfile", "web: bundle exec puma -p $PORT\nrelease: rake db:migrate\n", "port_base: 5000"),
        (
            "crontab",
            "*/5 * * * * cd /srv && php artisan schedule:run >> /dev/null 2>&1\n",
            "schedule: \"*/5 * * * *\"",
        ),
        ("pm2", "{\"apps\": [{\"name\": \"api\", \"script\": \"server.js\"}]}", "command: [node, server.js]"),
    ];
    for (kind, text, wanted) in files {
        let file = sandbox.write(kind, text).display().to_string();
        let (code, said) = run(&sandbox, &["import", kind, &file]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(wanted) && said.contains("passes check-config"), "{said}");
    }
    std::fs::create_dir_all(sandbox.path("etc/s6-overlay/s6-rc.d/web")).expect("a folder");
    sandbox.write("etc/s6-overlay/s6-rc.d/web/type", "longrun\n");
    sandbox.write(
        "etc/s6-overlay/s6-rc.d/web/run",
        "#!/command/execlineb -P\nwith-contenv nginx -g \"daemon off;\"\n",
    );
    let (code, said) = run(&sandbox, &["import", "s6-overlay", "etc/s6-overlay"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("command: [nginx, \"-g\", \"daemon off;\"]"), "{said}");
    assert_eq!(run(&sandbox, &["import", "procfile", "nowhere"]).0, 66);
}

#[test]
fn what_an_import_cannot_read_is_told_and_never_cut() {
    let sandbox = Sandbox::new();
    let large = "# a comment\n".repeat(400_000);
    let file = sandbox.write("Procfile", &large).display().to_string();
    let (code, said) = run(&sandbox, &["import", "procfile", &file]);
    assert_eq!(code, 66, "{said}");
    assert!(said.contains("it is larger than 4 MiB"), "{said}");
    std::fs::create_dir_all(sandbox.path("conf.d/folder.conf")).expect("a folder");
    let main = sandbox.write("supervisord.conf", SUPERVISORD).display().to_string();
    sandbox.write("conf.d/large.conf", &large);
    sandbox.write("conf.d/worker.conf", PROGRAM);
    let (code, said) = run(&sandbox, &["import", "supervisord", &main]);
    assert_eq!(code, 0, "{said}");
    for wanted in
        ["conf.d/large.conf: it is larger than 4 MiB", "conf.d/folder.conf: it is a directory", "scale: 2"]
    {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn a_file_of_somebody_else_is_known_for_what_it_is() {
    let sandbox = Sandbox::new();
    let cases = [
        ("supervisord.conf", SUPERVISORD, "this is a supervisord file"),
        ("app.service", "[Service]\nExecStart=/usr/bin/x\n", "this is a systemd unit"),
        ("ecosystem.json", "{\"apps\": []}", "this is an ecosystem file of PM2"),
        ("jobs", "# jobs\n*/5 * * * * root php x y z\n", "this is a crontab"),
        ("Procfile", "web: puma\n", "this is a Procfile"),
    ];
    for (name, text, wanted) in cases {
        let file = sandbox.write(name, text).display().to_string();
        let (code, said) = run(&sandbox, &["check-config", "--config", &file]);
        assert_eq!(code, 78, "{said}");
        assert!(said.contains(wanted), "{said}");
        assert_eq!(said.contains("phpeek-pm import"), !name.ends_with(".service"), "{said}");
    }
}

#[test]
fn each_slip_of_a_newcomer_is_answered_with_what_to_do() {
    let sandbox = Sandbox::new();
    let file = |text: &str| sandbox.write("slip.yaml", text).display().to_string();
    let check = |text: &str| run(&sandbox, &["check-config", "--config", &file(text)]);
    let holds = |(code, said): (i32, String), wanted: i32, words: &[&str]| {
        assert_eq!(code, wanted, "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
    };
    let tab = "processes:\n\tweb: {command: [x]}\n";
    holds(check(tab), 78, &["slip.yaml:2:1", "a tab", "indent with spaces", "→web"]);
    let list = check("processes:\n  - name: web\n    command: [x]\n");
    assert!(!list.1.contains("no process is defined"), "{}", list.1);
    holds(list, 78, &["the name is the key", "1 error,"]);
    let words =
        "processes: {web: {command: [x], numprocs: 2, directory: /, stopsignal: INT, autostart: false}}";
    holds(
        check(words),
        0,
        &["write scale", "write working_dir", "write shutdown.signal", "write initial_state"],
    );
    holds(check("processes: {web: {command: [\"cd /app && php x\"]}}"), 0, &["no shell takes it apart"]);
    let shell = check("processes: {web: {command: [sh, -c, \"exec sleep 100\"]}}");
    holds(shell, 0, &["0 warnings, 0 suggestions"]);
    let port = "global: {tracing_enabled: true, tracing_exporter: otlp-http, tracing_endpoint: \"localhost:4317\"}\nprocesses: {web: {command: [x]}}";
    holds(check(port), 0, &["port 4318"]);
    holds(run(&sandbox, &["check-config", "--config", "."]), 78, &["directory", "name the file in it"]);
    holds(run(&sandbox, &["check-config", "--config", "-"]), 78, &["/dev/stdin"]);
    std::fs::write(sandbox.path("binary.yaml"), [0xff, 0xfe, 0, 1]).expect("a file");
    holds(run(&sandbox, &["check-config", "binary.yaml"]), 78, &["not UTF-8", "example minimal"]);
    holds(run(&sandbox, &["start"]), 64, &["phpeek-pm serve"]);
    holds(run(&sandbox, &["serve", "--daemon"]), 64, &["runs in the foreground"]);
    file("processes: {web: {command: [\"true\"], restart: never}}");
    holds(run(&sandbox, &["serve", "slip.yaml", "--dry-run"]), 0, &["slip.yaml", "Nothing was started"]);
    holds(run(&sandbox, &["slip.yaml"]), 0, &[]);
    let bare = run(&sandbox, &[]);
    holds(bare, 78, &["/etc/phpeek-pm/phpeek-pm.yaml", "./phpeek-pm.yaml", "sleep", "phpeek-pm init"]);
}

#[test]
fn config_tells_where_each_value_comes_from() {
    let sandbox = Sandbox::new();
    let text = "global: {tracing_enabled: true, tracing_exporter: otlp-grpc, api_auth: geheim}\nprocesses:\n  web:\n    command: [x, \"--password=geheim\"]\n    scale: 2\n    env: {A: geheim}\n";
    let file = sandbox.write("pm.yaml", text).display().to_string();
    let output = clean(&mut Command::new(program()), &sandbox)
        .args(["config", "--json", "--config", &file])
        .env("PHPEEK_PM_PROCESS_WEB_SCALE", "3")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("geheim"), "{text}");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let of = |path: &str| {
        all.iter().find(|setting| setting["path"] == path).unwrap_or_else(|| panic!("{path}: {text}"))
    };
    let file = of("global.tracing_exporter");
    assert_eq!(
        (&file["value"], &file["origin"], &file["line"]),
        (&json!("otlp-grpc"), &json!("file"), &json!(1))
    );
    let scale = of("processes.web.scale");
    assert_eq!((&scale["value"], &scale["variable"]), (&json!("3"), &json!("PHPEEK_PM_PROCESS_WEB_SCALE")));
    let endpoint = of("global.tracing_endpoint");
    assert_eq!(
        (&endpoint["value"], &endpoint["variable"]),
        (&json!("http://collector:4317"), &json!("OTEL_EXPORTER_OTLP_ENDPOINT"))
    );
    assert_eq!(of("global.shutdown_timeout")["origin"], "default");
    for hidden in ["global.api_auth", "processes.web.command", "processes.web.env.A"] {
        assert_eq!(of(hidden)["hidden"], true, "{hidden}");
    }
    let (code, said) = run(&sandbox, &["config", "--set", "pm.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("pm.yaml:5") && said.contains("(hidden)") && !said.contains("default"), "{said}");
}

#[test]
fn help_and_pages_have_examples() {
    let sandbox = Sandbox::new();
    for command in ["serve", "import", "completions"] {
        let (code, help) = run(&sandbox, &[command, "--help"]);
        assert_eq!(code, 0, "{help}");
        assert!(help.contains("Examples:"), "{help}");
        assert!(run(&sandbox, &["man", command]).1.contains(".SH EXAMPLES"), "{command}");
    }
    assert!(run(&sandbox, &["completions", "--help"]).1.contains("bash-completion"));
    let (code, said) = run(&sandbox, &["trace", "spool", "list", "--spool", "."]);
    assert_eq!(code, 66, "{said}");
    assert!(said.contains("is no spool"), "{said}");
    let (code, said) = run(&sandbox, &["trace", "last", "--socket", "nowhere.sock"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("tracing_spool_dir"), "{said}");
}

#[test]
fn init_into_another_folder_says_where_the_application_lies() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("etc")).expect("room");
    sandbox.write("Procfile", "web: ./serve --here\n");
    assert_eq!(run(&sandbox, &["init"]).0, 0);
    assert_eq!(run(&sandbox, &["init", "--output", "./same.yaml"]).0, 0);
    assert_eq!(run(&sandbox, &["init", "--output", "etc/app.yaml"]).0, 0);
    let text = |name: &str| std::fs::read_to_string(sandbox.path(name)).expect("it was written");
    assert!(!text("phpeek-pm.yaml").contains("working_dir") && !text("same.yaml").contains("working_dir"));
    let here = sandbox.dir().canonicalize().expect("it is there");
    let wanted = format!("    working_dir: {}\n", json!(here));
    assert!(text("etc/app.yaml").contains(&wanted), "{}", text("etc/app.yaml"));
}

#[test]
fn init_says_what_it_could_not_use() {
    let sandbox = Sandbox::new();
    sandbox.write("composer.json", "{\"require\": {");
    let (code, said) = run(&sandbox, &["init"]);
    assert!(code == 0 && said.contains("composer.json is of no use here: it is no JSON: "), "{said}");
}

#[test]
fn the_file_of_pm2_is_found_by_its_usual_name() {
    let sandbox = Sandbox::new();
    let (code, said) = run(&sandbox, &["import", "pm2"]);
    assert!(code == 1 && said.contains("there is no ecosystem.config.js, "), "{said}");
    sandbox.write(
        "ecosystem.config.js",
        "module.exports = {apps: [{name: 'web', script: 'index.js', kill_timeout: 60000}]}\n",
    );
    let (code, said) = run(&sandbox, &["import", "pm2", "--output", "new.yaml"]);
    assert!(code == 0 && said.contains("1 process imported"), "{said}");
    let (code, said) = run(&sandbox, &["check-config", "--strict", "--config", "new.yaml"]);
    assert_eq!(code, 0, "{said}");
}
