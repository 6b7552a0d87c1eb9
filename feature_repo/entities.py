"""Whom features are about. The operator is part of every key, so tenants never mix."""

from feast import Entity, ValueType

OWNER = "customer-intelligence@busflow.example"

OPERATOR = Entity(
    name="operator",
    join_keys=["operator_id"],
    value_type=ValueType.STRING,
    description="A coach-tour operator: the tenant.",
    tags={"pii": "none", "context": "platform"},
    owner=OWNER,
)
CUSTOMER = Entity(
    name="customer",
    join_keys=["customer_id"],
    value_type=ValueType.STRING,
    description="A customer by pseudonym, within an operator; identity is kept elsewhere.",
    tags={"pii": "pseudonym", "context": "backoffice"},
    owner=OWNER,
)
