//! Where the configuration meets TLS and the users of this machine: whoever loads one has its certificate files, and the
//! names in it, judged by what will use them. An adapter; holds no rule.

use phpeek_config::{
    Edit, Edited, EditedError, Edits, Host, Identity, Loaded, ProcessEnv, Read, Report, Setting, Source, Vars,
};
use phpeek_os::users::{CredentialsError, resolve};
use phpeek_settings::tls::{Alpn, TlsJudge, TlsSettings, Unusable};
use phpeek_settings::web::ServerTls;
use phpeek_telemetry::tls;

/// Reads, checks and compiles a configuration.
#[must_use]
pub fn load(source: &Source, vars: &dyn Vars) -> Loaded {
    phpeek_config::load(source, vars, &Judge)
}

/// Every value that acts, and where each comes from; and the report of the load.
#[must_use]
pub fn effective(source: &Source, vars: &dyn Vars) -> (Vec<Setting>, Report) {
    phpeek_config::effective(source, vars, &Judge)
}

/// What was read from there, with what was edited since.
pub(super) fn load_edited(
    source: &Source,
    read: Read,
    edits: Edits,
    edit: Option<Edit>,
) -> Result<Edited, EditedError> {
    phpeek_config::load_edited(source, (&ProcessEnv, &Judge), read, edits, edit)
}

/// Reads, checks and compiles one, and looks whether this machine has what the configuration names.
#[must_use]
pub fn load_on_this_machine(source: &Source, vars: &dyn Vars) -> Loaded {
    phpeek_config::load_on(source, vars, &Judge, &ThisMachine)
}

/// Whoever will read them.
struct Judge;

impl TlsJudge for Judge {
    fn judge(&self, settings: &TlsSettings, host: &str, alpn: Alpn) -> Result<(), Unusable> {
        tls::judge(settings, host, alpn)
    }

    fn judge_name(&self, name: &str) -> Result<(), Unusable> {
        tls::judge_name(name)
    }

    fn judge_server(&self, settings: &ServerTls) -> Result<(), Unusable> {
        phpeek_api::web::judge(settings)
    }
}

/// The users that the system knows.
struct ThisMachine;

impl Host for ThisMachine {
    fn identity(&self, user: Option<&str>, group: Option<&str>) -> Result<Option<Identity>, String> {
        match resolve(user, group) {
            Ok(found) => {
                Ok(found.credentials.map(|c| Identity { user: c.user, groups: c.groups.unwrap_or_default() }))
            }
            // Who checks is mostly not who will serve.
            Err(CredentialsError::NotRoot { user, group, .. }) => {
                Ok(Some(Identity { user: Some(user), groups: vec![group] }))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}
