// One page in OpenSeadragon, with the hits on it.
// data: {page, service, image: [width, height], canvas: [width, height], hits: [{id, xywh: [x, y, w, h], title}], current (id
// or null), focus: [x, y, w, h] or null, label, region_url, previous, next, counter}; coordinates in canvas pixels.
// triggers: select (id), drawn ("x,y,w,h"), step (-1 or 1)

let library;

function openSeadragon() {
  library ??= new Promise((resolve, reject) => {
    if (window.OpenSeadragon) return resolve(window.OpenSeadragon);
    const script = document.createElement("script");
    script.src = new URL("vendor/openseadragon.min.js", import.meta.url).href;
    script.onload = () => resolve(window.OpenSeadragon);
    script.onerror = () => { library = undefined; reject(new Error("The page viewer could not be loaded.")); };
    document.head.append(script);
  });
  return library;
}

function tileSource(data) {
  const [width, height] = data.image;
  const scaleFactors = [1];
  while (512 * scaleFactors.at(-1) < Math.max(width, height)) scaleFactors.push(scaleFactors.at(-1) * 2);
  return {
    "@context": "http://iiif.io/api/image/3/context.json", id: window.location.origin + data.service, type: "ImageService3",
    protocol: "http://iiif.io/api/image", profile: "level2", width, height, tiles: [{ width: 512, height: 512, scaleFactors }],
  };
}

class Leaf {
  constructor(osd, host) {
    this.osd = osd;
    this.host = host;
    this.stage = host.querySelector(".stage");
    this.message = host.querySelector(".message");
    this.viewer = osd({
      element: this.stage, drawer: "canvas", showNavigationControl: false, visibilityRatio: 0.4, maxZoomPixelRatio: 4,
      animationTime: 0.5, gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { clickToZoom: false }, preserveImageSizeOnResize: true, crossOriginPolicy: false,
    });
    this.overlays = [];
    this.listen();
  }

  listen() {
    const { viewer } = this;
    viewer.addHandler("open", () => { this.say(""); this.mark(); this.goTo(this.data.focus, true); this.host.dataset.state = "ready"; });
    viewer.addHandler("open-failed", () => this.say("This page cannot be shown: its image could not be read."));
    viewer.addHandler("canvas-click", (event) => {
      if (!event.quick || this.drawing) return;
      const hit = this.hitAt(event.position);
      if (hit) this.send("select", hit.id);
    });
    viewer.addHandler("canvas-press", (event) => {
      if (this.drawing) this.from = this.toCanvas(event.position);
    });
    viewer.addHandler("canvas-drag", (event) => {
      if (!this.drawing) return;
      event.preventDefaultAction = true;
      this.sketch(this.toCanvas(event.position));
    });
    viewer.addHandler("canvas-drag-end", (event) => { if (this.drawing) event.preventDefaultAction = true; });
    viewer.addHandler("canvas-release", (event) => {
      if (this.drawing && this.from) this.finish(this.toCanvas(event.position));
    });
    this.host.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-do]");
      if (button) this[button.dataset.do](button);
    });
    this.host.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") this.next();
      else if (event.key === "p") this.previous();
      else if (event.key === "b") this.draw();
      else if (event.key === "Escape" && this.drawing) this.draw();
    });
  }

  show(data, send) {
    const old = this.data;
    this.data = data;
    this.send = send;
    this.host.querySelector(".counter").textContent = data.counter;
    this.stage.setAttribute("aria-label", data.label);
    for (const [name, there] of [["previous", data.previous], ["next", data.next]]) {
      this.host.querySelector(`[data-do=${name}]`).disabled = !there;
    }
    if (!old || old.page !== data.page) {
      this.host.dataset.state = "loading";
      this.say("Loading the page…");
      this.viewer.open(tileSource(data));
    } else if (JSON.stringify(old) !== JSON.stringify(data)) {
      this.mark();
      if (JSON.stringify(old.focus) !== JSON.stringify(data.focus)) this.goTo(data.focus, false);
    }
  }

  say(text) { this.message.textContent = text; this.message.hidden = !text; }

  // canvas pixels <-> viewport: OpenSeadragon's unit is the image's width
  rect([x, y, w, h]) { const unit = this.data.canvas[0]; return new this.osd.Rect(x / unit, y / unit, w / unit, h / unit); }

  toCanvas(position) {
    const point = this.viewer.viewport.pointFromPixel(position);
    const [width, height] = this.data.canvas;
    return [Math.min(Math.max(point.x * width, 0), width), Math.min(Math.max(point.y * width, 0), height)];
  }

  hitAt(position) {
    const [x, y] = this.toCanvas(position);
    return this.data.hits.filter(({ xywh: [left, top, w, h] }) => x >= left && x <= left + w && y >= top && y <= top + h)
      .sort((a, b) => a.xywh[2] * a.xywh[3] - b.xywh[2] * b.xywh[3])[0];
  }

  mark() {
    for (const element of this.overlays) this.viewer.removeOverlay(element);
    this.overlays = this.data.hits.map((hit) => {
      const element = document.createElement("div");
      element.className = hit.id === this.data.current ? "mark current" : "mark";
      element.title = hit.title;
      element.style.pointerEvents = "none";
      this.viewer.addOverlay({ element, location: this.rect(hit.xywh) });
      return element;
    });
  }

  goTo(focus, immediately) {
    if (!focus) return this.viewer.viewport.goHome(immediately);
    const [x, y, w, h] = focus;
    const [across, down] = this.data.canvas;
    const shape = this.stage.clientHeight / this.stage.clientWidth;
    const [times, part] = this.stage.clientWidth < 600 ? [3, 5] : [5, 3];
    const width = Math.min(Math.max(w * times, across / part), across, down / shape);
    const height = width * shape;
    const within = (middle, size, whole) => Math.max(0, Math.min(middle - size / 2, whole - size));
    const place = [within(x + w / 2, width, across), within(y + h / 2, height, down), width, height];
    this.viewer.viewport.fitBounds(this.rect(place), immediately);
  }

  sketch([x2, y2]) {
    const [x1, y1] = this.from;
    const box = [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)];
    if (!this.outline) {
      this.outline = document.createElement("div");
      this.outline.className = "outline";
      this.viewer.addOverlay({ element: this.outline, location: this.rect(box) });
    } else this.viewer.updateOverlay(this.outline, this.rect(box));
    return box;
  }

  finish(to) {
    const [x, y, w, h] = this.sketch(to).map(Math.round);
    this.viewer.removeOverlay(this.outline);
    this.outline = this.from = undefined;
    if (w < 8 || h < 8) return;
    this.draw();
    this.send("drawn", `${x},${y},${w},${h}`);
  }

  draw() {
    this.drawing = !this.drawing;
    this.from = undefined;
    this.host.classList.toggle("drawing", this.drawing);
    this.host.querySelector("[data-do=draw]").setAttribute("aria-pressed", String(Boolean(this.drawing)));
    this.say(this.drawing ? "Draw a box around a word to find it elsewhere. Escape ends." : "");
  }

  next() { if (this.data.next) this.send("step", 1); }
  previous() { if (this.data.previous) this.send("step", -1); }
  larger() { this.viewer.viewport.zoomBy(1.5).applyConstraints(); }
  smaller() { this.viewer.viewport.zoomBy(1 / 1.5).applyConstraints(); }
  whole() { this.viewer.viewport.goHome(); }
  back() { this.goTo(this.data.focus, false); }
  async copy(button) {
    const text = this.data.region_url;
    try { await navigator.clipboard.writeText(text); this.note(button, "Copied"); }
    catch { window.prompt("Copy this link", text); }
  }

  note(button, text) {
    const before = button.dataset.text ??= button.textContent;
    button.textContent = text;
    setTimeout(() => { button.textContent = before; }, 1500);
  }

  destroy() { this.viewer.destroy(); }
}

export default function viewer({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".viewer-host");
  host.wanted = [data, setTriggerValue];
  if (host.leaf) host.leaf.show(...host.wanted);
  else if (!host.loading) {
    host.loading = true;
    openSeadragon().then((osd) => {
      if (host.gone) return;
      host.leaf = new Leaf(osd, host);
      host.leaf.show(...host.wanted);
    }).catch((error) => {
      host.querySelector(".message").textContent = error.message;
      host.querySelector(".message").hidden = false;
    });
  }
  return () => { host.gone = true; host.leaf?.destroy(); host.leaf = undefined; };
}
