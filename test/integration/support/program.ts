import { join } from 'node:path';

/** Set by `setup.ts`. */
export const programVariable = 'GATEHOUSE_TEST_PROGRAM';

/** What tests start as Gatehouse: the bundle, because loading the sources costs seconds. Outside of vitest the sources. */
export const program = process.env[programVariable] ?? join(import.meta.dirname, '../../../src/main.ts');
