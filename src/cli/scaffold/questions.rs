//! What `scaffold --interactive` asks, one line each; an empty line, or the end of the input, takes what is proposed.

use super::presets::{self, Family, PRESETS, Preset};
use super::wanted::ScaffoldArguments;
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

    /// Nobody who answers is somebody who takes what is proposed.
    fn line(&mut self, question: &str, proposed: &str) -> String {
        let mut line = String::new();
        drop(write!(self.questions, "{question} [{proposed}] ").and_then(|()| self.questions.flush()));
        drop(self.answers.read_line(&mut line));
        match line.trim() {
            "" => proposed.to_owned(),
            answer => answer.to_owned(),
        }
    }

    /// Yes or no.
    pub(super) fn yes(&mut self, question: &str, proposed: bool) -> bool {
        let answer = self.line(question, if proposed { "Y/n" } else { "y/N" });
        match answer.to_ascii_lowercase().as_str() {
            "y" | "yes" => true,
            "n" | "no" => false,
            _ => proposed,
        }
    }

    /// Which preset, by its number or its name.
    pub(super) fn preset(&mut self) -> Result<&'static Preset, Fault> {
        for (number, preset) in PRESETS.iter().enumerate() {
            drop(writeln!(self.questions, "{:>3}. {:<11} {}", number + 1, preset.name, preset.starts));
        }
        let answer = self.line("Which preset?", "1");
        let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match number.and_then(|number| PRESETS.get(number)) {
            Some(preset) => Ok(preset),
            None => presets::named(&answer),
        }
    }

    /// Everything else.
    pub(super) fn rest(&mut self, preset: &Preset, arguments: &mut ScaffoldArguments) {
        arguments.app_name = self.line("Name of the application?", &arguments.app_name);
        if preset.workers {
            let answer = self.line("Workers of the queue?", &arguments.queue_workers.to_string());
            arguments.queue_workers =
                answer.parse().ok().filter(|n| (1..=100).contains(n)).unwrap_or(arguments.queue_workers);
        }
        if !preset.production {
            arguments.observability = self.yes("Send traces?", arguments.observability);
        }
        if preset.family == Family::Node {
            arguments.nginx = self.yes("nginx before it?", arguments.nginx);
        }
        arguments.dockerfile = self.yes("Write a Dockerfile?", arguments.dockerfile);
        arguments.docker_compose = self.yes("Write a docker-compose.yml?", arguments.docker_compose);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn answers_are_taken_and_silence_is_the_proposal() {
        let mut asked = Asked::at("2\nshop\n7\ny\n".as_bytes(), Vec::new());
        let preset = asked.preset().expect("a number");
        assert_eq!(preset.name, "production");
        let mut arguments = ScaffoldArguments::usual();
        asked.rest(preset, &mut arguments);
        let ScaffoldArguments { app_name, queue_workers, dockerfile, docker_compose, .. } = &arguments;
        assert_eq!(
            (app_name.as_str(), *queue_workers, *dockerfile, *docker_compose),
            ("shop", 7, true, false)
        );
        assert!(!asked.yes("and now?", false));
        assert!(Asked::at("joomla\n".as_bytes(), Vec::new()).preset().is_err());
    }
}
