// What the reader does: keys, mouse, buttons, and the address, whose fragment holds what is looked at.
function choose(at, tellMore) {
  if (at === undefined || at < 0) return;
  state.chosen = at;
  if (tellMore || !details.hidden) tell();
  show(at);
  remember();
  redraw();
}

function step(by) {
  const place = state.rows.indexOf(state.chosen);
  const next = place < 0 ? 0 : Math.min(Math.max(place + by, 0), state.rows.length - 1);
  choose(state.rows[next], false);
}

function refold() {
  arrange();
  show(state.chosen);
  redraw();
}

function find(query) {
  search(query);
  refold();
  remember();
}

function jump(by) {
  if (!state.hits.length) return;
  state.hit = (state.hit + by + state.hits.length) % state.hits.length;
  if (state.hit < 0) state.hit = state.hits.length - 1;
  reveal(state.hits[state.hit]);
  arrange();
  choose(state.hits[state.hit], false);
}

function nextError() {
  const bad = spans.map((_, at) => at).filter((at) => spans[at].error !== null);
  const next = bad.find((at) => at > state.chosen) ?? bad[0];
  if (next === undefined) return;
  reveal(next);
  arrange();
  choose(next, true);
}

function zoom(factor, middle) {
  const size = state.to - state.from, at = state.from + size * middle;
  zoomTo(at - size * factor * middle, at + size * factor * (1 - middle));
  remember();
  redraw();
}

// What is chosen stays in view, and where it is when it is there already.
function zoomAround(factor) {
  const span = spans[state.chosen];
  const middle = () => ((span.start + span.end) / 2 - state.from) / (state.to - state.from);
  if (span && (middle() < 0 || middle() > 1)) {
    const by = (state.to - state.from) * (middle() - 0.5);
    zoomTo(state.from + by, state.to + by);
  }
  zoom(factor, span ? middle() : 0.5);
}

function move(share) {
  const by = (state.to - state.from) * share;
  zoomTo(state.from + by, state.to + by);
  remember();
  redraw();
}

function reset() {
  zoomTo(0, data.took);
  remember();
  redraw();
}

// Where the mouse is over the bars, from 0 to 1; outside of them it is below 0.
function share(event) {
  const { left, right } = edges(), x = event.clientX - space.getBoundingClientRect().left;
  return x > right ? 1 : (x - left) / (right - left);
}

function wheel(event) {
  const middle = share(event);
  if (middle < 0) return;
  const onAxis = event.currentTarget === axis;
  if (event.ctrlKey || event.metaKey || (onAxis && !event.shiftKey)) {
    event.preventDefault();
    zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), Math.min(middle, 1));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    move((event.deltaX || event.deltaY) / 1000);
  }
}

// A drag over the bars chooses the time that is looked at.
let drag = null;
function down(event) {
  const from = share(event);
  if (event.button !== 0 || from < 0 || from > 1) return;
  const range = element("div");
  range.id = "range";
  drag = { from, to: from, x: event.clientX, range };
  event.preventDefault();
  rows.focus();
}
function moved(event) {
  if (!drag) return;
  drag.to = Math.min(Math.max(share(event), 0), 1);
  const box = byId("list").getBoundingClientRect(), left = Math.min(drag.x, event.clientX) - box.left;
  drag.range.style.left = left + "px";
  drag.range.style.width = Math.abs(event.clientX - drag.x) + "px";
  if (!drag.range.isConnected) byId("list").append(drag.range);
}
let dragged = false;
function up(event) {
  if (!drag) return;
  const { from, to, x, range } = drag, size = state.to - state.from, base = state.from;
  drag = null;
  range.remove();
  dragged = Math.abs(event.clientX - x) > 4;
  if (!dragged) return;
  zoomTo(base + size * Math.min(from, to), base + size * Math.max(from, to));
  remember();
  redraw();
}

function toggle(at, open) {
  if (!hasChildren(at)) return;
  state.open[at] = open;
  refold();
}

function key(event) {
  const at = state.chosen, actions = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(20), PageUp: () => step(-20),
    Home: () => choose(state.rows[0], false), End: () => choose(state.rows[state.rows.length - 1], false),
    ArrowRight: () => at >= 0 && (state.open[at] ? step(1) : toggle(at, true)),
    ArrowLeft: () => at >= 0 && (state.open[at] && hasChildren(at) ? toggle(at, false) : choose(parentOf(at), false)),
    Enter: () => choose(at < 0 ? state.rows[0] : at, true), " ": () => at >= 0 && toggle(at, !state.open[at]),
    Escape: () => { details.hidden = true; redraw(); },
    "+": () => zoomAround(0.6), "=": () => zoomAround(0.6), "-": () => zoomAround(1 / 0.6), "0": reset,
    "[": () => move(-0.25), "]": () => move(0.25), "/": () => byId("search").focus(),
    n: () => jump(1), N: () => jump(-1), e: nextError,
  };
  const inField = event.target instanceof HTMLInputElement, onButton = event.target instanceof HTMLButtonElement;
  if (event.ctrlKey || event.metaKey || event.altKey || inField || (onButton && (event.key === "Enter" || event.key === " "))) return;
  if (Object.hasOwn(actions, event.key)) {
    event.preventDefault();
    actions[event.key]();
  }
}

const themes = ["auto", "light", "dark"];
function setTheme(name) {
  const theme = themes.includes(name) ? name : "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").textContent = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" }[theme];
  byId("theme").dataset.theme = theme;
}

// The fragment holds what is looked at, so that it can be sent to somebody.
let remembering = 0;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const parts = new URLSearchParams();
    if (state.query.trim()) parts.set("q", state.query);
    if (state.only) parts.set("only", "1");
    if (state.from > 0 || state.to < Math.max(data.took, 1)) parts.set("zoom", Math.round(state.from) + "-" + Math.round(state.to));
    if (state.chosen >= 0) parts.set("span", spans[state.chosen].id);
    if (byId("theme").dataset.theme !== "auto") parts.set("theme", byId("theme").dataset.theme);
    history.replaceState(null, "", "#" + parts);
  }, 300);
}

function recall() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const zoomed = /^(\d+)-(\d+)$/.exec(parts.get("zoom") || "");
  setTheme(parts.get("theme"));
  if (zoomed) zoomTo(Number(zoomed[1]), Number(zoomed[2]));
  byId("search").value = parts.get("q") || "";
  byId("only").checked = state.only = parts.get("only") === "1";
  search(byId("search").value);
  arrange();
  const at = spans.findIndex((s) => s.id && s.id === parts.get("span"));
  if (at >= 0) {
    reveal(at);
    arrange();
    draw();
    choose(at, true);
  }
}

byId("title").textContent = plain(data.title);
byId("facts").textContent = plain(data.facts);
byId("search").addEventListener("input", (event) => find(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
  if (event.key === "Escape") { event.target.value = ""; find(""); rows.focus(); }
});
byId("only").addEventListener("change", (event) => { state.only = event.target.checked; refold(); remember(); });
byId("next").addEventListener("click", () => jump(1));
byId("previous").addEventListener("click", () => jump(-1));
byId("errors").addEventListener("click", nextError);
byId("fold").addEventListener("click", () => { spans.forEach((s, at) => { state.open[at] = s.depth < 1; }); refold(); });
byId("unfold").addEventListener("click", () => { state.open.fill(true); refold(); });
byId("in").addEventListener("click", () => zoomAround(0.6));
byId("out").addEventListener("click", () => zoomAround(1 / 0.6));
byId("reset").addEventListener("click", reset);
byId("theme").addEventListener("click", () => {
  setTheme(themes[(themes.indexOf(byId("theme").dataset.theme) + 1) % themes.length]);
  remember();
});
rows.addEventListener("scroll", redraw);
rows.addEventListener("mousedown", down);
axis.addEventListener("mousedown", down);
addEventListener("mousemove", moved);
addEventListener("mouseup", up);
rows.addEventListener("wheel", wheel, { passive: false });
axis.addEventListener("wheel", wheel, { passive: false });
rows.addEventListener("dblclick", (event) => { if (share(event) >= 0) reset(); });
axis.addEventListener("dblclick", reset);
rows.addEventListener("click", (event) => {
  const line = event.target.closest(".row");
  if (!line || dragged) { dragged = false; return; }
  const at = Number(line.dataset.at);
  if (event.target.closest(".fold")) toggle(at, !state.open[at]);
  else choose(at, true);
});
addEventListener("keydown", key);
addEventListener("resize", redraw);
recall();
draw();
