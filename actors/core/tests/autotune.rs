//! The pool of PHP-FPM: the documented figures, and laws over all machines. What each law catches is planted below.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

use phpeek_core::autotune::{Machine, Pool, Profile, Spare, Wish};
use proptest::prelude::*;

/// Worker, opcache and reserve in megabytes, fewest and most workers of each profile, as they are documented.
const FIGURES: [(Profile, [u64; 3], u64, u64); 5] = [
    (Profile::Dev, [32, 64, 64], 2, 2),
    (Profile::Light, [36, 96, 128], 2, u64::MAX),
    (Profile::Medium, [42, 128, 192], 4, u64::MAX),
    (Profile::Heavy, [52, 256, 384], 8, u64::MAX),
    (Profile::Bursty, [44, 128, 192], 4, u64::MAX),
];

fn machine(megabytes: u64, cpus: u64) -> Machine {
    Machine { memory: megabytes << 20, cpus }
}

fn wish(profile: Profile) -> Wish {
    Wish { profile, threshold: None, strict: false }
}

fn pool(profile: Profile, megabytes: u64, cpus: u64) -> Pool {
    wish(profile).on(machine(megabytes, cpus)).expect("it is not strict")
}

fn spare(start: u64, min: u64, max: u64) -> Option<Spare> {
    Some(Spare { start, min, max })
}

#[test]
fn the_figures_are_the_documented_ones() {
    let figures = |pool: Pool| (pool.workers, pool.spare, pool.max_requests);
    assert_eq!(figures(pool(Profile::Dev, 8192, 8)), (2, None, 100));
    // 0.75 * 2048 - 320 = 1216, by 42: 28; 2.5 * 16 = 40
    assert_eq!(figures(pool(Profile::Medium, 2048, 16)), (28, spare(10, 7, 14), 1000));
    // by the processors
    assert_eq!(figures(pool(Profile::Medium, 65536, 4)), (10, spare(4, 3, 5), 1000));
    assert_eq!(figures(pool(Profile::Medium, 65536, 3)).0, 7);
    // more than the processors would have, since the profile has that many
    assert_eq!(figures(pool(Profile::Heavy, 65536, 1)), (8, spare(4, 2, 4), 2000));
    assert_eq!(figures(pool(Profile::Bursty, 65536, 4)), (10, spare(5, 4, 8), 1000));
    assert_eq!(figures(pool(Profile::Light, 1024, 64)), (13, spare(4, 4, 7), 500));
}

#[test]
fn too_little_memory_is_made_do_with_or_refused() {
    let made_do = pool(Profile::Medium, 420, 4);
    assert_eq!((made_do.workers, made_do.spare, made_do.short_of), (2, spare(1, 1, 1), Some(4)));
    assert_eq!(pool(Profile::Heavy, 64, 4).workers, 1, "never none");
    let strict = Wish { strict: true, ..wish(Profile::Medium) };
    let refused = strict.on(machine(487, 4)).expect_err("it is strict");
    assert_eq!((refused.needed, refused.available, refused.workers), (488, 487, 4));
    assert!(refused.to_string().contains("488 MB"), "{refused}");
    assert_eq!(strict.on(machine(488, 4)).expect("the smallest that suffices").workers, 4);
}

#[test]
fn another_share_of_the_memory_counts_and_never_takes_more_than_there_is() {
    let shared = |threshold| Wish { threshold: Some(threshold), ..wish(Profile::Medium) };
    let workers = |threshold| shared(threshold).on(machine(2048, 64)).expect("fits").workers;
    assert_eq!((workers(0.5), workers(1.0), workers(2.0)), (16, 41, 41));
}

#[test]
fn the_variables_are_the_documented_ones() {
    let of = |profile| pool(profile, 2048, 16).variables();
    let text = |variables: Vec<(&str, String)>| {
        variables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text(of(Profile::Dev)), "PHP_FPM_PM=static PHP_FPM_MAX_CHILDREN=2 PHP_FPM_MAX_REQUESTS=100");
    assert_eq!(
        text(of(Profile::Medium)),
        "PHP_FPM_PM=dynamic PHP_FPM_MAX_CHILDREN=28 PHP_FPM_MAX_REQUESTS=1000 PHP_FPM_START_SERVERS=10 \
         PHP_FPM_MIN_SPARE=7 PHP_FPM_MAX_SPARE=14"
    );
}

#[test]
fn each_profile_is_found_by_its_name() {
    for (name, profile) in Profile::WORDS {
        assert_eq!((Profile::parse(name), profile.as_str()), (Some(profile), name));
    }
    assert_eq!(Profile::parse("Medium"), None);
}

/// What is wrong with a pool, if anything.
fn broken(profile: Profile, machine: Machine, pool: Pool) -> Option<&'static str> {
    let (_, [worker, opcache, reserved], fewest, most) =
        FIGURES.into_iter().find(|(of, ..)| *of == profile).expect("a profile");
    let takes = pool.workers * worker + opcache + reserved;
    let ordered = |spare: Spare| {
        1 <= spare.min && spare.min <= spare.start && spare.start <= spare.max && spare.max <= pool.workers
    };
    match pool {
        Pool { workers: 0, .. } => Some("no worker"),
        _ if pool.workers > 1 && takes > machine.memory >> 20 => Some("more than the memory"),
        _ if pool.workers > most => Some("more than the profile has"),
        _ if pool.workers > fewest && pool.workers > machine.cpus * 5 / 2 => Some("more than the processors"),
        _ if (pool.workers < fewest) != (pool.short_of == Some(fewest)) => Some("silent about the shortage"),
        _ if pool.spare.is_some_and(|spare| !ordered(spare)) => Some("PHP-FPM would refuse it"),
        _ => None,
    }
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop::sample::select(Profile::WORDS.map(|(_, profile)| profile).to_vec())
}

proptest! {
    #[test]
    fn a_pool_fits_its_machine_and_php_fpm_takes_it(
        profile in profiles(), memory in 0..1_u64 << 42, cpus in 1..1000_u64, threshold in prop::option::of(0.0..2.0),
    ) {
        let machine = Machine { memory, cpus };
        let made = Wish { profile, threshold, strict: false }.on(machine).expect("it is not strict");
        prop_assert_eq!(broken(profile, machine, made), None);
    }

    #[test]
    fn more_memory_never_makes_fewer_workers(
        profile in profiles(), memory in 0..1_u64 << 36, more in 0..1_u64 << 36, cpus in 1..100_u64,
    ) {
        let workers = |memory| wish(profile).on(Machine { memory, cpus }).expect("it is not strict").workers;
        prop_assert!(workers(memory) <= workers(memory + more));
    }

    #[test]
    fn what_is_refused_is_what_would_be_made_do_with(profile in profiles(), memory in 0..1_u64 << 34, cpus in 1..64_u64) {
        let machine = Machine { memory, cpus };
        let made = wish(profile).on(machine).expect("it is not strict");
        match (Wish { strict: true, ..wish(profile) }).on(machine) {
            Ok(strict) => prop_assert_eq!((strict, strict.short_of), (made, None)),
            Err(refused) => {
                prop_assert!(made.short_of.is_some());
                let enough = Machine { memory: refused.needed << 20, cpus };
                let accepted = (Wish { strict: true, ..wish(profile) }).on(enough).is_ok();
                prop_assert!(accepted);
            }
        }
    }
}

#[test]
fn each_planted_fault_is_caught() {
    let (machine, good) = (machine(1024, 4), pool(Profile::Medium, 1024, 4));
    assert_eq!(broken(Profile::Medium, machine, good), None);
    let spare = good.spare.expect("dynamic");
    for (fault, caught) in [
        (Pool { workers: 0, ..good }, "no worker"),
        (Pool { workers: 17, ..good }, "more than the memory"),
        (Pool { workers: 11, ..good }, "more than the processors"),
        (Pool { short_of: Some(4), ..good }, "silent about the shortage"),
        (Pool { spare: Some(Spare { min: 0, ..spare }), ..good }, "PHP-FPM would refuse it"),
        (Pool { spare: Some(Spare { start: spare.max + 1, ..spare }), ..good }, "PHP-FPM would refuse it"),
        (Pool { spare: Some(Spare { max: good.workers + 1, ..spare }), ..good }, "PHP-FPM would refuse it"),
    ] {
        assert_eq!(broken(Profile::Medium, machine, fault), Some(caught), "{fault:?}");
    }
    let dev = pool(Profile::Dev, 1024, 4);
    assert_eq!(broken(Profile::Dev, machine, Pool { workers: 3, ..dev }), Some("more than the profile has"));
}
