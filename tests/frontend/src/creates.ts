import { graphql } from "./generated";

export const CREATE = graphql(`
  mutation Create($customer: String!) {
    createSalesOrder(input: { customer: { number: $customer } }) {
      salesOrder { ...Identity number }
      userErrors { message }
    }
  }
`);

/** The value of Idempotency-Replayed of each response. */
export const replayed: (string | null)[] = [];

/** A fetch that loses the first response. */
export const lossy: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  replayed.push(response.headers.get("Idempotency-Replayed"));
  if (replayed.length === 1) throw new TypeError("the response was lost");
  return response;
};
