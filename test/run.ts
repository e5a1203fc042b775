// npm test: unit and integration tests, closing with `N passed, N failed`. The options are vitest's own.
import { join } from 'node:path';
import { parseCLI, startVitest } from 'vitest/node';
import { prepareCluster } from '../localstack/cluster/cluster.ts';
import { sandboxObstacle } from '../localstack/sandbox.ts';
import { script } from '../localstack/script.ts';

const byDefault = ['unit', 'integration', 'oldest-gateway-api'];
const projects = [...byDefault, 'conformance'];
script('test', 'Runs unit and integration tests. Exits with 1 when one failed, or none was run.')
  .argument('[file...]', 'parts of the paths of the test files (default: all)')
  .option('--project <name>', `one of ${projects.join(', ')}; may be repeated (default: ${byDefault.join(', ')})`)
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
// MetalLB's build takes minutes on a new machine. Until its tests need it, other tests run. A failure is theirs to tell.
const building = new AbortController();
if (filter.length === 0 && [options.project ?? byDefault].flat().includes('integration') && !sandboxObstacle())
  void prepareCluster({ metallb: true, signal: building.signal }).catch(() => {});
const vitest = await startVitest('test', filter, { project: byDefault, ...options, root, watch: false });
const modules = vitest.state.getTestModules();
const tests = modules.flatMap((module) => [...module.children.allTests()]);
const count = (state: string) => tests.filter((test) => test.result().state === state).length;
// A file that doesn't load, a group whose hook fails, or an error outside of any test, counts as a failure of its own.
const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
const broken = suites.filter((suite) => suite.errors().length > 0).length;
const failed = count('failed') + broken + vitest.state.getUnhandledErrors().length;
await vitest.close();
building.abort();

/** In milliseconds. The conformance suites run while their files are loaded. */
function workOf(file: (typeof modules)[number]): number {
  const { collectDuration, duration } = file.diagnostic();
  return collectDuration + duration;
}

// Projects share the machine's cores, so what they took is told as work, not as time.
for (const [project, files] of Map.groupBy(modules, (module) => module.project.name)) {
  const seconds = (all: typeof files): number => Math.round(all.reduce((sum, file) => sum + workOf(file), 0) / 1000);
  console.log(`${project}: ${files.length} files, ${seconds(files)} s of work`);
  if (project !== 'conformance') continue;
  for (const file of files) console.log(`  ${file.relativeModuleId}: ${seconds([file])} s`);
}
const skipped = count('skipped');
console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && count('passed') > 0 ? 0 : 1);
