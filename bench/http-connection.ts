import { connect, type Socket } from "node:net";

export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

/**
 * A kept-alive HTTP/1.1 connection with one request on its way. It knows just what the benchmarks' servers send (a content
 * length, no chunks), so that the generator of the load takes little of the cores that it shares with the server.
 */
export class HttpConnection {
  private readonly socket: Socket;
  private pieces: Buffer[] = [];
  private size = 0;
  private wanted = 0;
  private bodyAt = 0;
  private done: ((reply: HttpReply) => void) | undefined;

  /** @param onBroken called when the server closes or resets it; what was on its way is answered with status 0. */
  constructor(url: URL, onBroken: (connection: HttpConnection) => void) {
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.socket.on("data", (piece) => this.read(piece));
    this.socket.on("error", () => {});
    this.socket.once("close", () => {
      onBroken(this);
      this.finish({ status: 0, body: "" });
    });
  }

  send(request: Buffer | string, done: (reply: HttpReply) => void): void {
    this.done = done;
    this.socket.write(request);
  }

  close(): void {
    this.socket.destroy();
  }

  private read(piece: Buffer): void {
    this.pieces.push(piece);
    this.size += piece.length;
    if (this.wanted === 0) this.readHead();
    if (this.wanted === 0 || this.size < this.wanted) return;
    const reply = this.pieces.length === 1 ? piece : Buffer.concat(this.pieces);
    const status = Number(reply.toString("latin1", 9, 12));
    const body = reply.toString("utf8", this.bodyAt, this.wanted);
    this.pieces = [];
    this.size = 0;
    this.wanted = 0;
    this.finish({ status, body });
  }

  private readHead(): void {
    const bytes = this.pieces.length === 1 ? (this.pieces[0] as Buffer) : Buffer.concat(this.pieces);
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = /content-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end))?.[1];
    if (length === undefined) throw new Error("a reply without a content length");
    this.bodyAt = end + 4;
    this.wanted = this.bodyAt + Number(length);
  }

  private finish(reply: HttpReply): void {
    const { done } = this;
    this.done = undefined;
    done?.(reply);
  }
}

/** The bytes of a request whose body is JSON. */
export function postRequest(url: URL, body: unknown, headers: Readonly<Record<string, string>> = {}): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: url.host,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${url.pathname} HTTP/1.1\r\n${lines.join("")}\r\n${text}`;
}
