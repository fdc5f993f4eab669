import { ConfigError } from "../../src/errors.ts";
import { transferKinds } from "../distil/transfer.ts";
import type { Flag, Flags } from "./command.ts";
import { listOf } from "./list-flag.ts";

/** Flags of the search that say who teaches, and what. */
export const teacherFlags: Readonly<Record<string, Flag>> = {
  teacher: {
    type: "string",
    value: "folder|owner/name",
    doc: "teacher folder, or an id on the Hugging Face hub",
    default: "models/teacher",
  },
  "tuned-teacher": {
    type: "string",
    value: "folder,folder",
    doc:
      "teachers that npm run teacher:finetune left in runs/teacher/, for --soft-targets; a single one is also imitated in the place\n" +
      "      of the original one",
  },
  transfer: {
    type: "string",
    doc: "what of the teacher's layers students imitate: hidden states, self-attention relations, or both",
    choices: transferKinds,
    default: "hidden",
  },
  "soft-targets": {
    type: "boolean",
    doc:
      "students also learn what fine-tuned teachers say of their texts and of unlabelled ones; without --tuned-teacher\n" +
      "      one is fine-tuned for every task first, which takes long. With --preset full only",
    default: false,
  },
};

/** @param softTokens that the preset has teachers asked about. @throws {ConfigError} where nobody would ask them, or for no list. */
export function toTunedTeachers(flags: Flags, softTokens: number): readonly string[] {
  const folders = listOf(flags, "tuned-teacher") ?? [];
  if (folders.length > 1 && !flags["soft-targets"])
    throw new ConfigError("--tuned-teacher: several are only asked for --soft-targets, and one is imitated");
  if (flags["soft-targets"] && softTokens === 0)
    throw new ConfigError("--soft-targets goes with --preset full: the others ask no teacher");
  return folders;
}
