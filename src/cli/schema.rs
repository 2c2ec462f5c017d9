//! The `schema` command: the JSON schema of the configuration, made of the tables of keys.

use super::say::hand_over;

/// Writes it.
pub(super) fn run() -> u8 {
    hand_over(phpeek_config::schema_json())
}
