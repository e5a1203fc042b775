import { isRecord } from './record.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

/** Text for an element. Characters that XML 1.0 does not allow become U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      .replaceAll(/[&<>"\r]/g, (character) => escapes[character] ?? character)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .toWellFormed()
  );
}

/** `value` as the content of an element; lists are written as elements named `item`; undefined is left out. */
export function xmlContent(value: unknown, item: string): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((each) => `<${item}>${xmlContent(each, item)}</${item}>`).join('');
  if (value instanceof Date) return value.toISOString();
  if (isRecord(value)) {
    return Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => `<${name}>${xmlContent(field, item)}</${name}>`)
      .join('');
  }
  return escapeXml(typeof value === 'string' ? value : JSON.stringify(value));
}
