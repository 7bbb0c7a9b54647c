/** Storms as a table for people: a line each. */
import type { StoredStorm } from '../queries/storms.ts';
import { clock, duration, table } from './format.ts';
import { figure, grownWords, senderWords, timesWords, triggerWords } from './storm-words.ts';

const HEAD = ['START', 'LASTED', 'WHAT GREW', 'USUAL/S', 'PEAK/S', 'TIMES', 'FROM', 'STARTED BY', 'ID'];
const RIGHT = new Set([1, 3, 4, 5]);

/** `''` where there are none. */
export function stormTable(storms: readonly StoredStorm[]): string {
  return storms.length === 0 ? '' : table([HEAD, ...storms.map(toRow)], RIGHT);
}

function toRow(storm: StoredStorm): string[] {
  return [
    clock(storm.start),
    storm.is_open ? `${duration(storm.duration_ms)}, open` : duration(storm.duration_ms),
    grownWords(storm),
    figure(storm.usual_per_second),
    figure(storm.peak_per_second),
    timesWords(storm.factor),
    senderWords(storm),
    triggerWords(storm),
    storm.id,
  ];
}
