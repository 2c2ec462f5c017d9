//! The house: no circle of files, no arrow between rooms that the drawing does not have, no dependency that nobody uses.

use super::reader::{Crate, circles, words};
use super::{files, none, root};
use std::collections::BTreeSet;
use std::fs;

/// The rooms that are crates: name, folder, and the rooms that each may know. README, "How it is built".
const ROOMS: [(&str, &str, &[&str]); 12] = [
    ("core", "actors/core/src", &[]),
    ("actors", "actors/src", &["core"]),
    ("settings", "src/settings", &["core"]),
    ("viewer", "src/viewer", &["core"]),
    ("config", "src/config", &["core", "settings"]),
    ("os", "src/os", &["core", "actors", "settings"]),
    ("output", "src/output", &["core", "actors", "os", "settings"]),
    ("telemetry", "src/telemetry", &["core", "actors", "os", "settings"]),
    ("api", "src/api", &["core", "actors", "os", "settings"]),
    ("probe", "src/probe", &["core", "actors", "os"]),
    ("pages", "src/pages", &["core", "os"]),
    ("metrics", "src/metrics", &["core", "actors", "os"]),
];

/// What the rooms of the program itself must not name: `app` is called by `cli`, and draws nothing.
const WALLS: [(&str, &[&str]); 3] = [
    ("src/app/", &["cli", "viewer"]),
    ("src/cli/", &[]),
    (
        "src/exit.rs",
        &["app", "cli", "config", "os", "output", "telemetry", "api", "pages", "metrics", "probe", "viewer"],
    ),
];

/// Beside the rooms, whatever has a root of its own.
const ROOTS: [&str; 4] = ["src", "benches/load", "benches/micro", "benches/pipeline"];

fn manifest(folder: &str) -> String {
    let folder = folder.strip_suffix("/src").unwrap_or(folder);
    fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest")
}

/// The names in a part of a manifest.
fn listed(manifest: &str, part: &str) -> Vec<String> {
    let head = format!("[{part}]");
    let lines = manifest.lines().skip_while(|l| *l != head).skip(1).take_while(|l| !l.starts_with('['));
    lines
        .filter_map(|l| l.split_once([' ', '.', '=']))
        .map(|(name, _)| name.to_owned())
        .filter(|n| n != "#")
        .collect()
}

/// The files of a root, without those of a room inside it.
fn sources(folder: &str) -> Vec<(String, String)> {
    let inner = |path: &str| {
        folder == "src" && ROOMS.iter().any(|(_, room, _)| path.starts_with(&format!("{room}/")))
    };
    files(&[folder], &["rs"]).into_iter().filter(|(path, _)| !inner(path)).collect()
}

#[test]
fn files_do_not_go_in_circles() {
    let mut found = Vec::new();
    let rooms = ROOMS.iter().map(|(_, folder, _)| *folder);
    for folder in rooms.chain(ROOTS) {
        let sources = sources(folder);
        assert!(!sources.is_empty(), "{folder} was found");
        let below = |path: &str| path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned();
        let named: Vec<(String, &String, &String)> = sources.iter().map(|(p, t)| (below(p), p, t)).collect();
        let read =
            Crate::of(named.iter().map(|(below, path, text)| (below.as_str(), path.as_str(), text.as_str())));
        found.extend(circles(&read.arrows()).into_iter().map(|(from, to)| format!("{from} -> {to}")));
    }
    none("files that go in circles", found);
}

#[test]
fn rooms_know_only_what_the_drawing_says() {
    let mut found = Vec::new();
    for (room, folder, allowed) in ROOMS {
        for other in listed(&manifest(folder), "dependencies") {
            if let Some(other) = other.strip_prefix("phpeek-").filter(|o| !allowed.contains(o)) {
                found.push(format!("{room} -> {other}"));
            }
        }
    }
    for (path, text) in sources("src") {
        let words = words(&text);
        for (room, banned) in WALLS.iter().filter(|(room, _)| path.starts_with(room)) {
            let names = |other: &&&str| {
                let of_crate = ["crate", "::", other];
                let foreign = format!("phpeek_{other}");
                words.contains(&foreign) || words.windows(3).any(|three| three.iter().eq(of_crate))
            };
            found.extend(banned.iter().filter(names).map(|other| format!("{room} -> {other}, in {path}")));
        }
    }
    none("arrows that the drawing does not have", found);
}

#[test]
fn every_crate_of_the_workspace_is_a_room_and_forbids_unsafe_code() {
    let top = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let members =
        top.lines().skip_while(|l| !l.starts_with("members")).take_while(|l| !l.starts_with("resolver"));
    let members: BTreeSet<String> =
        members.flat_map(|l| l.split('"').skip(1).step_by(2)).map(str::to_owned).collect();
    let rooms = ROOMS.iter().map(|(_, folder, _)| folder.strip_suffix("/src").unwrap_or(folder).to_owned());
    assert_eq!(
        members,
        rooms.chain([".".to_owned()]).collect(),
        "the members of the workspace are the rooms"
    );
    let open =
        ROOMS.iter().filter(|(room, _, _)| *room != "os").map(|(_, folder, _)| format!("{folder}/lib.rs"));
    let open = open.chain(["src/lib.rs".to_owned(), "src/main.rs".to_owned()]).filter(|path| {
        !fs::read_to_string(root().join(path)).expect("a root").contains("#![forbid(unsafe_code)]")
    });
    none("roots of crates that do not forbid unsafe code", open.collect());
}

#[test]
fn every_dependency_is_used() {
    let mut found = Vec::new();
    for (folder, own, tests) in ROOMS
        .iter()
        .map(|(_, folder, _)| (*folder, vec![*folder], "actors"))
        .chain([(".", vec!["src"], "tests")])
    {
        let text = manifest(folder);
        let product: Vec<_> = own.iter().flat_map(|f| sources(f)).collect();
        let all: Vec<_> = product.iter().cloned().chain(files(&[tests, "benches"], &["rs"])).collect();
        let all: BTreeSet<String> = all.iter().flat_map(|(_, text)| words(text)).collect();
        let product: BTreeSet<String> = product.iter().flat_map(|(_, text)| words(text)).collect();
        for (part, used) in [("dependencies", &product), ("dev-dependencies", &all)] {
            let unused =
                listed(&text, part).into_iter().filter(|name| !used.contains(&name.replace('-', "_")));
            found.extend(unused.map(|name| format!("{folder}: {name}")));
        }
    }
    none("dependencies that nobody uses", found);
}
