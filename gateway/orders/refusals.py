"""All refusals of changes and of rows of files, in the order of RULES.md: the code, the rule and the
message of each. The refusals of import jobs are in api/import_mutations.py.

A rule passes its refusal to Report.refuse, which fills in the names in braces. To find the rule of a
refusal, search for its name: CUSTOMER_BLOCKED, for instance, is raised in header.py.
The table in RULES.md chapter 8 names the module of every refusal."""

from gateway.orders.problems import ProblemCode as Code
from gateway.orders.problems import Refusal

# 1 The order and its header
CUSTOMER_REQUIRED = Refusal(Code.REQUIRED, "1.4", "Every order has a customer.")
CUSTOMER_BLOCKED = Refusal(
    Code.BLOCKED,
    "1.4",
    "Customer {number} is blocked ({why}), so they can neither place nor pay for an order.",
)
PAYER_BLOCKED = Refusal(
    Code.BLOCKED, "1.4", "Customer {number}, who would pay for the order, is blocked."
)
DOCUMENT_REPEATED = Refusal(
    Code.DUPLICATE,
    "1.8",
    "Order {number} of customer {customer} already has this external document number.",
)
DOCUMENT_REPEATED_HERE = Refusal(
    Code.DUPLICATE,
    "1.8",
    "Another new order of customer {customer} already has this external document number.",
)

# 2 Prices and totals
LINE_DISCOUNT_NEEDS_QUANTITY = Refusal(Code.REQUIRED, "2.2", "A discount amount needs a quantity.")
PERCENT_OUT_OF_RANGE = Refusal(Code.OUT_OF_RANGE, "2.2", "The value must be {bounds}.")
LINE_DISCOUNT_OUT_OF_RANGE = Refusal(
    Code.OUT_OF_RANGE, "2.2", "The discount must be between 0 and {gross}, the price of the line."
)
LINE_DISCOUNTS_DISAGREE = Refusal(
    Code.CONFLICTING, "2.2", "{percent} % of {base} is {derived}. Give the amount or the percent."
)
HEADER_DISCOUNT_TOO_LARGE = Refusal(
    Code.OUT_OF_RANGE,
    "2.5",
    "The discount must be between 0 and {base}, the price of the lines that share in it.",
)
HEADER_DISCOUNTS_DISAGREE = Refusal(
    Code.CONFLICTING, "2.5", "{percent} % of {base} is {derived}. Give the amount or the percent."
)
DISCOUNT_NEEDS_CURRENCY = Refusal(
    Code.REQUIRED, "2.9", "In a new currency the discount of the order must be entered again."
)
CURRENCY_NEEDS_PRICES = Refusal(
    Code.PRICE_REQUIRED, "2.8", "In a new currency line {sequence} needs a unit price."
)
PRICE_REQUIRED = Refusal(
    Code.PRICE_REQUIRED, "2.10", "{label} {number} has no price in {currency}: give a unit price."
)
UNIT_WITHOUT_FACTOR = Refusal(
    Code.PRICE_REQUIRED,
    "2.10",
    "Item {number} has no price in {unit}, because it is unknown how many {base} are in one {unit}:"
    " give a unit price, or set the quantity per unit of {unit} on the item.",
)

# 3 What a line sells
LINE_TYPE_REQUIRED = Refusal(
    Code.REQUIRED, "3.1", "An object number needs a line type that says what kind of object it is."
)
OBJECT_REQUIRED = Refusal(
    Code.REQUIRED, "3.1", "A line of type {line_type} must say what it sells."
)
LINE_TYPES_DISAGREE = Refusal(
    Code.CONFLICTING, "3.1", "The line sells an {label}, so its type must be {line_type}."
)
ITEM_AND_ACCOUNT = Refusal(
    Code.CONFLICTING, "3.1", "A line sells an item or posts to an account, not both."
)
OBJECT_NOT_FOUND = Refusal(Code.NOT_FOUND, "3.2", "No {label} has this {by}.")
OBJECT_CLOSED = Refusal(Code.BLOCKED, "3.2", "{label} {number} {reason}.")
OBJECT_NUMBERS_DISAGREE = Refusal(
    Code.CONFLICTING, "3.2", "The object of the line has the number {number}."
)
UNIT_NOT_SOLD = Refusal(Code.INVALID, "3.3", "Item {number} is not sold in {unit}.")
BASE_UNIT_FACTOR = Refusal(
    Code.CONFLICTING,
    "3.3",
    "{unit} is the base unit of the item, so its quantity per unit is 1.",
)
UNIT_FACTOR_OUT_OF_RANGE = Refusal(Code.OUT_OF_RANGE, "3.3", "The value must be {bounds}.")
QUANTITY_NOT_WHOLE = Refusal(Code.OUT_OF_RANGE, "3.3", "Quantities in {unit} are whole numbers.")
COMMENT_SELLS_NOTHING = Refusal(
    Code.CONFLICTING,
    "3.4",
    "The line does not say what it sells, so it is a comment and can only have text.",
)
COMMENT_NAMES_NO_OBJECT = Refusal(Code.CONFLICTING, "3.4", "A comment cannot name an object.")
SEQUENCE_OUT_OF_RANGE = Refusal(Code.OUT_OF_RANGE, "3.5", "The value must be {bounds}.")
SEQUENCE_TAKEN = Refusal(Code.DUPLICATE, "3.5", "Another line of the order has this sequence.")
RECORD_NOT_FOUND = Refusal(Code.NOT_FOUND, "3.6", "No {label} {have} this {by}.")
LINE_NOT_FOUND = Refusal(Code.NOT_FOUND, "3.7", "The order has no line with this id.")
LINE_UPDATED_TWICE = Refusal(Code.DUPLICATE, "3.7", "The line is updated twice.")
LINE_UPDATED_AND_REMOVED = Refusal(
    Code.CONFLICTING,
    "3.7",
    "The patch contains this line twice: it can only be updated or removed, and only once.",
)

# 4 Life-cycle
NOT_EDITABLE = Refusal(Code.NOT_EDITABLE, "4.2", "Order {number} is {status}{finality}.")
FIELD_LOCKED = Refusal(
    Code.NOT_EDITABLE, "4.2", "Order {number} is {status}, so this cannot change: {parts}."
)
WRONG_STATUS = Refusal(Code.WRONG_STATUS, "4.3", "Order {number} is {status}{finality}.")
NOTHING_TO_RELEASE = Refusal(
    Code.NOTHING_TO_RELEASE, "4.3", "The order has no line with something to sell and a quantity."
)
LINE_INCOMPLETE = Refusal(
    Code.LINE_INCOMPLETE, "4.3", "Line {sequence} does not say what it sells, or in which unit."
)
CUSTOMER_CLOSED = Refusal(Code.BLOCKED, "4.3", "Customer {number} is blocked.")
ORDER_SHIPPED = Refusal(Code.HAS_SHIPMENTS, "4.3", "Shipped on line {sequence}: {quantity}.")
ORDER_INVOICED = Refusal(
    Code.HAS_SHIPMENTS,
    "4.3",
    "Order {number} is invoiced in full, so it cannot become a draft again.",
)
SHIP_NEXT_TOO_MANY = Refusal(Code.SHIP_TOO_MANY, "4.4", "Outstanding: {left}.")
INVOICE_NEXT_TOO_MANY = Refusal(
    Code.INVOICE_TOO_MANY, "4.4", "Shipped or about to be shipped, but not invoiced: {ready}."
)
SHIP_TOO_MANY = Refusal(Code.SHIP_TOO_MANY, "4.6", "Outstanding on line {sequence}: {most}.")
SHIP_LINE_NOT_FOUND = Refusal(
    Code.NOT_FOUND, "4.6", "No line of the order that sells something has this id."
)
SHIP_LINE_TWICE = Refusal(Code.DUPLICATE, "4.6", "The line occurs twice.")
NOTHING_TO_SHIP = Refusal(Code.NOTHING_TO_SHIP, "4.6", "Nothing is left to ship.")
PARTIAL_NOT_ALLOWED = Refusal(
    Code.PARTIAL_NOT_ALLOWED,
    "4.6",
    "The order must be shipped as a whole, but these lines would remain: {lines}.",
)
INVOICE_TOO_MANY = Refusal(
    Code.INVOICE_TOO_MANY, "4.7", "Shipped but not invoiced on line {sequence}: {most}."
)
NOTHING_TO_INVOICE = Refusal(
    Code.NOTHING_TO_INVOICE, "4.7", "Everything that is shipped is already invoiced."
)
TOTAL_NEGATIVE = Refusal(
    Code.OUT_OF_RANGE, "4.7", "An order whose total is negative cannot be invoiced."
)
ON_HOLD = Refusal(Code.ON_HOLD, "4.8", "Order {number} is on hold.")
HEADER_FIXED = Refusal(
    Code.HAS_SHIPMENTS, "4.10", "This cannot change: part of the order is already {done}."
)
LINE_FIXED = Refusal(
    Code.HAS_SHIPMENTS,
    "4.10",
    "Line {sequence} is partly shipped, so its object and its unit cannot change.",
)
LINE_INVOICED = Refusal(
    Code.HAS_SHIPMENTS,
    "4.10",
    "Line {sequence} is partly invoiced, so its price, discount, tax code and object cannot change.",
)
LINE_STAYS = Refusal(
    Code.HAS_SHIPMENTS, "4.10", "Line {sequence} is partly shipped, so it cannot be removed."
)
QUANTITY_SHIPPED = Refusal(
    Code.OUT_OF_RANGE, "4.10", "The quantity must be {bound} {shipped}, which is already shipped."
)

# 5 Limits of values
OUT_OF_RANGE = Refusal(Code.OUT_OF_RANGE, "5.1", "The value must be {bounds}.")
TOO_MANY_DECIMALS = Refusal(Code.OUT_OF_RANGE, "5.1", "A number has at most {decimals} decimals.")
LINE_TOO_LARGE = Refusal(
    Code.OUT_OF_RANGE, "5.1", "The line comes to {amount}, more than {largest}."
)
TOTAL_TOO_LARGE = Refusal(Code.OUT_OF_RANGE, "5.1", "This comes to {amount}, more than {largest}.")
TEXT_INVALID = Refusal(
    Code.INVALID,
    "5.2",
    "The text contains a control character or half of a surrogate pair.",
)
TEXT_HIDDEN = Refusal(
    Code.INVALID, "5.2", "The text has the invisible character {code_point} at position {position}."
)
TEXT_TOO_LONG = Refusal(
    Code.TOO_LONG, "5.2", "The text has {length} characters, but at most {longest} fit."
)
DATE_OUT_OF_RANGE = Refusal(Code.OUT_OF_RANGE, "5.3", "The value must be {bounds}.")
PHONE_INVALID = Refusal(Code.INVALID, "5.4", "A phone number has no letters.")
EMAIL_INVALID = Refusal(Code.INVALID, "5.4", "An e-mail address looks like name@example.com.")
COUNTRY_INVALID = Refusal(
    Code.INVALID, "5.6", "A country is a code of two letters from ISO 3166, such as DE."
)
TOO_MANY_LINES = Refusal(Code.TOO_MANY_LINES, "5.5", "An order has at most {largest} lines.")

# 6 How a change is made
ORDER_NOT_FOUND = Refusal(Code.NOT_FOUND, "6.3", "There is no order with this id.")
ORDER_PREVIEWED = Refusal(
    Code.NOT_FOUND, "6.2", "This id comes from a dry run, which stores nothing: no order has it."
)
LINE_PREVIEWED = Refusal(
    Code.NOT_FOUND, "6.2", "This id comes from a dry run, which stores nothing: no line has it."
)
STALE = Refusal(
    Code.STALE,
    "6.3",
    "This etag is out of date. Read the {label} {number} again for the current one.",
)
STALE_PREVIEW = Refusal(
    Code.STALE,
    "6.3",
    "This etag comes from a dry run, which stores nothing. Read the {label} {number} for its etag.",
)
VERSIONS_DISAGREE = Refusal(
    Code.CONFLICTING,
    "6.3",
    "The If-Match header has a different etag, {header}: send only one of them.",
)
RECORD_GONE = Refusal(Code.NOT_FOUND, "6.4", "No {label} {have} this id.")
RECORD_FORBIDDEN = Refusal(
    Code.FORBIDDEN,
    "6.4",
    "The credential is limited to certain customers, and may change only these.",
)
RECORD_NEEDS = Refusal(Code.REQUIRED, "6.4", "A value is required for {field}.")
RECORD_EXISTS = Refusal(Code.DUPLICATE, "6.4", "This {field} is already taken.")
UNIT_REPEATED = Refusal(Code.DUPLICATE, "6.4", "The unit is already in the list.")
RECORD_IN_USE = Refusal(Code.IN_USE, "6.4", "{key} is used by {users}.")
OTHER_ROW_REFUSED = Refusal(
    Code.OTHER_ROW_REFUSED, "6.5", "Nothing is stored, because another row is refused: {row}."
)
SAME_ROW_TWICE = Refusal(Code.DUPLICATE, "6.5", "An earlier row has the same {field}.")

# 7 Files
UNIT_TOO_LARGE = Refusal(
    Code.TOO_LONG, "5.5", "Together the rows have more than {largest} characters."
)
DATABASE_REFUSES = Refusal(Code.INVALID, "6.1", "The database refuses this record.")
CELL_WITHOUT_HEADING = Refusal(Code.INVALID, "7.1", "The row has more cells than headings.")
ROW_TOO_SHORT = Refusal(
    Code.INVALID, "7.1", "The row has only {cells} cells: it is cut short, or unfinished."
)
CELL_IS_ERROR = Refusal(Code.INVALID, "7.1", "The spreadsheet could not calculate this cell.")
CELL_UNREADABLE = Refusal(Code.INVALID, "7.1", "{reason}")
PRICE_TOO_FINE = Refusal(
    Code.OUT_OF_RANGE, "7.2", "The price of one unit has more than {decimals} decimals."
)
REFERENCES_FORBIDDEN = Refusal(
    Code.FORBIDDEN,
    "7.3",
    "The credential of the import may not write records that orders refer to: it needs the scope"
    " reference:write, and no limit to customers.",
)
ROW_REPEATED = Refusal(Code.DUPLICATE, "7.3", "Row {row} already has this {label}.")
HEADER_REPEATED = Refusal(
    Code.DUPLICATE, "7.3", "Row {row} is already the header of order {number}."
)
HEADER_CELLS_DIFFER = Refusal(
    Code.CONFLICTING, "7.3", "Row {row} of the same order has another value in {heading}."
)
LINE_OF_OTHER_ORDER = Refusal(
    Code.CONFLICTING, "7.3", "The line is within order {number}, but names another order."
)
STATUSES_DISAGREE = Refusal(
    Code.CONFLICTING, "7.3", "This is not the vendor's status of an order that is {status}."
)
LINE_WITHOUT_ORDER = Refusal(Code.REQUIRED, "7.3", "The line does not name an order.")
DOCUMENT_NOT_FOUND = Refusal(
    Code.HEADER_NOT_FOUND,
    "7.3",
    "No order has this id, neither in the files nor in the database, and documentNumber is missing.",
)
LINE_KEY_MISSING = Refusal(
    Code.LINE_KEY_MISSING,
    "7.3",
    "The row has neither a lot nor a sequence, and in its place is line {sequence}, which sells {number}:"
    " give the row a key, or import with lines=replace if the file has all lines of its orders.",
)
HEADER_NOT_FOUND = Refusal(
    Code.HEADER_NOT_FOUND,
    "7.3",
    "There is no order {number}, neither in the files nor in the database.",
)
LINE_IN_OTHER_CURRENCY = Refusal(Code.CONFLICTING, "7.3", "The order is in {currency}.")
ORDER_IN_OTHER_CURRENCY = Refusal(Code.CONFLICTING, "7.3", "The order is in another currency.")
