// Times of one question, from the key to the picture. Runs before anything else in the page.
// window.asked: promise of {sent, received, drawn, painted, engine, pictures}, milliseconds since Enter was pressed.
{
  const Native = WebSocket;
  const times = {};
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (!times.received && new TextDecoder("latin1").decode(data).includes("/iiif/image/")) times.received = performance.now();
      });
    }

    send(data) {
      times.sent ??= performance.now();
      super.send(data);
    }
  };
  let host;
  const gallery = () => host?.isConnected ? host : host = [...document.querySelectorAll("*")]
    .map((element) => element.shadowRoot?.querySelector(".gallery-host")).find(Boolean);
  const inSight = (image) => {
    const box = image.getBoundingClientRect();
    return box.top < innerHeight && box.bottom > 0;
  };
  let last;
  const watch = (start, resolve) => {
    const shown = gallery()?.firstElementChild;
    if (shown && shown !== last) {
      times.drawn ??= performance.now();
      const images = [...host.querySelectorAll("img")].filter(inSight);
      if (images.every((image) => image.complete && image.naturalWidth)) {
        last = shown;
        const moments = { ...times, painted: performance.now() };
        const since = Object.fromEntries(Object.entries(moments).map(([name, moment]) => [name, moment - start]));
        return resolve({ ...since, engine: Number(host.dataset.milliseconds), pictures: images.length });
      }
    }
    requestAnimationFrame(() => watch(start, resolve));
  };
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    for (const name of Object.keys(times)) delete times[name];
    const start = performance.now();
    window.asked = new Promise((resolve) => watch(start, resolve));
  }, { capture: true });
}
