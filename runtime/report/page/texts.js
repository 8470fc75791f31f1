"use strict";

// Data of the page, and its words and numbers in its own language.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
byId("data").remove();

const language = document.documentElement.lang;

/** A text of the page's table, with its values filled in. */
function said(key, values = {}) {
  return data.texts[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const formats = new Map();

/** A number as the language writes it. */
function number(value, decimals = 0) {
  if (!formats.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat(language, digits));
  }
  return formats.get(decimals).format(value);
}

/** The value of a field as people read it. */
function shownValue(field, value) {
  if (value === null || value === undefined) return said("unknown");
  if (field === "id") return String(value);
  if (field in data.decimals) return number(value, data.decimals[field]);
  if (typeof value === "boolean") return said(value ? "yes" : "no");
  if (field === "confidence_class" && value in data.texts) return said(value);
  return String(value);
}

/** An element with a text in it; nothing of the data is ever taken for markup. */
function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (className) made.className = className;
  return made;
}
