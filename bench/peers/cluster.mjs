import cluster from "node:cluster";

/** Two processes behind one port, as Node programs use two cores. `start` listens on the port. */
export async function inTwoProcesses(start) {
  if (cluster.isPrimary) {
    for (let i = 0; i < 2; i++) cluster.fork();
  } else await start(Number(process.env.PORT));
}
