// The map and the timeline of the situation page. Uncertainty is drawn as areas; there are no borders and no pins.
import uPlot from "./vendor/uplot/uPlot.esm.js";

const page = document.getElementById("situation");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const get = async (url) => { const answer = await fetch(url); if (!answer.ok) throw new Error(`${answer.status}`); return answer.json(); };
const tones = { corroborated: "--sure", credible: "--likely", reported: "--told" };

async function timeline() {
  const place = document.getElementById("timeline");
  const { days, words } = await get(page.dataset.days);
  if (!days.length) return;
  const x = days.map((day) => Date.parse(`${day}T12:00:00Z`) / 1000);
  const names = Object.keys(tones).filter((name) => words[name]);
  let below = days.map(() => 0);
  const stacked = names.map((name) => (below = below.map((sum, at) => sum + words[name][at])));
  const bars = uPlot.paths.bars({ size: [0.8, 40] });
  const plot = new uPlot({
    width: place.clientWidth, height: 160, cursor: { drag: { x: true, y: false } }, legend: { show: false },
    scales: { x: { time: true } },
    axes: [{ stroke: colour("--soft"), grid: { show: false } }, { stroke: colour("--soft"), grid: { stroke: colour("--rule") }, size: 44 }],
    series: [{}, ...names.map((name) => ({ label: name, fill: colour(tones[name]), stroke: colour(tones[name]), paths: bars, points: { show: false } })).reverse()],
    hooks: { setSelect: [(one) => {
      if (one.select.width < 6) return;
      const [from, to] = [one.select.left, one.select.left + one.select.width].map((at) => one.posToVal(at, "x"));
      const chosen = days.filter((_, at) => x[at] + 43200 >= from && x[at] - 43200 <= to);
      if (chosen.length) location.search = new URLSearchParams({ day_from: chosen[0], day_to: chosen.at(-1) });
    }] },
  }, [x, ...stacked.reverse()], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 160 })).observe(place);
}

// The ellipse of one standard deviation around an uncertain place; half-axes of at least 25 m, so that nothing becomes a pin.
const CORNERS = 24, LEAST_M2 = 625, M_PER_DEGREE = 111195;
function ellipse(lon, lat, ee, en, nn) {
  const middle = (ee + nn) / 2, gap = Math.hypot((ee - nn) / 2, en), turn = Math.atan2(2 * en, ee - nn) / 2;
  const [long, short] = [middle + gap, middle - gap].map((m2) => Math.sqrt(Math.max(m2, LEAST_M2)));
  const ring = Array.from({ length: CORNERS + 1 }, (_, n) => {
    const at = (2 * Math.PI * (n % CORNERS)) / CORNERS, u = long * Math.cos(at), v = short * Math.sin(at);
    const north = (u * Math.sin(turn) + v * Math.cos(turn)) / M_PER_DEGREE;
    const east = (u * Math.cos(turn) - v * Math.sin(turn)) / (M_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
    return [lon + east, lat + north];
  });
  return { type: "Polygon", coordinates: [ring] };
}
const ellipses = (columns) => ({ type: "FeatureCollection", features: columns.incident_id.map((incident_id, at) => {
  const of = (name) => columns[name][at];
  return { type: "Feature", properties: { incident_id, word: of("word"), act: of("act") },
    geometry: ellipse(of("lon_udeg") / 1e6, of("lat_udeg") / 1e6, of("cov_ee_m2"), of("cov_en_m2"), of("cov_nn_m2")) };
}) });

async function map() {
  const place = document.getElementById("map");
  const { Map, NavigationControl, Popup, LngLatBounds } = await import("./vendor/maplibre-gl/maplibre-gl.mjs");
  const range = new URLSearchParams({ day_from: page.dataset.first, day_to: page.dataset.last });
  const sectors = await get(`${page.dataset.sectors}?${range}`);
  const box = new LngLatBounds();
  const visit = (at) => (typeof at[0] === "number" ? box.extend(at) : at.forEach(visit));
  sectors.features.filter((one) => ["line", "sector"].includes(one.properties.role)).forEach((one) => visit(one.geometry.coordinates));
  if (box.isEmpty()) { place.textContent = "This mission has no line or sectors to draw."; return; }
  const most = Math.max(1, ...sectors.features.map((one) => one.properties.incidents || 0));
  const drawn = new Map({
    container: place, bounds: box, fitBoundsOptions: { padding: 24 }, attributionControl: false,
    style: { version: 8, sources: { sectors: { type: "geojson", data: sectors } }, layers: [
      { id: "ground", type: "background", paint: { "background-color": colour("--box") } },
      { id: "sectors", type: "fill", source: "sectors", filter: ["==", ["get", "role"], "sector"],
        paint: { "fill-color": colour("--likely"), "fill-opacity": ["interpolate", ["linear"], ["get", "incidents"], 0, 0.03, most, 0.45] } },
      { id: "edges", type: "line", source: "sectors", filter: ["==", ["get", "role"], "sector"], paint: { "line-color": colour("--rule"), "line-width": 1 } },
      { id: "line", type: "line", source: "sectors", filter: ["==", ["get", "role"], "line"], paint: { "line-color": colour("--ink"), "line-width": 2, "line-dasharray": [3, 2] } },
    ] },
  });
  drawn.addControl(new NavigationControl({ showCompass: false }));
  drawn.getCanvas().setAttribute("aria-label", "Map of the sectors; the same numbers stand in the table below.");
  drawn.on("load", async () => {
    if (page.dataset.places) {
      drawn.addSource("places", { type: "geojson", data: ellipses(await get(`${page.dataset.places}?${range}`)) });
      drawn.addLayer({ id: "places", type: "fill", source: "places",
        paint: { "fill-color": ["match", ["get", "word"], "corroborated", colour("--sure"), "credible", colour("--likely"), colour("--told")], "fill-opacity": 0.25 } });
      drawn.addLayer({ id: "outlines", type: "line", source: "places",
        paint: { "line-color": ["match", ["get", "word"], "corroborated", colour("--sure"), "credible", colour("--likely"), colour("--told")], "line-width": 1, "line-opacity": 0.7 } });
      drawn.on("click", "places", (event) => {
        const list = document.createElement("div");
        for (const one of event.features.slice(0, 8)) {
          const link = document.createElement("a");
          link.href = `${page.dataset.incident}/${encodeURIComponent(one.properties.incident_id)}`;
          link.textContent = `${one.properties.act.replaceAll("_", " ")}, ${one.properties.word}`;
          list.append(link, document.createElement("br"));
        }
        new Popup().setLngLat(event.lngLat).setDOMContent(list).addTo(drawn);
      });
    }
    place.dataset.ready = "yes";
  });
  const table = document.getElementById("by-sector");
  for (const one of sectors.features.filter((each) => each.properties.role === "sector")) {
    const row = table.insertRow();
    row.insertCell().textContent = one.properties.name || one.properties.id;
    const cell = row.insertCell();
    cell.textContent = one.properties.incidents;
    cell.className = "number";
  }
  if (sectors.withheld) {
    const row = table.insertRow();
    row.insertCell().textContent = "place withheld until the delay has run out, or unknown";
    const cell = row.insertCell();
    cell.textContent = sectors.withheld;
    cell.className = "number";
  }
}

timeline().catch((problem) => console.error(problem));
map().catch((problem) => { document.getElementById("map").textContent = "The map cannot be drawn here; the table below holds its numbers."; console.error(problem); });
