//! What a reader sees and does.

use crate::chromium::Page;
use crate::support::Sandbox;
use crate::{attribute, made, span, start};
use serde_json::{Value, json};

/// The background of the page.
const PAPER: &str = "getComputedStyle(document.body).backgroundColor";

fn opened(sandbox: &Sandbox, fragment: &str) -> Page {
    Page::open(&made(sandbox, &start(), "--html"), fragment)
}

/// The part of the trace that is looked at, in milliseconds.
fn range(page: &mut Page) -> (u64, u64) {
    let found = page.ask("[state.from / 1e6, state.to / 1e6].map(Math.round)");
    (found[0].as_u64().expect("a number"), found[1].as_u64().expect("a number"))
}

#[test]
fn the_page_is_drawn_in_light_and_dark() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "");
    assert_eq!(page.ask("document.querySelectorAll('.row').length"), 8);
    assert_eq!(
        page.ask("document.querySelectorAll('.bar.critical').length"),
        4,
        "start, web, its wait and its spawn"
    );
    assert_eq!(page.ask("document.querySelectorAll('.bar.failed').length"), 1);
    page.scheme("light");
    assert_eq!(page.ask(PAPER), "rgb(255, 255, 255)");
    page.shot("light");
    page.scheme("dark");
    assert_eq!(page.ask(PAPER), "rgb(13, 17, 23)");
    page.shot("dark");
    let switch = page.middle("#theme");
    page.click(switch);
    assert_eq!(page.ask(PAPER), "rgb(255, 255, 255)", "light, whatever the system says");
    page.click(switch);
    page.scheme("light");
    assert_eq!(page.ask(PAPER), "rgb(13, 17, 23)", "dark, whatever the system says");
    page.until("the switch is kept in the address", "location.hash.includes('theme=dark')");
    page.well();
}

#[test]
fn a_search_counts_marks_steps_and_filters() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "");
    page.key("/");
    page.text("WEB");
    page.until("three spans are about web", "document.getElementById('count').textContent === '3 matches'");
    page.until("they are marked", "document.querySelectorAll('.row.hit').length === 3");
    page.key("Enter");
    page.until("the first is chosen", "document.getElementById('count').textContent === '1 of 3'");
    page.key("Enter");
    page.until("the second is chosen", "spans[state.chosen].name === 'process_manager.wait_dependency'");
    let only = page.middle("#only");
    page.click(only);
    page.until("matches and what is above them", "document.querySelectorAll('.row').length === 4");
    page.shot("searched");
    let next = page.middle("#next");
    page.click(next);
    page.until("the third is chosen", "document.querySelector('.row.current') && state.hit === 2");
    page.click(only);
    page.ask("document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input'))");
    page.until(
        "all are back",
        "document.querySelectorAll('.row').length === 8 && !document.querySelector('.hit')",
    );
    page.well();
}

#[test]
fn wheel_drag_and_keys_zoom_and_a_reset_shows_all() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "");
    assert_eq!(range(&mut page), (0, 1200));
    let (x, y) = page.middle(".track");
    page.mouse("mouseWheel", (x, y), json!({"deltaX": 0, "deltaY": -300, "modifiers": 2}));
    page.until("the wheel has zoomed", "state.to - state.from < 6e8");
    let (from, to) = range(&mut page);
    assert!(from > 300 && to < 900, "around the mouse: {from} to {to}");
    page.key("0");
    assert_eq!(range(&mut page), (0, 1200));
    page.key("+");
    assert_eq!(range(&mut page), (240, 960));
    page.key("]");
    assert_eq!(range(&mut page), (420, 1140));
    page.key("0");

    let edges = page.ask("(() => { const b = document.querySelector('.track').getBoundingClientRect(); return [b.left, b.width]; })()");
    let at = |share: f64| (edges[0].as_f64().unwrap() + edges[1].as_f64().unwrap() * share, y);
    let left = json!({"button": "left", "clickCount": 1, "buttons": 1});
    page.mouse("mousePressed", at(0.25), left.clone());
    page.mouse("mouseMoved", at(0.4), json!({"buttons": 1}));
    page.mouse("mouseMoved", at(0.5), json!({"buttons": 1}));
    page.until("the range can be seen", "document.getElementById('range').offsetWidth > 100");
    page.mouse("mouseReleased", at(0.5), left);
    let (from, to) = range(&mut page);
    assert!((295..=305).contains(&from) && (595..=605).contains(&to), "{from} to {to}");
    page.until("the range is in the address", "location.hash.includes('zoom=')");
    page.shot("zoomed");
    let reset = page.middle("#reset");
    page.click(reset);
    assert_eq!(range(&mut page), (0, 1200));
    page.well();
}

#[test]
fn the_keyboard_is_enough() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "");
    page.ask("document.getElementById('rows').focus()");
    page.key("ArrowDown");
    page.key("ArrowDown");
    assert_eq!(page.ask("spans[state.chosen].name"), "process_manager.start_process");
    page.key("ArrowLeft");
    page.until("it is closed", "document.querySelectorAll('.row').length === 6");
    let expanded = "document.querySelector('.row.chosen').getAttribute('aria-expanded')";
    assert_eq!(page.ask(expanded), "false");
    page.key("ArrowRight");
    page.until("it is open", "document.querySelectorAll('.row').length === 8");
    page.key("e");
    page.until(
        "the failed one is chosen",
        "document.getElementById('details').textContent.includes('no such file')",
    );
    assert_eq!(page.ask("document.getElementById('rows').getAttribute('aria-activedescendant')"), "row7");
    page.shot("details");
    page.key("Escape");
    page.until("the details are closed", "document.getElementById('details').hidden");
    page.key("Home");
    page.key("Enter");
    page.until(
        "links are told",
        "document.getElementById('details').textContent.includes('trace show 070707070707')",
    );
    page.well();
}

#[test]
fn an_address_brings_everything_back() {
    let sandbox = Sandbox::new();
    let mut page =
        opened(&sandbox, "#q=probe_failed&zoom=100000000-200000000&span=0000000000000004&theme=dark");
    assert_eq!(range(&mut page), (100, 200));
    assert_eq!(page.ask(PAPER), "rgb(13, 17, 23)");
    assert_eq!(page.ask("state.hits.length"), 1);
    let told = page.ask("document.getElementById('details').textContent");
    let told = told.as_str().expect("a text");
    assert!(told.contains("connection refused") && told.contains("cart-7"), "{told}");
    page.well();
}

#[test]
fn a_hostile_trace_stays_text() {
    let sandbox = Sandbox::new();
    let hostile =
        "</script><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    let mut spans = vec![span(hostile, 1, 0, (0, 10)), span("__proto__", 2, 1, (0, 5))];
    spans[0]["attributes"] = json!([attribute(hostile, hostile), attribute("constructor", hostile)]);
    spans[0]["events"] = json!([{"timeUnixNano": "0", "name": hostile}]);
    spans[0]["status"] = json!({"code": 2, "message": hostile});
    spans[0]["links"] =
        json!([{"traceId": "00ff", "spanId": "00", "attributes": [attribute(hostile, hostile)]}]);
    spans[1]["name"] = "a\u{202e}b\u{1b}[31m".into();
    let mut page = Page::open(&made(&sandbox, &spans, "--html"), "#span=0000000000000001");
    page.until("the details are there", "document.querySelectorAll('aside dd').length > 8");
    assert_eq!(page.ask("document.images.length + document.querySelectorAll('script').length"), 2);
    assert_ne!(page.ask("document.title"), "owned");
    let shown = page.ask("document.querySelector('.row b').textContent");
    assert!(shown.as_str().expect("a text").ends_with(hostile), "{shown}");
    assert_eq!(page.ask("document.querySelectorAll('.row b')[1].textContent"), "a\\u{202e}b\\u{1b}[31m");
    page.shot("hostile");
    page.well();
    // The policy holds even where a text would have got through as markup.
    page.ask("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')");
    page.refused("inline event handler");
    assert_ne!(page.ask("document.title"), "1");
}

#[test]
fn ten_thousand_spans_are_no_burden() {
    let sandbox = Sandbox::new();
    let spans: Vec<Value> = (0..10_000_u32)
        .map(|n| {
            let parent = if n == 0 {
                0
            } else if n % 100 == 0 {
                1
            } else {
                n / 100 * 100 + 1
            };
            span(&format!("process.spawn {n}"), n + 1, parent, (n.into(), u64::from(n) + 90))
        })
        .collect();
    let mut page = Page::open(&made(&sandbox, &spans, "--html"), "");
    assert_eq!(page.ask("state.rows.length"), 10_000);
    assert!(page.ask("document.querySelectorAll('.row').length").as_u64().expect("a number") < 100);
    let timed = |page: &mut Page, what: &str| {
        let took = page.ask(&format!(
            "(() => {{ const t = performance.now(); {what}; return performance.now() - t; }})()"
        ));
        took.as_f64().expect("milliseconds")
    };
    // A glance is 100 ms; ten of them are forgiven to a busy machine.
    for what in ["draw()", "find('9999')", "zoom(0.5, 0.5); draw()", "rows.scrollTop = 1e5; draw()"] {
        let took = timed(&mut page, what);
        assert!(took < 1000.0, "{what}: {took} ms");
    }
    page.key("End");
    page.until(
        "the last one is there",
        "document.querySelector('.row.chosen')?.textContent.includes('process.spawn 9999')",
    );
    page.shot("many");
    page.well();
}

#[test]
fn the_picture_follows_the_system() {
    let sandbox = Sandbox::new();
    let mut page = Page::open(&made(&sandbox, &start(), "--svg"), "");
    let fill = "getComputedStyle(document.querySelector('.paper')).fill";
    page.scheme("light");
    assert_eq!(page.ask(fill), "rgb(255, 255, 255)");
    page.shot("svg-light");
    page.scheme("dark");
    assert_eq!(page.ask(fill), "rgb(13, 17, 23)");
    page.shot("svg-dark");
    assert_eq!(page.ask("document.querySelectorAll('g').length"), 8);
    page.well();
}

/// Whether two elements cover each other.
fn overlap(page: &mut Page, one: &str, other: &str) -> bool {
    let both = format!(
        "(() => {{ const [a, b] = ['{one}', '{other}'].map((s) => document.querySelector(s).getBoundingClientRect()); \
         return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1; }})()"
    );
    page.ask(&both) == json!(true)
}

/// A crash as the supervisor tells it.
fn crash() -> Vec<Value> {
    let mut spans = vec![span("process.exit", 1, 0, (0, 1))];
    let line = format!("PHP Fatal error: {}", "Uncaught Error in /srv/app/very/long/path.php ".repeat(6));
    spans[0]["attributes"] = json!([
        attribute("process.instance_id", "web-0"),
        attribute("process.exit.code", "3"),
        attribute("autopsy.max_rss_bytes", "41943040"),
        attribute("autopsy.stderr", &format!("{line}\nlast words")),
    ]);
    spans[0]["status"] = json!({"code": 2, "message": "gave up after 3 restarts: exit code 3"});
    spans
}

#[test]
fn nothing_overlaps_on_a_telephone_and_names_stay_readable() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "#span=0000000000000008");
    page.size(390, 800);
    for scheme in ["light", "dark"] {
        page.scheme(scheme);
        page.until("the bars are below the names", "document.querySelector('.row').offsetHeight > 40");
        assert!(!overlap(&mut page, "footer", "main") && !overlap(&mut page, "header", "main"));
        assert!(!overlap(&mut page, "#details", "#list") && !overlap(&mut page, ".name", ".track"));
        assert!(!overlap(&mut page, ".name", ".took"));
        assert_eq!(page.ask("document.documentElement.scrollWidth"), 390, "nothing sticks out");
        page.shot(&format!("telephone-{scheme}"));
    }
    let whole = "[...document.querySelectorAll('.row .text, .row .head, .row .operation')].every((t) => t.scrollWidth <= t.clientWidth)";
    assert_eq!(page.ask(whole), true, "no name is cut");
    let first = "[...document.querySelectorAll('.row b')].map((b) => b.textContent)";
    assert_eq!(page.ask(first)[1], "database", "whom it is about comes first");
    page.well();
}

/// A start of two processes whose names are long, and differ at their ends alone; the second waits for the first.
fn long_names() -> Vec<Value> {
    let name = |end: &str| format!("tenant-{}-{end}", "of-a-customer-with-a-long-name".repeat(4));
    let (first, second) = (name("alpha"), name("omega"));
    let mut spans = start();
    for (at, process) in [(1, &first), (2, &first), (3, &first), (4, &second), (5, &second), (6, &second)] {
        spans[at]["attributes"] = json!([attribute("process.name", process)]);
    }
    spans[5]["attributes"] =
        json!([attribute("process.name", &second), attribute("dependency.name", &first),]);
    spans
}

#[test]
fn a_long_name_is_shortened_in_its_middle_and_what_was_done_stays() {
    let sandbox = Sandbox::new();
    let mut page = Page::open(&made(&sandbox, &long_names(), "--html"), "");
    // Of each row with a long name: its parts stand side by side in the row, the operation whole, and the two ends of the name.
    let seen = "[...document.querySelectorAll('.row')].map((row) => { \
        const part = (s) => row.querySelector(s), box = (e) => e.getBoundingClientRect(); \
        const tail = part('b .tail'); if (!tail) return null; \
        const cell = box(part('.name')), head = part('b .head'), operation = part('.operation'); \
        return [operation.scrollWidth <= operation.clientWidth, head.clientWidth > 36, head.scrollWidth > head.clientWidth, \
          box(head).right <= box(tail).left + 1, box(tail).right <= box(operation).left + 1, \
          box(operation).right <= cell.right + 1, tail.textContent]; }).filter(Boolean)";
    for (width, scheme) in [(390, "light"), (390, "dark"), (900, "light"), (1280, "light"), (1280, "dark")] {
        page.size(width, 800);
        page.scheme(scheme);
        let high = if width < 820 { "> 40" } else { "< 40" };
        page.until("it is drawn anew", &format!("document.querySelector('.row').offsetHeight {high}"));
        let rows = page.ask(seen);
        let rows = rows.as_array().expect("rows");
        assert_eq!(rows.len(), 6, "{rows:?}");
        for row in rows {
            let [sound @ .., end] = row.as_array().expect("what was seen").as_slice() else { continue };
            assert!(sound.iter().all(|part| *part == json!(true)), "{width}: {row}");
            assert!(["me-alpha", "me-omega"].contains(&end.as_str().expect("a text")), "{row}");
        }
        page.shot(&format!("long-names-{width}-{scheme}"));
    }
    page.well();
}

#[test]
fn details_open_on_the_cause_with_lines_unbroken_and_units() {
    let sandbox = Sandbox::new();
    let mut page = Page::open(&made(&sandbox, &crash(), "--html"), "#span=0000000000000001");
    page.until("the details are there", "document.querySelector('aside .cause')");
    let order = page
        .ask("[...document.querySelectorAll('aside .why, aside .cause, aside dl')].map((e) => e.className)");
    assert_eq!((&order[0], &order[1]), (&json!("why"), &json!("cause")));
    let cause = page.ask("document.querySelector('.cause').textContent");
    let cause = cause.as_str().expect("a text");
    assert!(cause.starts_with("ended with exit code 3\nstderr: PHP Fatal error"), "{cause}");
    assert!(cause.contains("stderr: last words\nmax rss 40 MiB"), "{cause}");
    let lines = "(() => { const e = document.querySelector('.cause'), s = getComputedStyle(e); \
                 return [s.whiteSpace, e.scrollWidth > e.clientWidth]; })()";
    assert_eq!(page.ask(lines), json!(["pre", true]), "a line is scrolled, not broken");
    let details = page.ask("document.getElementById('details').textContent");
    assert!(details.as_str().expect("a text").contains("40 MiB (41943040)"), "{details}");
    let tip = page.ask("document.querySelector('.row').title");
    assert!(tip.as_str().expect("a text").contains("gave up after 3 restarts"), "{tip}");
    page.shot("cause");
    page.size(390, 800);
    page.until("the keys are above their values", "document.querySelector('.row').offsetHeight > 40");
    assert!(!overlap(&mut page, "#details", "#list") && !overlap(&mut page, "footer", "#details"));
    page.shot("cause-telephone");
    page.well();
}

#[test]
fn zoom_keeps_what_is_chosen_in_view_and_short_spans_stay_visible() {
    let sandbox = Sandbox::new();
    let mut page = opened(&sandbox, "#span=0000000000000003");
    for _ in 0..6 {
        page.key("+");
    }
    let seen = "(spans[2].start + spans[2].end) / 2 >= state.from && (spans[2].start + spans[2].end) / 2 <= state.to";
    assert_eq!(page.ask(seen), true);
    page.key("0");
    page.ask("zoomTo(6e8, 12e8), choose(2, false)");
    page.key("+");
    assert_eq!(page.ask(seen), true, "it was out of view");
    page.key("0");
    assert_eq!(
        page.ask("Math.min(...[...document.querySelectorAll('.bar')].map((b) => b.offsetWidth)) >= 3"),
        true
    );
    let took =
        page.ask("[...document.querySelectorAll('.took')].every((t) => t.textContent.endsWith(' ms'))");
    assert_eq!(took, true, "one unit");
    page.well();
}

#[test]
fn the_picture_is_as_wide_as_its_window() {
    let sandbox = Sandbox::new();
    let mut page = Page::open(&made(&sandbox, &start(), "--svg"), "");
    for width in [390, 1280] {
        page.size(width, 800);
        let shown = page.ask("(() => { const b = document.documentElement.getBoundingClientRect(); return [b.width, b.height]; })()");
        let (wide, high) = (shown[0].as_f64().expect("a number"), shown[1].as_f64().expect("a number"));
        assert!((wide - f64::from(width)).abs() < 1.0, "{wide} of {width}");
        assert!(high < wide, "it keeps its form: {wide} by {high}");
        page.shot(&format!("svg-{width}"));
    }
    page.well();
}
