// The part of the map that is shown: a place in the middle, and CSS pixels for each map pixel.

const stage = byId("stage");
const view = { x: data.width / 2, y: data.height / 2, scale: 1, width: 1, height: 1, cut: 0.5, moved: 0 };

const ratio = () => Math.min(window.devicePixelRatio || 1, 2);
const toMap = (x, y) => [view.x + (x - view.width / 2) / view.scale, view.y + (y - view.height / 2) / view.scale];
const toStage = (x, y) => [(x - view.x) * view.scale + view.width / 2, (y - view.y) * view.scale + view.height / 2];
const wholeScale = () => Math.min(view.width / data.width, view.height / data.height);

/** Keep the view on the map. */
function settle() {
  const least = Math.min(0.9 * wholeScale(), 1);
  view.scale = Math.min(Math.max(view.scale, least), 24);
  view.x = Math.min(Math.max(view.x, 0), data.width);
  view.y = Math.min(Math.max(view.y, 0), data.height);
  view.moved = performance.now();
  redraw();
}

function showAll() {
  view.x = data.width / 2;
  view.y = data.height / 2;
  view.scale = wholeScale();
  settle();
}

/** Zoom so that what is at a place of the stage stays there. */
function zoomAt(x, y, factor) {
  const [mapX, mapY] = toMap(x, y);
  view.scale *= factor;
  settle();
  const [left, top] = toMap(x, y);
  view.x += mapX - left;
  view.y += mapY - top;
  settle();
}

/** Show a box of map pixels with ground around it. */
function showBox(left, top, right, bottom) {
  view.x = (left + right) / 2;
  view.y = (top + bottom) / 2;
  const room = 3;
  const wide = Math.max((right - left) * room, 40), high = Math.max((bottom - top) * room, 40);
  view.scale = Math.min(view.width / wide, view.height / high, 8);
  settle();
}

function moveBy(x, y) {
  view.x -= x / view.scale;
  view.y -= y / view.scale;
  settle();
}

/** Longitude and latitude of a place in map pixels, from the mesh of the page; null where it has none. */
function degreesAt(x, y) {
  if (!data.mesh) return null;
  const last = data.mesh.length - 1;
  const across = Math.min(Math.max((x / data.width) * last, 0), last);
  const down = Math.min(Math.max((y / data.height) * last, 0), last);
  const col = Math.min(Math.floor(across), last - 1), row = Math.min(Math.floor(down), last - 1);
  const right = across - col, below = down - row;
  return [0, 1].map((axis) => {
    const upper = data.mesh[row][col][axis] * (1 - right) + data.mesh[row][col + 1][axis] * right;
    const lower = data.mesh[row + 1][col][axis] * (1 - right) + data.mesh[row + 1][col + 1][axis] * right;
    return upper * (1 - below) + lower * below;
  });
}

/** The longest of 1, 2 and 5 times a power of ten that is not above a length. */
function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].find((step) => step * power <= most * (1 + 1e-12)) * power;
}

function showScale() {
  const metresPerPixel = data.pixel / view.scale;
  const metres = roundLength(metresPerPixel * Math.min(180, view.width / 3));
  const text = metres >= 1000 ? `${number(metres / 1000)} km` : `${number(metres, metres < 1 ? 1 : 0)} m`;
  byId("scale-text").textContent = text;
  byId("scale-line").style.width = `${Math.round(metres / metresPerPixel)}px`;
}
