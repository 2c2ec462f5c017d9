//! What is told of a death: everything the launcher knows of it, its last words, who asked, what depended on it.

use crate::support::{Rig, events, linked, ms, paused, run, text};
use opentelemetry::Value as Attribute;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::manager::Request;
use phpeek_actors::ports::{Level, LogRecord, Value};
use phpeek_actors::testkit::{
    Behaviour, Grandchildren, Obeys, SpecBuilder, attribute, duration, error_type, system,
};
use phpeek_actors::trace::names;
use phpeek_core::autopsy::{Autopsy, Oom, Sender, Usage};
use phpeek_core::fleet::Outcome;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::{Signal, SignalSender};
use phpeek_core::spec::RestartPolicy;
use std::sync::Arc;
use std::time::Duration;

const KILLED: Exit = Exit::Signal { signal: Signal::KILL, core: false };

fn speaks(after: Duration, words: &[&str]) -> Behaviour {
    let words = words.iter().map(|w| (*w).to_owned()).collect();
    Behaviour { last_words: Some((after, words)), ..Behaviour::default() }
}

fn stderr(span: &SpanData) -> Vec<String> {
    match attribute(span, names::AUTOPSY_STDERR) {
        Some(Attribute::Array(opentelemetry::Array::String(lines))) => {
            lines.iter().map(|line| line.as_str().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

fn ended(rig: &Rig) -> Vec<LogRecord> {
    rig.log.records().into_iter().filter(|r| r.message.starts_with("ended")).collect()
}

fn field(record: &LogRecord, key: &str) -> Option<Value> {
    record.fields.iter().find(|(k, _)| *k == key).map(|(_, value)| value.clone())
}

#[test]
fn a_death_tells_all_that_is_known_of_it() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("c").captured()]), |l| {
            l.script(0, |_| speaks(ms(3), &["one", "two"]));
        });
        rig.all_up().await;
        rig.pass(ms(1500)).await;
        let usage =
            Usage { max_rss: 50 << 20, user: ms(120), system: ms(30), major_faults: 2, minor_faults: 900 };
        let autopsy =
            Autopsy { exit: KILLED, usage: Some(usage), sender: Sender::Other, oom: Oom::judge(2, 1) };
        rig.launcher.end_as(run(0, 0, 1), autopsy);
        let restart = rig.spans_named(names::SPAN_RESTART_PROCESS, 1).await.remove(0);
        let death = rig.one(names::SPAN_EXIT);
        assert_eq!(linked(&rig, &restart, names::LINK_DEATH), death);
        assert_eq!(linked(&rig, &death, names::LINK_PREVIOUS_RUN).name, names::SPAN_SPAWN);
        assert_eq!(error_type(&death).as_deref(), Some("oom_killed"));
        assert!(matches!(&death.status, Status::Error { description } if description.contains("SIGKILL")));
        for span in [&death, &restart] {
            assert_eq!(text(span, names::PROCESS_EXIT_SIGNAL), "SIGKILL");
            assert_eq!(text(span, names::AUTOPSY_OOM), "likely");
            assert_eq!(text(span, names::AUTOPSY_SIGNAL_SENDER), "other");
            for (key, number) in [
                (names::AUTOPSY_OOM_KILLS, 2),
                (names::AUTOPSY_MAX_RSS, 50 << 20),
                (names::AUTOPSY_CPU_USER_US, 120_000),
                (names::AUTOPSY_CPU_SYSTEM_US, 30_000),
                (names::AUTOPSY_FAULTS_MAJOR, 2),
                (names::AUTOPSY_FAULTS_MINOR, 900),
                (names::RESTART_BUDGET_LEFT, 9),
            ] {
                assert_eq!(attribute(span, key), Some(number.into()), "{key}");
            }
            let Some(Attribute::I64(uptime)) = attribute(span, names::AUTOPSY_UPTIME_MS) else {
                unreachable!("{span:#?}")
            };
            assert!((1400..1600).contains(&uptime), "{uptime}");
        }
        assert_eq!(stderr(&death), ["one", "two"]);
        let record = ended(&rig).remove(0);
        assert_eq!((record.level, record.message.as_ref()), (Level::Warn, "ended: SIGKILL"));
        let words = rig.log.records().into_iter().find(|r| r.message == "last words of run 1").unwrap();
        assert_eq!(field(&words, "stderr"), Some("one\ntwo".to_owned().into()));
        assert_eq!(field(&record, "oom"), Some("likely".into()));
        assert_eq!(field(&record, "max_rss_bytes"), Some((50_i64 << 20).into()));
        let again = rig.log.records().into_iter().rfind(|r| r.message == "started").unwrap();
        assert_eq!(field(&again, "restarts_left"), Some(9.into()));
    });
}

#[test]
fn last_words_delay_neither_the_restart_nor_the_end_of_the_span() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c").captured()]), |l| {
            // The first speaks too late, the second never dies.
            l.script(0, |id| Behaviour { spawn_after: ms(1), ..speaks(ms(400 * id.run), &["late"]) });
        });
        rig.all_up().await;
        let died = rig.clock.now();
        rig.launcher.end(run(0, 0, 1), Exit::Code(1));
        rig.until("the second run", |r| r.launcher.launches().len() == 2).await;
        let waited = rig.clock.now() - died;
        assert!(waited < ms(105), "the backoff of 100 ms and nothing else: {waited:?}");
        let death = rig.spans_named(names::SPAN_EXIT, 1).await.remove(0);
        let told = rig.clock.now() - died;
        assert!((ms(99)..ms(110)).contains(&told), "the patience: {told:?}");
        assert!(duration(&death) < ms(2), "its true end: {death:#?}");
        assert!(stderr(&death).is_empty());
        rig.pass(ms(1000)).await;
        assert_eq!(ended(&rig).len(), 1, "what comes late changes nothing");
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
    });
}

#[test]
fn deaths_in_quick_succession_are_each_told_with_their_own_words() {
    paused(async {
        let spec = SpecBuilder::new("c").captured().attempts(1000).backoff(ms(1), ms(1));
        let mut rig = Rig::booted(system(vec![spec]), |l| {
            l.script(0, |id| match id.run {
                ..=12 => Behaviour {
                    lives: Some((ms(1), Exit::Code(1))),
                    spawn_after: ms(1),
                    ..speaks(ms(60), &[&format!("run {}", id.run)])
                },
                _ => Behaviour::default(),
            });
        });
        let deaths = rig.spans_named(names::SPAN_EXIT, 12).await;
        for death in &deaths {
            let Some(Attribute::I64(run)) = attribute(death, names::PROCESS_INCARNATION) else {
                unreachable!("{death:#?}")
            };
            assert_eq!(stderr(death), [format!("run {run}")]);
        }
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn the_end_of_everything_waits_for_the_last_words_of_what_ended_it() {
    paused(async {
        let spec = SpecBuilder::new("c").captured().policy(RestartPolicy::Never);
        let mut rig = Rig::booted(system(vec![spec]), |l| {
            l.script(0, |_| Behaviour {
                lives: Some((ms(10), Exit::Code(3))),
                ..speaks(ms(40), &["out of cheese"])
            });
        });
        assert_eq!(rig.finished().await.outcome, Outcome::Failed(Failure::Exit(Exit::Code(3))));
        assert_eq!(stderr(&rig.one(names::SPAN_EXIT)), ["out of cheese"]);
        assert_eq!(error_type(&rig.one(names::SPAN_EXIT)).as_deref(), Some("exit"));
    });
}

#[test]
fn a_death_is_told_although_a_stop_came_before_its_group_was_gone() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c")]), |l| {
            l.script(0, |_| Behaviour {
                grandchildren: Grandchildren::For(ms(5)),
                ..Behaviour::ends(ms(10), Exit::Code(4))
            });
        });
        rig.all_up().await;
        rig.until("the end of the leader", |r| r.board.shown(0, 0).unwrap().state == InstanceState::Draining)
            .await;
        rig.terminate();
        assert_eq!(rig.finished().await.outcome, Outcome::Stopped);
        let death = rig.one(names::SPAN_EXIT);
        assert_eq!(attribute(&death, names::PROCESS_EXIT_CODE), Some(4.into()));
        assert!(duration(&death) >= ms(4), "from the end of the leader to that of its group");
    });
}

#[test]
fn an_end_that_was_asked_for_is_an_event_and_a_record_and_no_span() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c").captured()]), |l| {
            l.script(0, |_| speaks(ms(1), &["never asked"]));
        });
        rig.all_up().await;
        rig.terminate();
        rig.finished().await;
        assert!(rig.spans.named(names::SPAN_EXIT).is_empty());
        let stop = rig.one(names::SPAN_STOP_PROCESS);
        let exited = stop.events.events.iter().find(|e| e.name == names::EVENT_EXITED).unwrap();
        let keys: Vec<_> = exited.attributes.iter().map(|a| a.key.as_str()).collect();
        for key in [names::PROCESS_EXIT_SIGNAL, names::AUTOPSY_UPTIME_MS] {
            assert!(keys.contains(&key), "{keys:?}");
        }
        let record = ended(&rig).remove(0);
        assert_eq!((record.level, field(&record, "stderr")), (Level::Info, None));
    });
}

#[test]
fn a_change_of_state_is_an_event_of_the_operation_that_makes_it() {
    paused(async {
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c")]), |l| {
            l.script(0, |id| match id.run {
                1 => Behaviour::ends(ms(10), Exit::Code(1)),
                _ => Behaviour { obeys: Obeys::After(ms(20)), ..Behaviour::default() },
            });
        });
        rig.spans_named(names::SPAN_RESTART_PROCESS, 1).await;
        rig.terminate();
        rig.finished().await;
        let changes = |span: &SpanData| -> Vec<(String, String)> {
            let of = |e: &opentelemetry::trace::Event, key: &str| {
                e.attributes.iter().find(|a| a.key.as_str() == key).unwrap().value.as_str().into_owned()
            };
            let told = span.events.events.iter().filter(|e| e.name == names::EVENT_STATE_CHANGED);
            told.map(|e| (of(e, names::STATE_FROM), of(e, names::STATE_TO))).collect()
        };
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let spawns = rig.spans.named(names::SPAN_SPAWN);
        assert_eq!(changes(&spawns[0]), [pair("stopped", "starting"), pair("starting", "running")]);
        assert_eq!(
            changes(&rig.one(names::SPAN_RESTART_PROCESS)),
            [pair("draining", "backoff"), pair("backoff", "starting"), pair("starting", "running")]
        );
        let stop = rig.one(names::SPAN_STOP_PROCESS);
        assert_eq!(changes(&stop), [pair("running", "stopping"), pair("stopping", "stopped")]);
        assert_eq!(events(&stop).len(), 5, "{:?}", events(&stop));
    });
}

#[test]
fn a_wait_links_to_the_start_and_to_the_run_of_what_it_waited_for() {
    paused(async {
        let spec = system(vec![
            SpecBuilder::new("migrate").oneshot().captured(),
            SpecBuilder::new("db"),
            SpecBuilder::new("web").after_end_of(0).after(1),
        ]);
        let mut rig = Rig::booted(spec, |l| {
            l.script(0, |_| Behaviour { lives: Some((ms(50), Exit::Code(0))), ..speaks(ms(20), &["done"]) });
        });
        rig.all_up().await;
        let wait = |name: &str| {
            let mut waits = rig.of_process(names::SPAN_WAIT_DEPENDENCY, "web");
            waits.retain(|s| text(s, names::DEPENDENCY_NAME) == name);
            waits.remove(0)
        };
        rig.spans_named(names::SPAN_RUN, 1).await;
        let ran = linked(&rig, &wait("migrate"), names::LINK_DEPENDENCY);
        assert_eq!((ran.name.as_ref(), stderr(&ran)), (names::SPAN_RUN, vec!["done".to_owned()]));
        let up = linked(&rig, &wait("db"), names::LINK_DEPENDENCY);
        assert_eq!(
            (up.name.as_ref(), text(&up, names::PROCESS_NAME)),
            (names::SPAN_START_PROCESS, "db".into())
        );
        rig.terminate();
        rig.finished().await;
    });
}

#[test]
fn a_wait_that_failed_links_to_the_run_that_failed_it() {
    paused(async {
        let spec =
            system(vec![SpecBuilder::new("migrate").oneshot(), SpecBuilder::new("web").after_end_of(0)]);
        let mut rig = Rig::booted(spec, |l| l.script(0, |_| Behaviour::ends(ms(5), Exit::Code(2))));
        rig.finished().await;
        let wait = rig.one(names::SPAN_WAIT_DEPENDENCY);
        assert_eq!(error_type(&wait).as_deref(), Some("dependency_failed"));
        let ran = linked(&rig, &wait, names::LINK_DEPENDENCY);
        assert_eq!((ran.name.as_ref(), error_type(&ran).as_deref()), (names::SPAN_RUN, Some("exit")));
    });
}

#[test]
fn who_sent_a_signal_is_told_with_what_it_asked_for() {
    paused(async {
        let sender = |pid| SignalSender { pid, uid: 7, command: pid.map(|_| "deploy".to_owned()) };
        let mut rig = Rig::booted(system(vec![SpecBuilder::new("c")]), |_| {});
        rig.all_up().await;
        rig.ask(Request::RestartAll(Cause::Signal {
            signal: Signal::USR1,
            sender: Some(Arc::new(sender(Some(42)))),
        }));
        let restart = rig.spans_named(names::SPAN_RESTART, 1).await.remove(0);
        assert_eq!(attribute(&restart, names::SIGNAL_SENDER_PID), Some(42.into()));
        assert_eq!(text(&restart, names::SIGNAL_SENDER_COMMAND), "deploy");
        rig.ask(Request::Shutdown(Cause::Signal {
            signal: Signal::TERM,
            sender: Some(Arc::new(sender(None))),
        }));
        rig.finished().await;
        let shutdown = rig.one(names::SPAN_SHUTDOWN);
        assert_eq!(attribute(&shutdown, names::SIGNAL_SENDER_UID), Some(7.into()));
        assert_eq!(attribute(&shutdown, names::SIGNAL_SENDER_PID), None, "out of our pid namespace");
        let record =
            |message: &str| rig.log.records().into_iter().find(|r| r.message == message).expect("the record");
        assert_eq!(field(&record("rolling restart"), "sender_pid"), Some(42.into()));
        assert_eq!(field(&record("shutting down"), "sender_uid"), Some(7.into()));
    });
}

#[test]
fn words_of_nobody_who_died_change_nothing() {
    paused(async {
        let worded =
            |_| Behaviour { last_words: Some((ms(1), vec!["mine".to_owned()])), ..Behaviour::default() };
        let rig = Rig::booted(system(vec![SpecBuilder::new("c").captured()]), |l| l.script(0, worded));
        rig.all_up().await;
        rig.launcher.end(run(0, 0, 1), Exit::Code(1));
        rig.pass(ms(500)).await; // told, and up again
        let before = (rig.spans.spans().len(), rig.log.records().len());
        for id in [run(0, 0, 1), run(0, 0, 2), run(0, 0, 7), run(0, 9, 1), run(9, 0, 1)] {
            rig.launcher.say(id, &["x"]);
        }
        rig.pass(ms(10)).await;
        assert_eq!((rig.spans.spans().len(), rig.log.records().len()), before);
    });
}
