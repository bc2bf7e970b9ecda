"""Lifecycle events: the record of what was done with a model, which is saved with it.

The record is bounded, because a model that is updated for years has an event for each update and each training. An
event "summary" replaces the oldest events. It has the number of events of each name, and the times of the first and the
last of them.
"""

from __future__ import annotations

from typing import Any

MAX_EVENTS = 1000
MAX_NAMES = 100  # of events that a summary counts separately
OTHER = "other"

Event = dict[str, Any]


def append_event(events: list[Event], event: Event) -> None:
    """Append an event; if there are more than `MAX_EVENTS` afterwards, summarise the older half.

    Examples
    --------
    >>> events = [{"event": "train", "datetime": f"2026-01-01T00:00:{i:02}"} for i in range(MAX_EVENTS)]
    >>> append_event(events, {"event": "saved", "datetime": "2026-01-02T00:00:00"})
    >>> len(events), events[0]["event"], events[0]["counts"]
    (501, 'summary', {'train': 501})
    """
    events.append(event)
    if len(events) > MAX_EVENTS:
        n_kept = MAX_EVENTS // 2
        events[:-n_kept] = [_summary(events[:-n_kept])]


def _summary(events: list[Event]) -> Event:
    """Return one event that replaces several events, some of which may be summaries themselves."""
    counts: dict[str, int] = {}
    for event in events:
        summarised = event.get("counts") if event.get("event") == "summary" else None
        if not isinstance(summarised, dict):
            summarised = {event.get("event"): 1}
        for name, count in summarised.items():
            key = f"{name}" if f"{name}" in counts or len(counts) < MAX_NAMES else OTHER
            counts[key] = counts.get(key, 0) + (count if isinstance(count, int) else 1)
    return {
        "event": "summary",
        "counts": counts,
        "first": events[0].get("first", events[0].get("datetime")),
        "datetime": events[-1].get("datetime"),
    }
