import { execFile } from 'node:child_process';

/** Runs a short program to its end and gives what it printed. Throws with what it said on stderr. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(program, args, (error, stdout, stderr) => {
    if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
    else resolve(stdout);
  });
  // One that has no use for input may be gone before it is written.
  child.stdin?.on('error', () => {}).end(input);
  return promise;
}
