import { finish } from '../../../gateway/steps.ts';
import { certificate } from '../../../gateway/testing/sample.ts';
import type { Topology } from '../../../gateway/topology.ts';
import { buildEnvoy, type EnvoyOptions } from '../build.ts';

const keyPairs = new Map([[certificate, { chain: 'chain', key: 'key' }]]);

export const modelOf = (topology: Topology, options: Partial<EnvoyOptions> = {}) =>
  finish(buildEnvoy(topology, { families: ['IPv4'], keyPairs, ...options }));
