#!/usr/bin/env node
// The command line, nothing else.
import { program } from './cli/program.ts';

// The reader of our output may close the pipe early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await program(process.env['GATEHOUSE_INVOKED_AS']).parseAsync();
