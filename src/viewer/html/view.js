// Drawing: the rows that can be seen, the axis, the details. Texts of the trace are set as text, never as markup.
const byId = (id) => document.getElementById(id);
const rows = byId("rows"), space = byId("space"), axis = byId("axis"), details = byId("details");
// A narrow page has the bar below the name.
const narrow = matchMedia("(max-width: 820px)");
const height = () => narrow.matches ? 42 : 24;

// Where the bars begin and end, in pixels from the left of the rows.
function edges() {
  const style = getComputedStyle(byId("list")), number = (name) => parseFloat(style.getPropertyValue(name));
  const left = rows.clientWidth * number("--names") / 100 + number("--times");
  return { left, right: rows.clientWidth - number("--end") };
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Controls and characters that turn text around show as what they are.
function plain(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

const percent = (ns) => (ns - state.from) / (state.to - state.from) * 100;

function row(place) {
  const at = state.rows[place], span = spans[at];
  const made = element("div", "row");
  made.id = "row" + at;
  made.style.top = place * height() + "px";
  made.dataset.at = at;
  made.setAttribute("role", "row");
  made.setAttribute("aria-level", span.depth + 1);
  made.setAttribute("aria-rowindex", place + 1);
  made.setAttribute("aria-selected", at === state.chosen);
  if (hasChildren(at)) made.setAttribute("aria-expanded", state.open[at]);
  made.classList.toggle("chosen", at === state.chosen);
  made.classList.toggle("hit", state.isHit.has(at));
  made.classList.toggle("current", at === state.hits[state.hit]);
  made.classList.toggle("bad", span.error !== null);
  made.title = plain([span.name + " " + span.label, "took " + duration(span.end - span.start) + ", began at +" + duration(span.start)]
    .concat(span.error === null ? [] : ["✗ " + (span.error || "failed, and did not say why")], span.cause).join("\n"));
  made.append(nameCell(at, span), took(span), track(span));
  return made;
}

function nameCell(at, span) {
  const cell = element("div", "name");
  cell.setAttribute("role", "gridcell");
  cell.style.paddingLeft = 8 + (narrow.matches ? Math.min(span.depth, 6) * 10 : Math.min(span.depth, 24) * 14) + "px";
  const fold = element("button", "fold", hasChildren(at) ? (state.open[at] ? "▾" : "▸") : "");
  fold.tabIndex = -1;
  fold.type = "button";
  fold.disabled = !hasChildren(at);
  fold.setAttribute("aria-label", state.open[at] ? "Close" : "Open");
  const text = element("span", "text");
  const own = span.name.startsWith(data.namespace) ? data.namespace : "", name = plain(span.name.slice(own.length));
  const failed = span.error !== null ? "✗ " : "";
  // Whom it is about comes first: it is what rows differ by.
  text.append(shortened("b", "", failed + (span.about ? plain(span.about) : name)));
  if (span.about && own) text.append(element("span", "of own", own));
  if (span.about) text.append(element("span", "operation", name));
  if (span.more) text.append(shortened("span", "of more", plain(span.more)));
  cell.append(fold, text);
  return cell;
}

// A text that loses its middle where it has no room: names differ at their ends as often as at their beginnings.
function shortened(tag, className, text) {
  const made = element(tag, className), letters = [...text], kept = letters.length > 16 ? 8 : 0;
  made.append(element("span", "head", letters.slice(0, letters.length - kept).join("")));
  if (kept) made.append(element("span", "tail", letters.slice(-kept).join("")));
  return made;
}

function took(span) {
  const cell = element("div", "took", duration(span.end - span.start));
  cell.setAttribute("role", "gridcell");
  return cell;
}

function track(span) {
  const cell = element("div", "track");
  cell.setAttribute("role", "gridcell");
  const left = Math.max(percent(span.start), -1), right = Math.min(percent(span.end), 101);
  if (right >= 0 && left <= 100) {
    const bar = element("div", "bar" + (span.error !== null ? " failed" : span.critical ? " critical" : ""));
    bar.style.left = Math.min(left, 99.8) + "%";
    bar.style.width = Math.max(right - left, 0) + "%";
    cell.append(bar);
  }
  for (const event of span.events.slice(0, 100)) {
    const x = percent(event.at);
    if (x < 0 || x > 100) continue;
    const mark = element("span", "event");
    mark.style.left = x + "%";
    mark.title = plain(event.name) + " +" + duration(event.at - span.start);
    cell.append(mark);
  }
  return cell;
}

function ticks() {
  const size = state.to - state.from;
  // 1, 2, 5, 10, ... as long as words would touch.
  const { left: first, right: last } = edges();
  const room = Math.max(last - first, 160) / 84;
  let step = 1;
  while (size / step > room) step *= String(step).startsWith("2") ? 2.5 : 2;
  const made = [], lines = [];
  for (let at = Math.ceil(state.from / step) * step; at <= state.to && made.length < 40; at += step) {
    // The last one has no room for its words.
    const tick = element("span", "", percent(at) > 100 - 7000 / Math.max(last - first, 100) ? "" : moment(at, step));
    const left = "(var(--names) + var(--times) + (100% - var(--names) - var(--times) - var(--end)) * " + percent(at) / 100 + ")";
    tick.style.left = "calc" + left;
    made.push(tick);
    lines.push(element("span"));
    lines[lines.length - 1].style.left = "calc" + left;
  }
  axis.replaceChildren(...made);
  byId("grid").replaceChildren(...lines);
}

// Only what can be seen has elements: a trace of 10,000 spans costs no more than one of 50.
function draw() {
  const HEIGHT = height(), total = state.rows.length * HEIGHT;
  space.style.height = total + "px";
  const first = Math.max(0, Math.floor(rows.scrollTop / HEIGHT) - 4);
  const last = Math.min(state.rows.length, Math.ceil((rows.scrollTop + rows.clientHeight) / HEIGHT) + 4);
  const made = [];
  for (let place = first; place < last; place++) made.push(row(place));
  space.replaceChildren(...made);
  rows.setAttribute("aria-rowcount", state.rows.length);
  if (byId("row" + state.chosen)) rows.setAttribute("aria-activedescendant", "row" + state.chosen);
  else rows.removeAttribute("aria-activedescendant");
  axis.style.marginRight = byId("grid").style.right = rows.offsetWidth - rows.clientWidth + "px";
  ticks();
  const found = state.hits.length;
  byId("count").textContent = !state.query.trim() ? "" :
    state.hit >= 0 ? state.hit + 1 + " of " + found : found === 1 ? "1 match" : found + " matches";
  byId("next").disabled = byId("previous").disabled = !found;
  byId("errors").disabled = !spans.some((s) => s.error !== null);
}

let pending = false;
function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; draw(); });
}

function show(at) {
  const place = state.rows.indexOf(at);
  if (place < 0) return;
  const HEIGHT = height(), top = place * HEIGHT;
  if (top < rows.scrollTop) rows.scrollTop = top;
  if (top + HEIGHT > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + HEIGHT - rows.clientHeight;
}

function pairs(list) {
  const made = element("dl");
  for (const [key, value, measured] of list) {
    const text = said(value);
    made.append(element("dt", "", plain(key)), element("dd", text.includes("\n") ? "lines" : "", plain(measured ? measured + " (" + text + ")" : text)));
  }
  return made;
}

function part(title, list) {
  if (list.length) details.append(element("h3", "", title), pairs(list));
}

function tell() {
  const span = spans[state.chosen];
  details.hidden = !span;
  if (!span) return details.replaceChildren();
  const close = element("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close details");
  close.addEventListener("click", () => { details.hidden = true; redraw(); rows.focus(); });
  details.replaceChildren(close, element("h2", "", plain(span.name + (span.label ? " " + span.label : ""))));
  if (span.error !== null) details.append(element("p", "why", "✗ " + plain(span.error || "failed, and did not say why")));
  if (span.cause.length) details.append(element("pre", "cause", span.cause.map(plain).join("\n")));
  details.append(pairs([
    ["began", "+" + duration(span.start)], ["took", duration(span.end - span.start)], ["status", span.status],
    ["kind", span.kind], ["span", span.id], ["parent", span.parent_id || "none"],
    ["path", span.critical ? "critical" : "beside it"], ["scope", span.scope || "none"],
  ]));
  part("Links", span.links.map((l, at) => ["link " + (at + 1), l.text + "\nphpeek-pm trace show " + l.trace]));
  part("Attributes", span.attributes);
  for (const event of span.events) {
    part("Event: " + plain(event.name), [["at", "+" + duration(event.at - span.start)], ...event.attributes]);
  }
  part("Resource", data.resources[span.resource] || []);
  details.scrollTop = 0;
}
