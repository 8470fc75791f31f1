// Beginning: controls are bound, the map is laid out, and what is there without a script is put away.

/** Choose a landslide, or none (-1): its outline, its figures, its row. */
function choose(index, { turn = true } = {}) {
  shown.chosen = index;
  byId("panel").hidden = index < 0;
  if (index >= 0) fillPanel(index);
  if (turn && index >= 0) turnToSlide(index);
  else for (const row of body.rows) row.classList.toggle("chosen", Number(row.dataset.index) === index);
  redraw();
}

function fillPanel(index) {
  const { id } = data.fields;
  byId("panel-title").textContent = `${said("field_id")} ${id ? id[index] : index + 1}`;
  const figures = [];
  for (const field of data.shown) {
    if (field === "id") continue;
    const value = data.fields[field][index];
    figures.push(element("dt", said(`field_${field}`)), element("dd", shownValue(field, value)));
  }
  if (data.fields.edge && data.fields.edge[index]) {
    figures.push(element("dt", ""), element("dd", said("edge_note")));
  }
  byId("panel-figures").replaceChildren(...figures);
}

function zoomToSlide(index) {
  showBox(...slides.boxes.subarray(4 * index, 4 * index + 4));
}

function layOut() {
  const isFirst = view.width === 1;
  const wasWhole = Math.abs(view.scale - wholeScale()) < 1e-9;
  view.width = stage.clientWidth || 1;
  view.height = stage.clientHeight || 1;
  hatch = null;
  if (isFirst || wasWhole) showAll();
  else settle();
}

function bindControls() {
  for (const input of document.getElementsByName("side")) {
    input.addEventListener("change", () => cutAt(Number(input.value)));
  }
  byId("show-slides").addEventListener("change", (event) => {
    shown.slides = event.target.checked;
    redraw();
  });
  byId("show-unseen").addEventListener("change", (event) => {
    shown.unseen = event.target.checked;
    redraw();
  });
  byId("brightness").addEventListener("input", (event) => {
    pictures.style.filter = `brightness(${event.target.value}%)`;
  });
  byId("zoom-in").addEventListener("click", () => zoomAt(view.width / 2, view.height / 2, 1.6));
  byId("zoom-out").addEventListener("click", () => zoomAt(view.width / 2, view.height / 2, 1 / 1.6));
  byId("zoom-all").addEventListener("click", showAll);
  byId("panel-close").addEventListener("click", () => choose(-1));
  byId("panel-zoom").addEventListener("click", () => zoomToSlide(shown.chosen));
  byId("least").addEventListener("input", (event) => {
    filter.least = Number(event.target.value) || 0;
    arrange();
    redraw();
  });
}

function bindClasses() {
  if (!data.fields.confidence_class) return;
  for (const name of data.classes) {
    const label = document.createElement("label"), box = element("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) filter.classes.add(name);
      else filter.classes.delete(name);
      arrange();
      redraw();
    });
    label.append(box, element("span", said(name)));
    byId("classes").append(label);
  }
  byId("classes").hidden = false;
}

function begin() {
  document.documentElement.classList.add("js");
  byId("viewer").hidden = byId("filters").hidden = false;
  byId("table-help").textContent = said("table_help");
  const isPair = data.roles.length > 1;
  byId("swipe").hidden = byId("sides").hidden = !isPair;
  byId("show-unseen-label").hidden = !unseen || !unseen.count;
  for (const role of ["pre", "post"]) {
    const tag = byId(`tag-${role}`);
    if (data.roles.includes(role)) tag.textContent = data.tags[role];
    else tag.remove();
  }
  if (data.north !== null) {
    byId("needle").setAttribute("transform", `rotate(${data.north})`);
    byId("north").removeAttribute("hidden");
  }
  bindControls();
  bindClasses();
  arrange();
  cutAt(0.5);
  for (const role of data.roles) tops[role].decode().then(redraw, () => {});
  new ResizeObserver(layOut).observe(stage);
  layOut();
  document.addEventListener("DOMContentLoaded", redraw); // tiles behind this script are read by then
}

begin();
