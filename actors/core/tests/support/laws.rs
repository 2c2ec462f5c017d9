//! What the tests of laws share. Each law is a property test that is named after it, in the worlds that `world::plan` draws;
//! and each planted bug stands in one list, so that none is written and not tried.

/// The planted bugs of a test, in one list or several.
#[allow(unused_macros, reason = "not each of the tests plants bugs")]
macro_rules! bugs {
    ($($list:ident: $($bug:ident),+;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Bug {
            $($($bug),+),+
        }
        use Bug::*;
        $(const $list: [Bug; [$($bug),+].len()] = [$($bug),+];)+
    };
}

/// The laws of a test, `broken` being the first that a plan breaks. What broke one before is kept in `tests/$file.regressions`.
/// Any other law that is broken first counts as well: the world ends there.
#[allow(unused_macros, reason = "not each of the tests has a world")]
macro_rules! laws {
    ($file:literal, $cases:expr, $plan:path, $broken:path; $($name:ident: $law:literal;)*) => {
        $(proptest! {
            #![proptest_config(ProptestConfig {
                cases: $cases,
                failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::Direct(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/tests/", $file, ".regressions"
                )))),
                ..ProptestConfig::default()
            })]
            #[test]
            fn $name(plan in $plan()) {
                if let Some((name, what)) = $broken(&plan) {
                    let message = format!("{name} is broken (looking for {}): {what}\n{plan:#?}", $law);
                    return Err(TestCaseError::fail(message));
                }
            }
        })*
    };
}
