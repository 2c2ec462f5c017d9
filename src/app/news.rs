//! The way of what programs say of their health, from the threads that hear it to the supervision thread. Each of those
//! bounds what it brings: a line once for each check and run, and messages of a program a few times a second.

use phpeek_actors::manager::Router;
use phpeek_actors::ports::{NewsDesk, RunNews};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[derive(Debug)]
struct Desk(UnboundedSender<RunNews>);

impl NewsDesk for Desk {
    fn bring(&self, news: RunNews) {
        self.0.send(news).ok(); // nobody supervises any more
    }
}

/// A desk whose news go to the actors that `router` knows. Call it on the supervision thread.
pub(super) fn desk(router: Router) -> Arc<dyn NewsDesk> {
    let (sender, mut news) = unbounded_channel();
    actix::spawn(async move {
        while let Some(news) = news.recv().await {
            router.bring(news);
        }
    });
    Arc::new(Desk(sender))
}
