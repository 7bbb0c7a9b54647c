/** The name that somebody may have meant. */

/** @returns the nearest candidate, or null where none is near. Case, `-`, `_` and `.` do not count. */
export function nearest(name: string, candidates: readonly string[]): string | null {
  const word = plain(name);
  let best: string | null = null;
  let least = Math.max(1, Math.floor(Math.min(word.length, LENGTH_MAX) / 3)) + 1;
  if (word.length > LENGTH_MAX) return null;
  for (const candidate of candidates) {
    const distance = distanceOf(word, plain(candidate));
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Of a name that is worth a comparison. */
const LENGTH_MAX = 60;

export function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** Edits (insert, delete, replace, swap neighbours) from one to the other: optimal string alignment. */
function distanceOf(from: string, to: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const [left, up, across] = [current[column - 1] ?? 0, last[column] ?? 0, last[column - 1] ?? 0];
      const edits = Math.min(left + 1, up + 1, across + (isSame ? 0 : 1));
      const isSwap = column > 1 && row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(isSwap ? Math.min(edits, (beforeLast[column - 2] ?? 0) + 1) : edits);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
