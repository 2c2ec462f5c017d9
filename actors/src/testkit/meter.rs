//! A meter that looks at no process: how much each run takes is scripted, what was measured is recorded with the virtual time.

use crate::clock::{Clock, Moment};
use crate::ports::{MeasureOrder, Measured, Meter};
use phpeek_core::ids::RunId;
use std::cell::RefCell;
use std::rc::Rc;

/// What a run takes, in bytes; `None`: nobody can look.
type Script = Rc<dyn Fn(RunId) -> Option<u64>>;

/// The meter. Without a script nothing takes anything.
pub struct FakeMeter {
    clock: Clock,
    script: RefCell<Option<Script>>,
    asked: RefCell<Vec<(Moment, RunId)>>,
}

impl FakeMeter {
    /// A meter that was asked nothing.
    #[must_use]
    pub fn new(clock: Clock) -> Rc<Self> {
        let (script, asked) = Default::default();
        Rc::new(Self { clock, script, asked })
    }

    /// What runs take.
    pub fn script(&self, script: impl Fn(RunId) -> Option<u64> + 'static) {
        *self.script.borrow_mut() = Some(Rc::new(script));
    }

    /// Every measurement so far.
    #[must_use]
    pub fn asked(&self) -> Vec<(Moment, RunId)> {
        self.asked.borrow().clone()
    }
}

impl Meter for FakeMeter {
    fn measure(&self, MeasureOrder { run, hearer, .. }: MeasureOrder) {
        self.asked.borrow_mut().push((self.clock.now(), run));
        let script = self.script.borrow().clone();
        if let Some(used) = script.map_or(Some(0), |script| script(run)) {
            hearer.do_send(Measured { run, used });
        }
    }
}
