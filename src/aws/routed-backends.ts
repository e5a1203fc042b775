// The backends of a Gateway's routes, even if something else is wrong with the Gateway.
import type { BackendService } from '../gateway/backend-service.ts';
import type { Translation } from '../gateway/topology.ts';
import { withinAws } from './translation.ts';

/** The backends of all its routes, attached or not: the Gateway may serve these, while it is not known what it should serve. */
export const routedBackends = ({ routes }: Pick<Translation, 'routes'>): readonly BackendService[] =>
  routes
    .flatMap((route) => withinAws(route, undefined).rules)
    .flatMap(({ action }) => (action.kind === 'forward' ? action.backends : []))
    .flatMap(({ service }) => service ?? []);
