import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

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
  const script = fileURLToPath(new URL("train-torch.py", import.meta.url));
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.on("error", () => child.stdout.destroy());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const greeting = await lines.next();
  if (greeting.done === true) return null;
  return {
    version: Greeting.parse(JSON.parse(greeting.value)).torch,
    round: async (order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error("PyTorch ended in the middle of a round");
      return Answer.parse(JSON.parse(line.value)).seconds;
    },
    close: () => child.stdin.end(),
  };
}
