import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyConnections, choices } from './testing/arbitraries.ts';
import { carries, type NetworkSketch, networkModel } from './testing/network-models.ts';
import { converge } from './testing/resources.ts';
import { madeAnew } from './testing/summary.ts';

test('a listener that there is before and after is always there, and new groups serve only when they are healthy', () => {
  const oneFamily = anyConnections.map((sketch) => ({
    ...sketch,
    family: 'ipv4' as const,
    scheme: 'internal' as const,
  }));
  const speaks = (sketch: NetworkSketch, port: string) => sketch.listeners[Number(port)]?.protocol;
  fc.assert(
    fc.property(oneFamily, oneFamily, choices, (before, after, pick) => {
      const aws = madeAnew(networkModel(before));
      const both = Object.keys(before.listeners).filter((port) => speaks(after, port) !== undefined);
      const healthy = () =>
        new Set(
          aws.observe().resources.flatMap((each) => (each.kind === 'target-group' && each.proven ? each.id : [])),
        );
      // If TCP becomes UDP, or UDP becomes TCP, no connections can be kept.
      const related = both.filter((port) => {
        const protocols = new Set([speaks(before, port), speaks(after, port)]);
        return protocols.size === 1 || (protocols.has('TCP_UDP') && !protocols.has('TLS'));
      });
      const onStep = () => {
        const known = healthy();
        for (const port of both) expect(carries(aws, `listener/nlb-internal/${port}`)).toBeDefined();
        for (const port of related) {
          const [, ...groups] = carries(aws, `listener/nlb-internal/${port}`) ?? [];
          expect([...known]).toEqual(expect.arrayContaining(groups));
        }
      };
      converge(aws, networkModel(after), { pick, onStep });
    }),
    { numRuns: 150 },
  );
});
