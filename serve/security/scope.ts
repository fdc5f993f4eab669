/** What a key may be allowed to do. */
export const scopes = ["infer", "feedback", "metrics", "admin"] as const;
/** What a route asks a key for; null where none is asked for, as at probes. */
export type Scope = (typeof scopes)[number] | null;
