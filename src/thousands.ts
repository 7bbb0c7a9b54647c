/** A count for people: 12,300. */
export function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
