import { expect, test } from "vitest";
import { type Example, fitRegression } from "../../../search/controller/gaussian-process.ts";
import { createRandom } from "../../../src/random.ts";
import { mean, pearson } from "../../../src/stats.ts";

/** Smooth, not a line, and blind to the third feature. */
function truth([a = 0, b = 0]: readonly number[]): number {
  return 3 + Math.sin(3 * a) + (b - 0.3) ** 2;
}

function examples(count: number, seed: number, group = 0): Example[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const features = [random.next(), random.next(), random.next()];
    return { features, value: truth(features) + 0.01 * random.normal(), group };
  });
}

test("predict() of what was not seen is near the truth, and most truths lie within two deviations", () => {
  const unseen = examples(60, 2);
  const beliefs = fitRegression(examples(24, 1), createRandom(0)).predict(unseen);
  const means = beliefs.map((belief) => belief.mean);
  expect(
    pearson(
      means,
      unseen.map(({ features }) => truth(features)),
    ),
  ).toBeGreaterThan(0.97);
  const inside = unseen.filter(({ value }, i) => {
    const { mean: centre = 0, deviation = 0 } = beliefs[i] ?? {};
    return Math.abs(value - centre) < 2 * deviation;
  });
  expect(inside.length / unseen.length).toBeGreaterThan(0.8);
});

test("predict() is less sure far away than beside an example", () => {
  const near = examples(20, 1).map((example) => ({ ...example, features: example.features.map((x) => x / 3) }));
  const regression = fitRegression(near, createRandom(0));
  const [beside, far] = regression.predict([near[0] ?? { features: [], group: 0 }, { features: [1, 1, 1], group: 0 }]);
  expect(far?.deviation).toBeGreaterThan(2 * (beside?.deviation ?? Number.NaN));
});

test("with() takes up a further example without forgetting the others", () => {
  const known = examples(12, 1);
  const place = { features: [0.9, 0.9, 0.9], group: 0 };
  const regression = fitRegression(known, createRandom(0));
  const [before] = regression.predict([place]);
  const surprise = (before?.mean ?? 0) + 0.1;
  const [after] = regression.with([{ ...place, value: surprise }]).predict([place]);
  expect(Math.abs((after?.mean ?? 0) - surprise)).toBeLessThan(0.05);
  expect(after?.deviation).toBeLessThan(before?.deviation ?? 0);
});

test("predict() of a group with few examples learns from another group, off by a constant", () => {
  const earlier = examples(30, 1, 0);
  const own = examples(4, 5, 1).map((example) => ({ ...example, value: example.value + 0.4 }));
  const unseen = examples(40, 3, 1);
  const error = (some: readonly Example[]) => {
    const beliefs = fitRegression(some, createRandom(0)).predict(unseen);
    return mean(unseen.map(({ features }, i) => Math.abs((beliefs[i]?.mean ?? 0) - truth(features) - 0.4)));
  };
  expect(error([...earlier, ...own])).toBeLessThan(0.5 * error(own));
});

test("fitRegression() gives equal beliefs for equal random numbers, and takes a single example", () => {
  const beliefs = () => fitRegression(examples(10, 1), createRandom(4)).predict(examples(3, 2));
  expect(beliefs()).toEqual(beliefs());
  const [alone] = fitRegression(examples(1, 1), createRandom(4)).predict(examples(1, 1));
  expect(alone?.mean).toBeCloseTo(examples(1, 1)[0]?.value ?? 0, 5);
});
