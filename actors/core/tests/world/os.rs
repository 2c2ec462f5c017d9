//! The world's operating system for one instance: a process group with a leader and perhaps others, which live and
//! die as fate decides. It knows the truth; the machine only hears of it, late.

use super::Subject;
use super::World;
use super::plan::ms;
use phpeek_core::lifecycle::{Event, Reach};
use phpeek_core::outcome::{Exit, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::ProcessKind;
use std::time::Duration;

/// The process group of the latest run.
#[derive(Debug, Default)]
pub(crate) struct Group {
    run: u64,
    leader: bool,
    others: bool,
    deaf: bool,
    others_deaf: bool,
    /// It hangs in the kernel: no signal helps.
    pub(crate) stuck: bool,
    /// Those who outlive the leader have sessions of their own.
    daemons: bool,
    /// When the leader's exit is heard of; the empty group is never heard of before.
    exit_heard: Duration,
}

impl Group {
    /// Whether anybody lives.
    pub(crate) fn alive(&self) -> bool {
        self.leader || self.others
    }
}

/// What happens to a group, unheard by anybody yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fact {
    Born,
    LeaderDies(Exit),
    OthersDie,
}

impl<S: Subject> World<'_, S> {
    pub(super) fn launch(&mut self, at: (usize, usize), run: u64) {
        if self.instance(at).group.alive() {
            self.broken("P1", format!("run {run} while the group of the run before lives"));
        }
        self.instance(at).group = Group { run, ..Group::default() };
        let delay = ms(self.draw(5));
        if self.chance(16) {
            let kind = match self.draw(3) {
                0 => SpawnFailureKind::NotFound,
                1 => SpawnFailureKind::NotExecutable,
                _ => SpawnFailureKind::Resources,
            };
            self.hear(at, delay, Event::SpawnFailed { run, kind });
        } else {
            self.fact(at, delay, run, Fact::Born);
        }
    }

    pub(super) fn happens(&mut self, at: (usize, usize), run: u64, fact: Fact) {
        if self.instance(at).group.run != run {
            return;
        }
        match fact {
            Fact::Born => self.born(at, run),
            Fact::LeaderDies(exit) if self.instance(at).group.leader => self.leader_dies(at, run, exit),
            Fact::OthersDie if self.instance(at).group.others => {
                self.instance(at).group.others = false;
                self.perhaps_empty(at, run);
            }
            Fact::LeaderDies(_) | Fact::OthersDie => {}
        }
    }

    fn born(&mut self, at: (usize, usize), run: u64) {
        let (others, deaf, others_deaf, stuck) =
            (self.chance(4), self.chance(5), self.chance(3), self.chance(40));
        let daemons = others && self.chance(2);
        let group = &mut self.instance(at).group;
        (group.leader, group.others, group.deaf, group.others_deaf, group.stuck, group.daemons) =
            (true, others, deaf, others_deaf, stuck, daemons);
        let oneshot = self.policies[at.0].kind == ProcessKind::Oneshot;
        let lifetime = match self.draw(8) {
            3 => Some(0),
            4 => Some(5),
            5 => Some(30),
            6 => Some(90),
            7 => Some(200),
            _ => oneshot.then_some(10),
        };
        if let Some(lifetime) = lifetime {
            let exit = match self.draw(4) {
                1 => Exit::Code(u8::try_from(1 + self.draw(200)).unwrap_or(1)),
                2 => Exit::Signal { signal: Signal::INT, core: false },
                _ => Exit::Code(0),
            };
            self.fact(at, ms(lifetime), run, Fact::LeaderDies(exit));
        }
        let delay = ms(self.draw(6));
        self.hear(at, delay, Event::Spawned { run });
    }

    fn leader_dies(&mut self, at: (usize, usize), run: u64, exit: Exit) {
        let delay = ms(self.draw(4));
        let heard = self.now + delay;
        let group = &mut self.instance(at).group;
        group.leader = false;
        group.exit_heard = heard;
        let (others, daemons) = (group.others, group.daemons);
        self.hear(at, delay, Event::Exited { run, exit });
        if daemons {
            self.hear_after(at, heard, Event::Left { run });
        } else if others && self.chance(6) {
            let told = heard + ms(self.draw(40));
            self.instance(at).group.stuck = true; // a setuid helper: no signal of ours reaches it
            self.hear_after(at, told, Event::OutOfReach { run });
        }
        if others && self.chance(2) {
            let delay = ms(self.draw(40));
            self.fact(at, delay, run, Fact::OthersDie);
        }
        self.perhaps_empty(at, run);
    }

    /// Nobody looks after those who are left any more.
    pub(super) fn forget(&mut self, at: (usize, usize)) {
        let group = &mut self.instance(at).group;
        if !group.leader {
            *group = Group { run: group.run, ..Group::default() };
        }
    }

    fn hear_after(&mut self, at: (usize, usize), when: Duration, event: Event) {
        self.hear(at, when.saturating_sub(self.now), event);
    }

    fn perhaps_empty(&mut self, at: (usize, usize), run: u64) {
        if self.instance(at).group.alive() {
            return;
        }
        let heard = self.instance(at).group.exit_heard.max(self.now + ms(self.draw(4)));
        self.hear(at, heard.saturating_sub(self.now), Event::GroupEmpty { run });
    }

    pub(super) fn kill(&mut self, at: (usize, usize), run: u64, signal: Signal, reach: Reach) {
        let Group { run: own, deaf, others_deaf, stuck, .. } = self.instance(at).group;
        if own != run || stuck {
            return;
        }
        let sure = signal == Signal::KILL;
        let slowest = if sure { 3 } else { 60 };
        if sure || !deaf {
            let by_itself = !sure && self.chance(2);
            let exit = if by_itself { Exit::Code(0) } else { Exit::Signal { signal, core: false } };
            let delay: Duration = ms(self.draw(slowest));
            self.fact(at, delay, run, Fact::LeaderDies(exit));
        }
        if reach == Reach::All && (sure || !others_deaf) {
            let delay = ms(self.draw(slowest));
            self.fact(at, delay, run, Fact::OthersDie);
        }
    }
}
