import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: "src/*.ts",
  config: {
    scalars: { Date: "string", DateTime: "string", Decimal: "string" },
    strictScalars: true,
  },
  generates: {
    "src/generated/": { preset: "client", presetConfig: { fragmentMasking: false, persistedDocuments: true } },
    "src/generated/schema.ts": { plugins: ["typescript"] },
    "src/generated/possible-types.ts": {
      plugins: ["fragment-matcher"],
      config: { useExplicitTyping: true },
    },
    "src/generated/introspection.json": {
      plugins: ["introspection"],
      config: { descriptions: false, minify: true },
    },
  },
};

export default config;
