// One campaign: the map of its axes, what runs where, why runs failed.
import { act, badge, bar, confirmed, duration, follow, h, main, name, path, picture, signed, tile } from "./common.js";

const api = `/api/campaigns/${path(name)}`;
const ORDER = ["finished", "running", "stopped", "failed", "broken", "missing"];
let data = null;
let follower = null;
let said = null;
let x = null;
let y = null;
let paint = "state";
let drawn = null;

const title = h("div", { class: "title" });
const notes = h("div");
const tiles = h("div", { class: "tiles" });
const choose = h("div", { class: "choose" });
const map = h("div", { class: "wide" });
const key = h("div", { class: "key" });
const failures = h("div", { class: "card", hidden: "" });
const workers = h("div", { class: "card wide", hidden: "" });
const output = h("pre");
const outputCard = h("details", { class: "card", open: "" }, h("summary", {}, "Output of the command that this page has started"), output);
const logs = h("div", { class: "pair" });
const logsCard = h("details", { class: "card" }, h("summary", {}, "What the workers say"), logs);
const gallery = h("div", { class: "pair" });
const draw = h("button", { class: "act", id: "draw", onclick: drawFigures }, "Draw the figures");

export function show() {
  main.append(title, notes, tiles, h("div", { class: "card" }, h("h2", {}, "Map of the axes"), choose, map, key),
    failures, workers, logsCard, outputCard,
    h("div", { class: "card" }, h("h2", {}, "Figures of all finished runs"), gallery, draw));
  follower = follow(api, (found) => { data = found; update(); });
}

function update() {
  const c = data.campaign;
  if (x === null) {
    const sizes = data.axes.map((axis, k) => [k, axis.values.length]).filter(([, n]) => n > 1);
    const [first, second] = [...sizes].filter(([k]) => data.axes[k].name !== "seed").concat(sizes.filter(([k]) => data.axes[k].name === "seed")).map(([k]) => k);
    x = first ?? 0;
    y = second ?? -1;
  }
  title.replaceChildren(h("h1", {}, name.replace(/\.campaign$/, "")), badge(c), h("div", { class: "do" }, ...buttons()));
  drawNotes();
  tiles.replaceChildren(
    tile("runs", `${c.counts.finished ?? 0} / ${c.runs} finished`, bar(...ORDER.slice(0, 5).map((s) => [s, (c.counts[s] ?? 0) / c.runs]))),
    tile("pulses", `${c.pulses} / ${c.total}`, bar(["running", c.total ? c.pulses / c.total : 0])),
    tile("running", String(c.counts.running ?? 0)),
    tile("time left", duration(c.left)),
    tile("failed or broken", String((c.counts.failed ?? 0) + (c.counts.broken ?? 0))));
  drawMap();
  drawFailures();
  drawWorkers();
  outputCard.hidden = !data.output;
  output.textContent = data.output;
  logsCard.hidden = !data.logs.length;
  logs.replaceChildren(...data.logs.map((log) => h("div", {}, h("div", { class: "soft small mono" }, log.name), h("pre", {}, log.text))));
  draw.disabled = drawn === data.version || !c.counts.finished;
  draw.textContent = drawn && drawn !== data.version ? "Draw the figures again" : "Draw the figures";
}

function buttons() {
  const { counts } = data.campaign;
  const going = (counts.running ?? 0) > 0;
  const left = (counts.missing ?? 0) + (counts.stopped ?? 0) > 0;
  const bad = (counts.failed ?? 0) > 0;
  const can = !going && !data.starting && data.command.words;
  const stopping = data.campaign.stopping;
  return [
    going ? h("button", { class: "act halt", id: "stop", disabled: stopping, onclick: stop }, stopping ? "Stopping …" : "Stop") : null,
    bad && !going ? h("button", { class: "act", id: "retry", disabled: !can, onclick: () => resume(true) }, "Retry failed") : null,
    left && !going ? h("button", { class: "act go", id: "resume", disabled: !can, onclick: () => resume(false) },
      data.starting ? "Starting …" : "Resume") : null,
  ].filter(Boolean);
}

async function stop() {
  const question = "All its workers, on whatever machine, stop at their next pulse boundaries.";
  if (!(await confirmed("Stop this campaign?", question, null, "Stop"))) return;
  said = await act(`${api}/stop`);
  follower();
  drawNotes();
}

async function resume(failedToo) {
  const words = [...data.command.words, ...(failedToo ? ["--retry-failed"] : [])];
  const question = "This command goes on with the campaign, with workers on this machine:";
  if (!(await confirmed("Go on with this campaign?", question, words.join(" "), "Resume"))) return;
  said = await act(`${api}/resume${failedToo ? "?failed=too" : ""}`);
  follower();
  drawNotes();
}

function drawNotes() {
  const found = [];
  if (said) found.push(h("div", { class: `note ${said.ok ? "finished" : "failed"}`, role: "status" }, said.said));
  if (!data.command.words) found.push(h("div", { class: "note stopped" }, data.command.reason));
  found.push(h("p", { class: "soft small mono" }, data.folder));
  notes.replaceChildren(...found);
}

const label = (axis) => (axis.unit === "1" ? axis.name : `${axis.name} (${axis.unit})`);

function chooser(text, value, options, set) {
  const select = h("select", { onchange: () => { set(select.value); update(); } },
    options.map(([v, t]) => h("option", { value: v, selected: String(v) === String(value) }, t)));
  return h("label", {}, `${text} `, select);
}

function drawMap() {
  const axes = data.axes.map((axis, k) => [k, label(axis)]);
  const rest = data.axes.filter((axis, k) => k !== x && k !== y && axis.values.length > 1).map((axis) => axis.name);
  choose.replaceChildren(
    chooser("across", x, axes, (v) => { x = Number(v); if (y === x) y = -1; }),
    chooser("down", y, [[-1, "–"], ...axes.filter(([k]) => k !== x)], (v) => { y = Number(v); }),
    chooser("color", paint, [["state", "state and progress"], ["share", "E′/E₀ of the trained pattern"]], (v) => { paint = v; }),
    rest.length ? h("span", {}, `within a field: ${rest.join(", ")}`) : "");
  const across = data.axes[x];
  const down = y < 0 ? { name: "", values: [""] } : data.axes[y];
  const cells = new Map();
  for (const cell of data.cells) {
    const place = `${y < 0 ? 0 : cell.index[y]} ${cell.index[x]}`;
    cells.set(place, [...(cells.get(place) ?? []), cell]);
  }
  const most = Math.max(1e-12, ...data.cells.map((c) => Math.abs(c.share ?? 0)));
  const rows = down.values.map((value, r) => h("tr", {}, h("th", {}, value),
    across.values.map((_, c) => h("td", {}, h("div", { class: "cell" }, (cells.get(`${r} ${c}`) ?? []).map((cell) => square(cell, most)))))));
  map.replaceChildren(h("table", { class: "map" }, h("thead", {},
    h("tr", {}, h("th", {}, ""), h("th", { colspan: across.values.length }, label(across))),
    h("tr", {}, h("th", {}, y < 0 ? "" : label(down)), across.values.map((v) => h("th", {}, v)))), h("tbody", {}, rows)));
  key.replaceChildren(...(paint === "state"
    ? ORDER.filter((s) => data.campaign.counts[s]).map((s) => h("span", { class: s }, h("i"), `${s === "missing" ? "not begun" : s} ${data.campaign.counts[s]}`)).concat(
      data.campaign.unwanted ? [h("span", { class: "missing" }, h("i"), `not wanted ${data.campaign.unwanted}`)] : [])
    : [h("span", {}, `E′/E₀ −${most.toFixed(3)} `, h("i", { class: "ramp" }), `+${most.toFixed(3)}; green: learned`)]));
}

function square(cell, most) {
  const part = cell.state === "running" || (cell.state !== "finished" && cell.pulses > 0);
  const shade = cell.share === null ? undefined : Math.abs(cell.share) / most;
  const style = paint === "state" ? { "--done": `${(100 * cell.pulses) / (cell.total || 1)}%` }
    : { "--paint": cell.share === null ? "transparent" : `color-mix(in srgb, ${cell.share < 0 ? "#2f8f4e" : "#c8372d"} ${Math.round(100 * shade)}%, #e5e7eb)` };
  const progress = cell.state === "missing" ? "not begun" : `${cell.state}, ${cell.pulses} of ${cell.total} pulses`;
  const energy = cell.share === null ? "" : `, E′/E₀ ${signed(cell.share)}`;
  const attributes = { class: `${cell.state} ${part && paint === "state" ? "part" : ""}`, style, title: `${cell.label}: ${progress}${energy}` };
  return cell.name ? h("a", { ...attributes, href: `/runs/${path(cell.name)}`, "aria-label": attributes.title }) : h("span", attributes);
}

function drawFailures() {
  failures.hidden = !data.failures.length;
  failures.replaceChildren(h("h2", {}, "Failed runs by cause"), ...data.failures.map(({ message, runs }) =>
    h("div", { class: "note failed" }, h("b", {}, `${runs.length} ${runs.length === 1 ? "run" : "runs"}: `), message,
      h("div", { class: "small" }, runs.slice(0, 12).flatMap(([folder, text], k) => [k ? " · " : "", h("a", { href: `/runs/${path(folder)}` }, text)]),
        runs.length > 12 ? ` and ${runs.length - 12} more` : ""))));
}

function drawWorkers() {
  const going = data.cells.filter((cell) => cell.state === "running");
  workers.hidden = !going.length && !data.jobs.length;
  const head = ["run", "progress", "time left", "host", "process", "GPU", "job", "since"];
  const table = (titles, rows) => h("table", {}, h("thead", {}, h("tr", {}, titles.map((t) => h("th", { class: t === "time left" ? "num" : "" }, t)))), h("tbody", {}, rows));
  const rows = going.map((cell) => h("tr", {},
    h("td", {}, h("a", { href: `/runs/${path(cell.name)}` }, cell.label)),
    h("td", {}, bar(["running", cell.pulses / (cell.total || 1)]), h("span", { class: "soft small" }, `${cell.pulses} of ${cell.total}`)),
    h("td", { class: "num" }, duration(cell.left)),
    ...["host", "process", "gpu", "job"].map((k) => h("td", {}, String(cell.worker[k] ?? ""))),
    h("td", {}, String(cell.worker.since ?? "").slice(0, 16).replace("T", " "))));
  const jobs = data.jobs.map((job) => h("tr", {}, ...["job", "state", "nodes", "since", "left", "reason"].map((k) => h("td", {}, String(job[k] ?? "")))));
  workers.replaceChildren(h("h2", {}, "What runs where"), rows.length ? table(head, rows) : "",
    jobs.length ? table(["job", "state", "nodes", "since", "left", "reason"], jobs) : "");
}

async function drawFigures() {
  draw.disabled = true;
  draw.textContent = "Drawing …";
  const answer = await fetch(`${api}/figures`);
  if (!answer.ok) {
    gallery.replaceChildren(h("div", { class: "note failed" }, (await answer.text()).trim()));
  } else {
    const { version, figures } = await answer.json();
    drawn = version;
    gallery.replaceChildren(...figures.map((figure) => {
      const box = picture(figure);
      box.show(`/pictures/campaigns/${path(name)}/${path(figure)}?v=${version}`);
      return box;
    }));
  }
  update();
}
