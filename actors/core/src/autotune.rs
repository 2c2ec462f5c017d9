//! How many workers PHP-FPM may have, by the memory and the processors there are. Sums alone: knows no file, no machine and no
//! environment; who asks says what there is. The figures are those of Cbox Init 3.

/// Bytes of a megabyte, as all figures here are meant.
const MEGABYTE: u64 = 1 << 20;

/// What kind of pool it shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// One developer.
    Dev,
    /// Few requests.
    Light,
    /// The usual.
    Medium,
    /// Many requests, each a large one.
    Heavy,
    /// Many at once, and then none.
    Bursty,
}

/// How PHP-FPM manages its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    Static,
    /// Shares of the workers, in hundredths: at the start, idle at least, idle at most.
    Dynamic {
        start: u64,
        min_spare: u64,
        max_spare: u64,
    },
}

/// The figures of a profile; sizes are megabytes.
struct Figures {
    manager: Manager,
    /// What a worker takes.
    worker: u64,
    opcache: u64,
    fewest: u64,
    most: u64,
    max_requests: u64,
    /// Share of the memory that may be planned with.
    threshold: f64,
    /// For everything that is not PHP-FPM.
    reserved: u64,
}

impl Profile {
    /// How each is written.
    pub const WORDS: [(&str, Self); 5] = [
        ("dev", Self::Dev),
        ("light", Self::Light),
        ("medium", Self::Medium),
        ("heavy", Self::Heavy),
        ("bursty", Self::Bursty),
    ];

    /// The profile of a name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, profile)| *profile)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, profile)| *profile == self).map_or("", |(name, _)| name)
    }

    fn figures(self) -> Figures {
        let dynamic = |start, min_spare, max_spare| Manager::Dynamic { start, min_spare, max_spare };
        let (manager, [worker, opcache, fewest, most, max_requests, reserved], threshold) = match self {
            Self::Dev => (Manager::Static, [32, 64, 2, 2, 100, 64], 0.5),
            Self::Light => (dynamic(25, 25, 50), [36, 96, 2, u64::MAX, 500, 128], 0.7),
            Self::Medium => (dynamic(33, 25, 50), [42, 128, 4, u64::MAX, 1000, 192], 0.75),
            Self::Heavy => (dynamic(50, 20, 40), [52, 256, 8, u64::MAX, 2000, 384], 0.8),
            Self::Bursty => (dynamic(50, 40, 75), [44, 128, 4, u64::MAX, 1000, 192], 0.75),
        };
        Figures { manager, worker, opcache, fewest, most, max_requests, threshold, reserved }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// The kind of pool.
    pub profile: Profile,
    /// Another share of the memory than the profile's.
    pub threshold: Option<f64>,
    /// Refuse where the fewest workers of the profile do not fit, instead of making do with less.
    pub strict: bool,
}

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Bytes of memory.
    pub memory: u64,
    /// Processors, at least one.
    pub cpus: u64,
}

/// How PHP-FPM is to be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// `pm.max_children`.
    pub workers: u64,
    /// `pm.max_requests`.
    pub max_requests: u64,
    /// `pm.start_servers`, `pm.min_spare_servers` and `pm.max_spare_servers`, of `pm = dynamic`; else it is static.
    pub spare: Option<Spare>,
    /// The profile wants at least so many workers, and there is not the memory for them.
    pub short_of: Option<u64>,
}

/// Workers of a dynamic pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spare {
    /// At the start.
    pub start: u64,
    /// Idle ones, at least.
    pub min: u64,
    /// Idle ones, at most.
    pub max: u64,
}

/// The memory is too little for the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{available} MB of memory are too little for the PHP-FPM profile {}: its {workers} workers need {needed} MB",
    profile.as_str()
)]
pub struct TooLittle {
    /// Of which profile.
    pub profile: Profile,
    /// What there is, in megabytes.
    pub available: u64,
    /// The fewest workers.
    pub workers: u64,
    /// The smallest memory that suffices, in megabytes.
    pub needed: u64,
}

impl Wish {
    /// The share of the memory that may be planned with.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.threshold.unwrap_or_else(|| self.profile.figures().threshold)
    }

    /// How PHP-FPM is to be set up on this machine. Never without a worker, and never with more than the memory holds
    /// as long as it holds one.
    ///
    /// # Errors
    /// [`TooLittle`], when this is strict.
    pub fn on(&self, machine: Machine) -> Result<Pool, TooLittle> {
        let figures = self.profile.figures();
        let memory = machine.memory / MEGABYTE;
        let overhead = figures.reserved + figures.opcache;
        let planned = share_of(memory, self.share());
        let by_memory = planned.saturating_sub(overhead) / figures.worker;
        let by_cpu = (machine.cpus.saturating_mul(5) / 2).max(1);
        let wanted = by_memory.min(by_cpu).min(figures.most).max(figures.fewest);
        let most = memory.saturating_sub(overhead) / figures.worker;
        let needed = figures.fewest * figures.worker + overhead;
        if self.strict && most < figures.fewest {
            let (profile, workers) = (self.profile, figures.fewest);
            return Err(TooLittle { profile, available: memory, workers, needed });
        }
        let workers = wanted.min(most).max(1);
        let spare = match figures.manager {
            Manager::Static => None,
            Manager::Dynamic { start, min_spare, max_spare } => {
                Some(Spare::of(workers, [start, min_spare, max_spare]))
            }
        };
        let short_of = (workers < figures.fewest).then_some(figures.fewest);
        Ok(Pool { workers, max_requests: figures.max_requests, spare, short_of })
    }
}

impl Spare {
    /// Shares of the workers, rounded up, in the order that PHP-FPM insists on: 1 <= min <= start <= max <= workers.
    fn of(workers: u64, hundredths: [u64; 3]) -> Self {
        let [start, min, max] =
            hundredths.map(|share| workers.saturating_mul(share).div_ceil(100).clamp(1, workers));
        let max = max.max(min);
        Self { start: start.clamp(min, max), min, max }
    }
}

impl Pool {
    /// What PHP-FPM's configuration reads.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let manager = if self.spare.is_some() { "dynamic" } else { "static" };
        let usual = [
            ("PHP_FPM_PM", manager.to_owned()),
            ("PHP_FPM_MAX_CHILDREN", self.workers.to_string()),
            ("PHP_FPM_MAX_REQUESTS", self.max_requests.to_string()),
        ];
        let spare = self.spare.map(|spare| {
            [
                ("PHP_FPM_START_SERVERS", spare.start.to_string()),
                ("PHP_FPM_MIN_SPARE", spare.min.to_string()),
                ("PHP_FPM_MAX_SPARE", spare.max.to_string()),
            ]
        });
        usual.into_iter().chain(spare.into_iter().flatten()).collect()
    }
}

/// A share of a number, rounded down; `as` saturates, and makes 0 of what is no number.
fn share_of(whole: u64, share: f64) -> u64 {
    (whole as f64 * share) as u64
}
