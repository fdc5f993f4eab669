import { expect, test } from "vitest";
import { ProtoWriter, protoFields } from "../../../src/onnx/protobuf.ts";

// The expected bytes are those of https://protobuf.dev/programming-guides/encoding/.

test("integer() writes varints", () => {
  expect([...new ProtoWriter().integer(1, 150).toBytes()]).toEqual([0x08, 0x96, 0x01]);
  expect([...new ProtoWriter().integer(1, 0).toBytes()]).toEqual([0x08, 0x00]);
});

test("integer() writes a negative number as ten bytes of two's complement", () => {
  expect([...new ProtoWriter().integer(1, -2).toBytes()]).toEqual([0x08, 0xfe, ...Array(8).fill(0xff), 0x01]);
});

test("integer() writes field numbers above 15 in two bytes", () => {
  expect([...new ProtoWriter().integer(20, 1).toBytes()]).toEqual([0xa0, 0x01, 0x01]);
});

test("string() writes UTF-8 with its length in bytes", () => {
  expect([...new ProtoWriter().string(2, "testing").toBytes()]).toEqual([0x12, 7, ...Buffer.from("testing")]);
  expect([...new ProtoWriter().string(2, "é").toBytes()]).toEqual([0x12, 2, 0xc3, 0xa9]);
});

test("float() writes four little-endian bytes", () => {
  expect([...new ProtoWriter().float(3, 1).toBytes()]).toEqual([0x1d, 0x00, 0x00, 0x80, 0x3f]);
});

test("message() writes a message inside another", () => {
  const inner = new ProtoWriter().integer(1, 150);
  expect([...new ProtoWriter().message(3, inner).toBytes()]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
});

test("protoFields() reads back what was written, and gives each field whole", () => {
  const inner = new ProtoWriter().string(1, "é").integer(2, 2 ** 40);
  const bytes = new ProtoWriter().integer(1, 150).float(2, 1).message(20, inner).toBytes();
  const fields = [...protoFields(bytes)];
  expect(fields.map(({ field }) => field)).toEqual([1, 2, 20]);
  expect(fields[0]?.integer).toBe(150);
  expect(Buffer.concat(fields.map(({ whole }) => whole))).toEqual(Buffer.from(bytes));
  const [name, count] = [...protoFields(fields[2]?.bytes ?? new Uint8Array())];
  expect([Buffer.from(name?.bytes ?? []).toString(), count?.integer]).toEqual(["é", 2 ** 40]);
});

test.each([
  ["a cut tag", [0x92]],
  ["a cut string", [0x0a, 0x05, 0x61]],
  ["a cut float", [0x15, 0x00]],
  ["an unknown wire type", [0x0b]],
])("protoFields() refuses %s", (_, bytes) => {
  expect(() => [...protoFields(Uint8Array.from(bytes))]).toThrow(RangeError);
});
