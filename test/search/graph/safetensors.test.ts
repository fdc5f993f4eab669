import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  fromFloat32,
  openSafetensors,
  readFloatTensors,
  toFloat32,
  writeSafetensors,
} from "../../../search/graph/safetensors.ts";
import { BadFileError } from "../../../src/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in the format, byte by byte, so that reading is not checked against our own writing. */
function handMade(name: string, header: unknown, data: Uint8Array): string {
  const path = join(folder, name);
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, data]));
  return path;
}

test("openSafetensors() reads tensors by name, whatever their order, and skips the metadata", () => {
  const header = {
    __metadata__: { format: "pt" },
    second: { dtype: "F32", shape: [2], data_offsets: [4, 12] },
    first: { dtype: "I32", shape: [1], data_offsets: [0, 4] },
  };
  const data = new Uint8Array([7, 0, 0, 0, ...new Uint8Array(Float32Array.of(1.5, -2).buffer)]);
  const file = openSafetensors(handMade("order", header, data));
  expect(file.names).toEqual(["second", "first"]);
  expect(Array.from(toFloat32(file.read("second")))).toEqual([1.5, -2]);
  expect([...file.read("first").bytes]).toEqual([7, 0, 0, 0]);
});

test("toFloat32() reads half precision: normal, subnormal, infinite and not a number", () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00);
  const values = toFloat32({ type: "F16", dims: [8], bytes: new Uint8Array(halves.buffer) });
  const expected = [
    1,
    -2,
    0.333251953125,
    2 ** -24,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ];
  expect(Array.from(values)).toEqual(expected);
});

test("toFloat32() reads bfloat16 as the upper half of a float32", () => {
  const halves = Uint16Array.of(0x3f80, 0xc000, 0x4049);
  const values = toFloat32({ type: "BF16", dims: [3], bytes: new Uint8Array(halves.buffer) });
  expect(Array.from(values)).toEqual([1, -2, 3.140625]);
});

test("toFloat32() refuses integers", () => {
  expect(() => toFloat32({ type: "I64", dims: [1], bytes: new Uint8Array(8) })).toThrow(BadFileError);
});

test("writeSafetensors() writes what readFloatTensors() reads, and leaves no other file", () => {
  const path = join(folder, "round");
  const part = Float32Array.of(0, 1, 2, 3, 4, 5, 6).subarray(1);
  writeSafetensors(path, new Map([["a", fromFloat32([2, 3], part)]]));
  expect(readFloatTensors(path)).toEqual(new Map([["a", { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]));
  expect(readdirSync(folder).filter((name) => name.startsWith("round"))).toEqual(["round"]);
});

test("writeSafetensors() and openSafetensors() make the same of tensors that take several chunks", () => {
  const [whole, chunked] = [join(folder, "whole"), join(folder, "chunked")];
  const values = Float32Array.from({ length: 25 }, (_, i) => i / 3);
  const tensors = new Map([
    ["a", fromFloat32([25], values)],
    ["b", fromFloat32([1], Float32Array.of(7))],
  ]);
  writeSafetensors(whole, tensors);
  writeSafetensors(chunked, tensors, 7);
  expect(readFileSync(chunked)).toEqual(readFileSync(whole));
  const file = openSafetensors(chunked, 7);
  expect(toFloat32(file.read("a"))).toEqual(values);
  expect(toFloat32(file.read("b"))).toEqual(Float32Array.of(7));
});

test("read() says so when a file was cut short between two chunks since it was opened", () => {
  const path = join(folder, "cut-later");
  writeSafetensors(path, new Map([["a", fromFloat32([4], Float32Array.of(1, 2, 3, 4))]]));
  const file = openSafetensors(path, 8);
  truncateSync(path, statSync(path).size - 8);
  expect(() => file.read("a")).toThrow(`${path}: is cut short (8 of 16 bytes`);
});

test("writeSafetensors() leaves the drafts alone that other processes have of the same file", () => {
  const path = join(folder, "shared");
  const others = ["tmp", "4711.draft", "4711.draft.tmp"].map((suffix) => `${path}.${suffix}`);
  for (const draft of others) writeFileSync(draft, "half");
  writeSafetensors(path, new Map([["a", fromFloat32([1], Float32Array.of(1))]]));
  expect(openSafetensors(path).names).toEqual(["a"]);
  for (const draft of others) expect(readFileSync(draft, "utf8")).toBe("half");
});

test.each([
  ["missing", () => join(folder, "nowhere"), "cannot be read"],
  ["empty", () => handTruncated(0), "is cut short (0 of 8"],
  ["cut in its header", () => handTruncated(20), "is cut short"],
  ["no safetensors file", () => handMade("garbage", "not json", new Uint8Array(0)), "header is damaged"],
  ["of an unknown type", () => one("F99", [1], [0, 4]), "header is damaged"],
  ["of a shape that its bytes do not fit", () => one("F32", [2], [0, 4]), 'tensor "x" has 4 bytes, not 8'],
  ["of tensors that end before they start", () => one("F32", [1], [4, 0]), 'tensor "x" has -4 bytes'],
])("openSafetensors() says what is wrong with a file that is %s", (_, make, message) => {
  const path = make();
  expect(() => openSafetensors(path)).toThrow(BadFileError);
  expect(() => openSafetensors(path)).toThrow(message);
  expect(() => openSafetensors(path)).toThrow(path);
});

test("openSafetensors() refuses a file whose tensors lie beyond its end", () => {
  const path = handMade("beyond", { x: { dtype: "F32", shape: [4], data_offsets: [0, 16] } }, new Uint8Array(8));
  expect(() => openSafetensors(path)).toThrow(`${path}: is cut short`);
});

test("read() names a tensor that is not there", () => {
  const path = join(folder, "one");
  writeSafetensors(path, new Map([["a", fromFloat32([1], Float32Array.of(1))]]));
  expect(() => openSafetensors(path).read("b")).toThrow(`${path}: there is no tensor "b"`);
});

function handTruncated(bytes: number): string {
  const path = one("F32", [1], [0, 4]);
  truncateSync(path, bytes);
  return path;
}

function one(dtype: string, shape: number[], offsets: number[]): string {
  return handMade("one-tensor", { x: { dtype, shape, data_offsets: offsets } }, new Uint8Array(4));
}
