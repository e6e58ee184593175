// What all views share. Text from files only ever becomes text nodes and attributes.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
export const kind = meta("kind");
export const name = meta("name");
export const main = document.getElementById("main");

const PROPERTIES = ["onclick", "oninput", "onchange", "onload", "onerror", "disabled", "value", "selected"];

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (PROPERTIES.includes(key)) element[key] = value;
    else if (key === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const live = document.getElementById("live");
function tell(state, text) {
  live.className = `live ${state}`;
  live.textContent = text;
}

// Ask for data again and again while the page is seen; draw only what is new.
export function follow(url, draw, every = 1000) {
  let last = null;
  let timer = null;
  async function ask() {
    clearTimeout(timer);
    let soon = every;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error((await answer.text()).trim());
      const tag = answer.headers.get("etag");
      if (tag !== last) {
        const data = await answer.json();
        if (draw(data) === "more") soon = every / 4;
        last = tag;
      }
      tell("on", "live");
    } catch (error) {
      const gone = error instanceof TypeError;
      tell("off", gone ? "no answer; is `orchestrator watch` still running?" : error.message);
    }
    timer = setTimeout(ask, document.hidden ? 30000 : soon);
  }
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  ask();
  return ask;
}

export async function act(url) {
  const answer = await fetch(url, { method: "POST", headers: { "x-token": meta("token") } });
  const text = await answer.text();
  return answer.ok ? { said: JSON.parse(text).said, ok: true } : { said: text.trim(), ok: false };
}

// Ask before something is done; resolves to whether to do it.
export function confirmed(title, text, code, word) {
  return new Promise((resolve) => {
    const close = (value) => () => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const dialog = h("dialog", {},
      h("h2", {}, title), h("div", {}, text), code ? h("pre", {}, code) : null,
      h("div", { class: "do" },
        h("button", { class: "act", onclick: close(false) }, "Cancel"),
        h("button", { class: "act go", id: "yes", onclick: close(true) }, word)));
    dialog.addEventListener("cancel", close(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const path = (text) => encodeURIComponent(text);

export function badge(row) {
  const text = row.stopping ? "stopping" : row.state === "missing" ? "not begun" : row.state;
  return h("span", { class: `badge ${row.state}` }, text);
}

export function bar(...parts) {
  return h("div", { class: "bar" }, parts.filter(([, share]) => share > 0).map(
    ([state, share]) => h("span", { class: state, style: { width: `${100 * share}%` } })));
}

export function pattern(text) {
  if (!text || text.length > 16) return h("span", { class: "mono", title: text }, text.length > 16 ? `${text.slice(0, 14)}…` : "");
  if (!/^[+\-/]*$/.test(text)) return h("span", { class: "soft small" }, text);
  const signs = [...text].map((sign) => h("i", { class: sign === "+" ? "plus" : sign === "/" ? "turn" : "" }));
  return h("span", { class: "pattern", title: text, role: "img", "aria-label": text }, signs);
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}

export function ago(moment) {
  if (!moment) return "";
  const seconds = Math.max(0, Date.now() / 1000 - moment);
  return seconds < 60 ? "just now" : `${duration(seconds)} ago`;
}

export const signed = (value, digits = 3) =>
  value === null || value === undefined ? "" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

// Watts with four digits, as the reports say them.
export function power(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(Number(value.toPrecision(4)));
  const prefixes = ["f", "p", "n", "µ", "m", "", "k", "M", "G"];
  const place = size === 0 ? 5 : Math.min(8, Math.max(0, Math.floor(Math.log10(size) / 3) + 5));
  const shown = size / 10 ** (3 * (place - 5));
  const decimals = size === 0 ? 3 : Math.max(0, 3 - Math.floor(Math.log10(shown)));
  return `${value < 0 ? "−" : "+"}${shown.toFixed(decimals)} ${prefixes[place]}W`;
}

export function tile(what, value, ...more) {
  return h("div", { class: "tile" }, h("div", { class: "what" }, what), h("div", { class: "value" }, value || "–"), ...more);
}

// A picture that keeps its old content until the new one is there.
export function picture(alt) {
  const image = h("img", { alt });
  const none = h("div", { class: "none" });
  const box = h("div", { class: "figure" }, none);
  let shown = null;
  let wanted = null;
  let busy = false;
  async function load() {
    while (wanted !== shown) {
      const url = wanted;
      const begin = performance.now();
      const next = new Image();
      next.src = url;
      try {
        await next.decode();
        image.src = next.src;
        box.replaceChildren(image);
      } catch {
        none.textContent = "nothing to draw yet";
        if (!image.src) box.replaceChildren(none);
      }
      shown = url;
      if (wanted === shown) break;
      // drawing takes a quarter of a core at most, since trainings need them
      await new Promise((resolve) => setTimeout(resolve, Math.max(1000, 3 * (performance.now() - begin))));
    }
    busy = false;
  }
  box.show = (url) => {
    wanted = url;
    if (!busy) {
      busy = true;
      load();
    }
  };
  box.forget = () => {
    shown = null;
    image.removeAttribute("src");
    none.textContent = "drawing …";
    box.replaceChildren(none);
  };
  box.forget();
  return box;
}
