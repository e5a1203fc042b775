// Who an Envoy is: the pod and ServiceAccount that its token is bound to, by a TokenReview of the API server.
import { createHash } from 'node:crypto';
import { z } from 'zod';
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
  /** Only the tokens of these pods are reviewed. Their UIDs are not easily guessed, so strangers cost the API server nothing. */
  readonly isOurs: (claimed: Identity) => boolean;
  /** The audience that a token must be for: a token for the API server proves nothing here. */
  readonly audience: string;
  readonly clock: Clock;
}

/** A pod that is deleted loses its token within this time at the latest. */
const rememberedMs = 60_000;
/** Envoy tries again at once, and the answer would be the same. */
const badRememberedMs = 10_000;
/** From one address. Anybody can name the UID of any pod in a bad token, so pods are not counted. */
const badPerMinute = 20;

interface Review {
  readonly at: number;
}

/** Undefined if the token is not good. */
type Answer = Identity | undefined;

export class Identities {
  readonly #options: IdentitiesOptions;
  /** By the hash of the token. */
  readonly #known = new Map<string, { readonly answer: Promise<Answer>; until: number }>();
  /** Until when, by the hash of a token that was good. It is reviewed again, whatever else comes from its address. */
  readonly #good = new Map<string, number>();
  /** By address, the reviews of the last minute that have not found the token good. */
  readonly #doubtful = new Map<string, Set<Review>>();

  constructor(options: IdentitiesOptions) {
    this.#options = options;
  }

  /**
   * Rejects if the API server does not answer, or was asked too often.
   * @param address where the token comes from
   */
  async identify(token: string, address: string): Promise<Answer> {
    const now = this.#options.clock.now();
    this.#forgetOld(now);
    const claims = claimsOf(token);
    if (claims === undefined || claims.expiresAt <= now || !this.#options.isOurs(claims.identity)) return undefined;
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined) return known.answer;
    const doubtful = this.#doubtfulFrom(address);
    if (doubtful.size >= badPerMinute && !this.#good.has(key))
      throw new Error(`Too many bad tokens from ${address} in a minute`);
    const review: Review = { at: now };
    doubtful.add(review);
    const until = Math.min(now + rememberedMs, claims.expiresAt);
    const asked = { answer: this.#review(token), until };
    this.#known.set(key, asked);
    try {
      const answer = await asked.answer;
      if (answer === undefined) {
        asked.until = Math.min(now + badRememberedMs, until);
        return undefined;
      }
      this.#good.set(key, claims.expiresAt);
      doubtful.delete(review);
      return answer;
    } catch (error) {
      this.#known.delete(key);
      doubtful.delete(review);
      throw error;
    }
  }

  async #review(token: string): Promise<Answer> {
    const { reviewToken, audience } = this.#options;
    return identityOf(await reviewToken(token, [audience]), audience);
  }

  #doubtfulFrom(address: string): Set<Review> {
    const doubtful = this.#doubtful.get(address) ?? new Set();
    this.#doubtful.set(address, doubtful);
    return doubtful;
  }

  #forgetOld(now: number): void {
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
    for (const [key, until] of this.#good) if (until <= now) this.#good.delete(key);
    for (const [address, doubtful] of this.#doubtful) {
      for (const review of doubtful) if (now - review.at >= 60_000) doubtful.delete(review);
      if (doubtful.size === 0) this.#doubtful.delete(address);
    }
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

const claimsSchema = z.object({
  exp: z.number(),
  'kubernetes.io': z.object({
    namespace: z.string(),
    pod: z.object({ name: z.string(), uid: z.string() }),
    serviceaccount: z.object({ name: z.string() }),
  }),
});

/** What the token says about itself. It proves nothing: its signature is the API server's matter. */
function claimsOf(token: string): { readonly identity: Identity; readonly expiresAt: number } | undefined {
  const { data } = claimsSchema.safeParse(payloadOf(token));
  if (data === undefined) return undefined;
  const { namespace, pod, serviceaccount } = data['kubernetes.io'];
  return {
    identity: {
      serviceAccount: objectKey({ namespace, name: serviceaccount.name }),
      pod: objectKey({ namespace, name: pod.name }),
      podUid: pod.uid,
    },
    expiresAt: data.exp * 1000,
  };
}

/** Of a JWT: tokens of pods are. */
function payloadOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
}
