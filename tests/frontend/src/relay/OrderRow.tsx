import { graphql, useRefetchableFragment } from "react-relay";

import type { OrderRowRefetchQuery } from "./__generated__/OrderRowRefetchQuery.graphql";
import type { OrderRow_order$key } from "./__generated__/OrderRow_order.graphql";

/** An order as text; a click reads it again by its id. */
export function OrderRow(props: { order: OrderRow_order$key }) {
  const [order, refetch] = useRefetchableFragment<OrderRowRefetchQuery, OrderRow_order$key>(
    graphql`
      fragment OrderRow_order on SalesOrder @refetchable(queryName: "OrderRowRefetchQuery") {
        id
        number
        orderDate
        lastModifiedDateTime
        currency { id code }
        sellToAddress { city }
        totalAmountIncludingTax
        lines { id sequence quantity unitPrice netAmountIncludingTax }
      }
    `,
    props.order,
  );
  const again = () => refetch({}, { fetchPolicy: "network-only" });
  return <li onClick={again}>{JSON.stringify(order)}</li>;
}
