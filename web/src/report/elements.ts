/** Makes the page's elements. Every text goes in as text, so that nothing in the figures can become markup. */

type Child = Node | string;

/** An element with that class and those children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A part of the page under a heading, with a sentence that says what is seen. */
export function section(heading: string, sentence: string, ...children: readonly Child[]): HTMLElement {
  return element('section', '', element('h2', '', heading), element('p', 'soft', sentence), ...children);
}

/** One large number with what it means. */
export function tile(number: string, unit: string, meaning: string): HTMLElement {
  return element('div', 'tile', element('strong', '', number, element('small', '', unit)), element('span', 'soft', meaning));
}

/** A cell's text, and a smaller one below. */
export type Cell = string | readonly [string, string];

/** A table whose first column names the rows; the others are numbers. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): HTMLElement {
  const head = element('tr', '', ...headings.map((heading) => element('th', '', heading)));
  const body = rows.map((row) => element('tr', '', ...row.map(cell)));
  return element('div', 'scrolled', element('table', '', element('thead', '', head), element('tbody', '', ...body)));
}

function cell(content: Cell): HTMLElement {
  if (typeof content === 'string') return element('td', '', content);
  return element('td', '', content[0], element('small', '', content[1]));
}

/** What colours stand for. */
export function legend(entries: readonly (readonly [string, string])[]): HTMLElement {
  const items = entries.map(([name, colour]) => {
    const swatch = element('i', '');
    swatch.style.background = colour;
    return element('li', '', swatch, name);
  });
  return element('ul', 'legend', ...items);
}
