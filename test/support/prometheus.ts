/** Prometheus' text format, as far as a test needs it. */

/** @returns what tells the value of one series, written as on the page; undefined where it is not there. */
export function seriesOf(page: string): (series: string) => number | undefined {
  const values = new Map<string, number>();
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return (series) => values.get(series);
}

/** The sum over all series of a metric. */
export function sumOf(page: string, metric: string): number {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
