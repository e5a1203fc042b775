// npm test: unit and integration tests, closing with `N passed, N failed`. Arguments go to vitest (a path, `-t NAME`, `--project
// unit`): other projects are run only by name.
import { parseCLI, startVitest } from 'vitest/node';

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { project: ['unit', 'integration'], ...options, watch: false });
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
