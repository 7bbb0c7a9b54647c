/**
 * bzip2, decompressed within bounds whatever the bytes are: time grows with input and output only, and both are bounded.
 *
 *   "BZh" level { BLOCK crc 0 origin map trees selectors lengths symbols… }… END crc           (bits, not bytes)
 *
 * A block's symbols are Huffman-coded; undone after that are runs and move-to-front, the Burrows-Wheeler transform, and
 * runs of four. Source: bzip2's decompress.c. A checksum that differs is an error, as any other damage is.
 */

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const LEVEL_BYTES = 100_000;
const CODE_BITS_MAX = 20;
/** Symbols coded with one tree before the next selector says which comes. */
const GROUP_SIZE = 50;
const RUN_B = 1;

export class Bzip2Error extends Error {
  readonly isTooLarge: boolean;

  constructor(reason: string, isTooLarge = false) {
    super(reason);
    this.isTooLarge = isTooLarge;
  }
}

/** @throws Bzip2Error where the bytes are damaged, or unpack to more than `bytesMax`. */
export function bunzip2(input: Buffer, bytesMax: number): Buffer {
  const level = (input[3] ?? 0) - 0x30;
  check(input.toString('latin1', 0, 3) === 'BZh' && level >= 1 && level <= 9, 'not bzip2');
  const bits = new Bits(input);
  const output = new Output(bytesMax);
  const block = new Uint32Array(level * LEVEL_BYTES);
  let streamCrc = 0;
  for (let magic = bits.magic(); magic !== END_MAGIC; magic = bits.magic()) {
    check(magic === BLOCK_MAGIC, 'no block where one should be');
    const crc = bits.read32();
    streamCrc = (crc ^ ((streamCrc << 1) | (streamCrc >>> 31))) >>> 0;
    check(bits.read(1) === 0, 'a randomised block');
    const origin = bits.read(24);
    const length = readSymbols(bits, block);
    check(origin < length, 'the origin lies outside its block');
    untransform(block, length, origin, output);
    check(output.takeCrc() === crc, 'a checksum differs');
  }
  check(bits.read32() === streamCrc, 'the last checksum differs');
  return output.bytes();
}

function check(isSound: boolean, reason: string): void {
  if (!isSound) throw new Bzip2Error(reason);
}

/** Most significant bit first. */
class Bits {
  readonly #input: Buffer;
  #at = 4; // behind "BZh" and the level
  #held = 0;
  #heldBits = 0;

  constructor(input: Buffer) {
    this.#input = input;
  }

  /** @param count at most 24. */
  read(count: number): number {
    while (this.#heldBits < count) {
      const byte = this.#input[this.#at++];
      if (byte === undefined) throw new Bzip2Error('it ends in the middle');
      this.#held = ((this.#held << 8) | byte) >>> 0;
      this.#heldBits += 8;
    }
    this.#heldBits -= count;
    return (this.#held >>> this.#heldBits) & ((1 << count) - 1);
  }

  read32(): number {
    return this.read(16) * 0x1_0000 + this.read(16);
  }

  magic(): number {
    return this.read(24) * 0x100_0000 + this.read(24);
  }
}

/** Fills the block with its transformed bytes. Returns how many. */
function readSymbols(bits: Bits, block: Uint32Array): number {
  const front = readMap(bits);
  const endSymbol = front.length + 1;
  const treeCount = bits.read(3);
  check(treeCount >= 2 && treeCount <= 6 && front.length > 0, 'no trees');
  const selectors = readSelectors(bits, treeCount);
  const trees = Array.from({ length: treeCount }, () => readTree(bits, endSymbol + 1));
  let length = 0;
  let run = 0;
  let runUnit = 1;
  for (const selector of selectors) {
    const tree = trees[selector] as Tree;
    for (let i = 0; i < GROUP_SIZE; i++) {
      const symbol = readSymbol(bits, tree);
      if (symbol <= RUN_B) {
        run += runUnit << symbol;
        runUnit <<= 1;
        check(length + run <= block.length, 'a run over the end of its block'); // before runUnit can overflow
        continue;
      }
      if (run > 0) {
        block.fill(front[0] as number, length, length + run);
        length += run;
        run = 0;
        runUnit = 1;
      }
      if (symbol === endSymbol) return length;
      check(length < block.length, 'more than a block holds');
      const byte = front[symbol - 1] as number;
      front.copyWithin(1, 0, symbol - 1);
      front[0] = byte;
      block[length++] = byte;
    }
  }
  throw new Bzip2Error('a block without end');
}

/** The byte values that occur, in their order. */
function readMap(bits: Bits): Uint8Array {
  const used: number[] = [];
  const rows = bits.read(16);
  for (let row = 0; row < 16; row++) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) if ((columns >> (15 - column)) & 1) used.push(row * 16 + column);
  }
  return Uint8Array.from(used);
}

function readSelectors(bits: Bits, treeCount: number): Uint8Array {
  const selectors = new Uint8Array(bits.read(15));
  const front = Uint8Array.from({ length: treeCount }, (_, tree) => tree);
  for (let i = 0; i < selectors.length; i++) {
    let at = 0;
    while (bits.read(1) === 1) check(++at < treeCount, 'a tree that is not there');
    const tree = front[at] as number;
    front.copyWithin(1, 0, at);
    front[0] = tree;
    selectors[i] = tree;
  }
  return selectors;
}

/** A canonical Huffman code: codes of one length are consecutive, from `first`; their symbols follow in `symbols`. */
interface Tree {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function readTree(bits: Bits, symbolCount: number): Tree {
  const lengths = new Uint8Array(symbolCount);
  const counts = new Uint16Array(CODE_BITS_MAX + 1);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      check(length >= 1 && length <= CODE_BITS_MAX, 'a code too long or too short');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
    counts[length] = (counts[length] as number) + 1;
  }
  const symbols = new Uint16Array(symbolCount);
  let at = 0;
  for (let bitCount = 1; bitCount <= CODE_BITS_MAX; bitCount++) {
    for (let symbol = 0; symbol < symbolCount; symbol++) if (lengths[symbol] === bitCount) symbols[at++] = symbol;
  }
  return { counts, symbols };
}

function readSymbol(bits: Bits, { counts, symbols }: Tree): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= CODE_BITS_MAX; length++) {
    code |= bits.read(1);
    const count = counts[length] as number;
    if (code - first < count) return symbols[index + code - first] as number;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new Bzip2Error('a code that no symbol has');
}

/** Undoes the Burrows-Wheeler transform, in place: a block's upper 24 bits become the index of the byte that follows. */
function untransform(block: Uint32Array, length: number, origin: number, output: Output): void {
  const starts = new Uint32Array(256);
  for (let i = 0; i < length; i++) starts[block[i] as number] = (starts[block[i] as number] as number) + 1;
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    const count = starts[byte] as number;
    starts[byte] = sum;
    sum += count;
  }
  for (let i = 0; i < length; i++) {
    const byte = (block[i] as number) & 0xff;
    const at = starts[byte] as number;
    block[at] = (block[at] as number) | (i << 8);
    starts[byte] = at + 1;
  }
  let entry = block[origin] as number;
  let [previous, repeated] = [-1, 0];
  for (let i = 0; i < length; i++) {
    entry = block[entry >>> 8] as number;
    const byte = entry & 0xff;
    if (repeated === 4) {
      output.write(previous, byte); // behind four equal bytes stands how many more there are
      [previous, repeated] = [-1, 0];
      continue;
    }
    repeated = byte === previous ? repeated + 1 : 1;
    previous = byte;
    output.write(byte, 1);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** What was unpacked: grows to the bound, then throws. */
class Output {
  readonly #bytesMax: number;
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  #crc = 0xffff_ffff;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  write(byte: number, times: number): void {
    for (let i = 0; i < times; i++) {
      if (this.#length === this.#buffer.length) this.#grow();
      this.#buffer[this.#length++] = byte;
      this.#crc = (this.#crc << 8) ^ (CRC_TABLE[(this.#crc >>> 24) ^ byte] as number);
    }
  }

  /** The checksum of what was written since the last one. */
  takeCrc(): number {
    const crc = ~this.#crc >>> 0;
    this.#crc = 0xffff_ffff;
    return crc;
  }

  bytes(): Buffer {
    if (this.#length > this.#bytesMax) throw new Bzip2Error('too large', true);
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(): void {
    if (this.#length >= this.#bytesMax) throw new Bzip2Error('too large', true);
    const grown = Buffer.allocUnsafe(Math.min(this.#length * 2, Math.max(this.#bytesMax, this.#length)));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
