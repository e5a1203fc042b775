// The container images of this cluster: each is a program from the Go module proxy. A pod with any other image waits.
import { join } from 'node:path';
import { type BuildOptions, built } from '../go-build.ts';

interface Image {
  /** The names without a tag: every tag means the version in `images/go.mod`. */
  readonly repositories: readonly string[];
  readonly program: string;
  readonly module: string;
  readonly package: string;
  /** The path of the program in the image; it is also the image's command. */
  readonly entrypoint: string;
}

const images: readonly Image[] = [
  {
    // The names in the conformance suites of Gateway API 1.7, 1.6 and older. The program echoes HTTP, gRPC, TCP, TLS or UDP.
    repositories: [
      'registry.k8s.io/gateway-api/conformance/echo-basic',
      'registry.k8s.io/gateway-api/echo-basic',
      'gcr.io/k8s-staging-gateway-api/echo-basic',
    ],
    program: 'echo-basic',
    module: 'sigs.k8s.io/gateway-api-conformance-images',
    package: 'sigs.k8s.io/gateway-api-conformance-images/echo-basic',
    entrypoint: '/echo-basic',
  },
];

/** An image on this machine. */
export interface RunnableImage {
  /** The path of the program's binary, which is linked statically. */
  readonly binary: string;
  readonly entrypoint: string;
}

/** Builds missing images. The result finds an image by its reference, with a tag or a digest. */
export async function pullImages(
  options: BuildOptions = {},
): Promise<(reference: string) => RunnableImage | undefined> {
  const runnable = new Map<string, RunnableImage>();
  for (const image of images) {
    const { program, repositories, entrypoint } = image;
    const folder = join(import.meta.dirname, 'images');
    const binary = await built({ ...image, name: program, folder }, options);
    for (const repository of repositories) runnable.set(repository, { entrypoint, binary });
  }
  return (reference) => runnable.get(reference.replace(/@.*$/, '').replace(/:[^/]*$/, ''));
}

/** The message for a pod with an unknown image. */
export const unknownImage = (reference: string): string =>
  `No image "${reference}" here; this cluster runs ${images.flatMap(({ repositories }) => repositories).join(', ')}`;
