//! Where what is wished for PHP-FPM meets the machine: the variables that its pools are set up by, and what is said of
//! them. Sets nothing itself, and does no sums.

use phpeek_core::autotune::{Machine, Pool, TooLittle, Wish};
use phpeek_os::room::{Room, room};
use phpeek_settings::autotune::doubt;

/// How PHP-FPM is set up.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// What each process finds in its environment.
    pub(super) variables: Vec<(&'static str, String)>,
    /// What was made of what.
    pub(super) said: String,
    /// What is odd about it.
    pub(super) warnings: Vec<String>,
}

/// Why PHP-FPM cannot be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TuneError {
    /// Strict, and there is too little memory.
    #[error("{0}; give it more, choose a smaller profile, or leave autotune_strict out")]
    TooLittle(#[from] TooLittle),
    /// Nobody says how much memory there is.
    #[error("PHP-FPM is not set up: neither a cgroup nor /proc/meminfo says how much memory there is")]
    Unknown,
}

/// Sets PHP-FPM up for this machine, as far as somebody wishes for it.
///
/// # Errors
/// [`TuneError`].
pub fn tune(wish: Option<Wish>) -> Result<Option<Tuned>, TuneError> {
    wish.map(|wish| on(&wish, room().ok_or(TuneError::Unknown)?)).transpose()
}

fn on(wish: &Wish, room: Room) -> Result<Tuned, TuneError> {
    let pool = wish.on(Machine { memory: room.memory, cpus: room.cpus })?;
    let Pool { workers, .. } = pool;
    let (profile, megabytes, cpus) = (wish.profile.as_str(), room.memory >> 20, room.cpus);
    let bound = if room.memory_is_bounded { "of the cgroup" } else { "of the machine" };
    let variables = pool.variables();
    let listed: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let unbounded = (!room.memory_is_bounded).then(|| {
        format!("no cgroup bounds the memory: PHP-FPM is set up for the {megabytes} MB of the machine")
    });
    let short = pool.short_of.map(|wanted| {
        let has = "PHP-FPM has fewer workers than its profile wants";
        format!("{has}: {workers} and not {wanted}, since {megabytes} MB hold no more; give it more memory, or a smaller profile")
    });
    let odd =
        wish.threshold.and_then(doubt).map(|doubt| format!("autotune threshold {}: {doubt}", wish.share()));
    Ok(Tuned {
        said: format!(
            "PHP-FPM is set up by the profile {profile} for {megabytes} MB {bound} and {cpus} {}: {}",
            if cpus == 1 { "processor" } else { "processors" },
            listed.join(" ")
        ),
        variables,
        warnings: [unbounded, short, odd].into_iter().flatten().collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_core::autotune::Profile;

    #[test]
    fn what_is_short_or_odd_is_said() {
        let medium = Wish { profile: Profile::Medium, threshold: None, strict: false };
        let room = Room { memory: 2 << 30, cpus: 16, memory_is_bounded: true };
        let usual = on(&medium, room).expect("it fits");
        assert!(usual.warnings.is_empty() && usual.said.contains("PHP_FPM_MAX_CHILDREN=28"), "{usual:?}");
        let small = Room { memory: 400 << 20, memory_is_bounded: false, ..room };
        let made_do = on(&Wish { threshold: Some(1.5), ..medium }, small).expect("it makes do");
        assert_eq!(made_do.warnings.len(), 3, "{made_do:?}");
        let strict = on(&Wish { strict: true, ..medium }, small).expect_err("it is strict");
        assert!(strict.to_string().contains("488 MB"), "{strict}");
    }
}
