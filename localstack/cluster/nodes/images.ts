// The container images of this cluster. A pod with any other image waits.
import { join } from 'node:path';
import { type BuildOptions, built, type GoProgram } from '../go-build.ts';
import { installEnvoy } from '../metallb/envoy.ts';
import { metallbProgram } from '../metallb/module.ts';
import { run } from '../run.ts';

interface Image {
  /** The names without a tag: every tag means the same version. */
  readonly repositories: readonly string[];
  /** The path of the program in the image; it is also the image's command. */
  readonly entrypoint: string;
  /** The user's number; default: root. */
  readonly user?: number;
  /** The path of the program on this machine. The first call on a machine builds or downloads it. */
  readonly find: (options: BuildOptions) => Promise<string>;
}

const echo: Image = {
  // The names in the conformance suites of Gateway API 1.7, 1.6 and older. The program echoes HTTP, gRPC, TCP, TLS or UDP.
  repositories: [
    'registry.k8s.io/gateway-api/conformance/echo-basic',
    'registry.k8s.io/gateway-api/echo-basic',
    'gcr.io/k8s-staging-gateway-api/echo-basic',
  ],
  entrypoint: '/echo-basic',
  find: fromGo({
    name: 'echo-basic',
    folder: join(import.meta.dirname, 'images'),
    module: 'sigs.k8s.io/gateway-api-conformance-images',
    package: 'sigs.k8s.io/gateway-api-conformance-images/echo-basic',
  }),
};

const metallb = (name: 'controller' | 'speaker'): Image => ({
  repositories: [`quay.io/metallb/${name}`],
  entrypoint: `/${name}`,
  find: fromGo(metallbProgram(name)),
});

const envoy: Image = {
  repositories: ['docker.io/envoyproxy/envoy', 'envoyproxy/envoy'],
  entrypoint: '/usr/local/bin/envoy',
  user: 65_532,
  find: installEnvoy,
};

function fromGo(program: GoProgram): Image['find'] {
  return (options) => built(program, options);
}

/** An image on this machine. */
export interface RunnableImage {
  /** The path of the program. */
  readonly binary: string;
  /** The paths of the shared libraries that the program needs. They are the same in the container. */
  readonly libraries: readonly string[];
  readonly entrypoint: string;
  /** The number of the user that runs it if the pod names none. */
  readonly user: number;
}

export interface ImageOptions extends BuildOptions {
  /** Whether there are images of MetalLB and Envoy; default: false. */
  readonly metallb?: boolean | undefined;
}

export type FindImage = (reference: string) => RunnableImage | undefined;

const withMetallb: readonly Image[] = [metallb('controller'), metallb('speaker'), envoy];

/** Builds or downloads missing images. The result finds an image by its reference, with a tag or a digest. */
export async function pullImages(options: ImageOptions = {}): Promise<FindImage> {
  const runnable = new Map<string, RunnableImage>();
  for (const { repositories, entrypoint, user = 0, find } of options.metallb ? [echo, ...withMetallb] : [echo]) {
    const binary = await find(options);
    const libraries = await librariesOf(binary);
    for (const repository of repositories) runnable.set(repository, { entrypoint, user, binary, libraries });
  }
  return (reference) => runnable.get(reference.replace(/@.*$/, '').replace(/:[^/]*$/, ''));
}

/** A static program has none. Then `ldd` exits with 1. */
async function librariesOf(binary: string): Promise<readonly string[]> {
  const output = await run('ldd', [binary]).catch(() => '');
  return [...output.matchAll(/(?:=> |^\t)(\/\S+) \(/gm)].flatMap(([, path = []]) => path);
}

const named = (images: readonly Image[]): string => images.flatMap(({ repositories }) => repositories).join(', ');

/** The message for a pod with an unknown image. */
export const unknownImage = (reference: string): string =>
  `No image "${reference}" here; this cluster runs ${named([echo])}, and with MetalLB also ${named(withMetallb)}`;
