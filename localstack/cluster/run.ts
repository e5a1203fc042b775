import { execFile } from 'node:child_process';

/** Runs a short program to its end and returns its output. An error has its stderr. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(program, args, (error, stdout, stderr) => {
    if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
    else resolve(stdout);
  });
  // A program that reads no input may end before we write it.
  child.stdin?.on('error', () => {}).end(input);
  return promise;
}
