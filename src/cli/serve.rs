//! The `serve` command: find and read the configuration, then supervise. Errors are told on standard error, before
//! anything was started.

use super::check::{self, Detail};
use super::first;
use super::say::{complain, report_faults, say};
use super::source::source;
use crate::app::{self, BeginError, ControlOptions, Options, Reading, ReloadOptions, read};
use crate::exit;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use phpeek_config::{Loaded, Severity, Strictness};
use phpeek_core::autotune::{Profile, Wish};
use phpeek_core::causes::chain;
use phpeek_os::pid1;
use phpeek_os::signals::Signals;
use phpeek_settings::autotune::AutotuneSettings;
use phpeek_telemetry::StartError;
use std::path::PathBuf;

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArguments {
    /// Write the supervisor's pid here, and its status to FILE.status beside it.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// Reload whenever a file of the configuration changes.
    #[arg(long)]
    pub watch: bool,
    /// Set PHP-FPM up for the memory and the processors there are: dev, light, medium, heavy or bursty.
    ///
    /// Processes find PHP_FPM_PM, PHP_FPM_MAX_CHILDREN and their kin in their environment. Counts more than PHP_FPM_AUTOTUNE_PROFILE.
    #[arg(long, value_name = "PROFILE", value_parser = profiles())]
    pub php_fpm_profile: Option<String>,
    /// The share of the memory that PHP-FPM is planned with, from 0 to 2; 0 is the profile's own.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub autotune_memory_threshold: Option<f64>,
    /// Check the configuration as a start would, and start nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Taken, and without effect: no permissions are set up here.
    #[arg(long, hide = true)]
    pub skip_permission_setup: bool,
    /// Taken, and without effect: no other program is asked whether its configuration is sound.
    #[arg(long, hide = true)]
    pub skip_runtime_validation: bool,
}

impl ServeArguments {
    /// These; what they leave out is taken from those in front of the command.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            pid_file: self.pid_file.or(before.pid_file),
            php_fpm_profile: self.php_fpm_profile.or(before.php_fpm_profile),
            autotune_memory_threshold: self.autotune_memory_threshold.or(before.autotune_memory_threshold),
            watch: self.watch || before.watch,
            dry_run: self.dry_run || before.dry_run,
            skip_permission_setup: self.skip_permission_setup || before.skip_permission_setup,
            skip_runtime_validation: self.skip_runtime_validation || before.skip_runtime_validation,
        }
    }

    /// The first of these that is given, as it is written. Each field stands here.
    pub(super) fn given(&self) -> Option<&'static str> {
        let Self { pid_file, watch, php_fpm_profile, autotune_memory_threshold, dry_run, .. } = self;
        let Self { skip_permission_setup, skip_runtime_validation, .. } = self;
        let all = [
            ("--pid-file", pid_file.is_some()),
            ("--watch", *watch),
            ("--php-fpm-profile", php_fpm_profile.is_some()),
            ("--autotune-memory-threshold", autotune_memory_threshold.is_some()),
            ("--dry-run", *dry_run),
            ("--skip-permission-setup", *skip_permission_setup),
            ("--skip-runtime-validation", *skip_runtime_validation),
        ];
        all.into_iter().find_map(|(name, given)| given.then_some(name))
    }

    /// How PHP-FPM shall be set up. An empty profile is none: images write `--php-fpm-profile "$PROFILE"`.
    fn wish(&self, settings: &AutotuneSettings) -> Option<Wish> {
        let profile = self.php_fpm_profile.as_deref().and_then(Profile::parse);
        settings.wish(profile, self.autotune_memory_threshold.filter(|share| *share > 0.0))
    }
}

fn profiles() -> PossibleValuesParser {
    let named = Profile::WORDS.map(|(word, _)| PossibleValue::new(word));
    named.into_iter().chain([PossibleValue::new("").hide(true)]).into()
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=2.0).contains(share));
    share.ok_or_else(|| "it is no number from 0 to 2".to_owned())
}

/// Serves, and ends the process with the exit code: as PID 1 nothing may happen after the last flush.
pub(super) fn run(config: Option<PathBuf>, arguments: ServeArguments, mut signals: Signals) -> u8 {
    let mut prepared = None;
    let Loaded { configuration, report } = match read(source(config.clone()), &mut signals, || {
        prepared = Some(app::prepare());
    }) {
        Reading::Done(loaded) => *loaded,
        Reading::Stopped(signal) => {
            complain(&format!("{signal} while the configuration was read: nothing was started"));
            pid1::leave(exit::OK)
        }
        Reading::Lost => {
            complain("reading the configuration has failed within the program");
            return exit::INTERNAL;
        }
    };
    let Some(configuration) = configuration else {
        report_faults(&check::human(&report, Detail::Full, Strictness::Usual));
        report_faults(&first::without_a_file(&report));
        return exit::CONFIG;
    };
    let tuned = match app::tune(arguments.wish(&configuration.autotune)) {
        Ok(tuned) => tuned,
        Err(error) => {
            complain(&error.to_string());
            return exit::CONFIG;
        }
    };
    if arguments.dry_run {
        say(check::human(&report, Detail::Full, Strictness::Usual) + "Nothing was started: --dry-run.\n");
        return exit::OK;
    }
    let warnings = report.of(Severity::Warning).map(|w| report.headline(w)).collect();
    let control = Some(ControlOptions {
        socket: configuration.control_socket.clone(),
        config: report.file.as_deref().and_then(|file| std::path::absolute(file).ok()),
    });
    let file = report.file.as_deref().and_then(|file| std::path::absolute(file).ok());
    let reload = ReloadOptions {
        source: source(file.or(config)), // the file that was found is read again, and no other
        read: report.read(),
        files: app::files_of(&report),
        watch: arguments.watch,
        tell: |report| check::human(report, Detail::Full, Strictness::Usual),
    };
    drop(report); // it holds the whole text of the file
    let reload = Some(reload);
    let options =
        Options { pid_file: arguments.pid_file, warnings, control, reload, tuned, ..Options::default() };
    let prepared = prepared.unwrap_or_else(app::prepare);
    match prepared.and_then(|prepared| app::run(configuration, options, signals, prepared)) {
        Ok(ending) => pid1::leave(ending.code),
        Err(error) => {
            complain(&chain(&error));
            of_begin(&error)
        }
    }
}

/// The exit code of a supervisor that could not begin.
pub(super) fn of_begin(error: &BeginError) -> u8 {
    match error {
        BeginError::AlreadyRuns(_)
        | BeginError::Survivors(_)
        | BeginError::PidFile(_)
        | BeginError::Control(_)
        | BeginError::Api { .. }
        | BeginError::Metrics(_)
        | BeginError::Telemetry(StartError::Spool(_)) => exit::CANNOT_CREATE,
        BeginError::System { .. } | BeginError::Output(_) | BeginError::Telemetry(StartError::Thread(_)) => {
            exit::INTERNAL
        }
        BeginError::Telemetry(_) => exit::CONFIG,
    }
}
