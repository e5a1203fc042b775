// What the routes of a Gateway refer to, whatever else is wrong with it.
import type { GatewayInput } from './input.ts';
import { resolveRules } from './rules.ts';
import type { BackendService, Capabilities } from './topology.ts';

/** The backends of all of its routes, attached or not: what may be served of it while nobody can tell what should. */
export const routedBackends = (input: GatewayInput, capabilities: Capabilities): readonly BackendService[] =>
  input.routes
    .flatMap((route) => resolveRules(route, { input, capabilities, settings: undefined, report: () => undefined }))
    .flatMap(({ action }) => (action.kind === 'forward' ? action.backends : []))
    .flatMap(({ service }) => service ?? []);
