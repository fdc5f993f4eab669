import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ZodType } from "zod";

/** A Python script that greets in a line of JSON, and then answers each line of JSON with one. */
export interface PythonProcess {
  readonly greeting: unknown;
  ask<T>(question: unknown, answer: ZodType<T>): Promise<T>;
  close(): void;
}

/** Null when the interpreter is missing, or the script ends without a greeting since it lacks a package. */
export async function openPython(python: string, script: string): Promise<PythonProcess | null> {
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.on("error", () => child.stdout.destroy());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const greeting = await lines.next();
  if (greeting.done === true) return null;
  return {
    greeting: JSON.parse(greeting.value),
    ask: async (question, answer) => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`${script} ended before it answered`);
      return answer.parse(JSON.parse(line.value));
    },
    close: () => child.stdin.end(),
  };
}
