//! Lines of processes over HTTP: the newest that are kept, and those that come as a stream. Owns how a line looks here;
//! keeps none.

use super::super::live::{More, Source, Written};
use super::super::refusal::{Refusal, json_of};
use super::opening::{Begins, Opening};
use super::query::{self, Query};
use super::shared::Shared;
use super::table::Route;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use phpeek_actors::feed::{Feed, Given};
use phpeek_actors::lines::{Block, Following, From, Line, Shape, Wanted};
use phpeek_settings::web::Role;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;
use std::vec::IntoIter;

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/logs", Role::Read, all)
            .tells("The newest lines of all, newest first.", "Logs")
            .with(query::NEWEST)
            .refuses(&[404]),
        Route::get("/logs/stream", Role::Read, stream)
            .streams("Lines as they come.")
            .with(query::COMING)
            .refuses(&[404]),
        Route::get("/processes/{name}/logs", Role::Read, of_process)
            .tells("The newest lines of a process, newest first.", "Logs")
            .with(query::NEWEST)
            .refuses(&[404]),
    ]
}

/// A line as it is shown.
#[derive(Serialize)]
struct Entry<'a> {
    timestamp: String,
    process: &'a str,
    instance: String,
    stream: &'a str,
    level: &'a str,
    message: Cow<'a, str>,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
}

fn entry<'a>(line: &Line<'a>) -> Entry<'a> {
    let Block { origin, at, level, shape, fields, .. } = line.of;
    let at = Timestamp::try_from(*at).unwrap_or(Timestamp::UNIX_EPOCH);
    let process = origin.process.as_ref();
    let of_number = || process.zip(origin.number).map(|(process, number)| process.instance_id(number));
    let instance = origin.file.as_ref().map(ToString::to_string).or_else(of_number);
    let fields =
        fields.iter().filter_map(|(name, json)| Some((name.clone(), serde_json::from_str(json).ok()?)));
    Entry {
        timestamp: format!("{at:.3}"),
        process: process.map_or("", |process| process.as_str()),
        instance: instance.unwrap_or_default(),
        stream: origin.stream,
        level: level.as_str(),
        message: String::from_utf8_lossy(line.text),
        seq: line.number,
        run: origin.run,
        hook: origin.hook.as_deref(),
        partial: *shape == Shape::Partial,
        fields: fields.collect(),
    }
}

/// The newest lines, newest first.
fn newest(shared: &Shared, wanted: &Wanted, limit: usize) -> Vec<Value> {
    let blocks = shared.lines.newest(wanted, limit);
    let mut all = Vec::new();
    for block in blocks.iter().rev() {
        let lines = block.lines();
        all.extend(lines.iter().rev().take(limit - all.len()).map(|line| json!(entry(line))));
    }
    all
}

async fn all(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = Query::of(query.as_deref())?;
    let (limit, wanted) = (query.limit()?, query.wanted(SystemTime::now())?);
    shared.has(wanted.process.as_ref()).await?;
    let logs = newest(&shared, &wanted, limit);
    json_of(&json!({ "scope": "stack", "limit": limit, "count": logs.len(), "logs": logs }))
}

async fn of_process(
    State(shared): State<Arc<Shared>>,
    process: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Path(process) = process.map_err(|_| Refusal::bad("the name is no text"))?;
    let query = Query::of(query.as_deref())?.of_process(&process);
    let wanted = query.wanted(SystemTime::now())?;
    shared.has(wanted.process.as_ref()).await?;
    let limit = query.limit()?;
    let logs = newest(&shared, &wanted, limit);
    json_of(&json!({ "process": process, "limit": limit, "count": logs.len(), "logs": logs }))
}

async fn stream(opening: Opening) -> Result<Response, Refusal> {
    let Opening { shared, wanted, from, ends } = opening;
    let from = match from {
        Begins::Newest(most) => From::Newest(most),
        Begins::After(number) => From::After(number),
    };
    shared.places.stream(|| Lines::new(shared.lines.follow(wanted, from), from, ends))
}

/// Lines on their way to one reader.
struct Lines {
    kept: IntoIter<Arc<Block>>,
    lost: u64,
    /// Whether the reader comes from another supervisor.
    gap: bool,
    comes: Feed<Arc<Block>>,
    /// Lines before it are kept, or are not wanted.
    next: u64,
    /// Lines that are kept from here on are wanted.
    from: u64,
    /// Whether nothing comes after what is kept.
    ends: bool,
}

impl Lines {
    fn new(following: Following, from: From, ends: bool) -> Self {
        let Following { kept, lost, gap, comes, next } = following;
        let from = match from {
            From::After(_) if gap => 0,
            From::After(number) => number.saturating_add(1),
            From::Newest(most) => beginning(&kept, most),
        };
        Self { kept: kept.into_iter(), lost, gap, comes, next, from, ends }
    }
}

/// The number of the first of the newest lines of these blocks.
fn beginning(kept: &[Arc<Block>], most: usize) -> u64 {
    let count: u64 = kept.iter().map(|block| u64::from(block.count)).sum();
    let spare = count.saturating_sub(most as u64);
    kept.first().map_or(0, |first| first.first + spare)
}

impl Source for Lines {
    fn write(&mut self, out: &mut Written) -> More {
        if std::mem::take(&mut self.gap) {
            out.gap();
        }
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            out.lost(lost, true);
        }
        while !out.is_full() {
            let block = match self.kept.next() {
                Some(block) => block,
                None if self.ends => return More::Never,
                None => match self.comes.try_next() {
                    Some(Given::Item(block)) if block.first < self.next => continue,
                    Some(Given::Item(block)) => block,
                    Some(Given::Lost(count)) => {
                        out.lost(count, false);
                        continue;
                    }
                    None => break,
                },
            };
            for line in block.lines().iter().filter(|line| line.number >= self.from) {
                out.event("log", line.number, &entry(line));
            }
        }
        More::MayCome
    }

    async fn wait(&mut self) -> More {
        if self.comes.ready().await { More::MayCome } else { More::Never }
    }
}
