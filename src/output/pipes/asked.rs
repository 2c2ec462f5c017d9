//! What is read of a pipe out of its turn, since somebody waits for it: a record that must stand after it, last words, the
//! end of an instance. Owns the order of these; reads no more than there is.

use super::super::held::{is_about, is_about_any};
use super::super::intake;
use super::super::intake::Token;
use super::super::pipe::Pipe;
use super::Pipes;
use phpeek_core::ids::{InstanceId, TaskId};
use phpeek_os::capture::Capture;

impl Pipes {
    /// A pipe that has not been read.
    pub(super) fn fresh(&mut self, capture: Capture) -> Pipe {
        let finder = self.finders.of(&capture, &self.lines, self.sink.desk.get());
        Pipe::new(capture, &self.lines, finder)
    }

    /// Records of the supervisor go out, each after what its instance had written before. What has no room, not even in
    /// the reserve, is not waited for.
    pub(in super::super) fn release(&mut self) {
        self.sink.tell_step(&self.clock);
        self.framer.enter();
        while let Some((pipes, record)) = self.sink.held.front() {
            // What waits for more was written before too, although its pipe is empty.
            let waits = self.timers.next().is_some();
            if is_about_any(&record) && (waits || self.look() || !self.busy.is_empty()) {
                let fresh = self.intake.take_before(&record, pipes);
                for (token, capture) in fresh {
                    let pipe = self.fresh(capture);
                    self.place(token, pipe);
                }
                self.read_where(|of| is_about(&record, of));
            }
            self.sink.push_record(&record, self.clock.wall(record.at));
            self.sink.held.pop_front();
        }
    }

    /// The last lines of a run, of standard output and standard error, secrets and all. What is still in its pipes is
    /// read first, also when there is no room: a death must be told at once, and has a reserve.
    pub(in super::super) fn last_words(&mut self, task: TaskId) -> [Vec<String>; 2] {
        self.framer.enter();
        for (token, capture) in self.intake.take_run(task) {
            let pipe = self.fresh(capture);
            self.place(token, pipe);
        }
        self.read_where(|of| of.task == task);
        self.words.each_mut().map(|words| words.take(task))
    }

    /// An instance is no more: its lines are not kept any longer, also those that only now are read.
    pub(in super::super) fn forget(&mut self, instance: InstanceId) {
        self.framer.enter();
        for (token, capture) in self.intake.take_instance(instance) {
            let pipe = self.fresh(capture);
            self.place(token, pipe);
        }
        self.read_where(|of| of.task.instance() == Some(instance));
        self.words.iter_mut().for_each(|words| words.forget(instance));
        self.sink.kept().forget(instance);
    }

    /// Reads what is in some pipes now, with their ends: who writes on is not waited for.
    fn read_where(&mut self, wanted: impl Fn(&Capture) -> bool) {
        let wanted = |pipe: &Option<Pipe>| pipe.as_ref().is_some_and(|pipe| wanted(&pipe.capture));
        let tokens: Vec<Token> =
            (0..).zip(&self.pipes).filter(|(_, pipe)| wanted(pipe)).map(|(token, _)| token).collect();
        let at = self.at();
        for token in tokens {
            let waiting = self.known(token).map_or(0, |pipe| intake::waiting(&pipe.capture));
            let all = self.taken + waiting;
            let mut before = None;
            // One more read than it takes shows the end.
            while before.is_none_or(|before| before < all && self.taken > before) && self.sink.has_reserve() {
                before = Some(self.taken);
                self.busy.retain(|busy| *busy != token); // the read says whether it still is
                self.read(token, at);
                self.hand_over();
            }
            // What it has written comes before what is told of it.
            if let Some(mut pipe) = self.known_mut(token).and_then(Option::take) {
                pipe.guarded(&mut self.framer, (&self.lines, &[]), |pipe, framer| {
                    pipe.flush_lines(framer, at)
                });
                self.place(token, pipe);
                self.framer.hand_over();
            }
        }
    }
}
