// Mirrors an environment's resources in any AWS over its API: after each call, everything that the call names is read again.
// So tests can read any AWS like the embedded one.
import { newRegionState, type RegionState } from '../../localstack/aws/state.ts';
import { CertificateReader } from './read-acm.ts';
import { Ec2Reader } from './read-ec2.ts';
import { Elbv2Reader } from './read-elbv2.ts';

interface Reader {
  /** Reads a resource again and updates the state. Ignores resources of other services. */
  read(name: string): Promise<void>;
  destroy(): void;
}

const names = /arn:aws[\w-]*:(?:elasticloadbalancing|acm):[\w-]*:\d*:[\w/.-]+|\b(?:sg|sgr|subnet)-[0-9a-f]{8,}\b/g;

/** A rule is read with its listener. The rule's ARN begins with the listener's. */
const readWith = (name: string): string => name.replace(/:listener-rule(\/.+)\/\w+$/, ':listener$1');

export class Mirror {
  readonly state: RegionState;
  readonly #readers: readonly Reader[];
  readonly #wanted = new Set<string>();
  #reading: Promise<void> = Promise.resolve();

  constructor(endpoint: string, region: string) {
    this.state = newRegionState(region, '');
    const client = { endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.#readers = [
      new Elbv2Reader(client, this.state.elbv2),
      new Ec2Reader(client, this.state.ec2),
      new CertificateReader(client, this.state.acm),
    ];
  }

  /** Reads everything that the texts name. Resolves when all reads have ended; failed reads are logged. */
  refresh(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      for (const [name] of text.matchAll(names)) this.#wanted.add(readWith(name));
    }
    this.#reading = this.#reading
      .then(() => this.#read())
      .catch((error: unknown) => console.error('AWS could not be looked at:', error));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    await Promise.all(wanted.flatMap((name) => this.#readers.map((reader) => reader.read(name))));
  }

  destroy(): void {
    for (const reader of this.#readers) reader.destroy();
  }
}
