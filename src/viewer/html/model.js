"use strict";
// What is shown: the spans, which of them are open, which match the search. No element of the page is touched here.
const data = JSON.parse(document.getElementById("data").textContent);
const spans = data.spans;
const state = {
  open: spans.map(() => true), rows: [], from: 0, to: Math.max(data.took, 1), chosen: -1,
  query: "", hits: [], isHit: new Set(), hit: -1, only: false,
};

// Spans come in the order of a walk: what is below a span follows it. `after` is where that ends.
const after = new Array(spans.length);
{
  const above = [];
  spans.forEach((span, at) => {
    while (above.length && spans[above[above.length - 1]].depth >= span.depth) after[above.pop()] = at;
    above.push(at);
  });
  while (above.length) after[above.pop()] = spans.length;
}
const hasChildren = (at) => after[at] > at + 1;

function parentOf(at) {
  const parent = spans[at].parent;
  return parent === null ? -1 : parent;
}

// What a search looks at, made when it is first needed.
let haystacks = null;
function haystack(at) {
  if (!haystacks) {
    const words = (pairs) => pairs.map(([key, value]) => key + " " + said(value)).join(" ");
    haystacks = spans.map((s) => [
      s.name, s.label, s.id, s.error || "", words(s.attributes),
      s.events.map((e) => e.name + " " + words(e.attributes)).join(" "), s.links.map((l) => l.text).join(" "),
    ].join("\n").toLowerCase());
  }
  return haystacks[at];
}

// Every word must be there, in any order.
function search(query) {
  state.query = query;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  state.hits = words.length ? spans.map((_, at) => at).filter((at) => words.every((w) => haystack(at).includes(w))) : [];
  state.isHit = new Set(state.hits);
  state.hit = -1;
}

// Numbers of the spans that have a row.
function arrange() {
  let wanted = null;
  if (state.only && state.query.trim()) {
    wanted = new Set();
    for (const hit of state.hits) {
      for (let at = hit; at >= 0 && !wanted.has(at); at = parentOf(at)) wanted.add(at);
    }
  }
  state.rows = [];
  for (let at = 0; at < spans.length;) {
    if (!wanted || wanted.has(at)) state.rows.push(at);
    // A search looks into what is closed.
    at = state.open[at] || wanted ? at + 1 : after[at];
  }
}

function reveal(at) {
  for (let up = parentOf(at); up >= 0; up = parentOf(up)) state.open[up] = true;
}

function said(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function zoomTo(from, to) {
  const whole = Math.max(data.took, 1);
  const size = Math.min(Math.max(to - from, Math.min(whole, 1000)), whole); // down to a microsecond
  state.from = Math.min(Math.max(from, 0), whole - size);
  state.to = state.from + size;
}

// All durations have the unit of the whole; what is not nothing does not show as nothing.
function duration(ns) {
  const { nanos, decimals, name } = data.unit, steps = 10 ** decimals;
  const parts = Math.floor(ns / nanos * steps);
  if (parts === 0 && ns > 0) return "<" + (1 / steps).toFixed(decimals) + " " + name;
  return (parts / steps).toFixed(decimals) + " " + name;
}

// A time of the axis, with as many digits as tell it from its neighbours.
function moment(ns, step) {
  const digits = Math.max(0, Math.ceil(Math.log10(data.unit.nanos / step)));
  return (ns / data.unit.nanos).toFixed(digits) + " " + data.unit.name;
}
