// Landslides by kind: it colours them and filters them; a second filter is how sure they are.

const kindOf = data.fields.class.map((name) => {
  const place = data.kinds.indexOf(name);
  return data.classes[place < 0 ? data.kinds.length - 1 : place];
});
const classOf = (index) => kindOf[index];
const areaOf = (index) => data.fields.area_m2[index];

/** What is filtered away, in the table and on the map alike. */
const filter = { classes: new Set(data.classes), sure: new Set(data.sure), least: 0 };
const isKept = (index) =>
  filter.classes.has(kindOf[index]) &&
  (!data.sure.length || filter.sure.has(data.fields.confidence_class[index])) &&
  areaOf(index) >= filter.least;

if (data.sure.length) {
  const choices = document.createElement("fieldset");
  choices.id = "sure";
  choices.append(element("legend", said("sureness")));
  for (const name of data.sure) {
    const label = document.createElement("label"), box = element("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) filter.sure.add(name);
      else filter.sure.delete(name);
      arrange();
      redraw();
    });
    label.append(box, element("span", said(name)));
    choices.append(label);
  }
  byId("classes").after(choices);
}
