// What the routes of a Gateway refer to, whatever else is wrong with it.
import type { BackendService, Translation } from '../gateway/topology.ts';
import { withinAlb } from './translation.ts';

/** The backends of all of its routes, attached or not: what may be served of it while nobody can tell what should. */
export const routedBackends = ({ routes }: Pick<Translation, 'routes'>): readonly BackendService[] =>
  routes
    .flatMap((route) => withinAlb(route, undefined).rules)
    .flatMap(({ action }) => (action.kind === 'forward' ? action.backends : []))
    .flatMap(({ service }) => service ?? []);
