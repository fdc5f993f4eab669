import { answerCalls } from "../../../src/threads/answer-calls.ts";

/** What a thread of the tests is asked for. */
export type Request = { readonly kind: "echo"; readonly value: unknown } | { readonly kind: "die" };

answerCalls<Request>((request) => (request.kind === "echo" ? request.value : process.exit(3)));
