//! What a program writes to its socket (sd_notify(3)), to news. Pure; never fails: what is not understood is told as such.

use phpeek_core::health::news::{News, Saying};
use std::time::Duration;

/// A message is no longer than this, as with systemd.
pub(super) const LONGEST: usize = 4096;
/// So much of a status is shown.
const STATUS: usize = 200;

/// What several messages say together: of each field the last, and the state that they lead to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    main_pid: Option<i32>,
    errno: Option<i32>,
    status: Option<Box<str>>,
    extend: Option<Duration>,
    watchdog: Option<Duration>,
    /// RELOADING, and whether it came after READY.
    reloading: Option<bool>,
    /// READY, or STOPPING.
    ready: Option<bool>,
    /// A ping, or a trigger.
    alive: Option<bool>,
}

impl Message {
    /// Takes one more message. Gives what of it cannot be understood; what nobody here knows is left alone.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(bytes);
        let mut wrong = None;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let Some((key, value)) = line.split_once('=') else {
                wrong = Some("it is not KEY=VALUE");
                continue;
            };
            let understood = self.field(key, value);
            wrong = understood.err().or(wrong);
        }
        match wrong {
            None => Ok(()),
            Some(what) => Err(what.to_owned()),
        }
    }

    fn field(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        match (key, value) {
            ("READY", "1") => {
                (self.ready, self.alive) = (Some(true), self.alive.filter(|alive| *alive));
                self.reloading = self.reloading.map(|_| false);
            }
            ("STOPPING", "1") => self.ready = Some(false),
            ("RELOADING", "1") => self.reloading = Some(self.ready == Some(true)),
            ("WATCHDOG", "1") => self.alive = Some(true),
            ("WATCHDOG", "trigger") => self.alive = Some(false),
            ("STATUS", status) => self.status = Some(shown(status)),
            ("WATCHDOG_USEC", time) => {
                self.watchdog = Some(micros(time).ok_or("its WATCHDOG_USEC is no number")?)
            }
            ("EXTEND_TIMEOUT_USEC", time) => {
                self.extend = Some(micros(time).ok_or("its EXTEND_TIMEOUT_USEC is no number")?);
            }
            ("MAINPID", pid) => {
                let pid = pid.parse().ok().filter(|pid| *pid > 0);
                self.main_pid = Some(pid.ok_or("its MAINPID is no pid")?);
            }
            ("ERRNO", number) => self.errno = Some(number.parse().map_err(|_| "its ERRNO is no number")?),
            // MONOTONIC_USEC is in order by the order of messages; descriptors are closed: that is all of BARRIER, and
            // FDSTORE keeps none.
            _ => {}
        }
        Ok(())
    }

    /// As news, in an order in which what is told with a state comes before it.
    pub(super) fn news(self) -> Vec<News> {
        let said = [
            self.main_pid.map(Saying::MainPid),
            self.errno.map(Saying::Errno),
            self.status.map(Saying::Status),
        ];
        let reloading = |last| self.reloading.filter(|after| *after == last).map(|_| News::Reloading);
        let state = [
            reloading(false),
            self.extend.map(News::Extend),
            self.watchdog.map(News::Watchdog),
            self.ready.map(|ready| if ready { News::Ready } else { News::Stopping }),
            reloading(true),
            self.alive.map(|alive| if alive { News::Ping } else { News::Trigger }),
        ];
        said.into_iter().flatten().map(News::Said).chain(state.into_iter().flatten()).collect()
    }
}

fn micros(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_micros)
}

/// One line, without what would move a cursor.
fn shown(status: &str) -> Box<str> {
    status.chars().filter(|letter| !letter.is_control()).take(STATUS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(messages: &[&str]) -> Vec<News> {
        let mut all = Message::default();
        for message in messages {
            assert_eq!(all.take(message.as_bytes()), Ok(()), "{message}");
        }
        all.news()
    }

    #[test]
    fn a_message_says_what_systemd_would_hear() {
        let second = Duration::from_secs(1);
        let status = |text: &str| News::Said(Saying::Status(text.into()));
        assert_eq!(news(&["READY=1\nSTATUS=up\u{1b}[1m and =\n"]), [status("up[1m and ="), News::Ready]);
        assert_eq!(
            news(&["RELOADING=1\nMONOTONIC_USEC=7\nMAINPID=12\nERRNO=2"]),
            [News::Said(Saying::MainPid(12)), News::Said(Saying::Errno(2)), News::Reloading]
        );
        assert_eq!(
            news(&["WATCHDOG_USEC=1000000\nEXTEND_TIMEOUT_USEC=1000000"]),
            [News::Extend(second), News::Watchdog(second)]
        );
        assert_eq!(news(&["WATCHDOG=1", "WATCHDOG=trigger"]), [News::Trigger]);
        assert_eq!(news(&["STOPPING=1"]), [News::Stopping]);
        assert_eq!(news(&["BARRIER=1", "FDSTORE=1\nFDNAME=a", "X_OWN=b", "READY=0", "NOTIFYACCESS=all"]), []);
    }

    #[test]
    fn many_messages_lead_to_the_state_of_the_last() {
        assert_eq!(news(&["RELOADING=1", "READY=1"]), [News::Reloading, News::Ready]);
        assert_eq!(news(&["READY=1", "RELOADING=1"]), [News::Ready, News::Reloading]);
        assert_eq!(news(&["STOPPING=1", "READY=1"]), [News::Ready]);
        assert_eq!(news(&["READY=1", "STOPPING=1"]), [News::Stopping]);
        assert_eq!(news(&["WATCHDOG=trigger", "READY=1"]), [News::Ready]);
        assert_eq!(news(&["READY=1", "WATCHDOG=trigger"]), [News::Ready, News::Trigger]);
        assert_eq!(news(&["STATUS=a", "STATUS=b"]), [News::Said(Saying::Status("b".into()))]);
    }

    #[test]
    fn what_is_wrong_is_told_and_the_rest_is_heard() {
        for wrong in [
            "READY",
            "READY=1\nWATCHDOG_USEC=soon",
            "MAINPID=0",
            "MAINPID=x",
            "ERRNO=",
            "EXTEND_TIMEOUT_USEC=-1",
        ] {
            assert!(Message::default().take(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let mut message = Message::default();
        assert!(message.take(b"ERRNO=\xff\nREADY=1").is_err());
        assert_eq!(message.news(), [News::Ready]);
    }
}
