// npm run build: the command line as one file, for the image. Bundled, the AWS clients shrink to the calls that are made,
// which halves the memory that the process needs.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  output: { file: 'dist/main.js', format: 'esm', minify: false, sourcemap: true },
});
