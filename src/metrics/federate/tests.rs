//! What one exporter does to the page of all, by the clock of the test.

use super::*;
use phpeek_actors::testkit::RecordingLog;
use std::time::SystemTime;

/// Says what was planted, after a time: by the path of the url.
struct Planted(Mutex<Vec<String>>);

impl Fetch for Planted {
    fn fetch(&self, url: &str) -> Fetched {
        let asked = url.to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        Box::pin(async move {
            match asked.as_str() {
                "slow" => tokio::time::sleep(Duration::from_mins(1)).await,
                "some" => tokio::time::sleep(Duration::from_millis(1900)).await,
                _ => {}
            }
            match asked.as_str() {
                "gone" => Err("refused".to_owned()),
                "odd" => Ok("<html>".to_owned()),
                _ => Ok(format!("of_{asked} 1\n")),
            }
        })
    }
}

impl Planted {
    fn asked(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn federation(urls: &[&str]) -> (Federation, Arc<Planted>, Arc<RecordingLog>) {
    let (planted, log) = (Arc::new(Planted(Mutex::default())), Arc::new(RecordingLog::default()));
    let target = |url: &&str| Target {
        name: (*url).to_owned(),
        url: (*url).to_owned(),
        timeout: Duration::from_secs(2),
        ttl: Duration::from_secs(5),
    };
    let targets = urls.iter().map(target).collect();
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    (Federation::new(targets, planted.clone(), log.clone(), clock), planted, log)
}

fn page(gathered: &Gathered) -> String {
    let mut page = String::new();
    gathered.append(&mut page, "# TYPE of_us gauge\nof_us 1\n", Format::Prometheus);
    page
}

#[tokio::test(start_paused = true)]
async fn all_are_asked_at_once_and_none_holds_the_page_up_beyond_its_time() {
    let (federation, _, log) = federation(&["slow", "some", "gone", "odd", "well"]);
    let begun = Instant::now();
    let gathered = federation.gather(None).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    let up: Vec<_> = gathered.standings().into_iter().map(|one| (one.name, one.up)).collect();
    let wanted = [("slow", false), ("some", true), ("gone", false), ("odd", false), ("well", true)];
    assert_eq!(up, wanted.map(|(name, up)| (name.to_owned(), up)));
    assert_eq!(
        page(&gathered),
        "# TYPE of_some untyped\nof_some 1\n# TYPE of_us gauge\nof_us 1\n# TYPE of_well untyped\nof_well 1\n"
    );
    tokio::task::yield_now().await;
    let told: Vec<_> = log.records().into_iter().map(|record| record.message.into_owned()).collect();
    for part in ["gone: refused", "odd: line 1 is none", "slow: no answer within 2s"] {
        assert_eq!(told.iter().filter(|text| text.contains(part)).count(), 1, "{part}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_serves_for_its_time_and_a_failure_is_told_once() {
    let (federation, planted, log) = federation(&["gone", "well"]);
    for _ in 0..3 {
        federation.gather(None).await;
    }
    assert_eq!(planted.asked(), 2);
    tokio::time::advance(Duration::from_secs(5)).await;
    let gathered = federation.gather(None).await;
    assert_eq!((planted.asked(), log.records().len()), (4, 1));
    assert_eq!(gathered.standings().first().map(|one| one.errors), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_has_less_time_gets_what_there_is_and_the_answer_serves_the_next() {
    let (federation, planted, _) = federation(&["some", "well"]);
    let begun = Instant::now();
    let gathered = federation.gather(Some(Duration::from_secs(1))).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    assert_eq!(gathered.standings().into_iter().map(|one| one.up).collect::<Vec<_>>(), [false, true]);
    let gathered = federation.gather(None).await;
    assert!(gathered.standings().into_iter().all(|one| one.up) && planted.asked() == 2);
}
