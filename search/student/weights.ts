import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { surfaceWidth } from "../../src/pairs/surface-features.ts";
import type { Random } from "../../src/random.ts";

/** A named tensor: row-major float32 with its shape. Matrices are [inputs, outputs]. */
export interface Weight {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
export type Weights = Map<string, Weight>;

export interface ParameterShape {
  readonly name: string;
  readonly dims: readonly number[];
}

/** A classification head: `input` "pair" reads [u, v, |u − v|, u ∘ v] of two pooled vectors, and the surface features of their texts. */
export interface HeadShape {
  readonly task: string;
  readonly input: "text" | "pair";
  readonly labels: number;
  /** Of its hidden layer. @default `headWidth` of the architecture */
  readonly width?: number;
}

/** Width of the hidden layer of a head that is learned on a finished encoder. */
export const besideWidth = 192;

/** Name of the token table, which lives outside the training graph. */
export const tableName = "table";

/** Everything of an encoder but its token table, in the order of the forward pass. */
export function encoderParameters(a: Architecture, positions: number): ParameterShape[] {
  if (a.layers === 0) return [];
  const shapes: ParameterShape[] = [
    { name: "position", dims: [positions, a.tableWidth] },
    ...(hasProjection(a) ? [{ name: "project.weight", dims: [a.tableWidth, a.hidden] }] : []),
    ...normShapes("embedNorm", a.hidden),
  ];
  for (let i = 0; i < a.layers; i++) shapes.push(...layerParameters(a, i));
  return shapes;
}

/** Whether the token table is narrower or wider than the hidden states and needs a map onto them. */
export function hasProjection(a: Architecture): boolean {
  return a.tableWidth !== a.hidden;
}

function layerParameters(a: Architecture, layer: number): ParameterShape[] {
  const at = `layer.${layer}`;
  return [
    ...linearShapes(`${at}.qkv`, a.hidden, 3 * a.hidden),
    ...linearShapes(`${at}.out`, a.hidden, a.hidden),
    ...normShapes(`${at}.norm1`, a.hidden),
    ...linearShapes(`${at}.up`, a.hidden, a.ffn),
    ...linearShapes(`${at}.down`, a.ffn, a.hidden),
    ...normShapes(`${at}.norm2`, a.hidden),
  ];
}

/** Width of a head's hidden layer: a static student's heads do the mixing that layers do elsewhere. */
export function headWidth(a: Pick<Architecture, "layers" | "hidden">): number {
  return a.layers === 0 ? 256 : Math.min(a.hidden, 256);
}

export function headParameters(a: Architecture, head: HeadShape): ParameterShape[] {
  const inputs = head.input === "pair" ? vectorInputs(a) + surfaceWidth : a.hidden;
  const { width = headWidth(a) } = head;
  return [
    ...linearShapes(`head.${head.task}.dense`, inputs, width),
    ...linearShapes(`head.${head.task}.out`, width, head.labels),
  ];
}

/** Columns that a head over pairs reads of its texts' vectors; those of their surface come after. */
export function vectorInputs({ hidden }: Pick<Architecture, "hidden">): number {
  return 4 * hidden;
}

/** Whether a parameter is what a head makes of its inputs. */
export function isHeadInput(name: string): boolean {
  return /^head\..*\.dense\.weight$/.test(name);
}

/** The same weights with rows for the surface in heads over pairs that were made before there were surface features; there they count for nothing. */
export function withSurface(weights: Weights, a: Pick<Architecture, "hidden">): Weights {
  return new Map(
    [...weights].map(([name, weight]) => {
      const [rows, columns] = weight.dims as [number, number];
      if (!isHeadInput(name) || rows !== vectorInputs(a)) return [name, weight];
      const data = new Float32Array((rows + surfaceWidth) * columns);
      data.set(weight.data);
      return [name, { dims: [rows + surfaceWidth, columns], data }];
    }),
  );
}

/** All of a student: its token table, the rest of its encoder, its heads. */
export function studentParameters(a: Architecture, positions: number, heads: readonly HeadShape[]): ParameterShape[] {
  return [
    { name: tableName, dims: [a.vocabulary, a.tableWidth] },
    ...encoderParameters(a, positions),
    ...heads.flatMap((head) => headParameters(a, head)),
  ];
}

function linearShapes(name: string, inputs: number, outputs: number): ParameterShape[] {
  return [
    { name: `${name}.weight`, dims: [inputs, outputs] },
    { name: `${name}.bias`, dims: [outputs] },
  ];
}

function normShapes(name: string, width: number): ParameterShape[] {
  return [
    { name: `${name}.gamma`, dims: [width] },
    { name: `${name}.beta`, dims: [width] },
  ];
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Numbers of a student. */
export function parametersOf(weights: Weights): number {
  return [...weights.values()].reduce((total, { dims }) => total + sizeOf(dims), 0);
}

/** Fresh values: ones for gamma, zeros for beta and bias, else normal with deviation 1/√inputs (He et al. without the 2). */
export function initialWeight(shape: ParameterShape, random: Random): Weight {
  const data = new Float32Array(sizeOf(shape.dims));
  if (shape.name.endsWith(".gamma")) data.fill(1);
  else if (shape.dims.length === 2) {
    const deviation = shape.name === "position" ? 0.02 : 1 / Math.sqrt(must(shape.dims[0]));
    for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
  }
  return { dims: shape.dims, data };
}

/** Those of a student that has learned nothing. */
export function randomWeights(
  a: Architecture,
  positions: number,
  heads: readonly HeadShape[],
  random: Random,
): Weights {
  return new Map(studentParameters(a, positions, heads).map((shape) => [shape.name, initialWeight(shape, random)]));
}

/** The values of a parameter. @throws a bug when it is not there. */
export function weightOf(weights: Weights, name: string): Weight {
  return must(weights.get(name), `weight ${name}`);
}
