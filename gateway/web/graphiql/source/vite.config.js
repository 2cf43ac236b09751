import { defineConfig } from "vite";

import { bundledPackages } from "./licenses.js";

const packages = bundledPackages();

export default defineConfig({
  base: "/graphiql/",
  plugins: [packages.seen(), packages.written("LICENSES.md")],
  worker: { plugins: () => [packages.seen()] },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      external: /^\/graphiql\/tools\//, // plain modules, which the gateway serves as they are
      onLog(level, log, print) {
        // "use client" means nothing where there is no server rendering.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") print(level, log);
      },
    },
  },
});
