const classOf = (index) => (data.fields.confidence_class ? data.fields.confidence_class[index] : "likely");
const areaOf = (index) => data.fields.area_m2[index];

/** What is filtered away, in the table and on the map alike. */
const filter = { classes: new Set(data.classes), least: 0 };
const isKept = (index) =>
  (!data.fields.confidence_class || filter.classes.has(classOf(index))) && areaOf(index) >= filter.least;
