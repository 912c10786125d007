// The time cursor: one time for all panels and for the values beside them. Without this script the time is a field of a
// form, and the same page comes back with the line moved.

const CURSOR = "g[class*='time_cursor'] line";

function parts() {
  const box = document.querySelector("[data-cursor]");
  const values = box?.querySelector("[data-values]");
  return values ? { box, data: JSON.parse(values.textContent) } : null;
}

let now = parts();
document.addEventListener("ketascope:swapped", () => { now = parts(); });

function write(row, texts, index) {
  row.querySelector("[data-median]").textContent = texts.median[index];
  row.querySelector("[data-ends]").textContent = texts.ends[index];
}

function show(index) {
  const { box, data } = now;
  const time = data.times[index];
  for (const line of box.querySelectorAll(CURSOR)) line.setAttribute("transform", `translate(${data.places[index]},0)`);
  for (const row of box.querySelectorAll("[data-course]")) write(row, data.series[row.dataset.course], index);
  for (const cell of box.querySelectorAll("[data-default]")) write(cell, data.plain[cell.dataset.default], index);
  for (const link of box.querySelectorAll(".stations a")) {
    link.toggleAttribute("aria-current", Number(link.dataset.index) === index);
    if (link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
  }
  const range = box.querySelector("[data-range]");
  range.value = index;
  range.setAttribute("aria-valuetext", time);
  for (const words of box.querySelectorAll("[data-time]")) words.textContent = time;
}

// The link of the page, and the form, keep the time; nothing is asked for again.
function keep(index) {
  const at = now.data.at[index];
  const address = new URL(location.href);
  address.searchParams.set("at", at);
  history.replaceState(null, "", address);
  document.getElementById("kept-at").value = at;
}

function indexUnder(event) {
  const svg = now.box.querySelector("[data-drawn] svg");
  const line = svg.querySelector(CURSOR);
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(line.parentNode.getScreenCTM().inverse());
  const distances = now.data.places.map((place) => Math.abs(place - point.x));
  return distances.indexOf(Math.min(...distances));
}

document.addEventListener("input", (event) => {
  if (now && event.target.matches("[data-range]")) show(Number(event.target.value));
});
document.addEventListener("change", (event) => {
  if (now && event.target.matches("[data-range]")) keep(Number(event.target.value));
});
document.addEventListener("click", (event) => {
  const link = now && event.target.closest(".stations a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  show(Number(link.dataset.index));
  keep(Number(link.dataset.index));
});

// On the drawing: press, and drag where it is a mouse or a pen.
let dragging = false;
document.addEventListener("pointerdown", (event) => {
  if (!now || !event.target.closest("[data-drawn] svg")) return;
  dragging = event.pointerType !== "touch";
  show(indexUnder(event));
  keep(indexUnder(event));
});
document.addEventListener("pointermove", (event) => {
  if (dragging && now) show(indexUnder(event));
});
document.addEventListener("pointerup", (event) => {
  if (dragging && now) keep(indexUnder(event));
  dragging = false;
});

// A link to a number opens the list that holds it.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target || null; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
if (location.hash) openTarget();
