declare module 'seek-bzip' {
  interface Output {
    writeByte(byte: number): void;
  }
  const bzip2: { decode(input: Uint8Array, output: Output): void };
  export default bzip2;
}
