//! What `scaffold` is asked for. Values only.

use crate::cli::whole::whole;
use clap::Args;
use std::path::PathBuf;

/// Options of `scaffold`.
#[derive(Debug, Clone, Args)]
pub struct ScaffoldArguments {
    /// Which kind of application; `phpeek-pm scaffold` lists them.
    pub preset: Option<String>,
    /// Ask for each of the following.
    #[arg(short, long)]
    pub interactive: bool,
    /// The directory that the files go to; it is made when it is missing.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// Write a Dockerfile too, and the nginx.conf that it copies.
    #[arg(long)]
    pub dockerfile: bool,
    /// Write a docker-compose.yml too.
    #[arg(long)]
    pub docker_compose: bool,
    /// Write an nginx.conf too; before Node it also adds the process.
    #[arg(long)]
    pub nginx: bool,
    /// Switch tracing on, and show the traces in Jaeger beside it in docker-compose.yml.
    #[arg(long)]
    pub observability: bool,
    /// Name of the application: of its service in traces, and of the compose project.
    #[arg(long, value_name = "NAME", default_value = "my-app")]
    pub app_name: String,
    /// Instances of a queue's worker.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole::<u16, _>(1..=100))]
    pub queue_workers: u16,
}

/// What the name of an application is.
pub(super) const PLAIN_NAME: &str =
    "it begins with a lower case letter or digit and has lower case letters, digits, - and _ alone";

/// Whether it is one.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

#[cfg(test)]
impl ScaffoldArguments {
    /// Those of somebody who says nothing.
    pub(super) fn usual() -> Self {
        Self {
            preset: None,
            interactive: false,
            output: ".".into(),
            dockerfile: false,
            docker_compose: false,
            nginx: false,
            observability: false,
            app_name: "my-app".to_owned(),
            queue_workers: 3,
        }
    }
}
