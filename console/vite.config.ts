import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The server answers these itself; everything else is the console's. */
const served = ['/v1', '/docs', '/openapi.json', '/.well-known'];

/**
 * Builds into `console/dist`. Nothing is inlined (fonts included), so that the page runs under
 * `default-src 'self'` without exceptions; in development the API is a server on its default port.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), tailwindcss()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2023', chunkSizeWarningLimit: 700 },
  server: { port: 5173, proxy: Object.fromEntries(served.map((path) => [path, 'http://127.0.0.1:3000'])) },
});
