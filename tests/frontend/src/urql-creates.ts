import { Client, fetchExchange } from "@urql/core";

import { CREATE, lossy, replayed } from "./creates";
import { repeating } from "./repeating";
import { print, subject as customer, url } from "./walk";

const client = new Client({ url, fetch: repeating(lossy), exchanges: [fetchExchange] });

async function create(): Promise<object> {
  const { data } = await client.mutation(CREATE, { customer });
  return { replayed, number: data?.createSalesOrder?.salesOrder?.number };
}

print(create());
