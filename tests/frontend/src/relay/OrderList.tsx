import { graphql, useLazyLoadQuery, usePaginationFragment } from "react-relay";

import type { OrderListNextQuery } from "./__generated__/OrderListNextQuery.graphql";
import type { OrderListQuery } from "./__generated__/OrderListQuery.graphql";
import type { OrderList_orders$key } from "./__generated__/OrderList_orders.graphql";
import { OrderRow } from "./OrderRow";

type Page = { customer: string; first: number };

/** The orders of a customer; the button loads the next page while there is one. */
export function OrderList(page: Page) {
  const data = useLazyLoadQuery<OrderListQuery>(
    graphql`
      query OrderListQuery($customer: String!, $first: Int!) {
        ...OrderList_orders @arguments(customer: $customer, first: $first)
      }
    `,
    page,
  );
  return <Rows orders={data} first={page.first} />;
}

function Rows({ orders, first }: { orders: OrderList_orders$key; first: number }) {
  const { data, loadNext, hasNext } = usePaginationFragment<
    OrderListNextQuery,
    OrderList_orders$key
  >(
    graphql`
      fragment OrderList_orders on Query
      @refetchable(queryName: "OrderListNextQuery")
      @argumentDefinitions(
        customer: { type: "String!" }
        first: { type: "Int!" }
        after: { type: "String" }
      ) {
        salesOrders(
          filter: { customer: { number: { eq: $customer } } }
          first: $first
          after: $after
        ) @connection(key: "OrderList_salesOrders") {
          edges {
            node {
              id
              ...OrderRow_order
            }
          }
        }
      }
    `,
    orders,
  );
  return (
    <>
      {data.salesOrders.edges.map(({ node }) => (
        <OrderRow key={node.id} order={node} />
      ))}
      {hasNext && <button onClick={() => loadNext(first)}>More</button>}
    </>
  );
}
