/**
 * How late the event loop is: a request that is read now has lain in its socket for about as long, and nothing else tells.
 * On a busy machine this is the longest of all waits.
 */
const periodMs = 20;
/** What is left of a delay after each period without one. */
const kept = 0.7;

let timer: NodeJS.Timeout | undefined;
let lagMs = 0;
let due = 0;

/** Recent delay of the event loop, ms, the turn that is going on included. The first call starts the watch. */
export function loopLagMs(): number {
  if (timer === undefined) {
    due = performance.now() + periodMs;
    timer = setInterval(observe, periodMs);
    timer.unref();
  }
  return Math.max(lagMs, performance.now() - due);
}

function observe(): void {
  const now = performance.now();
  const lateMs = Math.max(0, now - due);
  lagMs = Math.max(lateMs, lagMs * kept);
  // A timer that fires within its millisecond is not late.
  if (lagMs < 1) lagMs = 0;
  due = now + periodMs;
}
