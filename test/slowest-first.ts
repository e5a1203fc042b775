// Starts the files first that take longest. Else the run ends with one of them, while the other workers have nothing to do. Vitest
// knows only sizes on a clean checkout, and starts the largest files first.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Integration tests that take longest, most of the time waiting. */
const slowest = [
  'outage',
  'crash',
  'nlb',
  'bad-input-cloud',
  'subnet-mappings',
  'leadership',
  'static-addresses',
  'command-line',
  'drift',
].map((name) => `/test/integration/${name}.test.ts`);

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Projects stay together, in vitest's order.
    // oxlint-disable-next-line unicorn/no-array-sort -- it is not an array's, and returns a new list
    const projects = Map.groupBy(await super.sort(files), ({ project }) => project);
    return [...projects.values()].flatMap((each) => each.toSorted((a, b) => rank(a) - rank(b)));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = slowest.findIndex((end) => moduleId.endsWith(end));
  return found === -1 ? slowest.length : found;
}
