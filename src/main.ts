#!/usr/bin/env node
// The command line, nothing else.
import { program } from './cli/program.ts';

// Whoever reads the output may have seen enough of it, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await program(process.env['GATEHOUSE_INVOKED_AS']).parseAsync();
