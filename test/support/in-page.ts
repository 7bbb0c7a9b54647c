/**
 * What tests ask a page for. These run in the browser and not in Node, so they are text: the tree's own code is not to compile
 * against a browser's globals.
 */

/** string[]: texts of drawings that stand outside of them, or of the box that they are in. */
export const TEXTS_OUTSIDE = `[...document.querySelectorAll('svg')].flatMap((svg) => {
  const { width, height } = svg.viewBox.baseVal;
  return [...svg.querySelectorAll('text')].flatMap((text) => {
    const box = text.getBBox();
    const isIn = box.x >= -1 && box.y >= -1 && box.x + box.width <= width + 1 && box.y + box.height <= height + 1;
    const rect = text.previousElementSibling;
    const around = rect?.matches('rect.box, rect.pill') ? rect.getBBox() : null;
    const fits = around === null || (box.x >= around.x && box.x + box.width <= around.x + around.width);
    return isIn && fits ? [] : [text.textContent];
  });
})`;

/** {title, description, shapes, width, height}[]: the drawings, and what names them. */
export const DRAWINGS = `[...document.querySelectorAll('figure svg')].map((svg) => {
  const [title, description] = (svg.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '');
  const { width, height } = svg.getBoundingClientRect();
  const shapes = svg.querySelectorAll('rect, path').length;
  return { role: svg.getAttribute('role'), title, description, shapes, width, height };
})`;

/** number[]: the exact figures of a column. @param at 0: the rows' headings. */
export function columnOf(table: string, at: number): string {
  return `[...document.querySelectorAll('table[data-name="${table}"] tbody tr')].map((row) => Number(row.cells[${at}].dataset.v))`;
}

/** string[]: ids that something refers to and nothing has, and links to nowhere in the page. */
export const LOST_REFERENCES = `[
  ...[...document.querySelectorAll('[aria-labelledby]')].flatMap((one) => one.getAttribute('aria-labelledby').split(' ')),
  ...[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href').replace(/^#/, '')),
].filter((id) => document.getElementById(id) === null)`;

/** string[]: every pair of colours that text stands in, as \`rgb(…) on rgb(…)\`. The page's own first. */
export const COLOURS = `(() => {
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  const seen = new Set([getComputedStyle(document.body).color + ' on ' + behind(document.body)]);
  for (const element of document.querySelectorAll('body *:not(script, title, desc)')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
    if (!hasText) continue;
    const style = getComputedStyle(element);
    seen.add((element instanceof SVGElement ? style.fill : style.color) + ' on ' + behind(element));
  }
  return [...seen];
})()`;

/** {hidden, cut, paper}: closed tables without a height, drawings beyond the right edge, the background. */
export const ON_PAPER = `({
  hidden: [...document.querySelectorAll('details:not([open]) table')].filter((table) => table.getBoundingClientRect().height === 0).length,
  cut: [...document.querySelectorAll('figure svg')].filter((svg) => svg.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length,
  paper: getComputedStyle(document.body).backgroundColor,
})`;

/** {root, isBroken, texts}: what a file of SVG became. */
export const DOCUMENT = `({
  root: document.documentElement.tagName,
  isBroken: document.querySelector('parsererror') !== null,
  texts: document.querySelectorAll('text').length,
})`;
