"""What an import strategy lets a pair do at the destination: the same for every domain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A domain's choices begin with these. ``mirror``: what only the destination has goes."""

    import_strategy: str = "CREATE_AND_UPDATE"
    mirror: bool = False

    @property
    def creates(self) -> bool:
        return self.import_strategy in ("CREATE", "CREATE_AND_UPDATE")

    @property
    def updates(self) -> bool:
        return self.import_strategy in ("UPDATE", "CREATE_AND_UPDATE")

    @property
    def may_delete(self) -> bool:
        return self.import_strategy in ("DELETE", "CREATE_AND_UPDATE")

    @property
    def mirrors(self) -> bool:
        """Whether what only the destination has is deleted there."""
        return self.mirror and self.may_delete
