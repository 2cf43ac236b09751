import "graphiql/setup-workers/vite";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

import "./style.css";

// {"endpoint": URL, "tabs": [{"query", "variables", "headers"}]}, each of a tab as text
const config = JSON.parse(document.getElementById("graphiql-config").textContent);

const fetcher = createGraphiQLFetcher({ url: config.endpoint });
const plugins = [HISTORY_PLUGIN, explorerPlugin()];

// Other GraphiQLs of this host would share their tabs with ours under the keys of GraphiQL.
const PREFIX = "sales-orders:";
const ourKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
const storage = {
  getItem: (key) => localStorage.getItem(PREFIX + key),
  setItem: (key, value) => localStorage.setItem(PREFIX + key, value),
  removeItem: (key) => localStorage.removeItem(PREFIX + key),
  clear: () => ourKeys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return ourKeys().length;
  },
};

// GraphiQL fills its editors with the query of the first tab only: neither with its variables and
// headers, nor with another tab that was active. Changing to the active tab fills them all.
function FillEditors() {
  const { changeTab } = useGraphiQLActions();
  const { activeTabIndex, ...editors } = useGraphiQL(
    pick("activeTabIndex", "queryEditor", "variableEditor", "headerEditor", "responseEditor"),
  );
  const areReady = Object.values(editors).every(Boolean);
  useEffect(() => {
    if (areReady) changeTab(activeTabIndex);
  }, [areReady]);
  return null;
}

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    defaultTabs={config.tabs}
    defaultEditorToolsVisibility
    isHeadersEditorEnabled
    shouldPersistHeaders={false} // they hold credentials
    storage={storage}
  >
    <GraphiQL.Logo>
      <img className="logo" src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" />
      Sales orders
    </GraphiQL.Logo>
    <FillEditors />
  </GraphiQL>,
);
