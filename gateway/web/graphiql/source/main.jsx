import "graphiql/setup-workers/vite";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

import { connect, send, storage } from "/graphiql/tools/main.js";

import "./style.css";

// {"endpoint": URL, "tabs": [{"query", "variables", "headers"}]}, each of a tab as text
const config = JSON.parse(document.getElementById("graphiql-config").textContent);

const fetcher = createGraphiQLFetcher({ url: config.endpoint, fetch: send });
const plugins = [HISTORY_PLUGIN, explorerPlugin()];

const EDITORS = ["queryEditor", "variableEditor", "headerEditor", "responseEditor"];
const STATE = ["tabs", "activeTabIndex", "schema", "documentAST", "operationName", ...EDITORS];

// Connects GraphiQL with the bars around it.
function Tools() {
  const { addTab, changeTab, introspect } = useGraphiQLActions();
  const state = useGraphiQL(pick(...STATE));
  const areReady = EDITORS.every((name) => state[name]);
  // GraphiQL fills its editors with the query of the first tab only: neither with its variables and
  // headers, nor with another tab that was active. Changing to the active tab fills them all.
  useEffect(() => {
    if (areReady) changeTab(state.activeTabIndex);
  }, [areReady]);
  useEffect(() => {
    if (areReady) connect({ ...state, addTab, changeTab, introspect });
  });
  return null;
}

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    defaultTabs={config.tabs}
    defaultEditorToolsVisibility
    isHeadersEditorEnabled
    shouldPersistHeaders
    showPersistHeadersSettings={false}
    storage={storage} // leaves credentials out
  >
    <GraphiQL.Logo>
      <img className="logo" src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" />
      Sales orders
    </GraphiQL.Logo>
    <Tools />
  </GraphiQL>,
);
