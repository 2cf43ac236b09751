"""What is allowed and what it costs: the rules of sales orders, without GraphQL and without SQL."""
