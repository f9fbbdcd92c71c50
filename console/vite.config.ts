/** Builds the console into console/dist: one script, one style sheet, one page. The same input gives the same bytes. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    // The server answers with ETags, so that the names may stay: the diff of a change is then one of two files.
    rolldownOptions: {
      output: { entryFileNames: 'console.js', assetFileNames: '[name][extname]', codeSplitting: false },
    },
  },
});
