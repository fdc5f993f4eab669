/** Protocol-buffer messages (wire format 2/3), written and read: the few field kinds that ONNX needs. */
export class ProtoWriter {
  private readonly chunks: Uint8Array[] = [];
  private size = 0;

  /** A non-negative or negative integer (int32, int64, enum). */
  integer(field: number, value: number | bigint): this {
    return this.raw(tag(field, 0)).raw(varint(BigInt.asUintN(64, BigInt(value))));
  }

  float(field: number, value: number): this {
    return this.raw(tag(field, 5)).raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.raw(tag(field, 2))
      .raw(varint(BigInt(value.length)))
      .raw(value);
  }

  message(field: number, value: ProtoWriter): this {
    this.raw(tag(field, 2)).raw(varint(BigInt(value.size)));
    for (const chunk of value.chunks) this.raw(chunk);
    return this;
  }

  /** A field as it was read. */
  whole({ whole }: ProtoField): this {
    return this.raw(whole);
  }

  toBytes(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  private raw(chunk: Uint8Array): this {
    this.chunks.push(chunk);
    this.size += chunk.length;
    return this;
  }
}

function tag(field: number, wireType: number): Uint8Array {
  return varint(BigInt((field << 3) | wireType));
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(out);
}

/** A field as it lies in a message. */
export interface ProtoField {
  readonly field: number;
  /** Of a varint. */
  readonly integer: number;
  /** Of a string, message or packed list: a view, no copy. Empty for other kinds. */
  readonly bytes: Uint8Array;
  /** The field with its tag, for copying it as it is. */
  readonly whole: Uint8Array;
}

const nothing = new Uint8Array();

/** The fields of a message in their order. @throws {RangeError} when it is cut or not a message. */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  for (let at = 0; at < message.length; ) {
    const start = at;
    const [key, afterKey] = readVarint(message, at);
    const [integer, afterInteger] = (key & 7) === 0 || (key & 7) === 2 ? readVarint(message, afterKey) : [0, afterKey];
    const end = afterInteger + sizeAfter(key & 7, integer);
    if (end > message.length) throw new RangeError("the message is cut");
    const bytes = (key & 7) === 2 ? message.subarray(afterInteger, end) : nothing;
    yield { field: key >>> 3, integer, bytes, whole: message.subarray(start, end) };
    at = end;
  }
}

/** Bytes that follow tag and varint, by wire type. */
function sizeAfter(wireType: number, integer: number): number {
  const size = [0, 8, integer, undefined, undefined, 4][wireType];
  if (size === undefined) throw new RangeError(`no wire type ${wireType}`);
  return size;
}

/** Value (exact below 2⁵³) and where it ends. */
function readVarint(message: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = message[start + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  throw new RangeError("the message is cut");
}
