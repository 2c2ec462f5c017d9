//! Planted bugs that are another policy than the one that was configured.

use super::Bug::*;
use super::Planted;
use super::sim::plan::ms;
use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::codes::Codes;
use phpeek_core::lifecycle::{Now, Policy};
use phpeek_core::spec::{Exhausted, KillMode, RestartPolicy};

impl Planted {
    pub(super) fn corrupt_policy(&self, policy: &mut Policy, now: &mut Now) {
        let backoff = policy.restart.backoff;
        match self.0 {
            KillBeforeGrace => policy.stop.grace /= 2,
            SuccessIgnored => policy.restart.ends.success = Codes::ZERO,
            RecycleIgnored => policy.restart.ends.recycle = Codes::NONE,
            SlowRetryIgnored => policy.restart.ends.exhausted = Exhausted::Stop,
            KillGraceIgnored => policy.stop.kill_grace /= 2,
            KillModeIgnored => policy.stop.mode = KillMode::Group,
            KillLate => policy.stop.grace = policy.stop.grace * 2 + ms(1),
            BudgetNeverEnforced => policy.restart.attempts = Attempts::Unlimited,
            BudgetTooSmall => {
                if let Attempts::AtMost(n) = &mut policy.restart.attempts {
                    *n = n.saturating_sub(1);
                }
            }
            BudgetNeverGivenBack => policy.restart.stable_after = None,
            PolicyIgnored => policy.restart.policy = RestartPolicy::Always,
            BackoffBeyondItsMaximum => {
                policy.restart.backoff =
                    Backoff::new(backoff.max() * 3, backoff.max() * 3).unwrap_or(backoff);
                now.jitter = Jitter::NONE;
            }
            BackoffShrinks => {
                policy.restart.backoff =
                    Backoff::new(backoff.initial() / 3, backoff.max()).unwrap_or(backoff);
            }
            _ => {}
        }
    }
}
