//! Files that programs write by themselves: what stands in the records, through rotation of every kind, and who may lead us
//! where.

use super::rules::{content, file, pattern};
use super::{PATIENCE, law, records, start, until};
use phpeek_actors::ports::Level;
use phpeek_core::name::ProcessName;
use phpeek_pm::output::Output;
use phpeek_settings::lines::{LineRules, LogFile, ProcessLines, Redaction, Rotate};
use phpeek_settings::log::LogFormat;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// An output that follows a file.
struct Followed {
    folder: tempfile::TempDir,
    system: actix::SystemRunner,
    output: Output,
    out: File,
}

fn of_app(path: &Path, rotate: Option<Rotate>) -> ProcessLines {
    let redactions = vec![Redaction { pattern: pattern("pass=[a-z]+"), replacement: "***".into() }];
    let rules = LineRules { redactions, ..LineRules::default() };
    let file = LogFile { name: "app-log".into(), path: path.into(), rotate, rules: Arc::new(rules) };
    let rules = LineRules { files: vec![file], ..LineRules::default() };
    ProcessLines::from([(ProcessName::new("app").expect("a name"), Arc::new(rules))])
}

impl Followed {
    /// `before` prepares the folder; the file is `app.log` in it.
    fn new(rotate: Option<Rotate>, before: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("app.log");
        before(&path);
        let (out, stdout) = file();
        let (system, output) = start(LogFormat::Json, Level::Info, stdout);
        let output = system.block_on(async { output.following(of_app(&path, rotate), None) });
        Self { folder, system, output, out }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn appends(&self) -> File {
        File::options().append(true).create(true).open(self.path()).expect("a file")
    }

    fn write(&self, text: &str) {
        self.appends().write_all(text.as_bytes()).expect("room");
    }

    /// Waits until so many lines of the file were written.
    fn has(&self, lines: u64) {
        until("the lines are there", || self.output.stats().captured >= lines);
    }

    fn end(self) -> Vec<Value> {
        let report = self.system.block_on(self.output.flush(PATIENCE, PATIENCE));
        assert!(report.complete, "{report:?}");
        law(report.stats);
        self.output.close();
        records(&content(self.out))
    }

    /// What the lines of the file say, and what is said of it.
    fn told(self) -> (Vec<String>, Vec<String>) {
        let texts = |records: &[Value], own: bool| {
            let own = records.iter().filter(|record| (record["stream"] == "file") != own);
            own.map(|record| record["msg"].as_str().expect("a text").to_owned()).collect()
        };
        let records = self.end();
        (texts(&records, false), texts(&records, true))
    }
}

fn size(max_size: u64, max_files: u32) -> Option<Rotate> {
    Some(Rotate { max_size: Some(max_size), max_age: None, max_files })
}

#[test]
fn what_is_added_stands_in_records_without_its_secrets_and_what_was_there_does_not() {
    let followed = Followed::new(None, |path| fs::write(path, "old\n").expect("room"));
    followed.write("new pass=hush\n");
    followed.has(1);
    followed.write("in two ");
    followed.write("pieces\nwithout an end");
    let all = followed.end();
    let texts: Vec<_> = all.iter().map(|record| record["msg"].as_str().expect("a text")).collect();
    assert_eq!(texts[..2], ["new ***", "in two pieces"], "the end without a newline may be under way");
    for (key, value) in
        [("process", "app"), ("instance_id", "app-log"), ("stream", "file"), ("level", "info")]
    {
        assert_eq!(all[0][key], value, "{key}");
    }
}

#[test]
fn a_file_that_comes_later_is_read_from_its_beginning_also_in_a_folder_that_comes_later() {
    let followed = Followed::new(None, |_| {});
    followed.write("first\n");
    followed.has(1);
    assert_eq!(followed.told().0, ["first"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a/b/app.log");
    let (out, stdout) = file();
    let (system, output) = start(LogFormat::Json, Level::Info, stdout);
    let output = system.block_on(async { output.following(of_app(&path, None), None) });
    fs::create_dir(folder.path().join("a")).expect("room");
    fs::create_dir(folder.path().join("a/b")).expect("room");
    fs::write(&path, "deep\n").expect("room");
    until("the line is there", || output.stats().captured == 1);
    assert!(system.block_on(output.flush(PATIENCE, PATIENCE)).complete);
    output.close();
    assert_eq!(records(&content(out))[0]["msg"], "deep");
}

#[test]
fn a_rotation_by_its_writer_loses_nothing() {
    let followed = Followed::new(None, |path| fs::write(path, "").expect("room"));
    let (path, aside) = (followed.path(), followed.folder.path().join("app.log.1"));
    followed.write("one\n");
    followed.has(1);
    // Renamed, and written on until the writer opens the name anew.
    let mut old = followed.appends();
    fs::rename(&path, &aside).expect("ours");
    old.write_all(b"two\n").expect("room");
    followed.has(2);
    fs::write(&path, "three\n").expect("room");
    followed.has(3);
    old.write_all(b"four\n").expect("room");
    followed.has(4);
    // Copied, and cut to nothing.
    File::options().write(true).open(&path).expect("ours").set_len(0).expect("ours");
    followed.write("5\n");
    followed.has(5);
    // Taken away, and made anew.
    fs::remove_file(&path).expect("ours");
    followed.write("six\n");
    followed.has(6);
    assert_eq!(
        followed.told(),
        (["one", "two", "three", "four", "5", "six"].map(String::from).into(), vec![])
    );
}

#[test]
fn it_is_rotated_by_size_and_every_line_is_in_one_file_and_in_the_records_once() {
    let followed = Followed::new(size(1000, 2), |path| fs::write(path, "").expect("room"));
    fs::set_permissions(followed.path(), fs::Permissions::from_mode(0o640)).expect("ours");
    let mut writer = followed.appends();
    let name = |number: usize| followed.folder.path().join(format!("app.log.{number}"));
    for round in 1..=3_usize {
        for line in 0..10 {
            writeln!(writer, "{round}/{line} {}", "x".repeat(100)).expect("room");
        }
        until("it is rotated", || {
            let begins =
                |path: PathBuf| fs::read_to_string(path).is_ok_and(|t| t.contains(&format!("{round}/")));
            begins(name(1)) && followed.path().metadata().is_ok_and(|found| found.len() < 1000)
        });
    }
    assert!(!name(3).exists() && name(2).exists());
    assert_eq!(name(1).metadata().expect("it is there").mode() & 0o777, 0o640);
    let (lines, said) = followed.told();
    let numbers: Vec<_> =
        lines.iter().map(|line| line.split(' ').next().expect("a word").to_owned()).collect();
    let expected: Vec<_> =
        (1..=3).flat_map(|round| (0..10).map(move |line| format!("{round}/{line}"))).collect();
    assert_eq!((numbers, said), (expected, vec![]));
}

#[test]
fn it_is_rotated_by_age_which_a_new_start_does_not_change() {
    let hour = Duration::from_secs(3600);
    let rule = |max_age| Some(Rotate { max_size: None, max_age: Some(max_age), max_files: 1 });
    let old = |path: &Path| {
        fs::write(path, "old\n").expect("room");
        let copy = File::create(format!("{}.1", path.display())).expect("room");
        copy.set_modified(SystemTime::now() - hour).expect("ours");
    };
    let followed = Followed::new(rule(hour / 2), old);
    until("it is rotated", || followed.path().metadata().is_ok_and(|found| found.len() == 0));
    followed.told();
    let followed = Followed::new(rule(hour * 2), old);
    followed.write("new\n");
    followed.has(1);
    assert_eq!(fs::read_to_string(followed.path()).expect("it is there"), "old\nnew\n");
    assert_eq!(followed.told().0, ["new"]);
}

#[test]
fn nobody_leads_us_to_the_file_of_another() {
    // A rotation follows no link, nor writes to what has a second name.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let precious = elsewhere.path().join("precious");
    fs::write(&precious, "").expect("room");
    let followed = Followed::new(size(4, 1), |path| symlink(&precious, path).expect("a link"));
    fs::write(&precious, "precious\n").expect("room");
    followed.has(1);
    let (lines, said) = followed.told();
    assert_eq!(lines, ["precious"]);
    assert_eq!(fs::read_to_string(&precious).expect("it is there"), "precious\n", "it is not cut");
    assert!(said.len() == 1 && said[0].contains("it is a link"), "{said:?}");
    let followed = Followed::new(size(4, 1), |path| fs::hard_link(&precious, path).expect("a link"));
    followed.write("more\n");
    followed.has(1);
    let (_, said) = followed.told();
    assert!(said.len() == 1 && said[0].contains("hard link"), "{said:?}");
    // What is put where the copy goes is replaced, not written through.
    let followed = Followed::new(size(4, 1), |path| {
        fs::write(path, "").expect("room");
        for ending in ["1", "rotating"] {
            symlink(&precious, format!("{}.{ending}", path.display())).expect("a link");
        }
    });
    followed.write("enough\n");
    until("it is rotated", || followed.path().metadata().is_ok_and(|found| found.len() == 0));
    assert_eq!(fs::read_to_string(&precious).expect("it is there"), "precious\nmore\n");
    followed.told();
}

#[test]
fn what_is_no_file_is_told_once() {
    let followed = Followed::new(None, |path| fs::create_dir(path).expect("room"));
    fs::write(followed.path().with_extension("other"), "").expect("room");
    let (lines, said) = followed.told();
    assert!(lines.is_empty() && said.len() == 1 && said[0].contains("no plain file"), "{said:?}");
}

#[test]
fn who_has_another_file_in_mind_gets_it_and_no_more_of_the_first() {
    let followed = Followed::new(None, |_| {});
    let other = followed.folder.path().join("other.log");
    followed.write("one\n");
    followed.has(1);
    followed.output.follow(of_app(&other, None));
    // Told in order: once the other is followed, the first is not.
    until("the other is followed", || {
        fs::write(&other, "").expect("room");
        File::options().append(true).open(&other).expect("ours").write_all(b"two\n").expect("room");
        followed.output.stats().captured >= 2
    });
    followed.write("not followed\n");
    let (lines, _) = followed.told();
    assert!(
        lines.iter().all(|line| line != "not followed") && lines.contains(&"two".to_owned()),
        "{lines:?}"
    );
}
