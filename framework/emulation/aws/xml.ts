/** Writes and reads the subset of XML in AWS's older protocols: elements that contain text or elements. */

/** An element; its attributes are ignored. */
export interface XmlElement {
  readonly name: string;
  /** "" when the element has children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export function escapeXml(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" };
  return text.replace(/[&<>"\r]/g, (mark) => named[mark] ?? mark);
}

/** `<name>…</name>` around a text, or around a list of elements that are XML already; "" for undefined. */
export function element(name: string, content: string | number | boolean | readonly string[] | undefined): string {
  if (content === undefined) return "";
  return `<${name}>${Array.isArray(content) ? content.join("") : escapeXml(String(content))}</${name}>`;
}

/** What no XML holds, as it is or by its number (XML 1.0 section 2.2, "Char"). */
const noXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/**
 * The root element. Undefined for other XML, with a DTD, CDATA, processing instructions or comments, and for what is no
 * XML.
 */
export function readXml(document: string): XmlElement | undefined {
  if (noXml.test(document)) return undefined;
  const token = /<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  token.lastIndex = /^\uFEFF?\s*(?:<\?xml[^?]*\?>)?\s*/.exec(document)?.[0].length ?? 0;
  const open: { name: string; text: string; children: XmlElement[] }[] = [{ name: "", text: "", children: [] }];
  while (token.lastIndex < document.length) {
    const parts = token.exec(document);
    const top = open.at(-1);
    if (!parts || !top) return undefined;
    const [, closing, name = "", , empty, text] = parts;
    if (text !== undefined) top.text += text;
    else if (empty) top.children.push({ name, text: "", children: [] });
    else if (!closing) open.push({ name, text: "", children: [] });
    else if (top.name !== name || !close(open)) return undefined;
  }
  const [root, ...more] = open.length === 1 ? (open[0]?.children ?? []) : [];
  return more.length === 0 ? root : undefined;
}

function close(open: { name: string; text: string; children: XmlElement[] }[]): boolean {
  const done = open.pop();
  const text = done && unescapeXml(done.text);
  if (!done || text === undefined) return false;
  open.at(-1)?.children.push({ name: done.name, children: done.children, text: done.children.length > 0 ? "" : text });
  return open.length > 0;
}

function unescapeXml(text: string): string | undefined {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  let isValid = true;
  const plain = text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]+));|&/g,
    (_, decimal?: string, hex?: string, name?: string) => {
      const point = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      const mark = name === undefined ? (point <= 0x10ffff ? String.fromCodePoint(point) : undefined) : named[name];
      if (mark === undefined || noXml.test(mark)) isValid = false;
      return mark ?? "";
    },
  );
  return isValid ? plain : undefined;
}
