#!/usr/bin/env node
// The command line, nothing else.
// The reader of our output may close the pipe early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const [, , command] = process.argv;
const { program } = command === 'run' ? await import('./cli/run-alone.ts') : await import('./cli/program.ts');
await program(process.env['GATEHOUSE_INVOKED_AS']).parseAsync();
