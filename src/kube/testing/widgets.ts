import type { Kind } from '../kinds.ts';
import type { KubeObject } from '../object.ts';

/** A kind for tests. */
export interface Widget extends KubeObject {
  readonly spec?: { readonly color?: string };
  readonly status?: unknown;
}

export const widgets: Kind<Widget> = {
  group: 'example.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

export const widget = (name: string, resourceVersion: string, color = 'red', namespace = 'demo'): Widget => ({
  apiVersion: 'example.io/v1',
  kind: 'Widget',
  metadata: { namespace, name, resourceVersion, uid: `uid-${name}` },
  spec: { color },
});
