//! Crontabs, a user's and the system's (`/etc/crontab`, `/etc/cron.d`), as Debian's cron reads them. Texts only.

use super::model::{Imported, Process, Value};
use super::words;
use jiff::tz::TimeZone;
use phpeek_core::schedule::Timetable;

/// Whether jobs name a user before their command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// They do not.
    User,
    /// They do.
    System,
    /// To be told from the text.
    Unknown,
}

/// Users that crontabs name; no program has one of these names.
const USERS: [&str; 12] = [
    "root", "www-data", "nobody", "daemon", "postgres", "mysql", "redis", "nginx", "apache", "app", "deploy",
    "ubuntu",
];

/// The whole of it.
pub(super) fn import(text: &str, form: Form) -> Imported {
    let mut all = Imported::default();
    let jobs = || text.lines().filter_map(job);
    let system = match form {
        Form::System => true,
        Form::User => false,
        Form::Unknown => {
            let user = |job: &Job<'_>| {
                job.command.split_whitespace().next().is_some_and(|word| USERS.contains(&word))
            };
            jobs().next().is_some() && jobs().all(|job| user(&job))
        }
    };
    all.notes.push("cron ran jobs in the user's home with PATH=/usr/bin:/bin; here: the supervisor's directory and PATH, unless working_dir and env say more.".to_owned());
    let mut surroundings = Surroundings::default();
    for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = variable(line) {
            surroundings.take(name, value, number, &mut all.lost);
            continue;
        }
        match job(line) {
            Some(job) => process(&mut all, &job, system, &surroundings, number),
            None => all.lost.push(format!("line {number} is neither a job nor a variable: {line}")),
        }
    }
    all
}

/// What the lines before a job say about it.
#[derive(Debug, Default)]
struct Surroundings {
    env: Vec<(String, String)>,
    shell: Option<String>,
    zone: Option<String>,
    /// In minutes.
    jitter: Option<u32>,
}

impl Surroundings {
    fn take(&mut self, name: &str, value: &str, number: usize, lost: &mut Vec<String>) {
        match name {
            "MAILTO" | "MAILFROM" if value.is_empty() => {}
            "MAILTO" | "MAILFROM" => lost.push(format!(
                "line {number}: nothing is mailed to {value}: the output of a job is in the log"
            )),
            "SHELL" => self.shell = Some(value.to_owned()),
            "CRON_TZ" | "TZ" => self.zone = Some(value.to_owned()),
            "RANDOM_DELAY" => self.jitter = value.parse::<u32>().ok().filter(|minutes| *minutes > 0),
            _ => {
                self.env.retain(|(known, _)| known != name);
                self.env.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

fn variable(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_matches(['"', '\'']);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// A job: when, and the rest of the line.
struct Job<'a> {
    when: When,
    command: &'a str,
}

enum When {
    Clock(String),
    Boot,
}

fn job(line: &str) -> Option<Job<'_>> {
    let line = line.trim();
    if line.starts_with('@') {
        let (word, command) = line.split_once(char::is_whitespace)?;
        let when = match word.to_ascii_lowercase().as_str() {
            "@reboot" => When::Boot,
            "@yearly" | "@annually" => When::Clock("0 0 1 1 *".to_owned()),
            "@monthly" => When::Clock("0 0 1 * *".to_owned()),
            "@weekly" => When::Clock("0 0 * * 0".to_owned()),
            "@daily" | "@midnight" => When::Clock("0 0 * * *".to_owned()),
            "@hourly" => When::Clock("0 * * * *".to_owned()),
            _ => return None,
        };
        return Some(Job { when, command: command.trim() });
    }
    let mut rest = line;
    let mut fields = Vec::new();
    for _ in 0..5 {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        fields.push(field);
        rest = after.trim_start();
    }
    let clock = |field: &&str| field.chars().all(|c| c.is_ascii_alphanumeric() || "*,-/~".contains(c));
    let first =
        fields.first().is_some_and(|field| field.starts_with(|c: char| c.is_ascii_digit() || c == '*'));
    let whole = first && fields.iter().all(clock) && !rest.is_empty();
    whole.then(|| Job { when: When::Clock(fields.join(" ")), command: rest })
}

fn process(all: &mut Imported, job: &Job<'_>, system: bool, surroundings: &Surroundings, number: usize) {
    let (user, line) = match job.command.split_once(char::is_whitespace) {
        Some((user, line)) if system => (Some(user), line.trim_start()),
        _ => (None, job.command),
    };
    let (whole, (line, input)) = (line, split_input(line));
    // busybox leaves % alone, and there it stands within a calculation.
    let cut = input.is_some() && line.matches('(').count() != line.matches(')').count();
    let (line, input) = if cut { (whole.to_owned(), None) } else { (line, input) };
    let mut process = Process::named(words::name_of(&line));
    match &job.when {
        When::Clock(fields) if fields.contains('~') => {
            all.lost.push(format!(
                "line {number}: a time by chance ({fields}) is not known: write a time, and schedule_jitter"
            ));
            return;
        }
        When::Clock(fields) if Timetable::parse(fields, TimeZone::UTC, |_| None).is_err() => {
            all.lost.push(format!("line {number}: {fields} is no time, for cron neither: {line}"));
            return;
        }
        When::Clock(fields) => process.set("schedule", Value::Text(fields.clone())),
        When::Boot => process.set_noted(
            "type",
            Value::plain("oneshot"),
            "@reboot: once at each start of the supervisor",
        ),
    }
    let line = match &input {
        Some(input) => {
            process.note("what stood behind % was the job's standard input");
            format!("printf '%s\\n' '{}' | {line}", input.replace('\'', "'\\''"))
        }
        None => line,
    };
    let command = match (words::command(&line), &surroundings.shell) {
        (Value::List(words), Some(shell)) if words.first().is_some_and(|word| word == "sh") => {
            Value::List(std::iter::once(shell.clone()).chain(words.into_iter().skip(1)).collect())
        }
        (command, _) => command,
    };
    process.set("command", command);
    if let (When::Clock(_), Some(zone)) = (&job.when, &surroundings.zone) {
        process.set("schedule_timezone", Value::Text(zone.clone()));
    }
    if let (When::Clock(_), Some(minutes)) = (&job.when, surroundings.jitter) {
        process.set_noted("schedule_jitter", Value::plain(format!("{minutes}m")), "RANDOM_DELAY");
    }
    if let Some(user) = user {
        process.set("user", Value::Text(user.to_owned()));
    }
    process.env =
        surroundings.env.iter().map(|(key, value)| (key.clone(), super::model::literal(value))).collect();
    all.add(process);
}

/// `%` ends the command, `\%` is one; what follows is its input, each further `%` a new line.
fn split_input(line: &str) -> (String, Option<String>) {
    let (mut command, mut input): (String, Option<String>) = (String::new(), None);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && chars.peek() == Some(&'%');
        let c = if escaped { chars.next().unwrap_or(c) } else { c };
        match &mut input {
            None if c == '%' && !escaped => input = Some(String::new()),
            None => command.push(c),
            Some(input) if c == '%' && !escaped => input.push('\n'),
            Some(input) => input.push(c),
        }
    }
    (command.trim().to_owned(), input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::checked::passes;

    #[test]
    fn both_forms_are_told_apart_and_carry_over() {
        let system = "SHELL=/bin/bash\nPATH=/usr/local/bin:/usr/bin\nMAILTO=ops@example.com\n# m h\n17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly\n@reboot www-data /srv/warm.sh\n\
            30 3 1-15 * mon-fri root mysqldump x | gzip > /b/$(date +\\%F).gz\nCRON_TZ=Europe/Copenhagen\nRANDOM_DELAY=6\n*/5 * * * * www-data php /srv/artisan schedule:run\n";
        let all = import(system, Form::Unknown);
        let yaml = all.yaml("crontab /etc/crontab");
        passes(&yaml);
        for wanted in [
            "schedule: \"17 * * * *\"",
            "user: root",
            "type: oneshot",
            "command: [/srv/warm.sh]",
            "user: www-data",
            "[/bin/bash, \"-c\", \"mysqldump x | gzip > /b/$(date +%F).gz\"]",
            "schedule_timezone: Europe/Copenhagen",
            "schedule_jitter: 6m",
            "PATH: \"/usr/local/bin:/usr/bin\"",
            "command: [php, /srv/artisan, \"schedule:run\"]",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        assert!(all.lost.iter().any(|lost| lost.contains("ops@example.com")), "{:?}", all.lost);
        let own = import(
            "0 2 * * * /usr/bin/backup root\n@daily mail -s x me%Hello%there\nnonsense\n0 ~ * * * x\n1 * * * * sleep $((1 + $RANDOM % 9)) && x\n0 1 0 * * y\n",
            Form::Unknown,
        );
        let yaml = own.yaml("crontab -");
        passes(&yaml);
        assert!(yaml.contains("command: [/usr/bin/backup, root]"), "{yaml}");
        assert!(yaml.contains("printf '%s\\\\n' 'Hello\\nthere' | mail -s x me"), "{yaml}");
        assert!(yaml.contains("sleep $((1 + $RANDOM % 9)) && x"), "{yaml}");
        assert_eq!(own.lost.len(), 3, "{:?}", own.lost);
    }
}
