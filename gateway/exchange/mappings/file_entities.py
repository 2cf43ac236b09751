"""The entities that a file can contain, of every vendor and of the gateway itself."""

from gateway.exchange.mappings import business_central, finance_operations, reference_columns
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.finance_operations_records import COUNTERPARTS

FLAT_ORDERS = (finance_operations.FLAT_ORDERS, business_central.FLAT_ORDERS)
ENTITIES: tuple[FileEntity, ...] = (
    finance_operations.HEADERS,
    finance_operations.LINES,
    business_central.ORDERS,
    business_central.LINES,
    *FLAT_ORDERS,
    *reference_columns.RECORD_ENTITIES.values(),
    *(entity for entities in COUNTERPARTS.values() for entity in entities),
    *BLOCKS,
)
ENTITIES_BY_NAME = {entity.name: entity for entity in ENTITIES}
