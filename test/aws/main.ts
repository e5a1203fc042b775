// npm run test:aws: the integration suite against another AWS than the embedded one. `--endpoint URL` names one that runs and
// checks no signatures, `--moto` installs and starts moto. Other arguments choose tests as vitest has it: files, `-t NAME`.
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { isMoto, startMoto } from './moto.ts';
import { motoDefects } from './moto-defects.ts';
import { endpointVariable } from './outside.ts';
import { printTable } from './table.ts';
import { judge, unknownOf } from './verdicts.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string' },
    moto: { type: 'boolean', default: false },
    testNamePattern: { type: 'string', short: 't' },
  },
});
if (values.moto === (values.endpoint !== undefined)) {
  console.error('Usage: npm run test:aws -- (--endpoint URL | --moto) [FILE…] [-t NAME]');
  process.exit(2);
}

const moto = values.moto ? await startMoto((line) => console.error(line)) : undefined;
const endpoint = values.endpoint ?? moto?.url ?? '';
const defects = (await isMoto(endpoint)) ? motoDefects : {};
process.env[endpointVariable] = endpoint;

const vitest = await startVitest('test', positionals, {
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
// A file that doesn't load, or an error outside of any test, counts as a failure of its own.
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
