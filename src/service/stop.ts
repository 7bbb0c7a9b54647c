/** Ctrl-C and SIGTERM: the first ends a long command in order, the second at once. */
import { EXIT } from '../errors.ts';

export class Stop {
  #isTold = false;
  #listener = () => {};
  readonly #timer: NodeJS.Timeout | null;
  readonly #onSignal = () => {
    if (this.#isTold) process.exit(EXIT.failed);
    this.#tell();
  };

  /** @param afterMs ends it by itself. */
  constructor(afterMs?: number) {
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal);
    this.#timer = afterMs === undefined ? null : setTimeout(() => this.#tell(), afterMs);
  }

  /** Calls it once; at once, where it was told already. */
  onStop(listener: () => void): void {
    this.#listener = listener;
    if (this.#isTold) listener();
  }

  release(): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#listener();
  }
}
