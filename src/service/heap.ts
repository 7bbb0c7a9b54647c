/**
 * Memory that V8 would keep for good. An ordinary collection neither closes the holes between calls that ended and casts that stay open for
 * ten minutes, nor gives back the pages that a burst took; one that reduces memory does both, but V8 makes it for programs that idle only
 * (src/heap/memory-reducer.cc, and `ShouldOptimizeForMemoryUsage` in src/heap/heap.cc). So one in a while is asked for.
 */
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

/** A reducing collection stops the sidecar for some 70 ms, where 100 MB are alive; others for 20. */
const PAUSE_MS = 60_000;
/** The first may have begun before it was asked to reduce. */
const COLLECTIONS = 2;

/** What an observer of `gc` is given, which @types/node has in no type of an entry. */
interface CollectionEntry {
  readonly detail: NodeGCPerformanceDetail;
}

export class HeapReducer {
  readonly #observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.#collected((entry as unknown as CollectionEntry).detail);
  });
  readonly #timer: NodeJS.Timeout;
  #left = 0;

  /** @param pauseMs between two times. */
  constructor(pauseMs: number = PAUSE_MS) {
    this.#timer = setInterval(() => this.#begin(), pauseMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#end();
  }

  #begin(): void {
    if (this.#left > 0) return;
    this.#left = COLLECTIONS;
    this.#observer.observe({ entryTypes: ['gc'] });
    setFlagsFromString('--optimize-for-size');
  }

  #collected({ kind }: NodeGCPerformanceDetail): void {
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR && this.#left > 0 && --this.#left === 0) this.#end();
  }

  #end(): void {
    this.#left = 0;
    this.#observer.disconnect();
    setFlagsFromString('--no-optimize-for-size');
  }
}
