//! The laws M1 to M6 of the memory of an instance, and Q11 of a process whose instances grow, each kept by property tests in
//! simulated worlds; and planted bugs, each of which a law must notice. Deterministic where bugs are planted.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[macro_use]
#[path = "support/laws.rs"]
mod shared;
#[path = "memory/planted.rs"]
mod planted;
#[path = "memory/replaced.rs"]
mod replaced;
#[path = "memory/world.rs"]
mod world;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use world::Real;

fn config() -> ProptestConfig {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/memory.regressions");
    let persistence = FileFailurePersistence::Direct(path);
    ProptestConfig { failure_persistence: Some(Box::new(persistence)), ..ProptestConfig::default() }
}

macro_rules! laws {
    ($($name:ident: $law:literal;)*) => {
        $(proptest! {
            #![proptest_config(config())]
            #[test]
            fn $name(plan in world::plan()) {
                let broken = world::run(&plan, &mut Real);
                // Any other law that is broken first counts as well: the world ends there.
                prop_assert!(broken.is_empty(), "looking for {}: {broken:?}\n{plan:#?}", $law);
            }
        })*
    };
}

laws! {
    m1_nothing_is_measured_and_nothing_said_while_no_run_is_up: "M1";
    m2_each_bound_of_a_run_is_told_once: "M2";
    m3_the_hard_bound_comes_first: "M3";
    m4_a_verdict_is_what_the_measurement_says: "M4";
    m5_the_next_measurement_is_due_in_time: "M5";
    m6_the_soft_bound_waits_for_its_turn: "M6";
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn q11_one_instance_at_a_time_is_away_for_its_memory(plan in replaced::plan()) {
        let seen = replaced::run(&plan, &|asked| vec![asked]);
        prop_assert!(seen.broken.is_empty(), "{:?}\n{plan:#?}", seen.broken);
    }
}
