// The kubectl for the printed commands.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findBinary } from './cluster/binaries.ts';
import type { BuildOptions } from './cluster/go-build.ts';

const answer = z.object({ clientVersion: z.object({ minor: z.string() }) });

/** Since this version `-k` supports the kustomizations of deploy/. */
const oldestMinor = 22;

/** The kubectl on the PATH. If there is none, or it is too old: a kubectl that is built once per machine. */
export async function findKubectl(options: BuildOptions): Promise<string> {
  return (await isOnPath()) ? 'kubectl' : await findBinary('kubectl', options);
}

async function isOnPath(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('kubectl', ['version', '--client', '--output=json']);
    return Number.parseInt(answer.parse(JSON.parse(stdout)).clientVersion.minor, 10) >= oldestMinor;
  } catch {
    return false;
  }
}
