/** The few parts of the WebAssembly API that we use: its types come with the browser's library, which Node code does not load. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WebAssemblyApi {
  /** `initial` and `maximum` in pages of 64 KiB. */
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { readonly exports: object };
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
