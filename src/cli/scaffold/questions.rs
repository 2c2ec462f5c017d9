//! What `scaffold` asks, one line each; an empty line takes what is proposed, what is no answer is asked again, and the end of the
//! input is somebody who has gone: it takes nothing.

use super::presets::{self, Family, PRESETS, Preset};
use super::wanted::{PLAIN_NAME, ScaffoldArguments, is_plain};
use crate::cli::fault::Fault;
use std::io::{BufRead, Write};

/// Somebody who answers.
pub(super) struct Asked<R, W> {
    answers: R,
    questions: W,
}

impl<R: BufRead, W: Write> Asked<R, W> {
    /// One who is asked there, and answers here.
    pub(super) fn at(answers: R, questions: W) -> Self {
        Self { answers, questions }
    }

    /// An answer, or what is proposed for an empty line.
    fn line(&mut self, question: &str, proposed: &str) -> Result<String, Fault> {
        let mut line = String::new();
        drop(write!(self.questions, "{question} [{proposed}] ").and_then(|()| self.questions.flush()));
        let gone = match self.answers.read_line(&mut line) {
            Ok(0) => "nobody answers any more".to_owned(),
            Ok(_) => {
                let answer = line.trim();
                return Ok(if answer.is_empty() { proposed.to_owned() } else { answer.to_owned() });
            }
            Err(error) => format!("the answer cannot be read: {error}"),
        };
        drop(writeln!(self.questions));
        Err(Fault::Nothing(format!("{gone}; nothing was written")))
    }

    /// The first answer that means something; `wanted` says what would.
    fn until<T>(
        &mut self,
        question: &str,
        proposed: &str,
        wanted: &str,
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Fault> {
        loop {
            let answer = self.line(question, proposed)?;
            match meaning(&answer) {
                Some(meant) => return Ok(meant),
                None => drop(writeln!(self.questions, "{answer:?} is no answer: {wanted}")),
            }
        }
    }

    /// Yes or no.
    pub(super) fn yes(&mut self, question: &str, proposed: bool) -> Result<bool, Fault> {
        let shown = if proposed { "Y/n" } else { "y/N" };
        self.until(question, shown, "y or n is wanted", |answer| match answer.to_ascii_lowercase().as_str() {
            "y" | "yes" => Some(true),
            "n" | "no" => Some(false),
            _ if answer == shown => Some(proposed),
            _ => None,
        })
    }

    /// Which preset, by its number or its name.
    pub(super) fn preset(&mut self) -> Result<&'static Preset, Fault> {
        for (number, preset) in PRESETS.iter().enumerate() {
            drop(writeln!(self.questions, "{:>3}. {:<11} {}", number + 1, preset.name, preset.starts));
        }
        self.until("Which preset?", "1", "a number or a name of the list is wanted", |answer| {
            let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            number.and_then(|number| PRESETS.get(number)).or_else(|| presets::named(answer).ok())
        })
    }

    /// Everything else.
    pub(super) fn rest(&mut self, preset: &Preset, arguments: &mut ScaffoldArguments) -> Result<(), Fault> {
        let proposed = arguments.app_name.clone();
        arguments.app_name = self.until("Name of the application?", &proposed, PLAIN_NAME, |answer| {
            is_plain(answer).then(|| answer.to_owned())
        })?;
        if preset.workers {
            let proposed = arguments.queue_workers.to_string();
            arguments.queue_workers =
                self.until("Workers of the queue?", &proposed, "1 to 100 is wanted", |answer| {
                    answer.parse().ok().filter(|n| (1..=100).contains(n))
                })?;
        }
        if !preset.production {
            arguments.observability = self.yes("Send traces?", arguments.observability)?;
        }
        if preset.family == Family::Node {
            arguments.nginx = self.yes("nginx before it?", arguments.nginx)?;
        }
        arguments.dockerfile = self.yes("Write a Dockerfile?", arguments.dockerfile)?;
        arguments.docker_compose = self.yes("Write a docker-compose.yml?", arguments.docker_compose)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn answers_are_taken_what_is_none_is_asked_again_and_an_empty_line_is_the_proposal() {
        let answers = "joomla\n99\n2\nMy Shop\nshop\n0\n7\ny\nperhaps\n\n\n".as_bytes();
        let mut said = Vec::new();
        let mut asked = Asked::at(answers, &mut said);
        let preset = asked.preset().expect("a number");
        assert_eq!(preset.name, "production");
        let mut arguments = ScaffoldArguments::usual();
        asked.rest(preset, &mut arguments).expect("all was answered");
        let ScaffoldArguments { app_name, queue_workers, dockerfile, docker_compose, .. } = &arguments;
        assert_eq!(
            (app_name.as_str(), *queue_workers, *dockerfile, *docker_compose),
            ("shop", 7, true, false)
        );
        assert!(asked.yes("and now?", true).expect("an empty line"));
        assert!(asked.yes("and then?", true).is_err(), "whoever has gone has said nothing");
        let said = String::from_utf8(said).expect("text");
        for again in
            ["\"joomla\" is no", "\"99\" is no", "\"My Shop\" is no", "\"0\" is no", "\"perhaps\" is no"]
        {
            assert!(said.contains(again), "{again}: {said}");
        }
    }

    #[test]
    fn the_last_answer_needs_no_end_of_line() {
        assert!(Asked::at("n".as_bytes(), Vec::new()).yes("so?", true).is_ok_and(|yes| !yes));
    }
}
