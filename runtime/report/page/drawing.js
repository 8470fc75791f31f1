// Drawing: pictures on one canvas; on another one above it landslides and the hatch of what was not observed.

const pictures = byId("pictures"), shapes = byId("shapes");
const shown = { slides: true, unseen: true, chosen: -1, hovered: -1 };
let isDue = false;

/** Corners from which on rims are drawn only when the map rests: they take most of the time. */
const MANY = 3000;
let traced = 0;
let resting = 0;

/** Draw before the next picture of the screen, once. */
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawPictures();
    drawShapes();
    showScale();
  });
}

function prepared(canvas) {
  const wide = Math.round(view.width * ratio()), high = Math.round(view.height * ratio());
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, wide, high);
  return context;
}

function drawPictures() {
  const context = prepared(pictures);
  const cut = Math.round(view.cut * pictures.width);
  const sides = data.roles.length > 1 ? [[0, cut], [cut, pictures.width]] : [[0, pictures.width]];
  let needed = 0;
  data.roles.forEach((role, index) => {
    const [left, right] = sides[index];
    if (right <= left) return;
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, pictures.height);
    context.clip();
    needed += drawRole(context, role, left, right);
    context.restore();
  });
  forgetTiles(needed);
}

/** Draw one image between two columns of the canvas, coarse first; returns how many tiles that took. */
function drawRole(context, role, from, to) {
  const scale = view.scale * ratio();
  const [originX, originY] = toStage(0, 0).map((value) => value * ratio());
  const place = (left, top, right, bottom) => {
    const x = Math.round(originX + left * scale), y = Math.round(originY + top * scale);
    return [x, y, Math.round(originX + right * scale) - x, Math.round(originY + bottom * scale) - y];
  };
  context.imageSmoothingEnabled = scale < 3;
  context.imageSmoothingQuality = "medium";
  if (tops[role].complete && tops[role].naturalWidth) {
    context.drawImage(tops[role], ...place(0, 0, data.width, data.height));
  }
  let needed = 0;
  for (let level = data.top - 1; level >= levelFor(scale); level--) {
    const edge = data.tile * 2 ** level;
    const firstCol = Math.max(0, Math.floor((from - originX) / scale / edge));
    const lastCol = Math.min(Math.ceil(data.width / edge), Math.ceil((to - originX) / scale / edge));
    const firstRow = Math.max(0, Math.floor(-originY / scale / edge));
    const lastRow = Math.min(Math.ceil(data.height / edge), Math.ceil((pictures.height - originY) / scale / edge));
    for (let row = firstRow; row < lastRow; row++) {
      for (let col = firstCol; col < lastCol; col++) {
        const image = tile(role, level, row, col);
        needed++;
        if (!image) continue;
        const right = Math.min((col + 1) * edge, data.width), bottom = Math.min((row + 1) * edge, data.height);
        context.drawImage(image, ...place(col * edge, row * edge, right, bottom));
      }
    }
  }
  return needed;
}

/** Add a shape to the path, in device pixels; corners that fall together are left out, small shapes become squares. */
function trace(context, set, index, least) {
  const scale = view.scale * ratio();
  const [originX, originY] = toStage(0, 0).map((value) => value * ratio());
  const box = [0, 1, 2, 3].map((side) => set.boxes[4 * index + side] * scale + (side % 2 ? originY : originX));
  if (box[2] < 0 || box[3] < 0 || box[0] > shapes.width || box[1] > shapes.height) return;
  if (Math.max(box[2] - box[0], box[3] - box[1]) < least) {
    traced += 4;
    if (least > 1) context.rect((box[0] + box[2] - least) / 2, (box[1] + box[3] - least) / 2, least, least);
    return;
  }
  for (let ring = set.shapes[index]; ring < set.shapes[index + 1]; ring++) {
    let lastX = -1e9, lastY = -1e9;
    traced += 4;
    for (let i = set.starts[ring]; i < set.starts[ring + 1]; i += 2) {
      const x = set.points[i] * scale + originX, y = set.points[i + 1] * scale + originY;
      if (i === set.starts[ring]) context.moveTo(x, y);
      else if (Math.abs(x - lastX) + Math.abs(y - lastY) < 0.8) continue;
      else {
        context.lineTo(x, y);
        traced++;
      }
      lastX = x;
      lastY = y;
    }
    context.closePath();
  }
}

let hatch = null;

/** Diagonal lines over grey, the same on the screen at every zoom. */
function hatchOf(context) {
  if (hatch) return hatch;
  const size = Math.round(9 * ratio()), line = document.createElement("canvas");
  line.width = line.height = size;
  const pen = line.getContext("2d");
  pen.globalAlpha = 0.45;
  pen.fillStyle = data.colours.ground;
  pen.fillRect(0, 0, size, size);
  pen.globalAlpha = 0.9;
  pen.strokeStyle = data.colours.hatch;
  pen.lineWidth = size / 4.5;
  pen.beginPath();
  for (const start of [-size, 0, size]) {
    pen.moveTo(start - 1, size + 1);
    pen.lineTo(start + size + 1, -1);
  }
  pen.stroke();
  hatch = context.createPattern(line, "repeat");
  return hatch;
}

function drawShapes() {
  const context = prepared(shapes), wide = ratio();
  const isQuick = traced > MANY && performance.now() - view.moved < 150;
  traced = 0;
  clearTimeout(resting);
  if (isQuick) resting = setTimeout(redraw, 170);
  if (unseen && shown.unseen) {
    context.beginPath();
    for (let index = 0; index < unseen.count; index++) trace(context, unseen, index, 1);
    context.fillStyle = hatchOf(context);
    context.fill("evenodd");
    if (!isQuick) {
      context.strokeStyle = "rgba(40, 40, 40, 0.7)";
      context.lineWidth = wide;
      context.stroke();
    }
  }
  if (!shown.slides) return;
  for (const name of [...data.classes].reverse()) {
    context.beginPath();
    for (let index = 0; index < slides.count; index++) {
      if (classOf(index) === name && isKept(index)) trace(context, slides, index, 4 * wide);
    }
    outline(context, data.colours[name], isQuick ? 0.7 : view.scale < 1.5 ? 0.45 : 0.2, isQuick ? 0 : wide);
  }
  for (const index of new Set([shown.hovered, shown.chosen])) {
    if (index < 0) continue;
    context.beginPath();
    trace(context, slides, index, 8 * wide);
    const isChosen = index === shown.chosen;
    context.lineWidth = (isChosen ? 6 : 4) * wide;
    context.strokeStyle = "#000";
    context.stroke();
    context.lineWidth = (isChosen ? 3.4 : 2) * wide;
    context.strokeStyle = isChosen ? "#ffe600" : "#fff";
    context.stroke();
  }
}

/** Fill a path thinly and rim it in two colours, so that it is seen on any ground and hides little; 0 for no rim. */
function outline(context, colour, share, wide) {
  context.globalAlpha = share;
  context.fillStyle = colour;
  context.fill("evenodd");
  context.globalAlpha = 1;
  if (!wide) return;
  context.lineWidth = 3 * wide;
  context.strokeStyle = data.colours.rim;
  context.stroke();
  context.lineWidth = 1.6 * wide;
  context.strokeStyle = colour;
  context.stroke();
}
