//! Examples of each command, for `--help` and the man pages: a test holds every line to the command line. Data, and how it is laid
//! below a help.

/// A command, and its lines: what to write, and what comes of it.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const EXAMPLES: &[Examples] = &[
    (
        "serve",
        &[
            (
                "phpeek-pm serve --config app.yaml",
                "supervise what app.yaml says; `phpeek-pm app.yaml` does the same",
            ),
            (
                "phpeek-pm serve --pid-file /run/phpeek-pm.pid",
                "the file of the usual places, with a pid file",
            ),
            ("phpeek-pm serve --watch", "reload whenever the file changes"),
            ("phpeek-pm serve --dry-run", "check as a start would, and start nothing"),
        ],
    ),
    (
        "run",
        &[
            ("phpeek-pm run -- nginx -g 'daemon off;'", "one program, as tini would run it"),
            ("phpeek-pm run --restart on-failure -- php worker.php", "started again when it fails"),
        ],
    ),
    ("demo", &[("phpeek-pm demo", "a few seconds of an example, and its traces")]),
    (
        "check-config",
        &[
            ("phpeek-pm check-config --config app.yaml", "every error at once, with line and column"),
            ("phpeek-pm check-config --host --strict", "programs, users and directories too; warnings fail"),
            ("phpeek-pm check-config --json", "for a pipeline"),
        ],
    ),
    (
        "config",
        &[
            ("phpeek-pm config --set", "what somebody has written, and where"),
            ("phpeek-pm config --json --config app.yaml", "all of it, for a script"),
        ],
    ),
    (
        "explain",
        &[
            ("phpeek-pm explain --config app.yaml", "who starts when, and what each waits for"),
            ("phpeek-pm explain queue", "why it is as it is, what it waits for, and its last restart"),
        ],
    ),
    (
        "init",
        &[
            ("phpeek-pm init", "a phpeek-pm.yaml for what lies here"),
            ("phpeek-pm init --output -", "the same on standard output"),
        ],
    ),
    (
        "import",
        &[
            (
                "phpeek-pm import supervisord /etc/supervisor/supervisord.conf --output phpeek-pm.yaml",
                "with the files that it includes",
            ),
            ("phpeek-pm import procfile", "the Procfile here"),
            ("phpeek-pm import crontab --user -", "what `crontab -l` writes"),
            ("phpeek-pm import pm2 ecosystem.config.js", "apps of PM2"),
            ("phpeek-pm import s6-overlay /etc/s6-overlay", "services of s6-rc, or of services.d"),
        ],
    ),
    (
        "scaffold",
        &[
            ("phpeek-pm scaffold laravel --dockerfile --docker-compose", "an application and its image"),
            ("phpeek-pm scaffold symfony --queue-workers 5 --output deploy", "into another directory"),
            ("phpeek-pm scaffold --interactive", "asks for everything"),
        ],
    ),
    (
        "example",
        &[("phpeek-pm example", "lists them"), ("phpeek-pm example full", "every key with its meaning")],
    ),
    (
        "schema",
        &[
            ("phpeek-pm schema", "for an editor: `phpeek-pm schema > phpeek-pm.schema.json`"),
            ("phpeek-pm schema --api", "for a client of the API: the same as /api/v1/openapi.json"),
        ],
    ),
    (
        "status",
        &[
            ("phpeek-pm status", "what runs, and whether all is up"),
            ("phpeek-pm status --wait 60", "wait until all is up"),
            ("phpeek-pm status --json", "for a script"),
        ],
    ),
    ("list", &[("phpeek-pm list", "a line for each process")]),
    ("start", &[("phpeek-pm start queue", "start it, and wait until it is up")]),
    ("stop", &[("phpeek-pm stop queue", "stop it until somebody starts it again")]),
    (
        "restart",
        &[
            ("phpeek-pm restart queue", "until all its instances are up again"),
            ("phpeek-pm restart queue --wait 30", "for half a minute at most"),
            ("phpeek-pm restart --rolling", "everything, those that others depend on first"),
            ("phpeek-pm restart --rolling web queue", "these two, and no further when one does not come up"),
        ],
    ),
    (
        "scale",
        &[
            ("phpeek-pm scale queue 5", "five instances"),
            ("phpeek-pm scale queue -1", "one fewer than there are"),
        ],
    ),
    ("signal", &[("phpeek-pm signal nginx SIGHUP", "have nginx read its configuration again")]),
    (
        "reload",
        &[
            ("phpeek-pm reload", "take over what has changed in the file"),
            ("phpeek-pm reload --file next.yaml", "run what another file says from now on"),
        ],
    ),
    (
        "schedule",
        &[
            ("phpeek-pm schedule list", "when each job runs next, and how it ran last"),
            ("phpeek-pm schedule trigger backup", "run it now, and wait for its end"),
            ("phpeek-pm schedule pause backup", "no run by the clock until `schedule resume backup`"),
        ],
    ),
    (
        "history",
        &[
            ("phpeek-pm history --errors --since 1d", "what has failed since yesterday"),
            ("phpeek-pm history backup --json", "the runs of one job, for a script"),
        ],
    ),
    ("plan", &[("phpeek-pm plan app.yaml", "what a reload of it would do")]),
    (
        "logs",
        &[
            ("phpeek-pm logs queue --follow", "the newest lines of a process, and those that come"),
            (
                "phpeek-pm logs --since 5m --grep 'timeout|refused'",
                "what all have written of it in five minutes",
            ),
        ],
    ),
    ("events", &[("phpeek-pm events --follow --json", "what happens, for a script")]),
    (
        "top",
        &[
            ("phpeek-pm top", "live, who uses the most processor time first"),
            ("phpeek-pm top --once --sort memory", "once, who holds the most memory first"),
            ("phpeek-pm top --json", "for a script"),
        ],
    ),
    ("telemetry", &[("phpeek-pm telemetry", "what became of the spans")]),
    (
        "trace",
        &[
            ("phpeek-pm trace list", "the newest traces"),
            ("phpeek-pm trace last --start", "where the time of the newest start went"),
            ("phpeek-pm trace list --errors --since 1d", "what has failed since yesterday"),
            ("phpeek-pm trace last --restart --html -o trace.html", "the newest restart as a page"),
            ("phpeek-pm trace analyze critical-chain", "what decided when the start was over"),
            ("phpeek-pm trace spool list --spool /var/lib/phpeek-pm/spool", "what waits for the receiver"),
        ],
    ),
    ("version", &[("phpeek-pm version --short", "the number alone")]),
    (
        "completions",
        &[
            (
                "phpeek-pm completions bash",
                "into /usr/share/bash-completion/completions/phpeek-pm, or ~/.local/share/bash-completion/completions/phpeek-pm",
            ),
            (
                "phpeek-pm completions zsh",
                "into _phpeek-pm in a directory of $fpath, as /usr/local/share/zsh/site-functions",
            ),
            ("phpeek-pm completions fish", "into ~/.config/fish/completions/phpeek-pm.fish"),
        ],
    ),
    (
        "man",
        &[
            ("phpeek-pm man", "into /usr/local/share/man/man1/phpeek-pm.1"),
            ("phpeek-pm man serve", "the page of a command, as phpeek-pm-serve.1"),
        ],
    ),
];

/// The lines of a command.
pub(super) fn of(command: &str) -> &'static [(&'static str, &'static str)] {
    EXAMPLES.iter().find(|(name, _)| *name == command).map_or(&[], |(_, lines)| lines)
}

/// The whole command line, with examples below the help of each command.
pub(super) fn below(line: clap::Command) -> clap::Command {
    let names: Vec<String> = line.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(line, |line, name| {
        let lines = of(name).iter().map(|(words, about)| format!("  {words}\n      {about}\n"));
        let text: String = lines.collect();
        if text.is_empty() {
            return line;
        }
        line.mut_subcommand(name, |command| command.after_help(format!("Examples:\n{}", text.trim_end())))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::cli::Arguments;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn every_example_is_a_line_that_is_taken() {
        let line = Arguments::command();
        for command in line.get_subcommands().filter(|command| command.get_name() != "help") {
            assert!(!of(command.get_name()).is_empty(), "{} has no example", command.get_name());
        }
        for (name, lines) in EXAMPLES {
            assert!(line.find_subcommand(name).is_some(), "{name}");
            for (words, _) in *lines {
                let words = shlex::split(words).expect("its quotes fit together");
                let parsed = Arguments::try_parse_from(&words);
                assert!(parsed.is_ok(), "{words:?}: {:?}", parsed.err().map(|error| error.to_string()));
            }
        }
    }
}
