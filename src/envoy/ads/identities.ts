// Who an Envoy is: the pod and ServiceAccount that its token is bound to, by a TokenReview of the API server.
import { createHash } from 'node:crypto';
import type { Clock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';

/** authentication.k8s.io/v1 TokenReviewStatus. */
export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly user?: {
    readonly username?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** Asks the API server about a token for these audiences. Rejects if there is no answer. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReviewStatus>;

export interface Identity {
  readonly serviceAccount: ObjectKey;
  readonly pod: ObjectKey;
  readonly podUid: string;
}

export interface IdentitiesOptions {
  readonly reviewToken: ReviewToken;
  /** The audience that a token must be for: a token for the API server proves nothing here. */
  readonly audience: string;
  readonly clock: Clock;
}

/** A pod that is deleted loses its token within this time at the latest. */
const rememberedMs = 60_000;

export class Identities {
  readonly #options: IdentitiesOptions;
  /** Good answers, by the hash of the token. */
  readonly #known = new Map<string, { readonly identity: Identity; readonly until: number }>();

  constructor(options: IdentitiesOptions) {
    this.#options = options;
  }

  /** Undefined if the token is not good. */
  async identify(token: string): Promise<Identity | undefined> {
    const { reviewToken, audience, clock } = this.#options;
    const key = createHash('sha256').update(token).digest('base64');
    this.#forgetOld();
    const known = this.#known.get(key);
    if (known !== undefined) return known.identity;
    const expiresAt = expiry(token);
    if (expiresAt === undefined || expiresAt <= clock.now()) return undefined;
    const identity = identityOf(await reviewToken(token, [audience]), audience);
    if (identity === undefined) return undefined;
    this.#known.set(key, { identity, until: Math.min(clock.now() + rememberedMs, expiresAt) });
    return identity;
  }

  #forgetOld(): void {
    const now = this.#options.clock.now();
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
  }
}

const serviceAccountName = /^system:serviceaccount:([^:]+):([^:]+)$/;

function identityOf({ authenticated, audiences, user }: TokenReviewStatus, audience: string): Identity | undefined {
  const [, namespace, name] = serviceAccountName.exec(user?.username ?? '') ?? [];
  const [pod] = user?.extra?.['authentication.kubernetes.io/pod-name'] ?? [];
  const [podUid] = user?.extra?.['authentication.kubernetes.io/pod-uid'] ?? [];
  // A server that does not know audiences answers without them, and has not checked them.
  if (authenticated !== true || audiences?.includes(audience) !== true) return undefined;
  if (namespace === undefined || name === undefined || pod === undefined || podUid === undefined) return undefined;
  return { serviceAccount: objectKey({ namespace, name }), pod: objectKey({ namespace, name: pod }), podUid };
}

/** The end of a JWT, in milliseconds since 1970. Tokens of pods are JWTs that end. Its signature is the API server's matter. */
function expiry(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const end = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof end === 'number' ? end * 1000 : undefined;
  } catch {
    return undefined;
  }
}
