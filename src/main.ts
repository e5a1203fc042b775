#!/usr/bin/env node
// The command line, nothing else.
import { program } from './cli/program.ts';

await program(process.env['GATEHOUSE_INVOKED_AS']).parseAsync();
