// The gallery of hits. Everything that comes from a collection is set as text, never as markup.
// data: {label, groups: [{title, note, hits: [Hit]}], bare, milliseconds}; bare: the pictures alone, which can only be
// opened; milliseconds, the time the engine took, is only passed on as an attribute for measuring. Hit: {id, src, width, height, box: [left, top, width, height] in
// percent of the picture, place, page, confidence (0..100 or null), alt, vote (1, 0 or -1)}
// triggers: open, like, vote ({id, vote})

const AT_ONCE = 12; // pictures on any first screen
const SHAPE = 2.4; // width over height of the field a picture stands in, as in gallery.css
const KEYS = { m: "like", "+": "up", "=": "up", "-": "down" };

const ICONS = {
  like: "M10 4a6 6 0 1 0 3.7 10.7l4.3 4.3 1.4-1.4-4.3-4.3A6 6 0 0 0 10 4zm0 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8zm-1 1v2H7v2h2v2h2v-2h2V9h-2V7z",
  up: "M9 21h8.5a2 2 0 0 0 1.9-1.3l2.4-7A2 2 0 0 0 20 10h-5.5l.9-4.2A2 2 0 0 0 13.5 3L8 9.2V20a1 1 0 0 0 1 1zM2 10h4v11H2z",
  down: "M15 3H6.500a2 2 0 0 0-1.9 1.3l-2.400 7A2 2 0 0 0 4 14h5.500l-.9 4.200a2 2 0 0 0 1.900 2.800L16 14.800V4a1 1 0 0 0-1-1zM18 3h4v11h-4z",
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function action(name, label, pressed) {
  return make("button", {
    type: "button", class: `action ${name}`, "data-action": name, title: label, "aria-label": label,
    "aria-pressed": pressed === undefined ? null : String(pressed), tabindex: "-1",
  }, icon(name));
}

function picture(hit) {
  const image = make("img", {
    "data-src": hit.src, alt: hit.alt, width: hit.width, height: hit.height, decoding: "async", draggable: "false",
  });
  const [left, top, width, height] = hit.box;
  const box = make("span", { class: "box", "aria-hidden": "true" });
  Object.assign(box.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
  const frame = make("span", { class: "frame" }, image, box);
  frame.style.aspectRatio = `${hit.width} / ${hit.height}`;
  const share = hit.width / hit.height / SHAPE;
  frame.style.width = share > 0.95 ? "100%" : `${100 * share}%`; // all but those at a page's edge fill the field
  image.addEventListener("error", () => frame.classList.add("missing"), { once: true });
  return frame;
}

function confidence(hit) {
  if (hit.confidence === null) return make("span");
  const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${hit.confidence}%`;
  return make("span", { class: "confidence", title: "How likely this is the word" }, bar,
    make("span", { text: `${hit.confidence} %` }));
}

function card(hit) {
  const open = make("button", { type: "button", class: "crop", "data-action": "open", tabindex: "-1" }, picture(hit));
  return make("li", { class: "hit", "data-id": hit.id, "data-vote": String(hit.vote) }, open);
}

function fullCard(hit) {
  const item = card(hit);
  item.firstChild.setAttribute("aria-keyshortcuts", "Enter m + -");
  const place = hit.place ? [make("span", { class: "place", title: hit.place, text: hit.place })] : [];
  const leaf = make("span", { class: "leaf" }, make("span", { class: "name", title: hit.page, text: hit.page }), confidence(hit));
  const actions = make("div", { class: "actions", role: "group", "aria-label": "This hit" },
    action("like", "More like this", undefined),
    action("up", "This is the word", hit.vote === 1),
    action("down", "This is not the word", hit.vote === -1));
  item.append(...place, make("div", { class: "foot" }, leaf, actions));
  return item;
}

// Pictures in sight and a little further down are fetched. A browser's own lazy loading fetches thousands of pixels ahead, and
// those in sight would wait for pictures that perhaps nobody scrolls to.
const nearby = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) fetchPicture(target);
}, { rootMargin: "300px", scrollMargin: "300px" });

function fetchPicture(image) {
  nearby.unobserve(image);
  image.src = image.dataset.src;
}

function draw(root, data) {
  const body = make("div", { class: data.bare ? "gallery bare" : "gallery" });
  for (const group of data.groups) {
    const section = make("section", { class: "group" });
    if (group.title) {
      section.append(make("h3", {}, make("span", { text: group.title }), make("small", { text: group.note || "" })));
    }
    section.append(make("ul", { role: "list", "aria-label": group.title || data.label }, ...group.hits.map(data.bare ? card : fullCard)));
    body.append(section);
  }
  root.replaceChildren(body);
  const images = [...body.querySelectorAll("img")];
  images.slice(0, AT_ONCE).forEach(fetchPicture);
  images.slice(AT_ONCE).forEach((image) => nearby.observe(image));
}

function rove(cards, next) {
  for (const item of cards) {
    const current = item === next;
    for (const button of item.querySelectorAll("button")) button.tabIndex = current ? 0 : -1;
  }
}

function beside(cards, from, key) {
  const at = cards.indexOf(from);
  if (key === "Home") return cards[0];
  if (key === "End") return cards[cards.length - 1];
  if (key === "ArrowRight") return cards[at + 1];
  if (key === "ArrowLeft") return cards[at - 1];
  const here = from.getBoundingClientRect();
  const middle = here.left + here.width / 2;
  const rows = cards.filter((item) => {
    const top = item.getBoundingClientRect().top;
    return key === "ArrowDown" ? top >= here.bottom - 1 : top < here.top - 1;
  });
  if (!rows.length) return undefined;
  const tops = rows.map((item) => item.getBoundingClientRect().top);
  const row = key === "ArrowDown" ? Math.min(...tops) : Math.max(...tops);
  const off = (item) => Math.abs(item.getBoundingClientRect().left + item.getBoundingClientRect().width / 2 - middle);
  return rows.filter((_, i) => Math.abs(tops[i] - row) < 2).sort((a, b) => off(a) - off(b))[0];
}

export default function gallery({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".gallery-host");
  const before = host.shown;
  host.send = setTriggerValue;
  const shown = JSON.stringify(data.groups);
  host.dataset.milliseconds = data.milliseconds ?? "";
  if (before !== shown) {
    const focused = host.querySelector(".hit:focus-within")?.dataset.id;
    host.shown = shown;
    draw(host, data);
    const cards = [...host.querySelectorAll(".hit")];
    const again = focused && cards.find((item) => item.dataset.id === focused);
    rove(cards, again || cards[0]);
    again?.querySelector(".crop").focus({ preventScroll: true });
  }
  if (host.listening) return;
  host.listening = true;

  const act = (item, name) => {
    const id = item.dataset.id;
    if (name === "open" || name === "like") host.send(name, id);
    else {
      const wanted = name === "up" ? 1 : -1;
      const vote = Number(item.dataset.vote) === wanted ? 0 : wanted;
      item.dataset.vote = vote;
      item.querySelector(".up").setAttribute("aria-pressed", String(vote === 1));
      item.querySelector(".down").setAttribute("aria-pressed", String(vote === -1));
      host.send("vote", { id, vote });
    }
  };
  host.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (button) act(button.closest(".hit"), button.dataset.action);
  });
  host.addEventListener("focusin", (event) => {
    const item = event.target.closest(".hit");
    if (item) rove([...host.querySelectorAll(".hit")], item);
  });
  host.addEventListener("keydown", (event) => {
    const item = event.target.closest(".hit");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key] && item.querySelector(`.${KEYS[event.key]}`)) {
      event.preventDefault();
      act(item, KEYS[event.key]);
    } else if (/^(Arrow|Home$|End$)/.test(event.key)) {
      const next = beside([...host.querySelectorAll(".hit")], item, event.key);
      event.preventDefault();
      next?.querySelector(".crop").focus();
    }
  });
}
