import { z } from "zod";
import { fromArchitectureName } from "../../src/contract/architecture.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Flags } from "./command.ts";

const Budgets = z
  .string()
  .transform((text) => text.split(",").map(Number))
  .pipe(z.array(z.number().positive()).min(1));

export interface BudgetFlags {
  readonly budgetsMs: readonly number[];
  /** What is trained for each budget, by short name; null: what the search finds. */
  readonly architectures: readonly string[] | null;
}

/** Budgets in rising order, each with its architecture where they are given. @throws {ConfigError} naming the flag that is wrong. */
export function toBudgets(flags: Flags): BudgetFlags {
  const read = Budgets.safeParse(flags.budgets);
  if (!read.success)
    throw new ConfigError(`--budgets is a list of milliseconds such as 0.1,1,3, not "${flags.budgets}"`);
  const names: string[] | undefined = flags.architectures?.split(",").map((each: string) => each.trim());
  for (const each of names ?? [])
    if (fromArchitectureName(each, 1) === null)
      throw new ConfigError(
        `--architectures: "${each}" is none; they look like static-e256 or 2x312-ffn312-h12-relu-e256`,
      );
  if (names !== undefined && names.length !== read.data.length)
    throw new ConfigError(`--architectures names one for each of the ${read.data.length} budgets, not ${names.length}`);
  const order = [...read.data.keys()].sort((a, b) => must(read.data[a]) - must(read.data[b]));
  return {
    budgetsMs: order.map((i) => must(read.data[i])),
    architectures: names === undefined ? null : order.map((i) => must(names[i])),
  };
}
