// One run.
import { act, ago, badge, bar, confirmed, duration, follow, h, main, name, path, pattern, picture, power, signed, tile } from "./common.js";

const TITLES = { present: "Now", conductance: "Conductances", energies: "Energy landscape", textures: "Kept states" };
const api = `/api/runs/${path(name)}`;
let training = null;
let follower = null;
let data = null;
let recalled = null;
let said = null;

const title = h("div", { class: "title" });
const notes = h("div");
const tiles = h("div", { class: "tiles" });
const tabs = h("div", { class: "tabs" });
const figures = Object.fromEntries(Object.entries(TITLES).map(([key, text]) => [key, picture(text)]));
const recall = h("div");
const log = h("div", { class: "wide" });
const output = h("pre");
const outputCard = h("details", { class: "card", open: "" }, h("summary", {}, "Output of the command that this page has started"), output);
const description = h("pre");
const card = (key) => h("div", { class: "card" }, h("h2", {}, TITLES[key]), figures[key]);
const recallCard = h("div", { class: "card wide" }, h("h2", {}, "Recall"), recall);
const all = h("div", {}, tabs, card("present"), h("div", { class: "pair" }, card("conductance"), card("energies")),
  card("textures"), recallCard,
  h("details", { class: "card", open: "" }, h("summary", {}, "Log"), log),
  h("details", { class: "card" }, h("summary", {}, "Description"), description));

export function show() {
  main.append(title, notes, tiles, outputCard, all);
  follower = follow(api, (found) => { data = found; draw(); });
}

function draw() {
  const run = data.run;
  title.replaceChildren(h("h1", {}, run.name), badge(run), h("div", { class: "do" }, ...buttons()));
  drawNotes();
  tiles.replaceChildren(
    tile("pulses", run.script ? `${run.pulses}` : run.total ? `${run.pulses} / ${run.total}` : "", bar([run.state, run.total ? run.pulses / run.total : 0])),
    tile("time left", run.state === "running" ? duration(run.left) : ""),
    tile("E′ of the pattern", power(run.energy)),
    tile("E′/E₀", signed(run.share)),
    tile("trained pattern", pattern(run.pattern)),
    tile("engine", run.engine),
    tile("last change", ago(run.changed)));
  outputCard.hidden = !data.output;
  output.textContent = data.output;
  all.hidden = !data.description;
  if (!data.description) return;
  training ??= run.training;
  tabs.replaceChildren(...(data.trainings.length > 1 ? data.trainings.map(tab) : []));
  for (const { name: key } of data.figures)
    figures[key].show(`/pictures/runs/${path(name)}/${key}?training=${training}&v=${run.version}`);
  figures.textures.parentElement.hidden = !(data.description.experiment.output?.snapshots ?? [1]).length;
  figures.energies.parentElement.hidden = data.contacts < 3;
  drawLog();
  description.textContent = JSON.stringify(data.description, null, 2);
  drawRecall();
}

function buttons() {
  const run = data.run;
  const going = run.state === "running";
  const resumable = ["stopped", "failed"].includes(run.state);
  return [
    going ? h("button", { class: "act halt", id: "stop", disabled: run.stopping, onclick: stop }, run.stopping ? "Stopping …" : "Stop") : null,
    resumable ? h("button", { class: "act go", id: "resume", disabled: data.starting || !data.command.words, onclick: resume },
      data.starting ? "Starting …" : "Resume") : null,
  ].filter(Boolean);
}

async function stop() {
  const question = "It stops at its next pulse boundary; what is committed stays.";
  if (!(await confirmed("Stop this run?", question, null, "Stop"))) return;
  said = await act(`${api}/stop`);
  follower();
  drawNotes();
}

async function resume() {
  const question = "This command goes on with the run, on this machine and in a process of its own:";
  if (!(await confirmed("Go on with this run?", question, data.command.words.join(" "), "Resume"))) return;
  said = await act(`${api}/resume`);
  follower();
  drawNotes();
}

function drawNotes() {
  const run = data.run;
  const note = (state, ...text) => h("div", { class: `note ${state}`, role: "status" }, ...text);
  const found = [];
  if (run.message) found.push(note(run.state, run.state === "running" ? `Carried out by ${run.message}.` : run.message));
  if (said) found.push(note(said.ok ? "finished" : "failed", said.said));
  if (run.state === "stopped" && !data.command.words) found.push(note("stopped", data.command.reason));
  for (const campaign of data.campaigns)
    found.push(h("p", { class: "soft small" }, "Part of ", h("a", { href: `/campaigns/${path(campaign)}` }, campaign), run.label ? `: ${run.label}` : ""));
  found.push(h("p", { class: "soft small mono" }, data.folder));
  notes.replaceChildren(...found);
}

function tab(text, k) {
  return h("button", { class: "chip", "aria-pressed": String(training === k + 1), onclick: () => {
    training = k + 1;
    recalled = null;
    Object.values(figures).forEach((figure) => figure.forget());
    draw();
  } }, `training ${k + 1} `, pattern(text));
}

function drawLog() {
  const head = ["training", "pulse", "time (ns)", "steps", "max |Δm|", "Joule heat", "wall (s)"];
  const lines = [...data.log].reverse().map((l) => h("tr", {}, ...[l.training, l.pulse, (1e9 * l.time).toPrecision(5), l.steps ?? "",
    l.max_dm.toFixed(3), l.power.replace("+", ""), l.seconds.toFixed(2)].map((text) => h("td", { class: "num" }, text))));
  log.style.setProperty("max-height", "360px");
  log.replaceChildren(lines.length
    ? h("table", {}, h("thead", {}, h("tr", {}, head.map((text) => h("th", { class: "num" }, text)))), h("tbody", {}, lines))
    : h("div", { class: "soft" }, "no pulse yet; the starting textures settle"));
}

async function drawRecall() {
  const key = `${training} ${data.run.version}`;
  if (recalled === key) return;
  recalled = key;
  const answer = await fetch(`${api}/recall?training=${training}`);
  const found = answer.ok ? await answer.json() : [];
  recallCard.hidden = !found.length;
  const head = ["reference", "update", "self-term", "reaches the pattern", "attractors: starts (mean sweeps)"];
  recall.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, head.map((t) => h("th", {}, t)))),
    h("tbody", {}, found.map((row) => h("tr", {},
      h("td", {}, row.reference), h("td", {}, row.mode), h("td", {}, row.self_term ? "with" : "without"),
      h("td", {}, row.reached === null ? "" : [bar(["finished", row.reached / row.starts]), h("span", { class: "small" }, `${row.reached} of ${row.starts}`)]),
      h("td", {}, row.attractors.map((a) => h("span", { class: "small", style: { "margin-right": "14px", "white-space": "nowrap" } },
        pattern(a.pattern), ` ${a.starts} (${a.sweeps.toFixed(1)})`)),
        row.unsettled ? h("span", { class: "small soft" }, `never settle: ${row.unsettled}`) : null))))));
}
