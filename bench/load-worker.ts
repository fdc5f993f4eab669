import { HttpConnection, type HttpReply } from "./http-connection.ts";
import type { ClosedLoad, Load, OpenLoad, Shot } from "./load-generator.ts";

/** The process that makes the load: takes one order after another from its parent and answers with the shots. */
process.on("message", async (load: Load) => {
  process.send?.(load.kind === "open" ? await runOpen(load) : await runClosed(load));
});

/** Every connection sends its next request as soon as it has its reply. */
function runClosed({ url, requests, connections, seconds }: ClosedLoad): Promise<Shot[]> {
  const shots: Shot[] = [];
  const beganAt = performance.now();
  const end = beganAt + seconds * 1000;
  let next = 0;
  let open = connections;
  return new Promise((resolve) => {
    const all = Array.from({ length: connections }, () => new HttpConnection(new URL(url), () => {}));
    const shoot = (connection: HttpConnection) => {
      const startedAt = performance.now();
      if (startedAt > end) {
        connection.close();
        if (--open === 0) resolve(shots);
        return;
      }
      const request = next++ % requests.length;
      connection.send(requests[request] as string, ({ status }: HttpReply) => {
        const at = performance.now();
        shots.push({ request, status, latencyMs: at - startedAt, sentLateMs: 0, repliedAtMs: at - beganAt, body: "" });
        if (status === 0) {
          if (--open === 0) resolve(shots);
        } else shoot(connection);
      });
    };
    for (const connection of all) shoot(connection);
  });
}

/**
 * Sends each request at its time, whether earlier ones have been answered or not; its latency counts from that time, so
 * that a generator or a connection that is late hides nothing.
 */
function runOpen({ url, requests, arrivals }: OpenLoad): Promise<Shot[]> {
  if (arrivals.length === 0) return Promise.resolve([]);
  const target = new URL(url);
  const shots = new Array<Shot>(arrivals.length);
  const idle: HttpConnection[] = [];
  const all = new Set<HttpConnection>();
  const startedAt = performance.now() + 50;
  let next = 0;
  let answered = 0;
  return new Promise((resolve) => {
    const shoot = (index: number) => {
      const connection = idle.pop() ?? open();
      const { request, atMs } = arrivals[index] as OpenLoad["arrivals"][number];
      const dueAt = startedAt + atMs;
      const sentLateMs = performance.now() - dueAt;
      connection.send(requests[request] as string, ({ status, body }) => {
        const at = performance.now();
        shots[index] = { request, status, latencyMs: at - dueAt, sentLateMs, repliedAtMs: at - startedAt, body };
        if (all.has(connection)) idle.push(connection);
        if (++answered < arrivals.length) return;
        for (const each of all) each.close();
        resolve(shots);
      });
    };
    const open = () => {
      const connection = new HttpConnection(target, (broken) => all.delete(broken));
      all.add(connection);
      return connection;
    };
    const tick = () => {
      const elapsedMs = performance.now() - startedAt;
      while (next < arrivals.length && (arrivals[next] as { atMs: number }).atMs <= elapsedMs) shoot(next++);
      if (next < arrivals.length) setTimeout(tick, 1);
    };
    tick();
  });
}
