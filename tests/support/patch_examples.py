"""Patches of a header and of one line, each with every field that it changes."""

import json

from tests.support.requests import (
    Fields,
    code,
    line,
    named,
)


def place(**parts: str | None) -> Fields:
    names = ("addressLine1", "addressLine2", "city", "state", "country", "postCode")
    return {name: parts.get(name) for name in names}


LEEDS = place(addressLine1="1 High Street", addressLine2="Back door", city="Leeds")
LEEDS |= {"state": "Yorkshire", "country": "GB", "postCode": "LS1 1AA"}
YORK = {**LEEDS, "city": "York", "state": None}
LONDON = place(addressLine1="9 Money Street", city="London", country="GB")
ADDRESSES = ("sellToAddress", "shipToAddress", "billToAddress")
PAID_BY_OTHER = {"billToCustomer": named("PAYER"), "billToName": "Payer Ltd"}
PAID_BY_OTHER |= {"billToAddress": LONDON, "salesperson": None, "paymentTerms": None}
FOR_PAYER_PAID_BY_C1 = {"customer": named("PAYER"), "customerName": "Payer Ltd"}
FOR_PAYER_PAID_BY_C1 |= dict.fromkeys(("sellToAddress", "shipToAddress"), LONDON)
FOR_PAYER_PAID_BY_C1 |= {"shipToName": "Payer Ltd", "partialShipping": True, "contactId": None}
FOR_PAYER_PAID_BY_C1 |= dict.fromkeys(("shipToContact", "phoneNumber", "email", "shipmentMethod"))
WHOLE = json.loads("""{"externalDocumentNumber": "PO-1", "orderDate": "2026-05-01",
  "postingDate": "2026-05-02", "requestedDeliveryDate": "2026-05-03", "salesperson": "SP2",
  "shipToName": "Depot", "shipToContact": "Bo", "phoneNumber": "123", "email": "b@example.org",
  "partialShipping": false, "discountPercent": "2.5"}""")
"""A header that takes only its address, terms and method from its customer."""
CLEARED = ("externalDocumentNumber", "requestedDeliveryDate", "salesperson", "shipToName")
CLEARED += ("shipToContact", "phoneNumber", "email", "paymentTerms", "shipmentMethod")
EACH = json.loads("""{"externalDocumentNumber": "PO-2", "salesperson": "SP3", "shipToName": "Café",
  "shipToContact": "Di", "phoneNumber": "+1 (2) 3", "email": "d@example.org",
  "orderDate": "1999-12-31", "postingDate": "1999-12-31", "requestedDeliveryDate": "1999-12-31"}""")
HEADERS: list[tuple[Fields, Fields]] = [
    *(({field: None}, {field: None}) for field in CLEARED),
    *(({field: value}, {field: value}) for field, value in EACH.items()),
    (dict.fromkeys(CLEARED), dict.fromkeys(CLEARED)),
    ({"shipToName": " Cafe\u0301 ", "email": " "}, {"shipToName": "Caf\u00e9", "email": None}),
    ({"partialShipping": True}, {"partialShipping": True}),
    ({"partialShipping": None}, {"partialShipping": True}),
    ({"customer": named("C1")}, {}),
    ({"customer": {"contactId": "contact-1"}, "salesperson": None}, {"salesperson": None}),
    ({"billToCustomer": named("PAYER")}, PAID_BY_OTHER),
    (
        {"billToCustomer": named("PAYER"), "salesperson": "SP3", "paymentTerms": code("30D")},
        {**PAID_BY_OTHER, "salesperson": "SP3", "paymentTerms": code("30D")},
    ),
    (
        {"billToCustomer": named("PAYER"), "billToAddress": {"city": "York"}},
        {**PAID_BY_OTHER, "billToAddress": {**LONDON, "city": "York"}},
    ),
    ({"billToAddress": {"city": "York", "state": None}}, {"billToAddress": YORK}),
    ({"billToAddress": None}, {"billToAddress": place()}),
    ({"billToCustomer": None}, {}),
    ({"sellToAddress": {}, "shipToAddress": {}}, {}),
    ({"shipToAddress": {"city": "York", "state": None}}, {"shipToAddress": YORK}),
    ({"shipToAddress": {"state": "", "city": " York "}}, {"shipToAddress": YORK}),
    ({"shipToAddress": None}, {"shipToAddress": place()}),
    ({"shipToAddress": place()}, {"shipToAddress": place()}),
    ({"sellToAddress": None}, dict.fromkeys(ADDRESSES, place())),
    ({"sellToAddress": {"city": "York", "state": None}}, dict.fromkeys(ADDRESSES, YORK)),
    (
        {"sellToAddress": {"city": "York", "state": None}, "shipToAddress": {}},
        {"sellToAddress": YORK, "billToAddress": YORK},
    ),
    (
        {"sellToAddress": {"city": "York", "state": None}, "billToAddress": {"state": ""}},
        {"sellToAddress": YORK, "shipToAddress": YORK, "billToAddress": {**LEEDS, "state": None}},
    ),
    (
        {"sellToAddress": {"city": "York", "state": None}, "billToCustomer": named("PAYER")},
        {"sellToAddress": YORK, "shipToAddress": YORK, **PAID_BY_OTHER},
    ),
]
OWN = line("TIMED", quantity=5, unitPrice=4, discountPercent=10, taxCode=code("R05"))
OWN |= {"description": "own", "description2": "two", "unitOfMeasure": code("HOUR")}
OWN |= {"shipmentDate": "2026-06-01", "shipQuantity": 2, "invoiceQuantity": 1}
DERIVED = dict.fromkeys(("etag", "amountExcludingTax", "totalTaxAmount", "amountIncludingTax"))
DERIVED |= dict.fromkeys(("netAmount", "netTaxAmount", "netAmountIncludingTax", "discountAmount"))
DERIVED |= {"invoiceDiscountAllocation": None}
TAXED = {"taxCode": code("S20"), "taxPercent": "20", "discountPercent": "0"}
SOLD_IN_PCS = {**TAXED, "description2": "second line", "unitOfMeasure": code("PCS")}
NEW_ITEM = {"lineType": "ITEM", "item": named("I0020"), "lineObjectNumber": "I0020", **SOLD_IN_PCS}
NEW_ITEM |= {"description": "Item I0020", "unitPrice": "20"}
NO_ITEM = {"item": None, "lineObjectNumber": None, "unitOfMeasure": None}
ACCOUNT = {**NO_ITEM, "lineType": "ACCOUNT", "account": named("6110"), "lineObjectNumber": "6110"}
ACCOUNT |= {"unitPrice": "0", "taxCode": code("S25"), "taxPercent": "25", "discountPercent": "0"}
ACCOUNT |= {"description": "6110", "allowInvoiceDiscount": False}
RESOURCE = {**NO_ITEM, "lineType": "RESOURCE", "lineObjectNumber": "RESOURCE", "unitPrice": "50"}
RESOURCE |= {"lineObject": {"kind": "RESOURCE", "number": "RESOURCE"}, **TAXED}
RESOURCE |= {"description": "Resource"}
BLANK = {**NO_ITEM, "unitPrice": "0", "taxCode": None, "taxPercent": "0", "discountPercent": "0"}
BLANK |= {"allowInvoiceDiscount": False}
LOW = {"taxCode": code("R05"), "unitOfMeasure": code("BOX")}
TEXT = {"quantity": "0", "shipQuantity": "0", "invoiceQuantity": "0", "shipmentDate": None}
LINES: list[tuple[Fields, Fields]] = [
    ({"description": "new"}, {"description": "new"}),
    ({"description": None, "description2": ""}, {"description": None, "description2": None}),
    ({"unitOfMeasure": code("PCS")}, {"unitOfMeasure": code("PCS")}),
    ({"unitOfMeasure": None}, {"unitOfMeasure": code("PCS")}),
    ({"unitPrice": "0.00001"}, {"unitPrice": "0.00001"}),
    ({"unitPrice": None}, {"unitPrice": "0.99999"}),
    ({"taxCode": code("S20")}, {"taxCode": code("S20"), "taxPercent": "20"}),
    ({"taxCode": None}, {"taxCode": None, "taxPercent": "0"}),
    ({"discountPercent": 5}, {"discountPercent": "5"}),
    ({"discountPercent": None}, {"discountPercent": "0"}),
    ({"discountAmount": "3.333"}, {"discountPercent": "16.65"}),
    ({"discountAmount": None}, {"discountPercent": "0"}),
    ({"shipmentDate": "2027-01-01"}, {"shipmentDate": "2027-01-01"}),
    ({"shipmentDate": None}, {"shipmentDate": "2026-05-03"}),
    ({"invoiceQuantity": 2}, {"invoiceQuantity": "2"}),
    ({"shipQuantity": None, "invoiceQuantity": 1}, {"shipQuantity": "5"}),
    ({"quantity": 1}, dict.fromkeys(("quantity", "shipQuantity", "invoiceQuantity"), "1")),
    ({"quantity": None}, dict.fromkeys(("quantity", "shipQuantity", "invoiceQuantity"), "0")),
    ({"lineType": "ITEM"}, {}),
    ({"lineType": None, "item": None, "account": None, "lineObjectNumber": None}, {}),
    ({"item": named("TIMED")}, {}),
    ({"lineType": "ITEM", "lineObjectNumber": "TIMED"}, {}),
    ({"lineObjectNumber": "TIMED"}, {}),
    ({"quantity": 5}, {}),
    ({"shipQuantity": 2}, {}),
    ({"item": named("I0020")}, NEW_ITEM),
    ({"lineType": "ITEM", "lineObjectNumber": "I0020"}, NEW_ITEM),
    ({"item": named("I0020"), "unitPrice": 4}, {**NEW_ITEM, "unitPrice": "4"}),
    ({"account": named("6110"), "description2": "two"}, ACCOUNT),
    ({"lineType": "RESOURCE", "lineObjectNumber": "RESOURCE"}, RESOURCE),
    ({"lineType": "ACCOUNT"}, {**BLANK, "lineType": "ACCOUNT"}),
    (
        {"lineType": "CHARGE", "unitPrice": 2, **LOW},
        {**BLANK, "lineType": "CHARGE", "unitPrice": "2", **LOW, "taxPercent": "5"},
    ),
    ({"lineType": "COMMENT"}, {**BLANK, **TEXT, "lineType": "COMMENT"}),
]


TEN = line(quantity=10, unitPrice=1000)
