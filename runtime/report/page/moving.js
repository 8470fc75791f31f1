// Moving about: mouse, touch and keys, on the map and on the line between its images.

const pointers = new Map();
let travelled = 0;

const placeOf = (event) => {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

/** Centre of all fingers, and how far the first two are apart. */
function grip() {
  const places = [...pointers.values()];
  const x = places.reduce((sum, place) => sum + place[0], 0) / places.length;
  const y = places.reduce((sum, place) => sum + place[1], 0) / places.length;
  const apart = places.length > 1 ? Math.hypot(places[0][0] - places[1][0], places[0][1] - places[1][1]) : 0;
  return { x, y, apart };
}

stage.addEventListener("pointerdown", (event) => {
  if (event.target.closest("button, .swipe") || event.button > 0) return;
  stage.setPointerCapture(event.pointerId);
  if (!pointers.size) travelled = 0;
  pointers.set(event.pointerId, placeOf(event));
  stage.classList.add("moving");
});

stage.addEventListener("pointermove", (event) => {
  const [x, y] = placeOf(event);
  if (!pointers.has(event.pointerId)) {
    hover(x, y);
    return;
  }
  const before = grip();
  pointers.set(event.pointerId, [x, y]);
  const after = grip();
  travelled += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.apart - before.apart);
  moveBy(after.x - before.x, after.y - before.y);
  if (before.apart && after.apart) zoomAt(after.x, after.y, after.apart / before.apart);
});

for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (!pointers.size) stage.classList.remove("moving");
    if (kind === "pointerup" && !pointers.size && travelled < 6) choose(slideAt(...placeOf(event), event.pointerType));
  });
}

stage.addEventListener("pointerleave", () => hover(-1e6, -1e6));
stage.addEventListener("dblclick", (event) => {
  if (!event.target.closest("button, .swipe")) zoomAt(...placeOf(event), 2);
});
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode ? event.deltaY * 30 : event.deltaY;
  zoomAt(...placeOf(event), 2 ** (-Math.max(-240, Math.min(240, lines)) / 240));
}, { passive: false });

function slideAt(x, y, kind = "mouse") {
  if (!shown.slides) return -1;
  return shapeAt(slides, ...toMap(x, y), (kind === "touch" ? 14 : 6) / view.scale, isKept);
}

function hover(x, y) {
  const found = slideAt(x, y);
  stage.classList.toggle("on-slide", found >= 0);
  if (found !== shown.hovered) {
    shown.hovered = found;
    redraw();
  }
  byId("place").textContent = placeText(x, y);
}

/** Where the pointer is, and why nothing was seen there. */
function placeText(x, y) {
  const [mapX, mapY] = toMap(x, y);
  if (mapX < 0 || mapY < 0 || mapX > data.width || mapY > data.height) return "";
  const parts = [];
  const degrees = degreesAt(mapX, mapY);
  if (degrees) parts.push(`${number(degrees[1], 5)}°, ${number(degrees[0], 5)}°`);
  const hidden = unseen ? shapeAt(unseen, mapX, mapY, 0, () => true) : -1;
  if (hidden >= 0) parts.push(`${said("not_observed")}: ${data.unseen.reasons[hidden]}`);
  return parts.join(" · ");
}

stage.addEventListener("keydown", (event) => {
  if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  if (event.key in steps) moveBy(...steps[event.key]);
  else if (event.key === "+" || event.key === "=") zoomAt(view.width / 2, view.height / 2, 1.5);
  else if (event.key === "-") zoomAt(view.width / 2, view.height / 2, 1 / 1.5);
  else if (event.key === "0") showAll();
  else if (event.key === "Escape") choose(-1);
  else return;
  event.preventDefault();
});

const swipe = byId("swipe");
let swipedFrom = null;

/** Put the line between the images at a share of the width. */
function cutAt(share) {
  view.cut = Math.min(Math.max(share, 0), 1);
  swipe.style.left = `${100 * view.cut}%`;
  swipe.setAttribute("aria-valuenow", String(Math.round(100 * view.cut)));
  byId("tag-pre").hidden = view.cut < 0.05;
  byId("tag-post").hidden = view.cut > 0.95;
  redraw();
}

swipe.addEventListener("pointerdown", (event) => {
  swipe.setPointerCapture(event.pointerId);
  event.preventDefault();
  swipe.focus();
  swipedFrom = event.clientX;
});
swipe.addEventListener("pointermove", (event) => {
  if (swipedFrom === null) return;
  if (Math.abs(event.clientX - swipedFrom) > 2) cutAt(placeOf(event)[0] / view.width);
});
swipe.addEventListener("pointerup", (event) => {
  // A click on the line is one on what lies under it.
  if (Math.abs(event.clientX - swipedFrom) <= 2) choose(slideAt(...placeOf(event), event.pointerType));
  swipedFrom = null;
});
swipe.addEventListener("pointercancel", () => { swipedFrom = null; });
swipe.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1 };
  if (event.key in steps) cutAt(view.cut + steps[event.key]);
  else if (event.key === "Home") cutAt(0);
  else if (event.key === "End") cutAt(1);
  else return;
  event.preventDefault();
});
