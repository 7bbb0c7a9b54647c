/** The page's script: tables are sorted by their headings, all parts opened and closed at once, and all opened for paper. Without it all can be read. */
export const PAGE_SCRIPT = `'use strict';
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// By a figure's exact value, else by the text; what is empty stands last.
function sortBy(table, at, isDescending) {
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => {
    const cell = row.cells[at];
    return { row, text: cell.textContent, value: cell.dataset.v === undefined ? null : Number(cell.dataset.v) };
  });
  const sign = isDescending ? -1 : 1;
  const isEmpty = ({ value, text }) => value === null && text === '';
  keyed.sort((a, b) => {
    if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b);
    return sign * (a.value !== null && b.value !== null ? a.value - b.value : a.text.localeCompare(b.text));
  });
  body.append(...keyed.map(({ row }) => row));
}

for (const heading of all('thead th')) {
  const table = heading.closest('table');
  if (table.tBodies[0].rows.length < 2) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener('click', () => {
    const before = heading.getAttribute('aria-sort');
    // Of figures the largest are wanted first.
    const isDescending = before === null ? heading.classList.contains('n') : before === 'ascending';
    for (const other of all('th[aria-sort]', table)) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
    sortBy(table, heading.cellIndex, isDescending);
  });
}

function setAll(isOpen) {
  for (const details of all('details')) details.open = isOpen;
}
for (const button of all('.tools button')) button.addEventListener('click', () => setAll(button.dataset.open === 'true'));
for (const tools of all('.tools')) tools.hidden = false;

// A link to a part opens it.
function openTarget() {
  const target = location.hash === '' ? null : document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener('hashchange', openTarget);
openTarget();

// What is closed is not printed.
let closed = [];
addEventListener('beforeprint', () => {
  closed = all('details:not([open])');
  for (const details of closed) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of closed) details.open = false;
});
`;
