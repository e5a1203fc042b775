// npm run test:aws: runs the integration suite against another AWS. `--endpoint URL` names a running AWS that checks no
// signatures, `--moto` installs and starts moto. Other arguments choose tests like vitest's: files, `-t NAME`.
import { join } from 'node:path';
import { Option } from 'commander';
import { startVitest } from 'vitest/node';
import { script } from '../../localstack/script.ts';
import { isMoto, startMoto } from './moto.ts';
import { motoDefects } from './moto-defects.ts';
import { endpointVariable } from './outside.ts';
import { printTable } from './table.ts';
import { judge, unknownOf } from './verdicts.ts';

interface Flags {
  readonly endpoint?: string;
  readonly moto?: true;
  readonly testNamePattern?: string;
}

const command = script('test:aws', 'Runs the integration tests against another AWS. Exits with 1 when one failed.')
  .argument('[file...]', 'parts of the paths of the test files (default: all)')
  .addOption(new Option('--moto', 'install moto, and start it').conflicts('endpoint'))
  .option('--endpoint <url>', 'an AWS that runs, and checks no signatures')
  .option('-t, --testNamePattern <name>', 'only the tests whose names match')
  .parse();
const values = command.opts<Flags>();
if (values.moto === undefined && values.endpoint === undefined) command.error('Expected --moto or --endpoint URL');

const moto = values.moto ? await startMoto((line) => console.error(line)) : undefined;
const endpoint = values.endpoint ?? moto?.url ?? '';
const defects = (await isMoto(endpoint)) ? motoDefects : {};
process.env[endpointVariable] = endpoint;

const vitest = await startVitest('test', command.args, {
  root: join(import.meta.dirname, '../..'),
  project: ['other-aws'],
  watch: false,
  ...(values.testNamePattern !== undefined && { testNamePattern: values.testNamePattern }),
  reporters: [
    {
      onTestCaseResult: (test) => console.log(`${test.result().state.padEnd(7)} ${test.fullName}`),
    },
  ],
});
const modules = vitest.state.getTestModules();
const cases = judge(modules, defects);
const unknown = unknownOf(modules, defects);
// A file that doesn't load, or an error outside of tests, counts as a failure.
const stray = vitest.state.getUnhandledErrors();
await vitest.close();
await moto?.stop();

printTable(cases);
for (const name of unknown) console.log(`\nFAILED: ${name} is listed, and there is no such case`);
for (const error of stray) console.log(`\nFAILED: ${error instanceof Error ? error.stack : String(error)}`);
const count = (kind: string) => cases.filter(({ verdict }) => verdict.kind === kind).length;
const failed = count('failed') + unknown.length + stray.length;
console.log(
  `\n${count('passed')} passed, ${failed} failed, ${count('listed')} listed, ${count('skipped')} skipped of ${cases.length}`,
);
process.exit(failed === 0 && count('passed') > 0 ? 0 : 1);
