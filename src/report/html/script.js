// What CSS alone can't do. Without it the page still shows everything, and filters by all but a server's name.
"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

for (const part of all(".scripted, .copy")) part.hidden = false;
for (const part of all(".unscripted")) part.hidden = true;

// --- snippets are copied

const select = (text) => {
  const range = document.createRange();
  range.selectNodeContents(text);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

const copy = async (button) => {
  const snippet = button.previousElementSibling;
  // a clipboard may be refused; what is selected can still be copied by hand
  select(snippet);
  let copied = document.execCommand("copy");
  if (!copied) copied = await navigator.clipboard?.writeText(snippet.textContent).then(() => true, () => false);
  button.textContent = copied ? "copied" : "selected";
  setTimeout(() => (button.textContent = "copy"), 2000);
};

for (const button of all(".copy")) button.addEventListener("click", () => copy(button));

// --- a cell's facts: with the key's capabilities, and closed without a jump

const addCapabilities = (facts) => {
  const rows = byId(facts.dataset.rows ?? "");
  if (!rows || facts.querySelector(".scroll")) return;
  const table = rows.closest("table").cloneNode(false);
  const scroll = document.createElement("div");
  const copied = rows.cloneNode(true);
  copied.removeAttribute("id");
  table.append(rows.closest("table").tHead.cloneNode(true), copied);
  scroll.className = "scroll";
  scroll.append(table);
  facts.append(scroll);
};

const openFacts = () => {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  for (const mark of all(".grid a[aria-current]")) mark.removeAttribute("aria-current");
  if (target instanceof HTMLDetailsElement) target.open = true;
  const within = target?.closest("details");
  if (within) within.open = true;
  if (!target?.classList.contains("facts")) return;
  addCapabilities(target);
  document.querySelector(`.grid a[href="#${target.id}"]`)?.setAttribute("aria-current", "true");
  target.focus({ preventScroll: true });
};

const closeFacts = (close) => {
  const [x, y] = [scrollX, scrollY];
  location.hash = close.hash;
  scrollTo(x, y);
  document.querySelector(`${close.hash} a`)?.focus({ preventScroll: true });
};

addEventListener("hashchange", openFacts);
document.addEventListener("click", (event) => {
  const close = event.target.closest?.(".close");
  if (!close) return;
  event.preventDefault();
  closeFacts(close);
});
document.addEventListener("keydown", (event) => {
  const close = event.key === "Escape" && document.querySelector(".facts:target .close");
  if (close) closeFacts(close);
});

// --- arrow keys go from mark to mark

const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const isSeen = (part) => part?.offsetParent != null;

const neighbour = (cell, [down, across]) => {
  let [row, at] = [cell.parentElement, cell.cellIndex];
  do {
    at += across;
    row = down > 0 ? row.nextElementSibling : down < 0 ? row.previousElementSibling : row;
    const mark = row?.cells[at]?.querySelector("td > a");
    if (isSeen(mark)) return mark;
  } while (row?.cells[at]);
  return null;
};

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(".grid td");
  const next = cell && steps[event.key] && neighbour(cell, steps[event.key]);
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// --- the filter by name, and how much is left

const filters = document.querySelector(".filters");
const rows = all(".grid tbody tr");

const filterByName = () => {
  const wanted = byId("server").value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
};

const countShown = () => {
  const marks = all(".grid td a");
  byId("count").textContent = `${marks.filter(isSeen).length} of ${marks.length} cells shown`;
};

const refilter = () => {
  filterByName();
  countShown();
};

filters.addEventListener("input", refilter);
filters.addEventListener("submit", (event) => event.preventDefault());
// a form is emptied after its listeners were told
filters.addEventListener("reset", () => setTimeout(refilter));

// --- on paper everything is open that lies under a finding

const reopened = [];
addEventListener("beforeprint", () => {
  for (const closed of all("#findings details:not([open])")) {
    closed.open = true;
    reopened.push(closed);
  }
});
addEventListener("afterprint", () => {
  for (const opened of reopened.splice(0)) opened.open = false;
});

openFacts();
countShown();
