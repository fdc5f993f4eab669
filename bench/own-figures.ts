export interface Figures {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

/** Of a server of ours, as it says itself in its metrics. */
export async function ownFigures(url: string): Promise<Figures> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1]);
  const rssMiB = Math.round(value("process_resident_memory_bytes") / 2 ** 20);
  return { cpuSeconds: value("process_cpu_seconds_total"), rssMiB };
}
