// What is known of this provider without a cluster.
import type { Config } from '../config.ts';
import { supportedFeatures } from '../gateway/features.ts';
import { METALLB_CAPABILITIES } from './capabilities.ts';
import { metallbWords } from './provider-words.ts';
import { narrowForMetallb } from './translation.ts';

/** The name never changes, because Gateways of older installations have it, whatever their controllerName is now. */
export const metallbFinalizer = 'gatehouse.dev/metallb';

export const metallbKnown = ({ metallbControllerName }: Pick<Config, 'metallbControllerName'>) => ({
  name: 'metallb',
  controllerName: metallbControllerName,
  finalizer: metallbFinalizer,
  words: metallbWords,
  capabilities: METALLB_CAPABILITIES,
  supportedFeatures: supportedFeatures(METALLB_CAPABILITIES, {}),
  narrow: narrowForMetallb,
});
