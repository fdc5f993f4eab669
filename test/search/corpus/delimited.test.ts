import { expect, test } from "vitest";
import { parseDelimited } from "../../../search/corpus/delimited.ts";

const csv = { delimiter: ",", quotes: true };

test("parseDelimited() reads quoted cells with delimiters, quotes and line breaks inside", () => {
  expect(parseDelimited('a,"b, ""c""\nd",e\r\n1,,3\n', csv)).toEqual([
    ["a", 'b, "c"\nd', "e"],
    ["1", "", "3"],
  ]);
});

test("parseDelimited() takes a cell that only starts with a quote as it is", () => {
  expect(parseDelimited('"so" he said,1\n"open,2', csv)).toEqual([
    ['"so" he said', "1"],
    ['"open', "2"],
  ]);
});

test("parseDelimited() leaves out blank lines and keeps a last empty cell", () => {
  expect(parseDelimited("a,b\n\n1,", csv)).toEqual([
    ["a", "b"],
    ["1", ""],
  ]);
});

test("parseDelimited() reads tabs, bars and whole lines without quoting", () => {
  expect(parseDelimited('he said "x\ty\n', { delimiter: "\t", quotes: false })).toEqual([['he said "x', "y"]]);
  expect(parseDelimited("text|1\r\n", { delimiter: "|", quotes: false })).toEqual([["text", "1"]]);
  expect(parseDelimited("a, b|c\n", { delimiter: null, quotes: false })).toEqual([["a, b|c"]]);
});

test.each(["|", ".", "^", "]", "\\", ";", "\t"])("parseDelimited() reads quoted cells between %j", (delimiter) => {
  const text = `a${delimiter}"b${delimiter}c"${delimiter}d\n1${delimiter}${delimiter}3\n`;
  expect(parseDelimited(text, { delimiter, quotes: true })).toEqual([
    ["a", `b${delimiter}c`, "d"],
    ["1", "", "3"],
  ]);
});
