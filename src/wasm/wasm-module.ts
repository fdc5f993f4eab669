/**
 * A small WebAssembly assembler: enough of the binary format (core spec 2.0, chapter 5) for loops over float vectors.
 * Expressions are byte lists that nest like calls, so a kernel reads like the formula it computes:
 * `store(out, add(load(a), mul(b, c)))`. Knows nothing about what the kernels are for.
 */
type Code = readonly number[];

type ValueType = "i32" | "f32" | "v128";

/** A parameter or local variable of the function under construction; as an operand it means its value. */
export interface Local {
  readonly index: number;
}

type Operand = Code | Local;
type Locals<N extends string> = Readonly<Record<N, Local>>;

const typeCodes: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** A function of a module. Parameters and locals are named here, in order, and handed to `body`. */
export interface FunctionCode {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

export function defineFunction<P extends string, L extends string>(
  name: string,
  parameters: Readonly<Record<P, ValueType>>,
  locals: Readonly<Record<L, ValueType>>,
  results: readonly ValueType[],
  body: (at: Locals<P | L>) => readonly Code[],
): FunctionCode {
  const names = [...Object.keys(parameters), ...Object.keys(locals)];
  const at = Object.fromEntries(names.map((local, index) => [local, { index }])) as Locals<P | L>;
  return {
    name,
    parameters: Object.values(parameters),
    results,
    locals: Object.values(locals),
    body: body(at).flat(),
  };
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const code = (operand: Operand): Code => ("index" in operand ? [0x20, ...unsigned(operand.index)] : operand);
const binary = (opcode: Code) => (left: Operand, right: Operand) => [...code(left), ...code(right), ...opcode];
const unary = (opcode: Code) => (operand: Operand) => [...code(operand), ...opcode];
/** Alignment as a power of two, then the offset: vectors lie on 16 bytes, single floats on 4. */
const memoryArgument = (alignment: number, byteOffset: number): Code => [alignment, ...unsigned(byteOffset)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: binary([0x6a]),
  lessThan: binary([0x49]),
};
export const f32 = { add: binary([0x92]) };
export const f32x4 = {
  loadSplat: (address: Operand, byteOffset = 0): Code => [
    ...code(address),
    ...simd(0x09),
    ...memoryArgument(2, byteOffset),
  ],
  lane: (vector: Operand, lane: number): Code => [...code(vector), ...simd(0x1f), lane],
  sqrt: (value: Operand): Code => [...code(value), ...simd(0xe3)],
  add: binary(simd(0xe4)),
  sub: binary(simd(0xe5)),
  mul: binary(simd(0xe6)),
  div: binary(simd(0xe7)),
  load: (address: Operand, byteOffset = 0): Code => [...code(address), ...simd(0), ...memoryArgument(4, byteOffset)],
  store: (address: Operand, value: Operand, byteOffset = 0): Code => [
    ...code(address),
    ...code(value),
    ...simd(0x0b),
    ...memoryArgument(4, byteOffset),
  ],
};

/** Sixteen bytes a vector. */
export const i8x16 = {
  splat: (value: number): Code => [...i32.const(value), ...simd(0x0f)],
  sub: binary(simd(0x71)),
  and: binary(simd(0x4e)),
  /** Without sign. */
  shiftRight: (vector: Operand, bits: number): Code => [...code(vector), ...i32.const(bits), ...simd(0x6d)],
  /** Lanes 0 to 15 are the left vector's, 16 to 31 the right one's. */
  shuffle: (left: Operand, right: Operand, lanes: readonly number[]): Code => [
    ...code(left),
    ...code(right),
    ...simd(0x0d),
    ...lanes,
  ],
};
/** Signed integers of a half of a vector, twice as wide. */
export const widen = {
  lowBytes: unary(simd(0x87)),
  highBytes: unary(simd(0x88)),
  lowShorts: unary(simd(0xa7)),
  highShorts: unary(simd(0xa8)),
};
/** Signed 32-bit integers to floats. */
export const toFloats = unary(simd(0xfa));

export const value = (operand: Operand): Code => code(operand);
export const set = (local: Local, operand: Operand): Code => [...code(operand), 0x21, ...unsigned(local.index)];
export const advance = (pointer: Local, bytes: number): Code => set(pointer, i32.add(pointer, i32.const(bytes)));

/** Repeats `body` while `condition` holds; tested before the first round. */
export function whileLoop(condition: Code, body: readonly Code[]): Code {
  const [block, loop, branchIf, isZero, branch, end, empty] = [0x02, 0x03, 0x0d, 0x45, 0x0c, 0x0b, 0x40];
  return [block, empty, loop, empty, ...condition, isZero, branchIf, 1, ...body.flat(), branch, 0, end, end] as Code;
}

/** A module of these functions over a memory that is imported as `env.memory`. */
export function encodeModule(functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [0x60, ...valueTypes(f.parameters), ...valueTypes(f.results)]);
  const memoryImport = [...text("env"), ...text("memory"), 0x02, 0x00, 0x01];
  const exported = functions.map((f, i) => [...text(f.name), 0x00, ...unsigned(i)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([memoryImport])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(exported)),
    ...section(10, vector(functions.map(functionBody))),
  ]);
}

function functionBody(f: FunctionCode): Code {
  const declarations = f.locals.map((type) => [1, typeCodes[type]]);
  return sized([...vector(declarations), ...f.body, 0x0b]);
}

const valueTypes = (types: readonly ValueType[]): Code => vector(types.map((type) => [typeCodes[type]]));
const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: Code): Code => [id, ...sized(bytes)];
const text = (name: string): Code => sized(Array.from(new TextEncoder().encode(name)));

/** Unsigned LEB128. */
function unsigned(number: number): Code {
  const low = number & 0x7f;
  const rest = number >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

/** Signed LEB128: done once what is left is nothing but copies of the sign bit. */
function signed(number: number): Code {
  const low = number & 0x7f;
  const rest = number >> 7;
  const done = rest === (low & 0x40 ? -1 : 0);
  return done ? [low] : [low | 0x80, ...signed(rest)];
}
