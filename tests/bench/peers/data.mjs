// What the Node peers read and write, over the gateway's own tables. Generous to the peers: prepared
// statements that select only what the benchmark asks for, and no text is parsed that is printed again.
import pg from 'pg'

const DATE = 1082
const INSTANT = 1184
pg.types.setTypeParser(DATE, text => text)
pg.types.setTypeParser(INSTANT, text => text.replace(' ', 'T').replace('+00', 'Z'))

export const port = Number(process.env.PORT)
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL, max: 16, options: '-c TimeZone=UTC'
})
const company = (await pool.query('select id from companies')).rows[0].id

const HEADER = `id, number, external_document_number as "externalDocumentNumber",
  order_date as "orderDate", posting_date as "postingDate", status, customer_name as "customerName",
  total_amount_excluding_tax as "totalAmountExcludingTax", total_tax_amount as "totalTaxAmount",
  total_amount_including_tax as "totalAmountIncludingTax",
  requested_delivery_date as "requestedDeliveryDate",
  last_modified_date_time as "lastModifiedDateTime", customer_id as "customerId"`
const LINE = `id, sequence, line_type as "lineType", description, quantity, unit_price as "unitPrice",
  discount_percent as "discountPercent", tax_percent as "taxPercent", net_amount as "netAmount",
  net_tax_amount as "netTaxAmount", net_amount_including_tax as "netAmountIncludingTax",
  shipment_date as "shipmentDate", sales_order_id as "salesOrderId", item_id as "itemId"`

/** A function that runs a prepared statement; its first parameter is the company. */
const prepared = (name, text) => async (values, on = pool) =>
  (await on.query({ name, text, values: [company, ...values] })).rows

const orderById = prepared('order', `select ${HEADER} from sales_orders
  where company_id = $1 and id = $2`)
const ordersByDate = prepared('orders', `select ${HEADER} from sales_orders
  where company_id = $1 and order_date = $2 order by order_date desc, id desc limit $3`)
const customersByIds = prepared('customers', `select id, number, display_name as "displayName", email
  from customers where company_id = $1 and id = any($2)`)
const linesByOrders = prepared('lines', `select ${LINE} from sales_order_lines
  where company_id = $1 and sales_order_id = any($2) order by sales_order_id, sequence`)
const itemsByIds = prepared('items', `select id, number, display_name as "displayName"
  from items where company_id = $1 and id = any($2)`)

export const order = async id => (await orderById([id]))[0] ?? null
export const ordersOf = (date, first) => ordersByDate([date, first])

/** The rows of these ids, in their order. */
const inOrder = (rows, ids) => {
  const found = new Map(rows.map(row => [row.id, row]))
  return ids.map(id => found.get(id) ?? null)
}
export const customers = async ids => inOrder(await customersByIds([ids]), ids)
export const items = async ids => inOrder(await itemsByIds([ids]), ids)
export const linesOfOrders = async ids => {
  const groups = new Map(ids.map(id => [id, []]))
  for (const line of await linesByOrders([ids])) groups.get(line.salesOrderId).push(line)
  return ids.map(id => groups.get(id))
}

const customerToBill = prepared('customer', `select id, number, display_name, address_line1, city,
  country, post_code, email from customers where company_id = $1 and id = $2`)
const currencyOf = prepared('currency', 'select id from currencies where company_id = $1 and code = $2')
const itemsToSell = prepared('goods', `select i.id, i.number, i.display_name, i.tax_code_id, t.percent,
    i.base_unit_of_measure_id
  from items i join tax_codes t on t.company_id = i.company_id and t.id = i.tax_code_id
  where i.company_id = $1 and i.id = any($2)`)
const nextNumber = prepared('number', `update number_series set last_number = last_number + 1
  where company_id = $1 and code = $2
  returning prefix || lpad(last_number::text, digits, '0') as number`)
const insertOrder = prepared('insert order', `insert into sales_orders (company_id, id, number, order_date,
    posting_date, customer_id, customer_number, customer_name, bill_to_customer_id, bill_to_name, email,
    sell_to_address_line1, sell_to_city, sell_to_country, sell_to_post_code, currency_id,
    total_amount_excluding_tax, total_tax_amount, total_amount_including_tax, prices_include_tax,
    partial_shipping, discount_amount, discount_applied_before_tax, status, on_hold, fully_shipped, etag,
    last_modified_date_time)
  values ($1, gen_random_uuid(), $2, $3, $3, $4, $5, $6, $4, $6, $7, $8, $9, $10, $11, $12,
    $13, $14, $13::numeric + $14::numeric, false, true, 0, true, 'DRAFT', false, false, 1, now())
  returning ${HEADER}`)
const insertLines = prepared('insert lines', `insert into sales_order_lines (company_id, id,
    sales_order_id, sequence, line_type, item_id, line_object_number, description, unit_of_measure_id,
    tax_code_id, quantity, unit_price, tax_percent, amount_excluding_tax, total_tax_amount,
    amount_including_tax, net_amount, net_tax_amount, net_amount_including_tax, ship_quantity,
    invoice_quantity, discount_amount, discount_percent, discount_applied_before_tax,
    allow_invoice_discount, invoice_discount_allocation, shipped_quantity, invoiced_quantity, etag)
  select $1, gen_random_uuid(), $2, place * 10000, 'ITEM', item, number, name, unit, code, quantity,
    price, percent, net, tax, net + tax, net, tax, net + tax, quantity, quantity, 0, 0, true, true,
    0, 0, 0, 1
  from unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::numeric[], $9::numeric[],
      $10::numeric[], $11::numeric[], $12::numeric[]) with ordinality
    as line (item, number, name, unit, code, quantity, price, percent, net, tax, place)`)

const cents = value => Math.round((value + Number.EPSILON) * 100) / 100
const total = numbers => numbers.reduce((sum, number) => sum + number, 0).toFixed(2)

/** A new order: references checked, totals computed, one transaction. */
export async function createOrder (input) {
  const connection = await pool.connect()
  try {
    await connection.query('begin')
    const created = await insert(connection, input)
    await connection.query('commit')
    return created
  } catch (error) {
    await connection.query('rollback')
    throw error
  } finally {
    connection.release()
  }
}

async function insert (connection, input) {
  const [customer] = await customerToBill([input.customer.id], connection)
  if (!customer) throw new Error('unknown customer')
  const [currency] = await currencyOf([input.currency.code], connection)
  if (!currency) throw new Error('unknown currency')
  const ids = [...new Set(input.lines.map(line => line.item.id))]
  const goods = new Map((await itemsToSell([ids], connection)).map(item => [item.id, item]))
  if (goods.size !== ids.length) throw new Error('unknown item')
  const [{ number }] = await nextNumber(['SALES_ORDERS'], connection)
  const lines = input.lines.map(line => priced(line, goods.get(line.item.id)))
  const column = name => lines.map(line => line[name])
  const [created] = await insertOrder([
    number, input.orderDate, customer.id, customer.number, customer.display_name, customer.email,
    customer.address_line1, customer.city, customer.country, customer.post_code, currency.id,
    total(column('net')), total(column('tax'))
  ], connection)
  await insertLines([
    created.id, column('id'), column('number'), column('display_name'),
    column('base_unit_of_measure_id'), column('tax_code_id'), column('quantity'), column('unitPrice'),
    column('percent'), column('net'), column('tax')
  ], connection)
  return created
}

function priced ({ quantity, unitPrice }, item) {
  const net = cents(quantity * unitPrice)
  return { ...item, quantity, unitPrice, net, tax: cents(net * item.percent / 100) }
}
