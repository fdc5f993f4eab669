/** What goes to a thread, and what comes back. `serial` joins them. */
export type Call<Request> = { readonly serial: number } & (Request | { readonly kind: "close" });

export interface Answer {
  readonly serial: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

/** What is left of an error on its way between threads: not its class. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Of an error of the system, such as ENOSPC. */
  readonly code?: string;
  /** Of a class of ours that tells reasons apart. */
  readonly reason?: string;
}
