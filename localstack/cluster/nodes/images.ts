// The container images of this cluster: each is a program from the Go module proxy. A pod with any other image waits.
import { join } from 'node:path';
import { type BuildOptions, built } from '../go-build.ts';

interface Image {
  /** The name without a tag: every tag means the version in `images/go.mod`. */
  readonly repository: string;
  readonly program: string;
  readonly module: string;
  readonly package: string;
  /** The path of the program in the image; it is also the image's command. */
  readonly entrypoint: string;
}

const images: readonly Image[] = [
  {
    repository: 'registry.k8s.io/gateway-api/conformance/echo-basic',
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
    const { program, repository, entrypoint } = image;
    const folder = join(import.meta.dirname, 'images');
    runnable.set(repository, { entrypoint, binary: await built({ ...image, name: program, folder }, options) });
  }
  return (reference) => runnable.get(reference.replace(/@.*$/, '').replace(/:[^/]*$/, ''));
}

/** The message for a pod with an unknown image. */
export const unknownImage = (reference: string): string =>
  `No image "${reference}" here; this cluster runs ${images.map(({ repository }) => repository).join(', ')}`;
