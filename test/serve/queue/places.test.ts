import { expect, test } from "vitest";
import { Places } from "../../../serve/queue/places.ts";

test("take() puts a client's items one behind the other, and nobody before the clock", () => {
  const places = new Places();
  expect([places.take("a", 2), places.take("a", 3), places.take("b", 1)]).toEqual([0, 2, 0]);
  places.served(2);
  expect([places.next("a"), places.next("b")]).toEqual([5, 2]);
});

test("take() forgets who has not asked for longest, however many addresses an overload comes from", () => {
  const places = new Places();
  for (let i = 0; i < 50_000; i++) {
    places.served(places.take(`address ${i}`, 1));
    if (i % 1000 === 0) places.take("steady", 1);
  }
  expect(places.size).toBeLessThanOrEqual(10_000);
  expect([places.next("steady"), places.next("address 0"), places.next("address 49999")]).toEqual([50, 0, 1]);
});
