//! Which supervisor a command means: by its options, and by the configuration that `serve` would read.

use crate::app::load;
use phpeek_api::client::{Client, ClientError};
use phpeek_config::{ProcessEnv, Source, control_socket_override};
use phpeek_settings::control::ControlSocket;
use std::path::PathBuf;

/// What says which supervisor is meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    /// The socket, by an option.
    pub(crate) socket: Option<PathBuf>,
    /// The configuration file, by an option.
    pub(crate) config: Option<PathBuf>,
}

impl Target {
    /// A way to ask it.
    pub(crate) fn client(&self) -> Result<Client, ClientError> {
        Client::find(self.socket.clone(), || configured(self), self.config.as_deref())
    }
}

/// The socket that a configuration names. One that was only found, and is broken, names none; the variable that would
/// come before it in any file still does.
fn configured(target: &Target) -> Result<Option<PathBuf>, ClientError> {
    let source = target.config.clone().map_or(Source::Discover, Source::File);
    let loaded = load(&source, &ProcessEnv);
    let file = || loaded.report.file.clone().unwrap_or_default();
    match (&loaded.configuration, &target.config) {
        (Some(configuration), named) => match (&configuration.control_socket, named) {
            (ControlSocket::At(path), _) => Ok(Some(path.clone())),
            (ControlSocket::Off, Some(_)) => Err(ClientError::SwitchedOff(file())),
            (ControlSocket::Off | ControlSocket::Default, _) => Ok(None),
        },
        (None, Some(named)) => Err(match loaded.report.unread() {
            Some(why) => ClientError::Unread(why.to_owned()),
            None => ClientError::Configuration(named.clone()),
        }),
        (None, None) => Ok(control_socket_override(&ProcessEnv)),
    }
}
