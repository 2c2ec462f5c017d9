//! The last words of scripted runs.

use super::FakeLauncher;
use crate::ports::{LastLines, LastWords};
use actix::Recipient;
use phpeek_core::facts::Words;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::name::ProcessName;

impl FakeLauncher {
    /// Says the last words of a run to everybody who ever asked for any.
    pub fn say(&self, id: RunId, lines: &[&str]) {
        for hearer in &*self.hearers.borrow() {
            let lines = lines.iter().map(|line| (*line).to_owned()).collect();
            hearer.do_send(LastLines {
                task: TaskId::Run(id),
                words: Words { stderr: lines, ..Words::default() },
            });
        }
    }
}

impl LastWords for FakeLauncher {
    fn ask(&self, task: TaskId, _: &ProcessName, hearer: Recipient<LastLines>) -> bool {
        let TaskId::Run(id) = task else { return false };
        self.hearers.borrow_mut().push(hearer.clone());
        let script = self.scripts.borrow().get(&id.process()).cloned();
        let Some((time, words)) = script.and_then(|s| s(id).last_words) else { return false };
        self.after(time, move |_| {
            hearer.do_send(LastLines { task, words: Words { stderr: words.clone(), ..Words::default() } })
        });
        true
    }
}
