// Pictures: tiles that wait as text in the page, decoded when they are looked at, a bounded number of them at a time.

const decoded = new Map();
const tileNames = new Set(data.tiles.map((place) => place.join("/")));
const tops = Object.fromEntries(data.roles.map((role) => [role, byId(`top-${role}`)]));
const MOST_DECODED = 96;

/** The picture of a tile if it is there and decoded; else it is on its way, and the map is drawn again when it is. */
function tile(role, level, row, col) {
  const place = `${level}/${row}/${col}`;
  if (!tileNames.has(place)) return null;
  const name = `${role}/${place}`;
  const found = decoded.get(name);
  if (found) {
    decoded.delete(name); // and again at the end: the first ones are the longest unused
    decoded.set(name, found);
    return found.ready ? found.image : null;
  }
  const text = byId(name);
  if (!text) return null; // the rest of the page is still being read
  const entry = { image: new Image(), ready: false };
  decoded.set(name, entry);
  entry.image.src = `data:image/webp;base64,${text.textContent}`;
  entry.image.decode().then(() => {
    entry.ready = true;
    redraw();
  }, () => {}); // one that cannot be decoded leaves the coarser picture
  return null;
}

/** Forget pictures that were not looked at for long. */
function forgetTiles(needed) {
  const most = Math.max(MOST_DECODED, Math.ceil(1.3 * needed));
  for (const [name, entry] of decoded) {
    if (decoded.size <= most) break;
    decoded.delete(name);
    entry.image.src = "data:,";
  }
}

/** The finest level whose pixels are worth showing at a scale of device pixels for each map pixel. */
function levelFor(scale) {
  return Math.max(0, Math.min(data.top, Math.round(Math.log2(1 / scale) - 0.15)));
}
