import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig } from 'vite';

const gateway = process.env.FLOWFORGE_API ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte()],
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    outDir: '../dist/client',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // An inlined asset is a data: URL, which the gateway's content security policy refuses.
    assetsInlineLimit: 0,
    target: 'es2023',
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/v1': gateway, '/socket.io': { target: gateway, ws: true } },
  },
});
