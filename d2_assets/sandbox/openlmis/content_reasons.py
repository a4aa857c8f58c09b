"""Why stock moves in the generated content: the reasons that every installation gets, and a few
that a site added. Tags are typed by hand: some lie, some are missing."""

from d2_assets.sandbox.openlmis.state import StoredReason

REASONS = (
    StoredReason(
        "e3fc3cf3-da18-44b0-a220-77c985202e06", "Transfer In", "CREDIT", "TRANSFER",
        ("transfer", "credit"),
    ),
    StoredReason(
        "c1fc3cf3-da18-44b0-a220-77c985202e06", "Transfer Out", "DEBIT", "TRANSFER",
        ("transfer", "debit"),
    ),
    StoredReason(
        "b5c27da7-bdda-4790-925a-9484c5dfb594", "Consumed", "DEBIT", "ADJUSTMENT",
        ("consumed", "adjustment"),
    ),
    StoredReason(
        "313f2f5f-0c22-4626-8c49-3554ef763de3", "Receipts", "CREDIT", "ADJUSTMENT",
        ("received", "adjustment"),
    ),
    StoredReason(
        "84eb13c3-3e54-4687-8a5f-a9f20dcd0dac", "Beginning Balance Excess", "CREDIT", "ADJUSTMENT"
    ),
    StoredReason(
        "9b4b653a-f319-4a1b-bb80-8d6b4dd6cc12", "Unpack Kit", "DEBIT", "AGGREGATION", ("consumed",)
    ),
    StoredReason(
        "6997c774-2f91-4e36-8938-d3003fe2c203", "Cancelled issue", "CREDIT", "ADJUSTMENT",
        ("cancel",),
    ),
    StoredReason(
        "46aa9d3e-0ce4-4138-b086-172cefb58360", "Cancelled receipt", "DEBIT", "ADJUSTMENT",
        ("cancel",),
    ),
    StoredReason(
        "0676fdea-9ba8-4e6d-ae26-bb14f0dcfecd", "Unpacked From Kit", "CREDIT", "AGGREGATION",
        ("received",),
    ),
    StoredReason(
        "279d55bd-42e3-438c-a63d-9c021b185dae", "Facility return", "CREDIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason(
        "5b09202e-b8a7-4f77-9e0e-8156f8efc613", "Damage", "DEBIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason(
        "3e7940db-49a5-492f-a4eb-75acb981dd2b", "Expired", "DEBIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason("b7e99f5b-af04-433d-9c30-d4f90c60c47b", "Lost", "DEBIT", "ADJUSTMENT"),
)  # fmt: skip
