/** Bytes as text, each byte a character: a flat copy, so that no small id keeps a large body alive. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to);
}
