/**
 * Builds the inspector's page: one document, one script, one style sheet and an icon, whose names do
 * not change. Nothing is inlined, so that a strict content security policy holds.
 * @module
 */
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'inspector/page',
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/inspector/page',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]', codeSplitting: false },
    },
  },
})
