import { act, Suspense } from "react";
import { RelayEnvironmentProvider } from "react-relay";
import { create } from "react-test-renderer";
import { commitLocalUpdate, Environment, Network, RecordSource, Store } from "relay-runtime";
import type { FetchFunction } from "relay-runtime";

import type { OrderFieldsFragment } from "./generated/graphql";
import { OrderList } from "./relay/OrderList";
import { repeating } from "./repeating";
import { customer, first, run, url, type Walk } from "./walk";

const fetchOnce = repeating();
const send: FetchFunction = async ({ text }, variables) => {
  const answer = await fetchOnce(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: text, variables }),
  });
  return answer.json();
};
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
const environment = new Environment({
  network: Network.create(send),
  store: new Store(new RecordSource()),
});

const render = () =>
  create(
    <RelayEnvironmentProvider environment={environment}>
      <Suspense fallback="loading">
        <OrderList customer={customer} first={first} />
      </Suspense>
    </RelayEnvironmentProvider>,
  );

async function walk(): Promise<Walk> {
  const page = await act(async () => render());
  const rows = () => page.root.findAllByType("li");
  const shown = (): OrderFieldsFragment[] => rows().map((row) => JSON.parse(row.props.children));
  const until = async (happened: () => boolean) => {
    while (!happened()) await act(() => new Promise((done) => setTimeout(done, 10)));
  };

  await until(() => rows().length > 0);
  const counts = [rows().length];
  for (let more; (more = page.root.findAllByType("button")[0]); counts.push(rows().length)) {
    await act(more.props.onClick);
    await until(() => rows().length > (counts.at(-1) ?? 0));
  }

  const orders = shown();
  const spoil = () =>
    commitLocalUpdate(environment, (store) => {
      store.get(orders[0]?.id ?? "")?.setValue("stale", "totalAmountIncludingTax");
    });
  await act(async () => spoil());
  await until(() => shown()[0]?.totalAmountIncludingTax === "stale");
  await act(rows()[0]?.props.onClick);
  await until(() => shown()[0]?.totalAmountIncludingTax !== "stale");
  return { counts, orders, again: shown()[0] };
}

run(walk);
