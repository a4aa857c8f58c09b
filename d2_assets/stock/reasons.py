"""Which indicator a movement counts for: rules as data, with defaults that a site may override.

Every signed change goes, whole, into exactly one bucket, so that closing = opening + received -
issued - losses + adjustments holds by construction. Losses have no mark of their own in OpenLMIS:
a site lists their reasons; what nobody lists is an adjustment (domain/openlmis.md, 4.1 and 5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from d2_assets.openlmis.stock_cards import LineItem, Reason


class Bucket(StrEnum):
    """What a movement counts for. Received and adjustments add to the stock by their sign; issued
    and losses are told as positive numbers that take from it."""

    RECEIVED = "received"
    ISSUED = "issued"
    LOSSES = "losses"
    ADJUSTMENTS = "adjustments"

    @property
    def sign(self) -> int:
        """1 where a growing number means more stock, else -1."""
        return -1 if self in (Bucket.ISSUED, Bucket.LOSSES) else 1


#: Losses that some sites report each by itself.
LossKind = Literal["expired", "damaged", "lost"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a movement that counts for one bucket: by how much the stock changed."""

    bucket: Bucket
    signed: int
    loss_kind: LossKind | None = None

    @property
    def quantity(self) -> int:
        """As the indicator tells it."""
        return self.bucket.sign * self.signed


#: Reasons that every installation has, by id: a cancellation takes back what it cancels.
DEFAULT_BY_ID: Mapping[str, Bucket] = MappingProxyType(
    {
        "6997c774-2f91-4e36-8938-d3003fe2c203": Bucket.ISSUED,  # Cancelled issue
        "46aa9d3e-0ce4-4138-b086-172cefb58360": Bucket.RECEIVED,  # Cancelled receipt
    }
)
#: Tags that the software itself gives meaning to.
DEFAULT_BY_TAG: Mapping[str, Bucket] = MappingProxyType(
    {"received": Bucket.RECEIVED, "consumed": Bucket.ISSUED}
)
#: Category and type of a reason: transfers between places.
DEFAULT_BY_TYPE: Mapping[tuple[str, str], Bucket] = MappingProxyType(
    {
        ("TRANSFER", "CREDIT"): Bucket.RECEIVED,
        ("TRANSFER", "DEBIT"): Bucket.ISSUED,
    }
)


@dataclass(frozen=True, slots=True)
class ReasonRules:
    """A site's rules over the defaults; the first that fits decides: id of the reason, source or
    destination of the movement, tag, category and type, and else adjustments.

    ``by_type`` goes by category and type ("TRANSFER", "DEBIT"). A site for which a transfer to
    another facility is no consumption sets ``to_destination`` and that type to adjustments.
    ``loss_kinds``: which of the listed reasons of losses are also told by themselves.
    """

    by_id: Mapping[str, Bucket] = field(default_factory=dict)
    by_tag: Mapping[str, Bucket] = field(default_factory=dict)
    by_type: Mapping[tuple[str, str], Bucket] = field(default_factory=dict)
    from_source: Bucket = Bucket.RECEIVED
    to_destination: Bucket = Bucket.ISSUED
    loss_kinds: Mapping[str, LossKind] = field(default_factory=dict)

    def choose(self, reason: Reason | None, *, source: bool, destination: bool) -> Bucket:
        """The bucket of a movement; ``source`` and ``destination``: whether it has one."""
        listed = self._find_listed(reason)
        if listed is not None:
            return listed
        if source:
            return self.from_source
        if destination:
            return self.to_destination
        return self._find_described(reason)

    def split(self, item: LineItem) -> Iterator[Part]:
        """The parts of a line item; they add up to its whole change.

        A physical inventory is spread by the reasons of its stock adjustments first. The server
        does not check that these add up to the gap: the rest is an adjustment.
        """
        if not item.adjustments:
            bucket = self.choose(
                item.reason, source=item.has_source, destination=item.has_destination
            )
            yield self._make_part(bucket, item.signed, item.reason)
            return
        for part in item.adjustments:
            bucket = self.choose(part.reason, source=False, destination=False)
            yield self._make_part(bucket, part.signed, part.reason)
        rest = item.signed - sum(part.signed for part in item.adjustments)
        if rest:
            yield Part(Bucket.ADJUSTMENTS, rest)

    def _make_part(self, bucket: Bucket, signed: int, reason: Reason | None) -> Part:
        kind = self.loss_kinds.get(reason.id) if reason else None
        return Part(bucket, signed, kind if bucket is Bucket.LOSSES else None)

    def _find_listed(self, reason: Reason | None) -> Bucket | None:
        if reason is None or not reason.id:
            return None
        return self.by_id.get(reason.id, DEFAULT_BY_ID.get(reason.id))

    def _find_described(self, reason: Reason | None) -> Bucket:
        if reason is None:
            return Bucket.ADJUSTMENTS
        for rules in (self.by_tag, DEFAULT_BY_TAG):
            for tag in sorted(reason.tags):
                if tag in rules:
                    return rules[tag]
        described = (reason.category, reason.type)
        return self.by_type.get(described, DEFAULT_BY_TYPE.get(described, Bucket.ADJUSTMENTS))
