// Reads manifests from files, folders and standard input. It is careful, because anyone who can open a pull request may send them.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseAllDocuments, YAMLParseError } from 'yaml';

export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** The input can't be read. The message has the file and, if known, the line. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

const maxBytes = 16 * 1024 * 1024;
const maxAliases = 100;

/**
 * The objects of all documents. A List becomes its items.
 * @param paths files, folders (all .yaml, .yml and .json files in them, sorted by name), or `-` for standard input
 * @throws UnreadableError
 */
export async function readManifests(
  paths: readonly string[],
  stdin: AsyncIterable<Uint8Array>,
): Promise<readonly ManifestObject[]> {
  const objects: ManifestObject[] = [];
  for (const path of paths) {
    if (path === '-') objects.push(...parseManifests(await read('standard input', stdin), 'standard input'));
    else for (const file of await filesOf(path)) objects.push(...parseManifests(await readFile(file), file));
  }
  return objects;
}

async function filesOf(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name));
    return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const readFile = (file: string): Promise<string> => read(file, createReadStream(file));

async function read(name: string, stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > maxBytes) throw new UnreadableError(`${name}: is larger than ${maxBytes / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unreadable(name: string, error: unknown): UnreadableError {
  if (error instanceof UnreadableError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new UnreadableError(`${name}: ${detail}`, { cause: error });
}

/** @throws UnreadableError */
function parseManifests(text: string, name: string): readonly ManifestObject[] {
  const lines = new LineCounter();
  try {
    return parseAllDocuments(text, { lineCounter: lines, prettyErrors: false }).flatMap((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
      return objectsOf(document.toJS({ maxAliasCount: maxAliases }), `${name}:${line}`);
    });
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw unreadable(name, error);
    const { line, col } = lines.linePos(error.pos[0]);
    throw new UnreadableError(`${name}:${line}:${col}: ${error.message}`, { cause: error });
  }
}

function objectsOf(document: unknown, place: string): readonly ManifestObject[] {
  // A document between two separators may be empty.
  if (document === null || document === undefined) return [];
  if (!isObject(document))
    throw new UnreadableError(`${place}: is not a Kubernetes object: it needs apiVersion and kind`);
  if (!document.kind.endsWith('List') || !Array.isArray(document['items'])) return [document];
  return document['items'].flatMap((item: unknown) => objectsOf(item, place));
}

const isObject = (document: unknown): document is ManifestObject =>
  typeof document === 'object' &&
  document !== null &&
  'apiVersion' in document &&
  typeof document.apiVersion === 'string' &&
  'kind' in document &&
  typeof document.kind === 'string';
