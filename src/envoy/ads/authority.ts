// The certificate authority of the configuration service. Its certificates and keys are in a Secret of Gatehouse's
// namespace. The leader makes them; every replica reads them, and issues a server certificate of its own.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Secret } from '../../api/core.ts';
import { secrets } from '../../api/kinds.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import { isNotFound } from '../../kube/kube-error.ts';
import { type ObjectKey, parseObjectKey } from '../../kube/object.ts';
import { issueServerCertificate, type KeyPair, makeAuthority } from './issue.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Clocks differ. */
const earlierMs = hourMs;
const authorityValidMs = 90 * dayMs;
/** When an authority ends this soon, a new one is made. */
const renewBeforeMs = 30 * dayMs;
/** Envoys must trust a new authority before it signs: their copy of the certificates is that old at most. */
const overlapMs = dayMs;
const serverValidMs = 7 * dayMs;
const renewServerBeforeMs = 2 * dayMs;

interface Authority extends KeyPair {
  /** In milliseconds since 1970. */
  readonly madeAt: number;
  readonly endsAt: number;
}

export interface AdsAuthorityOptions {
  readonly client: KubeClient;
  /** The Secret. */
  readonly secret: ObjectKey;
  /** The DNS name by which Envoys call the service. */
  readonly serverName: string;
  readonly clock: Clock;
}

/** What a replica serves with, and what Envoys trust. */
export interface Trust {
  /** PEM certificates of all authorities. */
  readonly authorities: string;
  readonly server: KeyPair;
}

export class AdsAuthority {
  readonly #options: AdsAuthorityOptions;
  /** Those that were read last, or made. */
  #known: readonly Authority[] = [];
  #issued: { readonly by: string; readonly endsAt: number; readonly server: KeyPair } | undefined;

  constructor(options: AdsAuthorityOptions) {
    this.#options = options;
  }

  /**
   * Makes a new authority if none is there, or if the newest ends soon. If somebody has deleted the Secret, it gets the authorities
   * back that Envoys trust. Only the leader calls it.
   */
  async maintain(signal: AbortSignal): Promise<void> {
    const { client, secret, clock } = this.#options;
    const now = clock.now();
    const found = await this.#read(signal);
    const authorities = this.#authorities(found, now);
    const isRenewed = authorities.some(({ endsAt }) => endsAt - now > renewBeforeMs);
    if (isRenewed && readAuthorities(found, now).length > 0) return;
    const validity = { from: now - earlierMs, until: now + authorityValidMs };
    const made: readonly KeyPair[] = isRenewed ? [] : [await makeAuthority('gatehouse-ads', validity)];
    const all: readonly KeyPair[] = [...authorities, ...made];
    const data = { 'ca.crt': encode(all, 'certificate'), 'ca.key': encode(all, 'key') };
    if (found === undefined) {
      const { namespace = '', name } = parseObjectKey(secret);
      const created: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'Opaque', data };
      await client.create(secrets, created, signal);
    } else await client.update(secrets, { ...found, data }, signal);
  }

  /** Undefined until the leader has made an authority. Call it every hour, and if the Secret has changed: it issues a new certificate when it is time. */
  async trust(signal: AbortSignal): Promise<Trust | undefined> {
    const now = this.#options.clock.now();
    const authorities = this.#authorities(await this.#read(signal), now);
    const signer = signerOf(authorities, now);
    if (signer === undefined) return undefined;
    return {
      authorities: authorities.map(({ certificate }) => certificate).join('\n'),
      server: await this.#server(signer, now),
    };
  }

  #authorities(secret: Secret | undefined, now: number): readonly Authority[] {
    const found = readAuthorities(secret, now);
    if (found.length > 0) this.#known = found;
    return this.#known.filter(({ endsAt }) => endsAt > now);
  }

  async #server(signer: Authority, now: number): Promise<KeyPair> {
    const issued = this.#issued;
    if (issued?.by === signer.certificate && issued.endsAt - now > renewServerBeforeMs) return issued.server;
    const endsAt = Math.min(now + serverValidMs, signer.endsAt);
    const validity = { from: now - earlierMs, until: endsAt };
    const server = await issueServerCertificate(signer, this.#options.serverName, validity);
    this.#issued = { by: signer.certificate, endsAt, server };
    return server;
  }

  async #read(signal: AbortSignal): Promise<Secret | undefined> {
    const { client, secret } = this.#options;
    try {
      return await client.get(secrets, secret, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** The newest that Envoys trust by now; else the oldest, because then all are new. */
const signerOf = (authorities: readonly Authority[], now: number): Authority | undefined =>
  authorities.findLast(({ madeAt }) => now - madeAt >= overlapMs) ?? authorities[0];

const pemBlock = /-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g;

/** The authorities that have not ended, the oldest first. Those that somebody damaged are left out. */
function readAuthorities(secret: Secret | undefined, now: number): readonly Authority[] {
  const keys = decode(secret, 'ca.key');
  return decode(secret, 'ca.crt').flatMap((certificate, index) => {
    const authority = readAuthority(certificate, keys[index] ?? '');
    return authority !== undefined && authority.endsAt > now ? [authority] : [];
  });
}

function readAuthority(certificate: string, key: string): Authority | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return undefined;
    const madeAt = parsed.validFromDate.getTime() + earlierMs;
    return { certificate, key, madeAt, endsAt: parsed.validToDate.getTime() };
  } catch {
    return undefined;
  }
}

const decode = (secret: Secret | undefined, name: string): readonly string[] =>
  Buffer.from(secret?.data?.[name] ?? '', 'base64')
    .toString()
    .match(pemBlock) ?? [];

const encode = (pairs: readonly KeyPair[], part: keyof KeyPair): string =>
  Buffer.from(`${pairs.map((pair) => pair[part].trim()).join('\n')}\n`).toString('base64');
