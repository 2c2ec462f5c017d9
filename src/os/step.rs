//! What a start was at when it failed. Values, written by the child and read by who tells of it.

/// What the child was at when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Step {
    /// clone itself.
    Clone = 0,
    /// Its own session or process group.
    ProcessGroup,
    /// Dispositions and mask.
    Signals,
    /// Its three descriptors.
    Descriptors,
    /// Resource limits; which is the detail.
    Limits,
    /// The nice value.
    Nice,
    /// How soon the OOM killer takes it.
    OomScore,
    /// Capabilities that it can never have; which is the detail.
    Bounding,
    /// Capabilities that it keeps; which is the detail.
    Ambient,
    /// That no exec gains rights.
    NoNewPrivs,
    /// Supplementary groups and group.
    Group,
    /// User.
    User,
    /// Working directory.
    Directory,
    /// The program.
    Exec,
}

/// What a child may tell of.
pub(super) const AFTER_CLONE: [Step; 13] = [
    Step::ProcessGroup,
    Step::Signals,
    Step::Descriptors,
    Step::Limits,
    Step::Nice,
    Step::OomScore,
    Step::Bounding,
    Step::Ambient,
    Step::NoNewPrivs,
    Step::Group,
    Step::User,
    Step::Directory,
    Step::Exec,
];

/// Why there is no program: what was tried, the error number, and the zombie if there was a child.
#[derive(Debug)]
pub(super) struct Failed {
    /// What was tried.
    pub(super) step: Step,
    /// Which of several.
    pub(super) detail: i32,
    /// Why not.
    pub(super) errno: i32,
    /// A child that has ended and waits for the reaper.
    pub(super) zombie: Option<i32>,
}
