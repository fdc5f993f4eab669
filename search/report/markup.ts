/** Text that is safe inside of elements and quoted attributes. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

type Attributes = Readonly<Record<string, string | number>>;

/** An element, for HTML and SVG alike; `inner` is markup, attributes are text. Numbers are cut to what a screen can show. */
export function element(name: string, attributes: Attributes, inner = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(attributeText(value))}"`);
  return `<${name}${written.join("")}>${inner}</${name}>`;
}

/** An element that holds text. */
export function textElement(name: string, attributes: Attributes, text: string): string {
  return element(name, attributes, escapeText(text));
}

/** A table with its heads in `thead`; cells are markup, those of the first column head their rows. */
export function tableMarkup(head: readonly string[], rows: readonly (readonly string[])[], caption: string): string {
  const heads = head.map((cell) => element("th", { scope: "col" }, cell)).join("");
  const body = rows.map((row) => {
    const cells = row.map((cell, i) => (i === 0 ? element("th", { scope: "row" }, cell) : element("td", {}, cell)));
    return element("tr", {}, cells.join(""));
  });
  const table = `${textElement("caption", {}, caption)}<thead><tr>${heads}</tr></thead><tbody>${body.join("")}</tbody>`;
  return element("div", { class: "scroll", tabindex: 0 }, element("table", {}, table));
}

function attributeText(value: string | number): string {
  return typeof value === "number" ? String(Number(value.toFixed(2))) : value;
}
