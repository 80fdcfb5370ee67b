"""The ledger: everything read was written, repaired or dropped for a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from spanwright.data.records import Record, labels_of
from spanwright.errors import Errors, SpanwrightError


@dataclass
class Account:
    """Counts of one kind of thing. `written` went out as it came in, `repaired` went out changed."""

    read: int = 0
    written: int = 0
    repaired: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def balances(self) -> bool:
        """Whether all that was read is accounted for."""
        return self.read == self.written + self.repaired + sum(self.dropped.values())

    def to_dict(self) -> dict[str, Any]:
        """The counts, ready for JSON."""
        dropped = dict(sorted(self.dropped.items()))
        return {"read": self.read, "written": self.written, "repaired": self.repaired, "dropped": dropped}


@dataclass
class Ledger:
    """Accounts of records and of annotations per label."""

    records: Account = field(default_factory=Account)
    labels: dict[str, Account] = field(default_factory=dict)

    def label(self, name: str) -> Account:
        """The account of a label, opened at its first mention."""
        return self.labels.setdefault(name, Account())

    def drop(self, record: Record, reason: str) -> None:
        """Account for a record that is not written, with its annotations."""
        self.records.dropped[reason] += 1
        for name in labels_of(record):
            self.label(name).dropped[reason] += 1

    def close(self, file: str) -> None:
        """RAISES (SpanwrightError): Something was lost or counted twice: a fault of ours, never of the input."""
        accounts = {"records": self.records, **self.labels}
        wrong = [name for name, account in accounts.items() if not account.balances]
        if wrong:
            raise SpanwrightError(Errors.S199.format(file=file, accounts=", ".join(wrong)))

    def to_dict(self) -> dict[str, Any]:
        """All accounts, ready for JSON."""
        return {
            "records": self.records.to_dict(),
            "annotations": {name: account.to_dict() for name, account in sorted(self.labels.items())},
        }

    def rows(self) -> list[tuple[str, int, int, int, str]]:
        """Rows for a printed table: name, read, written, repaired, dropped with reasons."""
        accounts = [("records", self.records), *sorted(self.labels.items())]
        return [(name, a.read, a.written, a.repaired, _reasons(a.dropped)) for name, a in accounts]


def _reasons(dropped: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items())) or "0"
