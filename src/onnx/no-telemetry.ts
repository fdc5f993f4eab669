/**
 * Official builds of onnxruntime from 1.29 on report sessions (names and hashes of models among them) to their vendor
 * unless the environment says otherwise when the library starts. It reads the process's environment, of which a worker
 * thread has only a copy: import this in the main thread, before a thread or a session is made.
 */
// biome-ignore lint/style/noProcessEnv: there is no other way to tell the library.
process.env.ORT_DISABLE_TELEMETRY = "1";
