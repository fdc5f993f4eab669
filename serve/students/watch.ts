import { type FSWatcher, watch } from "node:fs";

/** Changes come in bursts (old folder out, new one in): the callback waits for this much quiet. */
const quietMs = 150;

/**
 * Calls back after something was put into the folder or taken out, and every `pollSeconds` all the same: watching misses
 * files that are rewritten deeper down, network volumes and swapped mounts, and ends when the folder itself is replaced.
 */
export function watchFolder(folder: string, pollSeconds: number, onChange: () => void): { close(): void } {
  let quiet: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  const poll = setInterval(() => {
    watcher ??= tryWatch();
    onChange();
  }, pollSeconds * 1000);
  watcher = tryWatch();
  return {
    close: () => {
      clearInterval(poll);
      clearTimeout(quiet);
      watcher?.close();
    },
  };

  function tryWatch(): FSWatcher | undefined {
    try {
      const started = watch(folder, { persistent: false }, () => {
        clearTimeout(quiet);
        quiet = setTimeout(onChange, quietMs);
      });
      started.on("error", () => {
        started.close();
        watcher = undefined;
      });
      return started;
    } catch {
      return undefined;
    }
  }
}
