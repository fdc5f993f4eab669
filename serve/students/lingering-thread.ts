import { Thread } from "../engine/thread.ts";

/** A thread that is there while it has work, and for a while after it: what work leaves in its heap goes with it. */
export class LingeringThread {
  private readonly entry: URL;
  private readonly lingerMs: number;
  private thread: Thread | undefined;
  private linger: NodeJS.Timeout | undefined;

  constructor(entry: URL, lingerMs: number) {
    this.entry = entry;
    this.lingerMs = lingerMs;
  }

  async use<T>(work: (thread: Thread) => Promise<T>): Promise<T> {
    clearTimeout(this.linger);
    if (this.thread === undefined || this.thread.isDead) this.thread = new Thread(this.entry, () => {});
    const thread = this.thread;
    try {
      return await work(thread);
    } finally {
      if (thread.outstanding === 0 && thread === this.thread) this.closeLater();
    }
  }

  /** Of several calls that end at once, as when the thread dies, the last counts. */
  private closeLater(): void {
    clearTimeout(this.linger);
    this.linger = setTimeout(() => this.close(), this.lingerMs).unref();
  }

  close(): void {
    clearTimeout(this.linger);
    void this.thread?.close();
    this.thread = undefined;
  }
}
