// Which names a port's certificates have in common, as far as the listeners' hostnames let clients ask for them. For a name
// that a client asks for (SNI) an ALB looks in the listener's certificate list alone; the default certificate is for names
// that nothing in the list has. So a default certificate has to be in the list too where another one would take its names.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
import type { CertificateSource, ListenerTopology } from '../../gateway/topology.ts';

export function sourceKey(source: CertificateSource): string {
  return source.kind === 'secret' ? source.secret : source.reference;
}

/** What a certificate is for: names, and wildcards for one label. */
interface Names {
  readonly exact: ReadonlySet<string>;
  /** What follows their `*`: `.example.com`. */
  readonly wildcards: ReadonlySet<string>;
  /** The exact ones by what follows their first label. */
  readonly byParent: ReadonlyMap<string, readonly string[]>;
}

/** What follows a name's first label, with the dot; empty for the last one. */
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

/** Undefined for one that is known by its ARN only: it may have any name. */
const certificateNames = (source: CertificateSource): Names | undefined =>
  source.kind === 'secret' ? namesOf(source.certificate.domainNames) : undefined;

/** A name that no listener has as its own. */
const someNameUnder = (parent: string): string => `*${parent}`;

export class DefaultCertificate {
  readonly #key: string;
  readonly #names: Names | undefined;
  readonly #listeners: ReadonlyMap<string, ListenerTopology>;
  readonly #hostnames: Names;

  /** @param listeners those of one port */
  constructor(source: CertificateSource, listeners: readonly ListenerTopology[]) {
    this.#key = sourceKey(source);
    this.#names = certificateNames(source);
    this.#listeners = new Map(listeners.map((listener) => [listener.hostname ?? '', listener]));
    this.#hostnames = namesOf(listeners.flatMap(({ hostname }) => hostname ?? []));
  }

  /** Whether, of the names that clients are to see the default certificate for, one is among those of `other`. */
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

  /** Whether one of the names is a listener's that has the default certificate. */
  #isShownFor({ exact, wildcards }: Names): boolean {
    const names = [...exact, ...[...wildcards].flatMap((parent) => this.#namesUnder(parent))];
    return names.some((name) => this.#listenerFor(name)?.certificates.some((each) => sourceKey(each) === this.#key));
  }

  /** Under a wildcard: the listeners' own names, and one for all others. */
  #namesUnder(parent: string): readonly string[] {
    return [someNameUnder(parent), ...(this.#hostnames.byParent.get(parent) ?? [])];
  }

  /** The one with the longest hostname that matches. */
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
