/** What a run of the journal does, the same for the process that does it and for the one that knows what must be left of it. */
export type Step =
  | { readonly do: 'append'; readonly n: number; readonly story: number }
  | { readonly do: 'settle'; readonly stories: readonly number[] }
  | { readonly do: 'tick'; readonly n: number }
  | { readonly do: 'commit' };

/** Small, so that a run of a tenth of a second fills and folds many. */
export const OPTIONS = { segmentBytesMax: 20_000, segmentsMax: 2 };

/** A run's events have numbers of their own; its stories overlap with those of the run before. Without end. */
export function* steps(run: number): Generator<Step> {
  const random = randomOf(run);
  const upTo = (count: number) => Math.floor(random() * count);
  let newest = run * 200;
  for (let n = run * 1_000_000; ; n++) {
    newest += random() < 0.3 ? 1 : 0;
    // Most stories are of late; one in fifty of those that began long ago.
    const story = () => Math.max(0, newest - (random() < 0.02 ? upTo(2_000) : upTo(20)));
    yield { do: 'append', n, story: story() };
    if (random() < 0.2)
      yield { do: 'settle', stories: Array.from({ length: 1 + upTo(4) }, () => Math.max(0, newest - upTo(120))) };
    if (random() < 0.02) yield { do: 'tick', n };
    if (random() < 0.05) yield { do: 'commit' };
  }
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed + 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
