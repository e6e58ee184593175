// The table of runs, and the campaigns above it.
import { ago, badge, bar, duration, follow, h, main, path, pattern, power, signed } from "./common.js";

const STATES = ["running", "failed", "broken", "stopped", "finished", "missing"];
const COLUMNS = [
  ["", null],
  ["run", (r) => r.name],
  ["state", (r) => STATES.indexOf(r.state)],
  ["progress", (r) => (r.total ? r.pulses / r.total : 0)],
  ["time left", (r) => r.left ?? Infinity, "num"],
  ["trained pattern", (r) => r.pattern],
  ["E′", (r) => r.energy ?? Infinity, "num"],
  ["E′/E₀", (r) => r.share ?? Infinity, "num"],
  ["last change", (r) => -r.changed, "num"],
];

let sorting = { column: 8, up: true };
let only = null;
let words = "";
let data = { runs: [], campaigns: [] };
const rows = new Map();

const campaigns = h("div", { class: "campaigns" });
const chips = h("span", { class: "chips", style: { margin: "0" } });
const search = h("input", { type: "search", placeholder: "Find a run", "aria-label": "Find a run",
  oninput: () => { words = search.value.toLowerCase(); arrange(); } });
const body = h("tbody");
const heads = COLUMNS.map(([title, value, side], column) =>
  h("th", { class: side }, value ? h("button", { onclick: () => sort(column) }, title) : title));
const empty = h("div", { class: "soft", style: { padding: "24px", "text-align": "center" } });

export function show() {
  main.append(campaigns, h("div", { class: "chips" }, chips, search),
    h("div", { class: "card runs wide" }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body), empty));
  follow("/api/board", (found) => {
    data = found;
    draw();
    return found.runs.every((run) => run.read) ? "" : "more";
  });
}

function draw() {
  campaigns.replaceChildren(...data.campaigns.map(card));
  const counts = {};
  for (const run of data.runs) counts[run.state] = (counts[run.state] ?? 0) + 1;
  chips.replaceChildren(chip("all", null, data.runs.length),
    ...STATES.filter((s) => counts[s]).map((s) => chip(s === "missing" ? "beginning" : s, s, counts[s])));
  const names = new Set(data.runs.map((run) => run.name));
  for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
  for (const run of data.runs) {
    const text = JSON.stringify(run);
    const old = rows.get(run.name);
    if (!old || old.text !== text) rows.set(run.name, { run, text, element: row(run, old?.element) });
  }
  arrange();
}

function chip(title, state, count) {
  return h("button", { class: `chip ${state ?? ""}`, "aria-pressed": String(only === state),
    onclick: () => { only = only === state ? null : state; draw(); } }, title, h("b", {}, count));
}

function sort(column) {
  sorting = { column, up: sorting.column === column ? !sorting.up : true };
  arrange();
}

function arrange() {
  const value = COLUMNS[sorting.column][1];
  const shown = [...rows.values()].filter(({ run }) => (only === null || run.state === only)
    && (!words || `${run.name} ${run.label} ${run.pattern} ${run.message}`.toLowerCase().includes(words)));
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  shown.sort((a, b) => (sorting.up ? 1 : -1) * order(value(a.run), value(b.run)) || order(a.run.name, b.run.name));
  heads.forEach((head, k) => head.setAttribute("aria-sort", k !== sorting.column ? "none" : sorting.up ? "ascending" : "descending"));
  const elements = shown.map((entry) => entry.element);
  if (elements.length !== body.children.length || elements.some((e, k) => body.children[k] !== e)) body.replaceChildren(...elements);
  empty.textContent = elements.length ? "" : data.runs.length ? "no such run" : "no run folders in this folder yet; `orchestrator run` begins one in `runs`, or watch another ROOT";
  empty.hidden = elements.length > 0;
}

// The small texture of a row; the old one stays until the new one is there.
function small(run, before) {
  const url = `/pictures/runs/${path(run.name)}/thumbnail?v=${run.version}`;
  const old = before?.querySelector("img");
  if (!old) return h("img", { loading: "lazy", alt: "", src: url, onerror: (event) => { event.target.style.visibility = "hidden"; } });
  const next = new Image();
  next.onload = () => { old.src = url; old.style.visibility = ""; };
  next.src = url;
  return old;
}

function row(run, before) {
  const address = `/runs/${path(run.name)}`;
  const texture = run.picture
    ? h("a", { href: address, tabindex: "-1" }, small(run, before))
    : h("div", { class: "none" });
  const cell = (...content) => h("td", {}, ...content);
  const number = (text) => h("td", { class: "num" }, text);
  const of = run.trainings > 1 ? `training ${run.training} of ${run.trainings}, ` : "";
  const bad = run.state === "failed" || run.state === "broken";
  return h("tr", { "data-run": run.name },
    h("td", { class: "texture" }, texture),
    cell(h("a", { class: "name", href: address }, run.name),
      run.label ? h("div", { class: "soft small" }, run.label) : null,
      bad && run.message ? h("div", { class: `reason ${run.state}` }, short(run.message)) : null),
    cell(badge(run)),
    h("td", { class: "progress" }, run.total ? [bar([run.state, run.pulses / run.total]),
      h("div", { class: "soft small" }, run.script ? `${run.pulses} pulses, by a script` : `${of}${run.pulses} of ${run.total} pulses`)] : run.read ? "" : "…"),
    number(run.state === "running" ? duration(run.left) : ""),
    cell(pattern(run.pattern)),
    number(power(run.energy)),
    number(signed(run.share)),
    number(ago(run.changed)));
}

const short = (text) => (text.length > 160 ? `${text.slice(0, 157)}…` : text);

function card(campaign) {
  const href = `/campaigns/${path(campaign.name)}`;
  const head = h("div", { class: "head" }, h("b", {}, campaign.name.replace(/\.campaign$/, "")), badge(campaign));
  if (campaign.state === "broken") return h("div", { class: "card" }, head, h("div", { class: "reason broken" }, campaign.message));
  const parts = STATES.filter((s) => s !== "missing").map((s) => [s, (campaign.counts[s] ?? 0) / campaign.runs]);
  const counts = STATES.filter((s) => campaign.counts[s]).map((s) => `${campaign.counts[s]} ${s === "missing" ? "not begun" : s}`);
  if (campaign.unwanted) counts.push(`${campaign.unwanted} not wanted`);
  return h("a", { class: "card", href }, head, bar(...parts),
    h("div", { class: "foot" }, h("span", {}, counts.join(", ")), h("span", {}, campaign.left ? `${duration(campaign.left)} left` : `${campaign.runs} runs`)));
}
