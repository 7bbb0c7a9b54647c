/** A sum over a number of cases: failed of all calls, or time waited by message. Of the last 10 to 20 seconds, and as usual. */
const HALF_S = 10;
/** Half of what is known is of the last so many minutes. */
const HALF_LIFE = 30;
/** Fewer cases teach nothing. */
const CASES_MIN = 5;

export class Ratio {
  #sum = 0;
  #cases = 0;
  #sumBefore = 0;
  #casesBefore = 0;
  #halfSecond = 0;
  /** Null until it was learned. */
  usual: number | null;

  constructor(usual: number | null = null) {
    this.usual = usual;
  }

  add(value: number, second: number): void {
    this.#turn(second);
    this.#sum += value;
    this.#cases++;
  }

  /** Cases in the last 10 to 20 seconds. */
  casesAt(second: number): number {
    this.#turn(second);
    return this.#cases + this.#casesBefore;
  }

  /** Of those; null without any. */
  shareAt(second: number): number | null {
    const cases = this.casesAt(second);
    return cases === 0 ? null : (this.#sum + this.#sumBefore) / cases;
  }

  /** Call it once a minute. */
  learn(second: number): void {
    const share = this.shareAt(second);
    if (share === null || this.casesAt(second) < CASES_MIN) return;
    this.usual = this.usual === null ? share : this.usual + (1 - 2 ** (-1 / HALF_LIFE)) * (share - this.usual);
  }

  #turn(second: number): void {
    const halves = Math.floor((second - this.#halfSecond) / HALF_S);
    if (halves <= 0) return;
    this.#sumBefore = halves === 1 ? this.#sum : 0;
    this.#casesBefore = halves === 1 ? this.#cases : 0;
    this.#sum = 0;
    this.#cases = 0;
    this.#halfSecond = second - (second % HALF_S);
  }
}
