//! What the journal makes of the tale: each record, in the order of what happened.

use crate::tale;
use phpeek_actors::journal::Journal;
use phpeek_actors::listeners::Listener;
use phpeek_actors::ports::{LogRecord, Value};
use phpeek_actors::testkit::RecordingLog;
use std::sync::Arc;

fn told() -> Vec<LogRecord> {
    let log = RecordingLog::default();
    let journal = Journal::new(Arc::new(log.clone()));
    tale::facts(&tale::asks()).iter().for_each(|told| journal.hear(told));
    log.records()
}

fn line(record: &LogRecord) -> String {
    let process = record.process.as_ref().map_or("-".to_owned(), ToString::to_string);
    let instance = record.instance.map_or(String::new(), |n| format!("-{n}"));
    format!("{} {} {process}{instance} {}", record.at.as_millis(), record.level.as_str(), record.message)
}

#[test]
fn a_tale_becomes_its_records() {
    let lines: Vec<String> = told().iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "0 info - starting",
            "5 info db-0 started",
            "9 info app-0 started",
            "9 info - all processes are up",
            "500 warn app-0 ended: exit code 3",
            "502 info app-0 waiting before the next run",
            "503 warn app-0 last words of run 1",
            "595 info app-0 started",
            "1000 info - shutting down",
            "1000 info app stopping",
            "1008 info app-0 ended: exit code 0",
            "1009 info app stopped",
            "1010 info db stopping",
            "1018 info db-0 ended: exit code 0",
            "1019 info db stopped",
        ]
    );
}

#[test]
fn records_say_what_is_known() {
    let records = told();
    let field = |record: &LogRecord, key: &str| {
        record.fields.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    };
    let dead = records.iter().find(|r| r.message == "ended: exit code 3").expect("the crash");
    assert_eq!(field(dead, "exit_code"), Some(Value::Int(3)));
    assert_eq!((field(dead, "pid"), field(dead, "run")), (Some(Value::Int(101)), Some(Value::Int(1))));
    let words = records.iter().find(|r| r.message == "last words of run 1").expect("its words");
    assert_eq!(field(words, "stderr"), Some(Value::from("out of cheese".to_owned())));
    let again = records.iter().rfind(|r| r.message == "started").expect("the restart");
    assert_eq!((field(again, "pid"), field(again, "run")), (Some(Value::Int(102)), Some(Value::Int(2))));
    assert_eq!(field(again, "restarts_left"), Some(Value::Int(9)));
    let stop = records.iter().find(|r| r.message == "shutting down").expect("the stop");
    assert_eq!(field(stop, "reason"), Some(Value::from("SIGTERM".to_owned())));
    assert_eq!(field(stop, "sender_pid"), Some(Value::Int(7)));
}
