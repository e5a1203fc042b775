import { finish } from '../../../gateway/steps.ts';
import { certificate } from '../../../gateway/testing/sample.ts';
import type { Topology } from '../../../gateway/topology.ts';
import { buildEnvoy } from '../build.ts';

export const modelOf = (topology: Topology) =>
  finish(
    buildEnvoy(topology, { families: ['IPv4'], keyPairs: new Map([[certificate, { chain: 'chain', key: 'key' }]]) }),
  );
