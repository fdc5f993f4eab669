/** The part of autocannon that the benchmarks use; it comes without types. */
declare module "autocannon" {
  import type { EventEmitter } from "node:events";

  export interface Options {
    readonly url: string;
    readonly method: "POST";
    readonly connections: number;
    readonly duration: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly requests: readonly { readonly body: string }[];
  }
  export interface Totals {
    readonly duration: number;
    readonly "2xx": number;
    readonly non2xx: number;
    readonly errors: number;
  }
  /** Emits `response` (client, status, bytes, milliseconds) for each reply; resolves to the totals. */
  // biome-ignore lint/style/noDefaultExport: it is the package's own.
  export default function autocannon(options: Options): EventEmitter & Promise<Totals>;
}
