import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";

import { CREATE, lossy, replayed } from "./creates";
import { repeating } from "./repeating";
import { print, subject as customer, url } from "./walk";

const link = new HttpLink({ uri: url, fetch: repeating(lossy) });
const client = new ApolloClient({ cache: new InMemoryCache(), link });

async function create(): Promise<object> {
  const { data } = await client.mutate({ mutation: CREATE, variables: { customer } });
  return { replayed, number: data?.createSalesOrder?.salesOrder?.number };
}

print(create());
