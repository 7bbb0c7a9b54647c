/** The figures of a report's page, read back out of its tables. */

/** @param name of the table. @returns by row its figures, exactly as they stand behind what is shown. */
export function figuresOf(html: string, name: string): number[][] {
  const start = html.indexOf(`<table data-name="${name}">`);
  if (start < 0) return [];
  const body = html.slice(html.indexOf('<tbody>', start), html.indexOf('</tbody>', start));
  const rows = body.match(/<tr>.*?<\/tr>/g) ?? [];
  return rows.map((row) => [...row.matchAll(/ data-v="([^"]*)"/g)].map(([, value]) => Number(value)));
}
