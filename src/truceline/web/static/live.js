// Says that something changed; what changed is fetched by loading the page, with the reader's own rights.
const place = document.getElementById("changed");
if (place && window.EventSource) {
  let first = null;
  const stream = new EventSource(place.dataset.stream);
  stream.addEventListener("changed", (event) => {
    if (first === null) { first = event.data; return; }
    if (event.data !== first) place.hidden = false;
  });
  window.addEventListener("pagehide", () => stream.close());
}
