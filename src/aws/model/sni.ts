// Which names a port's certificates have in common, among the names that clients may request. For a requested name (SNI), an ALB first
// looks in the listener's certificate list. It uses the default certificate only for names that no certificate in the list has. So the
// default certificate must be in the list too, if another one would take its names.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
import type { CertificateSource, ListenerTopology } from '../../gateway/topology.ts';

export function sourceKey(source: CertificateSource): string {
  return source.kind === 'secret' ? source.secret : source.reference;
}

/** The names of a certificate, and its wildcards for one label. */
interface Names {
  readonly exact: ReadonlySet<string>;
  /** The text after the `*`: `.example.com`. */
  readonly wildcards: ReadonlySet<string>;
  /** The exact names, by the text after their first label. */
  readonly byParent: ReadonlyMap<string, readonly string[]>;
}

/** The text after a name's first label, with the dot. Empty if there is only one label. */
function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function namesOf(names: readonly string[]): Names {
  const all = names.map((name) => name.toLowerCase());
  const exact = all.filter((name) => !name.startsWith('*.'));
  return {
    exact: new Set(exact),
    wildcards: new Set(all.filter((name) => name.startsWith('*.')).map((name) => name.slice(1))),
    byParent: Map.groupBy(exact, parentOf),
  };
}

/** Undefined if only the ARN of the certificate is known: then it may have any name. */
const certificateNames = (source: CertificateSource): Names | undefined =>
  source.kind === 'secret' ? namesOf(source.certificate.domainNames) : undefined;

/** Stands for all names that no listener has. */
const someNameUnder = (parent: string): string => `*${parent}`;

export class DefaultCertificate {
  readonly #key: string;
  readonly #names: Names | undefined;
  readonly #listeners: ReadonlyMap<string, ListenerTopology>;
  readonly #hostnames: Names;

  /** @param listeners of one port */
  constructor(source: CertificateSource, listeners: readonly ListenerTopology[]) {
    this.#key = sourceKey(source);
    this.#names = certificateNames(source);
    this.#listeners = new Map(listeners.map((listener) => [listener.hostname ?? '', listener]));
    this.#hostnames = namesOf(listeners.flatMap(({ hostname }) => hostname ?? []));
  }

  /** Whether `other` has one of the names for which clients must see the default certificate. */
  losesTo(other: CertificateSource): boolean {
    const names = certificateNames(other);
    if (this.#names === undefined || names === undefined) {
      const known = this.#names ?? names;
      return known === undefined || this.#isShownFor(known);
    }
    const own = this.#names;
    const exact = [...names.exact].filter((name) => own.exact.has(name) || own.wildcards.has(parentOf(name)));
    const within = [...names.wildcards].flatMap((parent) => own.byParent.get(parent) ?? []);
    const wildcards = [...names.wildcards].filter((parent) => own.wildcards.has(parent));
    return this.#isShownFor(namesOf([...exact, ...within, ...wildcards.map(someNameUnder)]));
  }

  /** Whether one of the names belongs to a listener with the default certificate. */
  #isShownFor({ exact, wildcards }: Names): boolean {
    const names = [...exact, ...[...wildcards].flatMap((parent) => this.#namesUnder(parent))];
    return names.some((name) => this.#listenerFor(name)?.certificates.some((each) => sourceKey(each) === this.#key));
  }

  /** The names below a wildcard: those of listeners, and one for all other names. */
  #namesUnder(parent: string): readonly string[] {
    return [someNameUnder(parent), ...(this.#hostnames.byParent.get(parent) ?? [])];
  }

  /** The listener with the longest matching hostname. */
  #listenerFor(name: string): ListenerTopology | undefined {
    const exact = this.#listeners.get(name);
    if (exact !== undefined) return exact;
    for (let parent = parentOf(name); parent !== ''; parent = parentOf(parent.slice(1))) {
      const wildcard = this.#listeners.get(`*${parent}`);
      if (wildcard !== undefined) return wildcard;
    }
    return this.#listeners.get('');
  }
}
