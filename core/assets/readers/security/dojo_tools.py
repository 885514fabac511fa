"""AgentDojo's tools that only look something up, on worlds as they stand in the publisher's YAML.

Results are those of the publisher's functions of the same names. There, worlds become objects with types and defaults;
here a result is written as such an object is. Nothing is changed: unread mails that were shown stay unread.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

World = dict[str, Any]
Thing = dict[str, Any]


def as_text(result: Any) -> str:  # noqa: ANN401 - what a tool returns
    """A tool's result as the publisher's ``tool_result_to_str`` writes it."""
    return yaml.safe_dump(result).strip() if isinstance(result, list) else str(result)


def _page(world: World, url: str) -> str:
    content: dict[str, str] = world["web"]["web_content"]
    return content.get(url.removeprefix("https://").removeprefix("http://"), "404 Not Found")


def _when(value: Any) -> datetime:  # noqa: ANN401 - a date as YAML reads it
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _mail(one: Thing) -> Thing:
    """A mail with the publisher's defaults."""
    return {
        **{name: one[name] for name in ("id_", "sender", "recipients", "subject", "body")},
        **{name: list(one.get(name, ())) for name in ("cc", "bcc", "attachments")},
        "status": one.get("status", "sent"),
        "read": one.get("read", False),
        "timestamp": _when(one["timestamp"]),
    }


def _event(one: Thing) -> Thing:
    """An event of a calendar with the publisher's defaults."""
    return {
        **{name: one[name] for name in ("id_", "title", "description", "location", "participants")},
        **{name: _when(one[name]) for name in ("start_time", "end_time")},
        "all_day": one.get("all_day", False),
        "status": one.get("status", "confirmed"),
    }


def _file(one: Thing) -> Thing:
    """A file of a drive; its size is that of its text."""
    return {
        **{name: one[name] for name in ("id_", "filename", "content", "owner")},
        "last_modified": _when(one["last_modified"]),
        "shared_with": dict(one.get("shared_with", {})),
        "size": len(one["content"]),
    }


def _mails(world: World) -> list[Thing]:
    return [_mail(one) for one in world["inbox"]["initial_emails"]]


def _events(world: World) -> list[Thing]:
    return [_event(one) for one in world["calendar"]["initial_events"]]


def _files(world: World) -> list[Thing]:
    return [_file(one) for one in world["cloud_drive"]["initial_files"]]


def _holding(things: Iterable[Thing], text: str, *fields: str) -> list[Thing]:
    """Those with a text in one of the fields, whatever its case."""
    return [one for one in things if any(text.lower() in one[field].lower() for field in fields)]


def _on(things: list[Thing], day: str | None) -> list[Thing]:
    return [one for one in things if day is None or one["start_time"].date() == date.fromisoformat(day)]


def _contacts(world: World) -> list[Thing]:
    """All addresses of the inbox, named after what stands before the ``@``."""
    mails = _mails(world)
    found = dict.fromkeys(
        name for one in mails for name in (*one["recipients"], one["sender"], *one["cc"], *one["bcc"])
    )
    return [{"email": name, "name": name.split("@")[0].replace(".", " ").title()} for name in found]


def _mails_with(world: World, text: str, sender: str | None = None) -> list[Thing]:
    mails = [one for one in _mails(world) if sender is None or one["sender"].lower() == sender.lower()]
    return _holding(mails, text, "subject", "body")


def _events_with(world: World, text: str, day: str | None = None) -> list[Thing]:
    return _holding(_on(_events(world), day), text, "title", "description")


def _in_city(kind: tuple[str, str], start: str) -> Callable[..., str]:
    def listed(world: World, city: str) -> str:
        names = [one["name"] for one in world[kind[0]][kind[1]] if one["city"] == city]
        return start.format(city=city) + "\n".join(names) + "\n"

    return listed


def _each(kind: tuple[str, str], shown: Callable[[Thing], Any]) -> Callable[..., dict[str, Any]]:
    """What is shown of those whose names the only argument lists, or is part of, by name."""

    def looked_up(world: World, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - any argument
        [names] = given.values()
        return {one["name"]: shown(one) for one in world[kind[0]][kind[1]] if one["name"] in names}

    return looked_up


def _field(name: str) -> Callable[[Thing], Any]:
    return lambda one: one[name]


def _number(name: str) -> Callable[[Thing], float]:
    return lambda one: float(one[name])


def _rating(one: Thing) -> str:
    return f"Rating: {float(one['rating'])}\nReviews: " + "\n".join(one["reviews"])


def _prices(one: Thing) -> str:
    return f"Price range: {float(one['price_min'])} - {float(one['price_max'])}"


def _flights(world: World, departure_city: str, arrival_city: str) -> str:
    return "\n".join(
        f"Airline: {one['airline']}, Flight Number: {one['flight_number']},"
        f" Departure Time: {_when(one['departure_time'])}, Arrival Time: {_when(one['arrival_time'])},"
        f" Price: {float(one['price'])}, Contact Information: {one['contact_information']}"
        for one in world["flights"]["flight_list"]
        if (one["departure_city"], one["arrival_city"]) == (departure_city, arrival_city)
    )


_HOTELS = ("hotels", "hotel_list")
_RESTAURANTS = ("restaurants", "restaurant_list")
_CARS = ("car_rental", "company_list")
LOOK_UPS: dict[str, Callable[..., Any]] = {
    # banking and slack
    "read_file": lambda world, file_path: world["filesystem"]["files"].get(file_path, ""),
    "get_most_recent_transactions": lambda world, n=100: world["bank_account"]["transactions"][-n:],
    "get_webpage": _page,
    "get_channels": lambda world: world["slack"]["channels"],
    "read_channel_messages": lambda world, channel: world["slack"]["channel_inbox"].get(channel, []),
    "read_inbox": lambda world, user: world["slack"]["user_inbox"].get(user, []),
    # workspace
    "get_current_day": lambda world: world["calendar"]["current_day"].isoformat(),
    "get_day_calendar_events": lambda world, day: _on(_events(world), day),
    "search_calendar_events": lambda world, **given: _events_with(world, *given.values()),
    "get_unread_emails": lambda world: [{**one, "read": True} for one in _mails(world) if not one["read"]],
    "search_emails": lambda world, **given: _mails_with(world, *given.values()),
    "search_contacts_by_name": lambda world, **given: _holding(_contacts(world), *given.values(), "name"),
    "list_files": _files,
    "search_files": lambda world, **given: _holding(_files(world), *given.values(), "content"),
    "search_files_by_filename": lambda world, filename: _holding(_files(world), filename, "filename"),
    # travel
    "get_all_hotels_in_city": _in_city(_HOTELS, "Hotel Names: "),
    "get_all_restaurants_in_city": _in_city(_RESTAURANTS, "Restaurant in {city}: "),
    "get_all_car_rental_companies_in_city": _in_city(_CARS, "Car Rental Companies in {city}: "),
    "get_hotels_prices": _each(_HOTELS, _prices),
    "get_hotels_address": lambda world, hotel_name: _each(_HOTELS, _field("address"))(world, names=[hotel_name]),
    "get_rating_reviews_for_hotels": _each(_HOTELS, _rating),
    "get_rating_reviews_for_restaurants": _each(_RESTAURANTS, _rating),
    "get_cuisine_type_for_restaurants": _each(_RESTAURANTS, _field("cuisine_type")),
    "get_restaurants_address": _each(_RESTAURANTS, _field("address")),
    "get_dietary_restrictions_for_all_restaurants": lambda world, restaurant_names: _each(
        _RESTAURANTS, _field("dietary_restrictions")
    )(world, names=", ".join(restaurant_names)),
    "get_price_for_restaurants": _each(_RESTAURANTS, _number("price_per_person")),
    "check_restaurant_opening_hours": _each(_RESTAURANTS, _field("operating_hours")),
    "get_car_types_available": _each(_CARS, _field("car_types_available")),
    "get_car_fuel_options": _each(_CARS, _field("fuel_options")),
    "get_rating_reviews_for_car_rental": _each(_CARS, _rating),
    "get_car_price_per_day": _each(_CARS, _number("price_per_day")),
    "get_flight_information": _flights,
}
"""Tools that a ground truth looks something up with before it acts, by the publisher's name.

Searches take the text that they look for first.
"""
