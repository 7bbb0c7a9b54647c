/** How drawings look: on a page that has these rules once, or alone with the rules inside. Light and dark; by form as well as by colour. */

/** Colours by what they are for. */
export const PALETTE_CSS = `:root{--paper:#fff;--ink:#1b1f24;--faint:#57606a;--line:#d0d7de;--panel:#f6f8fa;--call:#0b5cad;--cast:#9a4a00;--fanout:#7a32c9;--notification:#59636e;--http:#00695c;--failed:#b3001b}
@media (prefers-color-scheme:dark){:root{--paper:#0f1419;--ink:#e6edf3;--faint:#9aa5b1;--line:#38424d;--panel:#171d24;--call:#79b8ff;--cast:#ffb077;--fanout:#cbaaff;--notification:#a3adb8;--http:#5bd6c5;--failed:#ff8a80}}
@media print{:root{--paper:#fff;--ink:#000;--faint:#444;--line:#bbb;--panel:#f6f6f6;--call:#0b5cad;--cast:#9a4a00;--fanout:#7a32c9;--notification:#59636e;--http:#00695c;--failed:#b3001b}}
`;

/** What the drawings' classes mean; it needs the palette. */
export const DRAWING_CSS = `.drawing{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:var(--ink)}
.drawing text{fill:var(--ink)}.drawing .faint{fill:var(--faint)}.drawing .small{font-size:11px}
.drawing .box{fill:var(--panel);stroke:var(--ink);stroke-width:1.2}.drawing .grid{stroke:var(--line);stroke-width:1}
.drawing .stripe{fill:var(--panel)}.drawing .pill{fill:var(--paper);stroke:var(--line)}
.drawing .link{fill:none;stroke-width:1.6}.drawing .cast.link{stroke-dasharray:7 3}.drawing .fanout.link{stroke-dasharray:2 3}
.drawing .call{--own:var(--call)}.drawing .cast{--own:var(--cast)}.drawing .fanout{--own:var(--fanout)}
.drawing .notification{--own:var(--notification)}.drawing .http{--own:var(--http)}.drawing .failed{--own:var(--failed)}
.drawing .link,.drawing .pill{stroke:var(--own)}.drawing .tip,.drawing .bar{fill:var(--own)}.drawing text.own{fill:var(--own)}
.drawing .wait{fill:none;stroke:var(--own);stroke-width:1}
`;

/** What every drawing has. */
export interface Drawing {
  /** Begins the ids in it: unlike that of any other drawing of the page. A letter, then letters, digits and hyphens. */
  readonly id: string;
  /** What it shows, in a line; and in a few sentences, for those who do not see it. */
  readonly title: string;
  readonly description: string;
}

export interface DrawingOptions {
  /** A file of its own: with a name space, a background and the style inside. Else the page has `PALETTE_CSS` and `DRAWING_CSS`. */
  readonly isStandalone: boolean;
}
