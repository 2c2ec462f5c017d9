//! What the table of runs is made of that no configuration changes: made while that is still read. Starts the first spawner
//! thread, and nothing that was configured.

use super::environment::Environment;
use super::kin::Kin;
use super::leaves::Leaves;
use super::spawner::Spawners;
use std::io;
use std::sync::Arc;

/// See the top of the file.
pub struct Ground {
    pub(super) spawners: Arc<Spawners>,
    pub(super) kin: Kin,
}

impl Ground {
    /// Starts the first spawner thread.
    ///
    /// # Errors
    /// When the thread, its stack or /dev/null cannot be had.
    pub fn new(base: Environment) -> io::Result<Self> {
        let leaves = Arc::new(Leaves::default());
        let kin = Kin::new(leaves.clone());
        let spawners = Spawners::start(base, kin.supervisor().to_owned(), leaves)?;
        Ok(Self { spawners, kin })
    }

    /// What is not captured of a program is ours, and our terminal is its own: for a single one that stands in our place.
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    pub fn hand_on_streams(&self) -> io::Result<()> {
        self.spawners.hand_on_streams()
    }

    /// Every program has these variables too, in place of inherited ones of the same name.
    pub fn add_to_environment(&self, variables: &[(&str, String)]) {
        self.spawners.add_to_environment(variables);
    }
}
