import { fileURLToPath } from "node:url";
import { z } from "zod";
import { openPython } from "./python-process.ts";

/** `train-torch.py` as a process that runs rounds of training steps on order. */
export interface TorchRounds {
  readonly version: string;
  /** Seconds that the ordered steps took. */
  round(order: Readonly<Record<string, string | number>>): Promise<number>;
  close(): void;
}

const Greeting = z.object({ torch: z.string() });
const Answer = z.object({ seconds: z.number().positive(), loss: z.number() });

/** Null when this interpreter is missing or has no PyTorch. */
export async function openTorch(python: string): Promise<TorchRounds | null> {
  const child = await openPython(python, fileURLToPath(new URL("train-torch.py", import.meta.url)));
  if (child === null) return null;
  return {
    version: Greeting.parse(child.greeting).torch,
    round: async (order) => (await child.ask(order, Answer)).seconds,
    close: child.close,
  };
}
