//! The thread that looks at watched files: sleeps until something happens in one of their folders, and says of which process
//! when a burst is over. What it cannot watch it says, once for each configuration.

use super::rules::Rules;
use super::saying::say;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogSink};
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;
use phpeek_core::watching::{Debounce, WatchSpec};
use phpeek_os::file_watch::{FileWatch, why};
use phpeek_os::threads::ThreadRuntime;
use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// What the thread is told.
pub(super) enum Order {
    /// A process is configured like this.
    Watch(ProcessId, ProcessName, Option<Arc<WatchSpec>>),
    /// There is no such process any more.
    Forget(ProcessId),
}

/// A burst of changes is over.
pub(super) struct Fired {
    /// Whose.
    pub(super) process: ProcessName,
    /// What has changed first.
    pub(super) path: Arc<str>,
    /// Whether those that depend on it are restarted, too.
    pub(super) cascade: bool,
}

/// A process that watches something.
struct Watched {
    name: ProcessName,
    spec: Arc<WatchSpec>,
    rules: Rules,
    changes: Debounce,
}

struct Watcher {
    watched: BTreeMap<ProcessId, Watched>,
    /// None while nothing is watched, or nothing can be.
    watch: Option<FileWatch>,
    fired: UnboundedSender<Fired>,
    log: Arc<dyn LogSink>,
    clock: Clock,
}

/// Begins the thread.
pub(super) fn begin(
    orders: UnboundedReceiver<Order>,
    fired: UnboundedSender<Fired>,
    (log, clock): (Arc<dyn LogSink>, Clock),
    first: fn(),
) -> io::Result<()> {
    let runtime = ThreadRuntime::new()?;
    std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
        first();
        let watcher = Watcher { watched: BTreeMap::new(), watch: None, fired, log, clock };
        runtime.block_on(watcher.run(orders));
    })?;
    Ok(())
}

/// What the thread has to do next.
enum Next {
    Order(Option<Order>),
    Changed(io::Result<Vec<PathBuf>>),
    Due,
}

impl Watcher {
    /// Until nobody can order any more.
    async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            match self.next(&mut orders).await {
                Next::Order(None) => return,
                Next::Order(Some(first)) => {
                    let mut differs = self.take(first);
                    while let Ok(more) = orders.try_recv() {
                        differs |= self.take(more);
                    }
                    if differs {
                        self.begin_anew();
                    }
                }
                Next::Changed(Ok(files)) => self.changed(&files),
                Next::Changed(Err(error)) => {
                    self.warn(None, format!("watch: changes are not seen any more: {error}"));
                    self.watch = None;
                }
                Next::Due => {}
            }
            self.fire();
        }
    }

    async fn next(&self, orders: &mut UnboundedReceiver<Order>) -> Next {
        let due = self.watched.values().filter_map(|own| own.changes.deadline()).min();
        let mut changed = pin!(async {
            match &self.watch {
                Some(watch) => watch.changed().await,
                None => pending().await,
            }
        });
        let happens = poll_fn(|context| match orders.poll_recv(context) {
            Poll::Ready(order) => Poll::Ready(Next::Order(order)),
            Poll::Pending => changed.as_mut().poll(context).map(Next::Changed),
        });
        match due {
            None => happens.await,
            Some(due) => {
                let wait = due.saturating_sub(self.clock.now());
                tokio::time::timeout(wait, happens).await.unwrap_or(Next::Due)
            }
        }
    }

    /// Whether what is watched is something else by it.
    fn take(&mut self, order: Order) -> bool {
        match order {
            Order::Watch(process, name, Some(spec)) => {
                if self.watched.get(&process).is_some_and(|own| own.spec == spec) {
                    return false;
                }
                let (rules, changes) = (Rules::of(&spec), Debounce::new(spec.pause));
                self.watched.insert(process, Watched { name, spec, rules, changes });
                true
            }
            Order::Watch(process, _, None) | Order::Forget(process) => {
                self.watched.remove(&process).is_some()
            }
        }
    }

    fn begin_anew(&mut self) {
        self.watch = None;
        if self.watched.is_empty() {
            return;
        }
        match FileWatch::new() {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => return self.warn(None, format!("watch: no change is seen: {}", why(&error))),
        }
        for own in self.watched.values() {
            for path in own.rules.missing() {
                let message = format!("watch: {} is not there, and is waited for", path.display());
                say(&*self.log, self.clock, Level::Info, Some(&own.name), message);
            }
            self.add_folders(own, Tell::Yes);
        }
    }

    fn add_folders(&self, own: &Watched, tell: Tell) {
        let Some(watch) = &self.watch else { return };
        let mut refused = None;
        let mut count = 0_usize;
        own.rules.each_folder(|folder| match watch.add(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // it went meanwhile, which is told
            Err(error) => {
                count += 1;
                refused.get_or_insert((folder.to_owned(), error));
            }
        });
        if let Some((folder, error)) = refused.filter(|_| tell == Tell::Yes) {
            let (folder, why) = (folder.display(), why(&error));
            let message = match count {
                1 => format!("watch: changes in {folder} are not seen: {why}"),
                _ => format!("watch: changes in {count} folders are not seen, the first is {folder}: {why}"),
            };
            self.warn(Some(&own.name), message);
        }
    }

    fn changed(&mut self, files: &[PathBuf]) {
        let now = self.clock.now();
        // Of those that were lost nobody knows.
        let lost = files.is_empty();
        let folders: Vec<&PathBuf> = files.iter().filter(|path| path.is_dir()).collect();
        // A folder has come, or one that was watched has gone and may be there again. Watched first, looked into then:
        // what is put into it is seen by the one or by the other.
        if lost || !folders.is_empty() {
            for own in self.watched.values() {
                self.add_folders(own, Tell::No);
            }
        }
        for own in self.watched.values_mut() {
            let seen = files.iter().find(|path| own.rules.has(path) && !path.is_dir());
            let within = || folders.iter().copied().find(|folder| own.rules.has_below(folder));
            let path = match seen.or_else(within) {
                Some(path) => path.to_string_lossy().into_owned(),
                None if lost => "too many changes at once".to_owned(),
                None => continue,
            };
            own.changes.changed(now, &Arc::from(path));
        }
    }

    fn fire(&mut self) {
        let now = self.clock.now();
        for own in self.watched.values_mut() {
            if let Some(path) = own.changes.tick(now) {
                let (process, cascade) = (own.name.clone(), own.spec.cascade);
                self.fired.send(Fired { process, path, cascade }).ok(); // nobody restarts anything at the end
            }
        }
    }

    fn warn(&self, process: Option<&ProcessName>, message: String) {
        say(&*self.log, self.clock, Level::Warn, process, message);
    }
}

/// Whether what cannot be watched is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    Yes,
    No,
}
