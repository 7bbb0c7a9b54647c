/** How the report's figures are written, in every format. */
import { duration, size } from './format.ts';

/** A figure: the report's own value, and how it is written. */
export interface Figure {
  readonly value: number;
  readonly text: string;
}

/** Whole numbers as they are, others with as many digits as say something: 1,204 and 2.4 and 0.0031. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  if (Math.abs(value) < 0.1) return value.toLocaleString('en-US', { maximumSignificantDigits: 2 });
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

export function count(value: number): Figure {
  return { value, text: figure(value) };
}

export function bytes(value: number): Figure {
  return { value, text: size(Math.round(value)) };
}

/** @param ms null: there is none. */
export function time(ms: number): Figure;
export function time(ms: number | null): Figure | null;
export function time(ms: number | null): Figure | null {
  return ms === null ? null : { value: ms, text: duration(ms) };
}

/** What a method does, as people name it: `object_action Instance.save` is `Instance.save`'s call. */
export function methodName({ method, object }: { readonly method: string; readonly object: string | null }): string {
  return object === null ? method : `${method} ${object}`;
}

/** `1 request`, `3 requests`. */
export function counted(amount: number, what: string): string {
  return `${amount.toLocaleString('en-US')} ${what}${amount === 1 ? '' : 's'}`;
}
