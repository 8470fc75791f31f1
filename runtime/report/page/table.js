// The table: sorted and filtered in memory, a page of rows at a time in the document.

const ROWS = 25;
const PRINTED = 150;
const table = byId("slides");
const body = table.tBodies[0];
const sorting = { field: "area_m2", descending: true };
let order = [];
let page = 0;

/** Compare two landslides by a field; what is unknown comes last, either way. */
function compare(one, other) {
  const values = data.fields[sorting.field];
  const a = values[one], b = values[other];
  if (a === b) return one - other;
  if (a === null) return 1;
  if (b === null) return -1;
  const sign = sorting.descending ? -1 : 1;
  return sign * (typeof a === "string" ? a.localeCompare(b, language) : a - b);
}

function arrange() {
  order = [];
  for (let index = 0; index < slides.count; index++) if (isKept(index)) order.push(index);
  order.sort(compare);
  for (const head of table.tHead.rows[0].cells) {
    if (head.dataset.field !== sorting.field) head.removeAttribute("aria-sort");
    else head.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
  }
  page = 0;
  byId("shown").textContent = said("shown_of", { shown: number(order.length), count: number(data.count) });
  showRows();
}

function rowOf(index) {
  const row = document.createElement("tr");
  row.dataset.index = index;
  row.classList.toggle("chosen", index === shown.chosen);
  for (const head of table.tHead.rows[0].cells) {
    const field = head.dataset.field;
    const text = shownValue(field, data.fields[field][index]);
    const cell = element("td", field === "id" ? "" : text, head.className);
    if (field === "id") {
      const button = element("button", text);
      button.type = "button";
      cell.append(button);
    }
    row.append(cell);
  }
  return row;
}

function showRows(first = page * ROWS, count = ROWS) {
  const rows = order.slice(first, first + count).map(rowOf);
  if (!rows.length) {
    const row = document.createElement("tr"), cell = element("td", said("none_left"), "text");
    cell.colSpan = table.tHead.rows[0].cells.length;
    row.append(cell);
    rows.push(row);
  }
  body.replaceChildren(...rows);
  const pages = Math.max(1, Math.ceil(order.length / ROWS));
  byId("page-number").textContent = said("page_of", { page: number(page + 1), pages: number(pages) });
  byId("page-back").disabled = page === 0;
  byId("page-on").disabled = page >= pages - 1;
  byId("pager").hidden = pages < 2;
}

function turnTo(wanted) {
  page = wanted;
  showRows();
}

/** Show the page of the table that a landslide is on. */
function turnToSlide(index) {
  const place = order.indexOf(index);
  if (place >= 0) page = Math.floor(place / ROWS);
  showRows();
}

table.tHead.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (!head) return;
  const { field } = head.dataset;
  sorting.descending = field === sorting.field ? !sorting.descending : field !== "id";
  sorting.field = field;
  arrange();
});
body.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-index]");
  if (!row) return;
  const index = Number(row.dataset.index);
  choose(index, { turn: false });
  zoomToSlide(index);
  byId("viewer").scrollIntoView({ block: "nearest" });
});
byId("page-back").addEventListener("click", () => turnTo(page - 1));
byId("page-on").addEventListener("click", () => turnTo(page + 1));

// On paper there are no pages to turn: it gets what the order and the filters put first.
window.addEventListener("beforeprint", () => {
  showRows(0, PRINTED);
  const shown = number(Math.min(order.length, PRINTED));
  byId("table-help").textContent = said("shown_of", { shown, count: number(data.count) });
});
window.addEventListener("afterprint", () => {
  showRows();
  byId("table-help").textContent = said("table_help");
});
