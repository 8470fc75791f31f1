// Landslides and what was not observed: corners in map pixels, boxes, and which of them a place is in.

/** Shapes of [x, y, dx, dy, …] rings as flat arrays: corners of all, where each ring begins, and each shape's rings. */
function unpacked(outlines) {
  let corners = 0;
  let rings = 0;
  for (const shape of outlines) {
    rings += shape.length;
    for (const ring of shape) corners += ring.length;
  }
  const points = new Int32Array(corners);
  const starts = new Int32Array(rings + 1);
  const shapes = new Int32Array(outlines.length + 1);
  const boxes = new Int32Array(4 * outlines.length);
  let point = 0;
  let ringNumber = 0;
  outlines.forEach((shape, index) => {
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
    for (const ring of shape) {
      starts[ringNumber++] = point;
      let x = 0, y = 0;
      for (let i = 0; i < ring.length; i += 2) {
        x += ring[i];
        y += ring[i + 1];
        points[point++] = x;
        points[point++] = y;
        left = Math.min(left, x); right = Math.max(right, x);
        top = Math.min(top, y); bottom = Math.max(bottom, y);
      }
    }
    shapes[index + 1] = ringNumber;
    boxes.set([left, top, right, bottom], 4 * index);
  });
  starts[rings] = point;
  return { count: outlines.length, points, starts, shapes, boxes };
}

/** Whether a place lies in a shape: rays to the right cross its rings an odd number of times. */
function isInside(set, index, x, y) {
  const { points, starts, shapes } = set;
  let inside = false;
  for (let ring = shapes[index]; ring < shapes[index + 1]; ring++) {
    const first = starts[ring], end = starts[ring + 1];
    let fromX = points[end - 2], fromY = points[end - 1];
    for (let i = first; i < end; i += 2) {
      const toX = points[i], toY = points[i + 1];
      if (fromY > y !== toY > y && x < fromX + ((toX - fromX) * (y - fromY)) / (toY - fromY)) inside = !inside;
      fromX = toX;
      fromY = toY;
    }
  }
  return inside;
}

/** The shape at a place, or the nearest box within reach; -1 for none. */
function shapeAt(set, x, y, reach, isShown) {
  let near = -1, least = Infinity;
  for (let index = 0; index < set.count; index++) {
    const left = set.boxes[4 * index], top = set.boxes[4 * index + 1];
    const right = set.boxes[4 * index + 2], bottom = set.boxes[4 * index + 3];
    if (x < left - reach || x > right + reach || y < top - reach || y > bottom + reach || !isShown(index)) continue;
    if (isInside(set, index, x, y)) return index;
    const away = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
    const small = right - left < 4 * reach && bottom - top < 4 * reach;
    if (small && away < least) {
      near = index;
      least = away;
    }
  }
  return near;
}

const slides = unpacked(data.outlines);
const unseen = data.unseen ? unpacked(data.unseen.outlines) : null;
data.outlines = null;
if (data.unseen) data.unseen.outlines = null;
