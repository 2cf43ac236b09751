import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import type { DocumentNode } from "graphql";

import { ORDERS } from "./orders";
import { TRY_DELETE } from "./previews";
import { recorded, requests } from "./recorder";
import { print, subject as way, url } from "./walk";

const preferGetForPersistedQueries = way === "GET" ? "within-url-limit" : false;
const automatic = persistedExchange({ preferGetForPersistedQueries, enableForMutation: true });

type Persisted = DocumentNode & { __meta__?: { hash: string } };
const trusted = persistedExchange({
  generateHash: async (_, document: Persisted) => document.__meta__?.hash ?? "",
  enforcePersistedQueries: true,
  enableForMutation: true,
});

const persisted = way === "manifest" ? trusted : automatic;
const client = new Client({ url, fetch: recorded, exchanges: [persisted, fetchExchange] });

/** The numbers of the first orders of a customer. */
async function numbers(customer: string): Promise<unknown> {
  const { data } = await client.query(ORDERS, { customer, first: 2 });
  return data?.salesOrders.edges.map(({ node }) => node.number);
}

async function ask(): Promise<object> {
  const answers = [[await numbers("SAVEA")], [await numbers("SAVEA")]];
  const { data } = await client.mutation(TRY_DELETE, { id: "none" });
  return { requests, answers, errors: data?.deleteSalesOrder?.userErrors.length };
}

print(ask());
