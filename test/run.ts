// npm test: unit and integration tests, closing with `N passed, N failed`. The options are vitest's own.
import { join } from 'node:path';
import { parseCLI, startVitest } from 'vitest/node';
import { script } from '../localstack/script.ts';

script('test', 'Runs unit and integration tests. Exits with 1 when one failed, or none was run.')
  .argument('[file...]', 'parts of the paths of the test files (default: all)')
  .option('--project <name>', 'unit, integration or conformance; may be repeated (default: unit and integration)')
  .option('-t, --testNamePattern <name>', 'only the tests whose names match')
  .option('-u, --update', 'write the golden files anew')
  .option('--bail <number>', 'stop after so many failures')
  .option('--retry <number>', 'try a failed test so many times more')
  .option('--maxWorkers <number>', 'how many files run at a time')
  .option('--testTimeout <ms>', 'how long a test may take')
  .option('--reporter <name>', 'how vitest shows the tests')
  .parse();
const root = join(import.meta.dirname, '..');
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { project: ['unit', 'integration'], ...options, root, watch: false });
const modules = vitest.state.getTestModules();
const tests = modules.flatMap((module) => [...module.children.allTests()]);
const count = (state: string) => tests.filter((test) => test.result().state === state).length;
// A file that doesn't load, a group whose hook fails, or an error outside of any test, counts as a failure of its own.
const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
const broken = suites.filter((suite) => suite.errors().length > 0).length;
const failed = count('failed') + broken + vitest.state.getUnhandledErrors().length;
await vitest.close();

const skipped = count('skipped');
console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && count('passed') > 0 ? 0 : 1);
