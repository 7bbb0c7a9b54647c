/** The pieces of SVG that drawings are put together from. */
import { escapeXml, printable } from './report-text.ts';
import { DRAWING_CSS, type Drawing, type DrawingOptions, PALETTE_CSS } from './svg-style.ts';

/** Characters are at most so wide on average, as a part of the font's size: DejaVu Sans, the widest of the usual fonts. */
const CHAR_WIDTH = 0.62;

/** A drawing wider than that is not to be shrunk to a small screen: `large`. */
const WIDE_PX = 800;

/** How wide a text is at most, without a browser to ask. Pixels. */
export function widthOf(text: string, fontPx: number): number {
  return Math.ceil([...text].length * CHAR_WIDTH * fontPx);
}

/** A whole drawing of that size, with its title and description for screen readers. @param body SVG. */
export function drawing(
  { id, title, description }: Drawing,
  { width, height }: { readonly width: number; readonly height: number },
  body: readonly string[],
  { isStandalone }: DrawingOptions,
): string {
  const size = `width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}"`;
  const alone = isStandalone ? ' xmlns="http://www.w3.org/2000/svg"' : '';
  const style = isStandalone ? [`<style>${PALETTE_CSS}${DRAWING_CSS}svg{background:var(--paper)}</style>`] : [];
  return [
    `<svg${alone} class="drawing${width > WIDE_PX ? ' large' : ''}" role="img" aria-labelledby="${id}-t ${id}-d" ${size}>`,
    `<title id="${id}-t">${escapeXml(title)}</title><desc id="${id}-d">${escapeXml(description, 1_000)}</desc>`,
    ...style,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Classes of `DRAWING_CSS`. */
  readonly look?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** The rest is cut, and shown whole where the pointer rests on it. */
  readonly charsMax?: number;
}

export function label({ x, y, text, look = '', anchor = 'start', charsMax = 200 }: Label): string {
  const shown = printable(text, charsMax);
  const whole = shown.endsWith('…') && !text.endsWith('…') ? `<title>${escapeXml(text)}</title>` : '';
  const attributes = `${look === '' ? '' : ` class="${look}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${px(x)}" y="${px(y)}"${attributes}>${whole}${escapeXml(shown)}</text>`;
}

/** A coordinate: a tenth of a pixel is enough. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
