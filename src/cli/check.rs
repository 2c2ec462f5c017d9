//! temp
/// x
pub fn run(_: Option<std::path::PathBuf>, _: &super::CheckArguments) -> u8 {
    0
}
