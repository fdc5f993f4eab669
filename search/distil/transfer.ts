/** What of the teacher's layers is imitated: hidden states (Uniform + Last), self-attention relations (MiniLMv2), or both. */
export const transferKinds = ["hidden", "relation", "both"] as const;
export type TransferKind = (typeof transferKinds)[number];
