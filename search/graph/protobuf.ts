/** Writes protocol-buffer messages (wire format 2/3): the few field kinds that ONNX needs. */
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
