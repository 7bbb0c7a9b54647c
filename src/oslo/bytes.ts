/** What Buffer's toString('latin1') comes down to, without its checks of the arguments: there in every Node, if undocumented. */
interface Latin1Sliceable {
  latin1Slice(from: number, to: number): string;
}

/** Bytes as text, each byte a character: a flat copy, so that no small id keeps a large body alive. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Sliceable).latin1Slice(from, to);
}
