//! A prober that asks nobody: what each probe gets is scripted, what was asked is recorded with the virtual time.

use crate::clock::{Clock, Moment};
use crate::ports::{ProbeAnswer, ProbeOrder, Prober};
use phpeek_core::health::facts::Answer;
use phpeek_core::ids::ProbeId;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// The answer to a probe, and after which time; `None`: there is never one.
type Script = Rc<dyn Fn(ProbeId) -> Option<(Duration, Answer)>>;

/// The prober. Without a script everything is well after a millisecond.
pub struct FakeProber {
    clock: Clock,
    script: RefCell<Option<Script>>,
    asked: RefCell<Vec<(Moment, ProbeId)>>,
    forgotten: RefCell<Vec<ProbeId>>,
}

impl FakeProber {
    /// A prober that was asked nothing.
    #[must_use]
    pub fn new(clock: Clock) -> Rc<Self> {
        let (script, asked, forgotten) = Default::default();
        Rc::new(Self { clock, script, asked, forgotten })
    }

    /// What probes get.
    pub fn script(&self, script: impl Fn(ProbeId) -> Option<(Duration, Answer)> + 'static) {
        *self.script.borrow_mut() = Some(Rc::new(script));
    }

    /// Every probe so far.
    #[must_use]
    pub fn asked(&self) -> Vec<(Moment, ProbeId)> {
        self.asked.borrow().clone()
    }

    /// Every probe whose answer was not wanted any more.
    #[must_use]
    pub fn forgotten(&self) -> Vec<ProbeId> {
        self.forgotten.borrow().clone()
    }
}

impl Prober for FakeProber {
    fn ask(&self, order: ProbeOrder) {
        self.asked.borrow_mut().push((self.clock.now(), order.probe));
        let script = self.script.borrow().clone();
        let usual = || Some((Duration::from_millis(1), Answer::well("connected")));
        let Some((after, answer)) = script.map_or_else(usual, |script| script(order.probe)) else { return };
        actix::spawn(async move {
            tokio::time::sleep(after).await;
            order.hearer.do_send(ProbeAnswer { probe: order.probe, answer });
        });
    }

    fn forget(&self, probe: ProbeId) {
        self.forgotten.borrow_mut().push(probe);
    }
}
