//! The `schema` command: the JSON schema of the configuration, made of the tables of keys; and the OpenAPI document of the
//! API, made of the table of routes.

use super::say::hand_over;
use clap::Args;

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// The management API instead, as an OpenAPI document.
    #[arg(long)]
    pub api: bool,
}

/// Writes it.
pub(super) fn run(arguments: &SchemaArguments) -> u8 {
    hand_over(if arguments.api { phpeek_api::v1::document() } else { phpeek_config::schema_json() })
}
