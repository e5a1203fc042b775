// Tokens of pods, and how the API server answers for them.
import type { TokenReviewStatus } from '../identities.ts';

export const audience = 'gatehouse.dev/ads';

/** A token like those that the kubelet mounts: it names a pod, and ends. */
export function tokenOf(pod: string, claims: Readonly<Record<string, unknown>> = {}, signature = 'good'): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const bound = { namespace: 'demo', pod: { name: pod, uid: uidOf(pod) }, serviceaccount: { name: 'web-envoy' } };
  return [
    encoded({ alg: 'none' }),
    encoded({ aud: [audience], exp, 'kubernetes.io': bound, ...claims }),
    signature,
  ].join('.');
}

export const uidOf = (pod: string): string => `uid-of-${pod}`;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** How the API server answers for a token of `tokenOf`. */
export function reviewOf(token: string, good = 'good'): TokenReviewStatus {
  const [, payload = '', signature] = token.split('.');
  if (signature !== good) return { authenticated: false };
  const claims: {
    readonly aud: readonly string[];
    readonly 'kubernetes.io': {
      readonly namespace: string;
      readonly pod: { readonly name: string; readonly uid: string };
      readonly serviceaccount: { readonly name: string };
    };
  } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const { namespace, pod, serviceaccount } = claims['kubernetes.io'];
  return {
    authenticated: true,
    audiences: claims.aud,
    user: {
      username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
      extra: {
        'authentication.kubernetes.io/pod-name': [pod.name],
        'authentication.kubernetes.io/pod-uid': [pod.uid],
      },
    },
  };
}
