//! Health: what is asked of each instance while it runs, how often, and what the answers mean. Values only; what an
//! instance is like is decided in [`monitor`], and the time of a probe that is a program in `exec`.

mod exec;
pub mod facts;
mod heard;
pub mod monitor;
pub mod news;
mod watch;
pub mod words;

use crate::name::ProcessName;
use crate::program::{Numbering, Program};
use crate::template::{self, Place};
use std::sync::Arc;
use std::time::Duration;

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Until it has passed, the others wait and the instance is not ready; it is restarted when it fails.
    Startup,
    /// Others wait for it; it never restarts anything.
    Readiness,
    /// It is restarted when it fails; nobody waits for it.
    Liveness,
    /// Readiness and liveness by one probe.
    Both,
}

impl Role {
    /// As `health_check.role` and the log say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
            Self::Both => "both",
        }
    }

    /// Whether an instance is not ready before it has passed.
    #[must_use]
    pub fn gates(self) -> bool {
        !matches!(self, Self::Liveness)
    }

    /// Whether its failure restarts the instance.
    #[must_use]
    pub fn restarts(self) -> bool {
        !matches!(self, Self::Readiness)
    }
}

/// How an instance is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether somebody takes connections at `host:port`.
    Tcp(Arc<str>),
    /// What a server answers.
    Http(Arc<HttpQuestion>),
    /// How a program ends.
    Exec(Arc<Program>),
    /// What a server says of itself by grpc.health.v1.
    Grpc(Arc<GrpcQuestion>),
    /// What the program says by itself. It is listened to, and asked nothing.
    Notify(NotifyQuestion),
    /// What its output says. It is listened to, and asked nothing.
    Log(Arc<LogQuestion>),
}

impl Question {
    /// As `health_check.type` says it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Http(_) => "http",
            Self::Exec(_) => "exec",
            Self::Grpc(_) => "grpc",
            Self::Notify(_) => "notify",
            Self::Log(_) => "log",
        }
    }

    /// The texts that may be templates; those of a program are its own.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        let (one, headers): (Vec<&str>, &[_]) = match self {
            Self::Tcp(address) => (vec![address], &[]),
            Self::Http(http) => (vec![&http.url], &http.headers),
            Self::Grpc(grpc) => (vec![&grpc.address, &grpc.service], &[]),
            Self::Exec(_) | Self::Notify(_) | Self::Log(_) => (Vec::new(), &[]),
        };
        one.into_iter().chain(headers.iter().map(|(_, value): &(String, String)| value.as_str()))
    }

    /// The same for an instance.
    #[must_use]
    pub fn at(&self, place: &Place<'_>) -> Self {
        let fill = |text: &str| template::fill(text, place);
        match self {
            Self::Tcp(address) => Self::Tcp(fill(address).into()),
            Self::Http(http) => Self::Http(Arc::new(HttpQuestion {
                url: fill(&http.url),
                headers: http.headers.iter().map(|(key, value)| (key.clone(), fill(value))).collect(),
                statuses: http.statuses.clone(),
            })),
            Self::Grpc(grpc) => Self::Grpc(Arc::new(GrpcQuestion {
                address: fill(&grpc.address),
                service: fill(&grpc.service),
            })),
            Self::Exec(_) | Self::Notify(_) | Self::Log(_) => self.clone(),
        }
    }

    /// Whether nobody asks: what there is to know is told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(self, Self::Notify(_) | Self::Log(_))
    }
}

/// A request of HTTP, and what is a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpQuestion {
    /// Where, with its scheme: `http` or `https`.
    pub url: String,
    /// More headers of the request.
    pub headers: Vec<(String, String)>,
    /// Good statuses, from and to, both included.
    pub statuses: Vec<(u16, u16)>,
}

/// A question by gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcQuestion {
    /// Where: `host:port`.
    pub address: String,
    /// Whose health; empty: that of the server.
    pub service: String,
}

/// By which way a program says that it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Datagrams to the socket that it is told of (sd_notify(3)).
    Systemd,
    /// A newline on this descriptor (s6, "readiness notification").
    S6(u16),
}

/// What is listened to of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyQuestion {
    /// By which way.
    pub protocol: Protocol,
    /// How long its silence may last once it has said that it is ready, or that it is alive; for ever when absent.
    pub watchdog: Option<Duration>,
}

/// What is looked for in output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuestion {
    /// A regular expression; a line that matches says that it is ready.
    pub pattern: String,
    /// In which streams: standard output, standard error.
    pub streams: [bool; 2],
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSpec {
    /// What it is for.
    pub role: Role,
    /// How it asks.
    pub question: Question,
    /// What its question has for each instance of its own; none when it is the same for all.
    pub numbered: Option<Arc<Numbered>>,
    /// From the start of a run, or from the pass of its startup check, to the first probe.
    pub initial_delay: Duration,
    /// Between the beginnings of probes, at most; a tenth less at least.
    pub period: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Failures in a row that make it failing; at least 1.
    pub failure_threshold: u32,
    /// Successes in a row that make it passing; at least 1.
    pub success_threshold: u32,
}

/// Whose question differs from instance to instance, and in what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The process.
    pub name: ProcessName,
    /// The ports of its instances.
    pub numbering: Numbering,
}

impl CheckSpec {
    /// What the instance of this number is asked.
    #[must_use]
    pub fn question_of(&self, number: u32) -> Question {
        match &self.numbered {
            None => self.question.clone(),
            Some(of) => {
                let port = of.numbering.port(number);
                self.question.at(&Place { name: of.name.as_str(), number, port })
            }
        }
    }
}

/// The checks of each instance of a process; not empty, at most one for startup.
pub type Checks = Arc<[CheckSpec]>;

/// Whether an instance with these checks is ready by them alone.
#[must_use]
pub fn gates(checks: &[CheckSpec]) -> bool {
    checks.iter().any(|check| check.role.gates())
}
