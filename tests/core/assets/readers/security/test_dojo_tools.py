"""AgentDojo's look-ups on small worlds; on the publisher's own worlds results were compared with its tools."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from audit.core.assets.readers.security.dojo_tools import LOOK_UPS, as_text

MAIL = {"id_": "1", "sender": "al.b@x.example", "recipients": ["emma@x.example"], "subject": "Trip", "body": "At 8"}
EVENT = {"id_": "3", "title": "Yoga", "description": "Class", "location": None, "participants": ["emma@x.example"]}
FILE = {"id_": "5", "filename": "a.txt", "content": "plan", "owner": "emma@x.example"}
REVIEWED = {"city": "Rome", "rating": 4, "reviews": ["good", "fine"], "address": "Via 1"}
WORLD: dict[str, Any] = {
    "bank_account": {"transactions": [{"id": 1}, {"id": 2}]},
    "slack": {"channels": ["general"], "channel_inbox": {}, "user_inbox": {}},
    "web": {"web_content": {}},
    "filesystem": {"files": {}},
    "inbox": {
        "initial_emails": [
            {**MAIL, "timestamp": datetime(2024, 5, 14, 11), "read": True, "status": "received"},  # noqa: DTZ001
            {**MAIL, "id_": "2", "sender": "bo@x.example", "subject": "Other", "timestamp": "2024-05-14T12:00"},
        ]
    },
    "calendar": {
        "current_day": date(2024, 5, 15),
        "initial_events": [
            {**EVENT, "start_time": "2024-05-15T10:00", "end_time": "2024-05-15T11:00"},
            {**EVENT, "id_": "4", "title": "Run", "start_time": "2024-05-16T10:00", "end_time": "2024-05-16T11:00"},
        ],
    },
    "cloud_drive": {"initial_files": [{**FILE, "last_modified": "2024-05-08T10:30:00", "size": 99}]},
    "hotels": {"hotel_list": [{**REVIEWED, "name": "Inn", "price_min": 80, "price_max": 99.5}]},
    "restaurants": {
        "restaurant_list": [
            {
                **REVIEWED,
                "name": "Da Al",
                "cuisine_type": "Roman",
                "price_per_person": 30,
                "dietary_restrictions": "Vegan",
                "operating_hours": "daily",
            }
        ]
    },
    "car_rental": {
        "company_list": [
            {
                **REVIEWED,
                "name": "Car",
                "price_per_day": 48,
                "fuel_options": ["Electric"],
                "car_types_available": ["SUV"],
            }
        ]
    },
    "flights": {
        "flight_list": [
            {
                "airline": "Air",
                "flight_number": "A1",
                "departure_city": "Rome",
                "arrival_city": "Bern",
                "departure_time": "2024-05-16T09:00:00",
                "arrival_time": "2024-05-16T11:00:00",
                "price": 150,
                "contact_information": "Phone",
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("look_up", "arguments", "result"),
    [
        ("get_most_recent_transactions", {"n": 1}, "- id: 2"),
        ("get_most_recent_transactions", {}, "- id: 1\n- id: 2"),
        ("get_channels", {}, "- general"),
        ("read_channel_messages", {"channel": "none"}, "[]"),
        ("read_inbox", {"user": "none"}, "[]"),
        ("read_file", {"file_path": "none"}, ""),
        ("get_webpage", {"url": "http://none.example"}, "404 Not Found"),
        ("get_current_day", {}, "2024-05-15"),
        ("get_all_hotels_in_city", {"city": "Rome"}, "Hotel Names: Inn\n"),
        ("get_all_restaurants_in_city", {"city": "Rome"}, "Restaurant in Rome: Da Al\n"),
        ("get_all_car_rental_companies_in_city", {"city": "Bern"}, "Car Rental Companies in Bern: \n"),
        ("get_hotels_prices", {"hotel_names": ["Inn"]}, "{'Inn': 'Price range: 80.0 - 99.5'}"),
        ("get_hotels_address", {"hotel_name": "Inn"}, "{'Inn': 'Via 1'}"),
        ("get_hotels_address", {"hotel_name": "Innsbruck"}, "{}"),
        ("get_rating_reviews_for_hotels", {"hotel_names": ["Inn"]}, "{'Inn': 'Rating: 4.0\\nReviews: good\\nfine'}"),
        ("get_rating_reviews_for_restaurants", {"restaurant_names": ["x"]}, "{}"),
        ("get_cuisine_type_for_restaurants", {"restaurant_names": ["Da Al"]}, "{'Da Al': 'Roman'}"),
        ("get_restaurants_address", {"restaurant_names": ["Da Al"]}, "{'Da Al': 'Via 1'}"),
        ("get_dietary_restrictions_for_all_restaurants", {"restaurant_names": ["Da Alba"]}, "{'Da Al': 'Vegan'}"),
        ("get_price_for_restaurants", {"restaurant_names": ["Da Al"]}, "{'Da Al': 30.0}"),
        ("check_restaurant_opening_hours", {"restaurant_names": ["Da Al"]}, "{'Da Al': 'daily'}"),
        ("get_car_types_available", {"company_name": ["Car"]}, "{'Car': ['SUV']}"),
        ("get_car_fuel_options", {"company_name": ["Car"]}, "{'Car': ['Electric']}"),
        ("get_rating_reviews_for_car_rental", {"company_name": ["Cars"]}, "{}"),
        ("get_car_price_per_day", {"company_name": ["Car"]}, "{'Car': 48.0}"),
        (
            "get_flight_information",
            {"departure_city": "Rome", "arrival_city": "Bern"},
            (
                "Airline: Air, Flight Number: A1, Departure Time: 2024-05-16 09:00:00,"
                " Arrival Time: 2024-05-16 11:00:00, Price: 150.0, Contact Information: Phone"
            ),
        ),
        ("get_flight_information", {"departure_city": "Bern", "arrival_city": "Rome"}, ""),
        ("search_contacts_by_name", {"query": "al b"}, "- email: al.b@x.example\n  name: Al B"),
        (
            "search_emails",
            {"query": "TRIP"},
            (
                "- attachments: []\n  bcc: []\n  body: At 8\n  cc: []\n  id_: '1'\n  read: true\n  recipients:\n"
                "  - emma@x.example\n  sender: al.b@x.example\n  status: received\n  subject: Trip\n"
                "  timestamp: 2024-05-14 11:00:00"
            ),
        ),
        ("search_emails", {"query": "", "sender": "no@x.example"}, "[]"),
        (
            "search_calendar_events",
            {"query": "yoga"},
            (
                "- all_day: false\n  description: Class\n  end_time: 2024-05-15 11:00:00\n  id_: '3'\n"
                "  location: null\n  participants:\n  - emma@x.example\n  start_time: 2024-05-15 10:00:00\n"
                "  status: confirmed\n  title: Yoga"
            ),
        ),
        ("search_calendar_events", {"query": "class", "date": "2024-05-17"}, "[]"),
        (
            "search_files",
            {"query": "PLAN"},
            (
                "- content: plan\n  filename: a.txt\n  id_: '5'\n  last_modified: 2024-05-08 10:30:00\n"
                "  owner: emma@x.example\n  shared_with: {}\n  size: 4"
            ),
        ),
        ("search_files_by_filename", {"filename": "b"}, "[]"),
    ],
)
def test_look_ups(look_up: str, arguments: Any, result: str) -> None:
    assert as_text(LOOK_UPS[look_up](WORLD, **arguments)) == result


def test_lists_of_everything() -> None:
    assert [one["title"] for one in LOOK_UPS["get_day_calendar_events"](WORLD, day="2024-05-16")] == ["Run"]
    assert [(one["id_"], one["read"], one["status"]) for one in LOOK_UPS["get_unread_emails"](WORLD)] == [
        ("2", True, "sent")
    ]
    assert [one["id_"] for one in LOOK_UPS["get_unread_emails"](WORLD)] == ["2"]  # nothing was changed
    assert [one["size"] for one in LOOK_UPS["list_files"](WORLD)] == [4]
